//! From a span's end to a collector over gRPC: the recorder, the worker, the transport, and the server
//! that opentelemetry-proto generates.
#![cfg(feature = "otlp-grpc")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[expect(dead_code, reason = "only the transport's own tests need all of it")]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]
#[path = "common/collector.rs"]
mod collector;

use collector::{Arrival, Collector, Settings, Verdict};
use libtracer::{Config, SpanKind, Stats, Status, TracerProvider};
use opentelemetry_proto::tonic::{common::v1::any_value, trace::v1::Span};
use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tonic::{Code, Status as GrpcStatus};
use tonic_types::{ErrorDetails, StatusExt};

const SOON: Duration = Duration::from_secs(10);

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of the things that a collector may say"
)]
fn taken() -> Verdict {
    Ok((0, String::new()))
}

fn config(url: &str) -> Config {
    Config::new()
        .service_name("shop")
        .otlp(url)
        .otlp_protocol("grpc")
        .otlp_header("x-api-key", "s3cret")
}

fn provider(url: &str) -> TracerProvider {
    TracerProvider::new(&config(url)).unwrap()
}

/// The account, which must be balanced.
fn account(provider: &TracerProvider) -> Stats {
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    stats
}

/// The scope and span ids of what arrived until `count` spans have.
fn ids(collector: &Collector, count: usize) -> HashSet<Vec<u8>> {
    let mut ids = HashSet::new();
    while ids.len() < count {
        for span in collector.arrival().spans() {
            assert!(ids.insert(span.span_id), "a span came twice");
        }
    }
    ids
}

#[test]
fn conf_073_a_span_arrives_with_what_was_recorded() {
    let collector = Collector::start(|_| taken());
    let provider = provider(&collector.url());
    let tracer = provider.tracer_with("checkout", "1.2", "https://example.com/schema");
    {
        let order = tracer.span("order").kind(SpanKind::Server).start().enter();
        let pay = tracer.start("pay");
        pay.set("amount", 12.5)
            .set_status(Status::Error("declined"));
        pay.add_link(&order.context(), &[]);
    }
    provider.flush(SOON).unwrap();

    let arrival = collector.arrival();
    assert_eq!(arrival.text("x-api-key"), Some("s3cret"));
    let resource = &arrival.traces().resource_spans[0];
    let scope = &resource.scope_spans[0];
    let library = scope.scope.as_ref().unwrap();
    assert_eq!((&*library.name, &*library.version), ("checkout", "1.2"));
    assert_eq!(scope.schema_url, "https://example.com/schema");
    let [pay, order] = &scope.spans[..] else {
        panic!("{:?}", scope.spans)
    };
    assert_eq!((&*pay.name, &*order.name, order.kind), ("pay", "order", 2));
    assert_eq!(pay.parent_span_id, order.span_id);
    assert_eq!(pay.links[0].span_id, order.span_id);
    let amount = pay.attributes[0].value.as_ref().unwrap().value.as_ref();
    assert_eq!(amount, Some(&any_value::Value::DoubleValue(12.5)));
    assert_eq!(pay.status.as_ref().unwrap().message, "declined");
    let stats = account(&provider);
    assert_eq!((stats.started, stats.exported), (2, 2));
}

#[test]
fn ten_thousand_spans_of_four_threads_arrive_once_each() {
    let collector = Collector::start(|_| taken());
    let provider = provider(&collector.url());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let tracer = provider.tracer("load");
                for number in 0..2_500 {
                    tracer.start("work").set("n", number);
                }
            });
        }
    });
    provider.flush(SOON).unwrap();
    ids(&collector, 10_000);
    assert!(collector.has_no_arrival());
    assert_eq!(account(&provider).exported, 10_000);
}

#[test]
fn conf_080_a_busy_collector_gets_the_same_batch_again() {
    let collector = Collector::start(|number| match number {
        0 => Err(GrpcStatus::unavailable("starting")),
        1 => Err(GrpcStatus::data_loss("lost it")),
        _ => taken(),
    });
    let provider = provider(&collector.url());
    drop(provider.tracer("retry").start("kept"));
    provider.flush(SOON).unwrap();
    let arrived: Vec<Vec<Span>> = (0..3).map(|_| collector.arrival().spans()).collect();
    assert!(arrived.iter().all(|spans| *spans == arrived[0]));
    assert_eq!(account(&provider).exported, 1);
}

#[test]
fn conf_081_what_cannot_be_mended_is_dropped_counted_and_not_sent_again() {
    let collector = Collector::start(|_| Err(GrpcStatus::invalid_argument("no")));
    let provider = provider(&collector.url());
    drop(provider.tracer("refused").start("lost"));
    provider.flush(SOON).unwrap();
    collector.arrival();
    assert!(collector.has_no_arrival());
    let stats = account(&provider);
    assert_eq!((stats.exported, stats.dropped_export_failed), (0, 1));
}

