//! Calls of language models: the four series in the text, by OTLP and at a Pushgateway.
#![cfg(all(feature = "metrics", feature = "otlp-http"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]

mod common;

use common::receiver::{Reply, Request, Server};
use libtracer::{Config, LlmCall, MetricTemporality, Sampler, TracerProvider};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, metric::Data, number_data_point,
};
use prost::Message;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

/// A call with all there is to say.
fn call() -> LlmCall<'static> {
    let call = LlmCall::new("openai", "gpt-4o").tokens(5, 20).cost(0.25);
    call.duration(Duration::from_millis(500))
}

fn provider(config: Config) -> TracerProvider {
    TracerProvider::new(&config.llm_metrics(true)).unwrap()
}

fn labels(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |it: &KeyValue| match it.value.as_ref().unwrap().value.as_ref() {
        Some(any_value::Value::StringValue(text)) => (it.key.clone(), text.clone()),
        other => panic!("{other:?}"),
    };
    let mut labels: Vec<_> = attributes.iter().map(text).collect();
    labels.sort();
    labels
}

/// The points of a metric, with their labels; of a histogram the sum.
fn points(metric: &Metric) -> Vec<(String, f64)> {
    let spelled = |attributes: &[KeyValue]| {
        let words = labels(attributes);
        words
            .into_iter()
            .map(|(key, text)| format!("{key}={text}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut points: Vec<_> = match metric.data.as_ref().unwrap() {
        Data::Sum(sum) => sum
            .data_points
            .iter()
            .map(|it| {
                let value = match it.value.unwrap() {
                    number_data_point::Value::AsInt(value) => {
                        f64::from(i32::try_from(value).unwrap())
                    }
                    number_data_point::Value::AsDouble(value) => value,
                };
                (spelled(&it.attributes), value)
            })
            .collect(),
        Data::Histogram(histogram) => histogram
            .data_points
            .iter()
            .map(|it| (spelled(&it.attributes), it.sum.unwrap()))
            .collect(),
        other => panic!("{other:?}"),
    };
    points.sort_by(|a, b| a.0.cmp(&b.0));
    points
}

/// The four series of a request, in the order of their names.
fn series(request: &Request) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(&request.body[..]).unwrap();
    let scopes = request
        .resource_metrics
        .into_iter()
        .flat_map(|it| it.scope_metrics);
    let ours = scopes.filter(|it| it.scope.as_ref().unwrap().name == "libtracer.llm");
    let mut metrics: Vec<_> = ours.flat_map(|it| it.metrics).collect();
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    metrics
}

fn at(server: &Server, path: &str) -> Config {
    Config::new().metrics_endpoint(server.url(path))
}

#[test]
fn the_four_series_arrive_by_otlp_under_their_names() {
    let server = Server::start(|_| Reply::ok());
    let provider = provider(at(&server, "/v1/metrics"));
    provider.record_llm_call(&call());
    provider.record_llm_call(&call());
    provider.record_llm_call(&LlmCall::new("anthropic", "claude").tokens(1, 0));
    provider.flush(LONG).unwrap();
    let request = server.request();
    assert_eq!(request.line, "POST /v1/metrics HTTP/1.1");
    assert_eq!(
        request.header("content-type"),
        Some("application/x-protobuf")
    );
    let metrics = series(&request);
    let facts: Vec<_> = metrics
        .iter()
        .map(|it| {
            let (monotonic, cumulative) = match it.data.as_ref().unwrap() {
                Data::Sum(sum) => (sum.is_monotonic, sum.aggregation_temporality()),
                Data::Histogram(histogram) => (false, histogram.aggregation_temporality()),
                other => panic!("{other:?}"),
            };
            assert_eq!(cumulative, AggregationTemporality::Cumulative);
            (it.name.as_str(), it.unit.as_str(), monotonic)
        })
        .collect();
    let expected = [
        ("ai_llm_cost_dollars", "{dollar}", false),
        ("ai_llm_duration_seconds", "s", false),
        ("ai_llm_requests_total", "{request}", true),
        ("ai_llm_tokens_total", "{token}", true),
    ];
    assert_eq!(facts, expected);
    let [cost, duration, requests, tokens] = &metrics[..] else {
        panic!("{metrics:?}")
    };
    let openai = "model=gpt-4o provider=openai";
    let claude = "model=claude provider=anthropic";
    assert_eq!(points(cost), [(openai.to_owned(), 0.5)]);
    assert_eq!(points(duration), [(openai.to_owned(), 1.0)]);
    assert_eq!(
        points(requests),
        [(claude.to_owned(), 1.0), (openai.to_owned(), 2.0)]
    );
    let of_type = |whose: &str, kind: &str| format!("{whose} type={kind}");
    let expected = [
        (of_type(claude, "input"), 1.0),
        (of_type(openai, "input"), 10.0),
        (of_type(openai, "output"), 40.0),
    ];
    assert_eq!(points(tokens), expected);
}

#[test]
fn prometheus_gets_totals_at_its_otlp_receiver_whatever_is_asked_for() {
    let server = Server::start(|_| Reply::ok());
    let config = at(&server, "").metrics_temporality(MetricTemporality::Delta);
    let provider = provider(config);
    for total in [1.0, 2.0] {
        provider.record_llm_call(&call());
        provider.flush(LONG).unwrap();
        let request = server.request();
        assert_eq!(request.line, "POST /api/v1/otlp/v1/metrics HTTP/1.1");
        let metrics = series(&request);
        let labels = "model=gpt-4o provider=openai".to_owned();
        assert_eq!(points(&metrics[2]), [(labels, total)]);
    }
}

#[test]
fn a_pushgateway_is_sent_the_text_that_a_scrape_would_get() {
    let server = Server::start(|_| Reply::ok());
    let provider = provider(at(&server, "/metrics/job/shop/instance/a"));
    provider.flush(LONG).unwrap();
    assert!(server.has_no_request(), "nothing was measured yet");
    let meter = provider.meter_provider().meter("shop");
    meter.u64_counter("orders").build().add(3, &[]);
    for total in 1..=2 {
        provider.record_llm_call(&call());
        provider.flush(LONG).unwrap();
        let request = server.request();
        assert_eq!(request.line, "POST /metrics/job/shop/instance/a HTTP/1.1");
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!(request.header("content-type"), Some(kind));
        let text = String::from_utf8(request.body).unwrap();
        assert_eq!(text, provider.metrics_text());
        let line = "ai_llm_requests_total{model=\"gpt-4o\",provider=\"openai\"}";
        assert!(text.contains(&format!("{line} {total}\n")), "{text}");
        assert!(
            text.contains("orders_total{otel_scope_name=\"shop\"} 3"),
            "{text}"
        );
    }
    let stats = provider.metric_stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!(
        (stats.pipeline.as_str(), stats.dropped()),
        ("pushgateway", 0)
    );
}

#[test]
fn a_pushgateway_that_was_away_gets_the_last_and_no_more() {
    let unavailable = || Reply::status("503 Service Unavailable", "retry-after: 0\r\n", b"");
    let server = Server::start(move |number| {
        if number < 2 {
            unavailable()
        } else {
            Reply::ok()
        }
    });
    let provider = provider(at(&server, "/metrics/job/shop"));
    provider.record_llm_call(&call());
    provider.flush(LONG).unwrap();
    let bodies = [server.request(), server.request(), server.request()].map(|it| it.body);
    assert_eq!(bodies[2], provider.metrics_text().into_bytes());
    assert!(server.has_no_request());
}

#[test]
fn what_a_pushgateway_refuses_is_told_and_counted() {
    let refused = |_| Reply::status("400 Bad Request", "", b"pushed metrics are invalid");
    let server = Server::start(refused);
    let url = server
        .url("/metrics/job/shop")
        .replace("http://", "http://user:secret@");
    let config = Config::new().metrics_endpoint(url);
    assert!(!format!("{config:?}").contains("secret"));
    let provider = provider(config);
    provider.record_llm_call(&call());
    provider.flush(LONG).unwrap();
    let authorization = server.request().header("authorization").unwrap().to_owned();
    assert_eq!(authorization, "Basic dXNlcjpzZWNyZXQ=");
    let stats = provider.metric_stats().remove(0);
    assert_eq!(
        (stats.exported, stats.dropped_export_failed),
        (0, 4),
        "{stats:?}"
    );
    assert!(
        stats.last_error.contains("pushed metrics are invalid"),
        "{stats:?}"
    );
    assert!(!stats.last_error.contains("secret"), "{stats:?}");
}

const TEXT: &str = r#"# HELP ai_llm_cost_dollars What calls of language models cost so far, in US dollars.
# TYPE ai_llm_cost_dollars gauge
ai_llm_cost_dollars{model="gpt-4o",provider="openai"} 0.25
# HELP ai_llm_duration_seconds How long calls of language models took.
# TYPE ai_llm_duration_seconds histogram
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.01"} 0
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.02"} 0
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.04"} 0
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.08"} 0
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.16"} 0
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.32"} 0
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="0.64"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="1.28"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="2.56"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="5.12"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="10.24"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="20.48"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="40.96"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="81.92"} 1
ai_llm_duration_seconds_bucket{model="gpt-4o",provider="openai",le="+Inf"} 1
ai_llm_duration_seconds_sum{model="gpt-4o",provider="openai"} 0.5
ai_llm_duration_seconds_count{model="gpt-4o",provider="openai"} 1
# HELP ai_llm_requests_total Calls of language models.
# TYPE ai_llm_requests_total counter
ai_llm_requests_total{model="gpt-4o",provider="openai"} 1
# HELP ai_llm_tokens_total Tokens that language models read (input) and wrote (output).
# TYPE ai_llm_tokens_total counter
ai_llm_tokens_total{model="gpt-4o",provider="openai",type="input"} 5
ai_llm_tokens_total{model="gpt-4o",provider="openai",type="output"} 20
"#;

