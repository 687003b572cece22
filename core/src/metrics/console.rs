//! Metrics on the screen, one line a point.

use crate::export::{
    Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, Stdout, attribute_words,
    one_line,
};
use crate::finished::decode_attribute;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, metric::Data, number_data_point,
};
use prost::Message;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

/// Characters of a name or unit that are shown.
const MAX_NAME: usize = 80;

/// Prints metrics on the standard output.
pub(crate) fn factory() -> ExporterFactory {
    Arc::new(|| {
        Ok(Box::new(Lines {
            out: Box::new(Stdout),
        }))
    })
}

struct Lines {
    out: Box<dyn Write>,
}

impl Exporter for Lines {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async move {
            let request = ExportMetricsServiceRequest::decode(&*batch.to_otlp());
            let request = request.map_err(|error| ExportError::permanent(error.to_string()))?;
            let scopes = request.resource_metrics.iter();
            let metrics = scopes.flat_map(|it| &it.scope_metrics);
            let text: String = metrics.flat_map(|it| &it.metrics).map(lines).collect();
            // In one write, so that other output does not come between its lines.
            match self.out.write_all(text.as_bytes()) {
                Ok(()) => Ok(Accepted::default()),
                Err(error) => Err(ExportError::permanent(format!(
                    "the console cannot be written to: {error}"
                ))),
            }
        })
    }
}

/// `shop.orders  3 {order}  kind=book`, for each point.
fn lines(metric: &Metric) -> String {
    let mut text = String::new();
    let mut put = |value: String, attributes: &[KeyValue]| {
        let value = format!("{value} {}", one_line(&metric.unit, MAX_NAME));
        let value = value.trim_end().to_owned();
        let mut words = vec![one_line(&metric.name, MAX_NAME), value];
        let attributes = attributes.iter().map(Message::encode_to_vec);
        let pairs = attributes.filter_map(|pair| decode_attribute(&pair));
        words.extend(attribute_words(&pairs.collect::<Vec<_>>()));
        text.push_str(&words.join("  "));
        text.push('\n');
    };
    let mut put_numbers = |points: &[NumberDataPoint]| {
        for point in points {
            put(number(point), &point.attributes);
        }
    };
    match &metric.data {
        Some(Data::Gauge(gauge)) => put_numbers(&gauge.data_points),
        Some(Data::Sum(sum)) => put_numbers(&sum.data_points),
        Some(Data::Histogram(histogram)) => {
            for point in &histogram.data_points {
                let value = spread(point.count, point.sum, point.min, point.max);
                put(value, &point.attributes);
            }
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            for point in &histogram.data_points {
                let value = spread(point.count, point.sum, point.min, point.max);
                put(value, &point.attributes);
            }
        }
        Some(Data::Summary(_)) | None => {}
    }
    text
}

fn number(point: &NumberDataPoint) -> String {
    match point.value {
        Some(number_data_point::Value::AsInt(value)) => value.to_string(),
        Some(number_data_point::Value::AsDouble(value)) => value.to_string(),
        None => String::new(),
    }
}

/// `4 values, sum 403.2, from 0.001 to 400`.
fn spread(count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>) -> String {
    let mut text = format!("{count} value{}", if count == 1 { "" } else { "s" });
    // Writing to a String cannot fail.
    if let Some(sum) = sum {
        let _ = write!(text, ", sum {sum}");
    }
    if let (Some(min), Some(max)) = (min, max) {
        let _ = write!(text, ", from {min} to {max}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
    use opentelemetry_proto::tonic::metrics::v1::{Histogram, HistogramDataPoint, Sum};

    #[test]
    fn a_point_is_one_line_whatever_its_texts_say() {
        let value = any_value::Value::StringValue("two\nlines".into());
        let point = NumberDataPoint {
            attributes: vec![KeyValue {
                key: "kind".into(),
                value: Some(AnyValue { value: Some(value) }),
                ..KeyValue::default()
            }],
            value: Some(number_data_point::Value::AsInt(3)),
            ..NumberDataPoint::default()
        };
        let metric = Metric {
            name: "shop.orders".into(),
            unit: "{order}".into(),
            data: Some(Data::Sum(Sum {
                data_points: vec![point],
                ..Sum::default()
            })),
            ..Metric::default()
        };
        let expected = "shop.orders  3 {order}  kind=\"two\\nlines\"\n";
        assert_eq!(lines(&metric), expected);
    }

    #[test]
    fn a_histogram_is_told_by_its_count_sum_and_ends() {
        let point = HistogramDataPoint {
            count: 4,
            sum: Some(403.5),
            min: Some(0.25),
            max: Some(400.0),
            ..HistogramDataPoint::default()
        };
        let metric = Metric {
            name: "wait".into(),
            unit: "s".into(),
            data: Some(Data::Histogram(Histogram {
                data_points: vec![point],
                ..Histogram::default()
            })),
            ..Metric::default()
        };
        let expected = "wait  4 values, sum 403.5, from 0.25 to 400 s\n";
        assert_eq!(lines(&metric), expected);
    }
}
