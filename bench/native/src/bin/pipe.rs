//! Rows N5 and N6, the whole way to a receiver: `pipe libtracer|otel http|grpc URL SPANS` prints the
//! processor time of the process per span in ns, and how many spans arrived.
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use libtracer::{Config, TracerProvider};
use libtracer_bench::work::{four, otel_four};
use libtracer_bench::{NAME, process_ns};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use std::time::Duration;

/// Spans in flight at most: below the peer's queue, so that it loses none.
const WINDOW: u32 = 8192;

type Failure = Box<dyn std::error::Error>;

fn libtracer(protocol: &str, url: &str, spans: u32) -> Result<u64, Failure> {
    let config = Config::new().otlp(url).otlp_protocol(protocol);
    let provider = TracerProvider::new(&config)?;
    let tracer = provider.tracer("bench");
    for i in 0..spans {
        let span = tracer.start(NAME);
        four(&span, i);
        drop(span);
        if i % WINDOW == WINDOW - 1 {
            provider.flush(Duration::from_secs(10))?;
        }
    }
    provider.shutdown(Duration::from_secs(10))?;
    Ok(provider.stats().first().map_or(0, |stats| stats.exported))
}

fn otel(exporter: SpanExporter, spans: u32) -> Result<u64, Failure> {
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
        otel_four(&mut span, i);
        span.end();
        if i % WINDOW == WINDOW - 1 {
            provider.force_flush()?;
        }
    }
    provider.shutdown()?;
    Ok(u64::from(spans))
}

fn otel_http(url: &str) -> Result<SpanExporter, Failure> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{url}/v1/traces"))
        .with_headers(std::collections::HashMap::default());
    Ok(exporter.build()?)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, protocol, url, spans] = arguments.as_slice() else {
        return Err("usage: pipe libtracer|otel http|grpc URL SPANS".into());
    };
    let spans: u32 = spans.parse()?;
    let before = process_ns();
    let (row, delivered) = match (peer.as_str(), protocol.as_str()) {
        ("libtracer", "http") => ("N5", libtracer("http/protobuf", url, spans)?),
        ("libtracer", _) => ("N6", libtracer("grpc", url, spans)?),
        (_, "http") => ("N5", otel(otel_http(url)?, spans)?),
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?;
            let _entered = runtime.enter();
            let exporter = SpanExporter::builder().with_tonic().with_endpoint(url);
            ("N6", otel(exporter.build()?, spans)?)
        }
    };
    if delivered != u64::from(spans) {
        return Err(format!("{delivered} of {spans} spans arrived").into());
    }
    let cost = (process_ns() - before) / u64::from(spans);
    println!("{row}\t{cost}\t{delivered}");
    Ok(())
}
