//! Row N5, the whole way to a receiver: `pipe libtracer|otel URL SPANS` prints the processor time of
//! the process per span in ns, and how many arrived.
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use libtracer::{Config, TracerProvider};
use libtracer_bench::{NAME, TEXT, process_ns};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use std::hint::black_box;
use std::time::Duration;

/// Spans in flight at most: below the peer's queue, so that it loses none.
const WINDOW: u32 = 8192;

type Failure = Box<dyn std::error::Error>;

fn libtracer(url: &str, spans: u32) -> Result<u64, Failure> {
    let provider = TracerProvider::new(&Config::new().otlp(url))?;
    let tracer = provider.tracer("bench");
    for i in 0..spans {
        let span = tracer.start(NAME);
        span.set("http.request.method", black_box(TEXT));
        span.set("http.response.status_code", 200 + (i & 7));
        span.set("app.duration_ms", f64::from(i) * 0.5);
        span.set("cache.hit", i & 1 == 0);
        drop(span);
        if i % WINDOW == WINDOW - 1 {
            provider.flush(Duration::from_secs(10))?;
        }
    }
    provider.shutdown(Duration::from_secs(10))?;
    Ok(provider.stats().first().map_or(0, |stats| stats.exported))
}

fn otel(url: &str, spans: u32) -> Result<u64, Failure> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{url}/v1/traces"))
        .with_headers(std::collections::HashMap::default())
        .build()?;
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(16384)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let tracer = provider.tracer("bench");
    for i in 0..spans {
        let mut span = tracer.start(NAME);
        span.set_attribute(KeyValue::new(
            "http.request.method",
            black_box(TEXT).to_owned(),
        ));
        span.set_attribute(KeyValue::new(
            "http.response.status_code",
            i64::from(200 + (i & 7)),
        ));
        span.set_attribute(KeyValue::new("app.duration_ms", f64::from(i) * 0.5));
        span.set_attribute(KeyValue::new("cache.hit", i & 1 == 0));
        span.end();
        if i % WINDOW == WINDOW - 1 {
            provider.force_flush()?;
        }
    }
    provider.shutdown()?;
    Ok(u64::from(spans))
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(peer), Some(url), Some(spans)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: pipe libtracer|otel URL SPANS".into());
    };
    let spans: u32 = spans.parse()?;
    let before = process_ns();
    let delivered = if peer == "libtracer" {
        libtracer(&url, spans)?
    } else {
        otel(&url, spans)?
    };
    let cost = (process_ns() - before) / u64::from(spans);
    println!("N5\t{cost}\t{delivered}");
    Ok(())
}