#[test]
fn conf_082_retry_info_is_obeyed_and_keeps_the_batch() {
    let delay = Duration::from_millis(400);
    let arrived = Mutex::new(None::<Instant>);
    let (tell, told) = std::sync::mpsc::channel();
    let collector = Collector::start(move |number| {
        let before = arrived.lock().unwrap().replace(Instant::now());
        if let Some(before) = before {
            tell.send(before.elapsed()).unwrap();
        }
        if number > 0 {
            return taken();
        }
        let mut details = ErrorDetails::new();
        details.set_retry_info(Some(delay));
        Err(GrpcStatus::with_error_details(
            Code::ResourceExhausted,
            "quota",
            details,
        ))
    });
    let provider = provider(&collector.url());
    drop(provider.tracer("retry").start("kept"));
    provider.flush(SOON).unwrap();
    assert!(told.recv().unwrap() >= delay);
    assert_eq!(account(&provider).exported, 1);
}

#[test]
fn conf_083_a_collector_that_comes_late_or_again_gets_everything() {
    let address: SocketAddr = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let start = || {
        let settings = Settings {
            address: Some(address),
            ..Settings::default()
        };
        Collector::with(settings, |_| taken())
    };
    let provider = provider(&format!("http://{address}"));
    drop(provider.tracer("late").start("before"));
    provider.flush(Duration::from_millis(100)).unwrap_err();
    let collector = start();
    provider.flush(SOON).unwrap();
    ids(&collector, 1);
    drop(collector);

    drop(provider.tracer("late").start("between"));
    provider.flush(Duration::from_millis(100)).unwrap_err();
    let collector = start();
    provider.flush(SOON).unwrap();
    ids(&collector, 1);
    let stats = account(&provider);
    assert_eq!((stats.started, stats.exported), (2, 2));
}

#[test]
fn conf_084_what_a_collector_rejects_is_counted_and_not_sent_again() {
    let collector = Collector::start(|_| Ok((2, "too old".to_owned())));
    let provider = provider(&collector.url());
    (0..3).for_each(|_| drop(provider.tracer("reject").start("span")));
    provider.flush(SOON).unwrap();
    collector.arrival();
    assert!(collector.has_no_arrival());
    let stats = account(&provider);
    assert_eq!((stats.exported, stats.dropped_rejected), (1, 2));
    assert!(stats.last_error.contains("too old"), "{}", stats.last_error);
}

#[test]
fn a_batch_over_the_collectors_limit_is_split_until_it_fits() {
    let settings = Settings {
        limit: Some(20_000),
        ..Settings::default()
    };
    let collector = Collector::with(settings, |_| taken());
    let provider = provider(&collector.url());
    let text = "x".repeat(1_000);
    for _ in 0..200 {
        provider.tracer("large").start("span").set("text", &*text);
    }
    provider.flush(SOON).unwrap();
    ids(&collector, 200);
    assert_eq!(account(&provider).exported, 200);
}

#[test]
fn a_collector_that_is_silent_does_not_hold_up_a_shutdown() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = provider(&format!("http://{}", silent.local_addr().unwrap()));
    drop(provider.tracer("dead").start("lost"));
    provider.shutdown(Duration::from_millis(200)).unwrap_err();
    let stats = account(&provider);
    assert_eq!((stats.exported, stats.dropped_shutdown), (0, 1));
}

/// A process that is configured by its environment only, and neither flushes nor shuts down.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn child() {
    let provider = TracerProvider::new(&Config::from_env()).unwrap();
    provider.tracer("t").start("work").end();
}

/// What a collector gets from a child with these variables, beside its endpoint.
fn by_environment(collector: &Collector, variables: &[(&str, &str)]) -> Arrival {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    let ran = command
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success() && said.is_empty(), "{said}");
    collector.arrival()
}

#[test]
fn conf_106_the_environment_alone_chooses_grpc() {
    let collector = Collector::start(|_| taken());
    let general = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=a%20b"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "7000"),
    ];
    let arrival = by_environment(&collector, &general);
    assert_eq!(arrival.spans()[0].name, "work");
    assert_eq!(arrival.text("x-api-key"), Some("a b"));
    assert_eq!(arrival.text("grpc-encoding"), Some("gzip"));
    assert_eq!(arrival.text("grpc-timeout"), Some("7000000u"));

    // Those of traces win; an endpoint for gRPC needs no scheme.
    let own = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://nowhere.invalid:4318"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            &collector.address.to_string(),
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true"),
    ];
    assert_eq!(by_environment(&collector, &own).spans()[0].name, "work");
}
