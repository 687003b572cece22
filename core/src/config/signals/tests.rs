//! What the environment says of log records and metrics.

use crate::config::Config;
use crate::config::env::Env;
use std::time::Duration;

fn loaded(variables: &[(&str, &str)]) -> Config {
    Config::new().load(Env::of(variables))
}

/// The names of the log pipelines.
fn logs(config: &Config) -> Vec<String> {
    let records = config.build_records().unwrap();
    let pipelines = records.pipelines.into_iter();
    pipelines.map(|pipeline| pipeline.name).collect()
}

#[test]
fn conf_105_batches_of_log_records() {
    let config = Config::new().logs_console();
    let plain = config.clone().load(Env::default()).build_records().unwrap();
    let batch = plain.pipelines[0].batch;
    assert_eq!(
        (batch.max_queue_size, batch.max_export_batch_size),
        (None, 512)
    );
    assert_eq!(batch.export_timeout, Duration::from_secs(30));

    let env = Env::of(&[
        ("OTEL_BLRP_SCHEDULE_DELAY", "7"),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "8"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "20"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "10"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "99"),
    ]);
    let batch = config.load(env).build_records().unwrap().pipelines[0].batch;
    assert_eq!(batch.schedule_delay, Duration::from_millis(7));
    assert_eq!(batch.export_timeout, Duration::from_millis(8));
    let sizes = (batch.max_queue_size, batch.max_export_batch_size);
    assert_eq!(sizes, (Some(20), 10));
}

#[test]
fn log_records_wait_a_second_for_others() {
    let factory: crate::ExporterFactory =
        std::sync::Arc::new(|| Err(crate::ExportError::permanent("not made here")));
    let config = Config::new().logs_exporter("own", factory);
    let batch = config.build_records().unwrap().pipelines[0].batch;
    assert_eq!(batch.schedule_delay, Duration::from_secs(1));
}

#[test]
fn conf_107_limits_of_log_records() {
    let config = loaded(&[
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
    ]);
    let limits = config.build_records().unwrap().limits;
    assert_eq!((limits.attributes, limits.attribute_value_length), (3, 4));
    let general = loaded(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
    ]);
    let limits = general.build_records().unwrap().limits;
    assert_eq!((limits.attributes, limits.attribute_value_length), (9, 8));
}

#[test]
fn conf_108_exporters_of_log_records() {
    assert_eq!(logs(&loaded(&[])), [""; 0]);
    let of = |list| loaded(&[("OTEL_LOGS_EXPORTER", list)]);
    assert_eq!(logs(&of("console")), ["console"]);
    assert_eq!(logs(&of("none")), [""; 0]);
    #[cfg(feature = "otlp-http")]
    assert_eq!(logs(&of("otlp, console, OTLP")), ["otlp", "console"]);
    let wrong = of("syslog");
    assert_eq!(logs(&wrong), [""; 0]);
    let warnings = wrong.take_warnings();
    assert!(warnings[0].contains("syslog"), "{warnings:?}");
    // Code wins, also with nothing.
    assert_eq!(logs(&of("console").logs_exporters("none")), [""; 0]);
    let error = Config::new().logs_exporters("syslog").check().unwrap_err();
    assert!(
        error.to_string().contains("otlp, console or none"),
        "{error}"
    );
}

#[test]
fn conf_100_a_disabled_sdk_has_no_logs() {
    let config = loaded(&[
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_LOGS_EXPORTER", "console"),
    ]);
    assert_eq!(logs(&config), [""; 0]);
    assert!(config.build_records().unwrap().disabled);
}

#[cfg(feature = "metrics")]
mod metrics {
    use super::{Duration, loaded};
    use crate::config::{Config, MetricConfig, MetricTemporality};

    fn metrics(config: &Config) -> MetricConfig {
        config.build_metrics().unwrap()
    }

    #[test]
    fn the_readers_options_come_from_the_environment() {
        let plain = metrics(&loaded(&[]));
        assert_eq!(plain.interval, Duration::from_secs(60));
        assert_eq!(plain.export_timeout, Duration::from_secs(30));
        assert_eq!(plain.temporality, MetricTemporality::Cumulative);
        assert!(plain.exporters.is_empty() && !plain.prometheus);

        let set = metrics(&loaded(&[
            ("OTEL_METRIC_EXPORT_INTERVAL", "5"),
            ("OTEL_METRIC_EXPORT_TIMEOUT", "6"),
            ("OTEL_METRICS_EXPORTER", "console,prometheus"),
            (
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                "LowMemory",
            ),
        ]));
        assert_eq!(set.interval, Duration::from_millis(5));
        assert_eq!(set.export_timeout, Duration::from_millis(6));
        assert_eq!(set.temporality, MetricTemporality::LowMemory);
        assert!(set.prometheus);
        assert_eq!(set.exporters[0].0, "console");
    }

    #[test]
    fn what_cannot_be_used_is_named_and_ignored() {
        let config = loaded(&[
            ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
            ("OTEL_METRICS_EXPORTER", "statsd"),
            (
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                "sometimes",
            ),
            (
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                "base2_exponential_bucket_histogram",
            ),
        ]);
        assert_eq!(metrics(&config).interval, Duration::from_secs(60));
        let warnings = config.take_warnings().join("\n");
        for word in ["INTERVAL", "statsd", "sometimes", "base2"] {
            assert!(warnings.contains(word), "{warnings}");
        }
        let error = Config::new().metrics_interval(Duration::ZERO).check();
        assert!(error.unwrap_err().to_string().contains("interval"));
    }
}