#[test]
fn the_text_is_the_four_series_and_nothing_else() {
    let provider = provider(Config::new());
    let headers: String = TEXT
        .split_inclusive('\n')
        .filter(|line| line.starts_with('#'))
        .collect();
    assert_eq!(provider.metrics_text(), headers, "before the first call");
    provider.record_llm_call(&call());
    assert_eq!(provider.metrics_text(), TEXT);
    // A program's own are beside them, named by the rules for those.
    let meter = provider.meter_provider().meter("shop");
    meter.u64_counter("orders").build().add(3, &[]);
    let text = provider.metrics_text();
    assert!(
        text.starts_with(TEXT) && text.contains("orders_total{otel_scope_name=\"shop\"} 3"),
        "{text}"
    );
    assert!(
        !provider
            .meter_provider()
            .prometheus_text()
            .contains("ai_llm")
    );
}

#[test]
fn calls_are_counted_whether_or_not_spans_are_sampled_but_not_where_all_is_off() {
    let unsampled = provider(Config::new().sampler(Sampler::AlwaysOff));
    unsampled.record_llm_call(&call());
    assert_eq!(unsampled.metrics_text(), TEXT);
    let off = [
        provider(Config::new().disabled(true)),
        TracerProvider::new(&Config::new()).unwrap(),
    ];
    for provider in off {
        assert!(!provider.counts_llm_calls());
        provider.record_llm_call(&call());
        assert_eq!(provider.metrics_text(), "");
    }
    // Nobody is configured: no harm.
    libtracer::record_llm_call(&call());
}

#[test]
fn wrong_numbers_count_nothing_and_odd_names_are_spelled_so_that_they_are_read() {
    let provider = provider(Config::new());
    for cost in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        provider.record_llm_call(&LlmCall::new("p", "m").cost(cost));
    }
    let text = provider.metrics_text();
    assert!(
        text.contains("ai_llm_requests_total{model=\"m\",provider=\"p\"} 3\n"),
        "{text}"
    );
    assert!(
        !text.contains("ai_llm_cost_dollars{") && !text.contains("_tokens_total{"),
        "{text}"
    );
    // One absurd number must not wrap or drown the sum.
    for _ in 0..3 {
        let absurd = LlmCall::new("p", "m")
            .tokens(u64::MAX, 0)
            .cost(f64::INFINITY);
        provider.record_llm_call(&absurd);
    }
    let text = provider.metrics_text();
    assert!(text.contains("type=\"input\"} 12884901885\n"), "{text}");
    assert!(
        text.contains("ai_llm_cost_dollars{model=\"m\",provider=\"p\"} 3000000000\n"),
        "{text}"
    );
    provider.record_llm_call(&LlmCall::new("a\"b\\c\nd", &"é".repeat(300)));
    let long = "é".repeat(200);
    let line = format!("{{model=\"{long}\",provider=\"a\\\"b\\\\c\\nd\"}} 1\n");
    assert!(provider.metrics_text().contains(&line));
}

#[test]
fn threads_count_together_and_exactly() {
    let provider = provider(Config::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    provider.record_llm_call(&call());
                }
            });
        }
    });
    let text = provider.metrics_text();
    for line in [
        "ai_llm_requests_total{model=\"gpt-4o\",provider=\"openai\"} 4000\n",
        "type=\"output\"} 80000\n",
        "ai_llm_cost_dollars{model=\"gpt-4o\",provider=\"openai\"} 1000\n",
        "ai_llm_duration_seconds_count{model=\"gpt-4o\",provider=\"openai\"} 4000\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}
