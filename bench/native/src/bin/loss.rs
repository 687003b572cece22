//! Row N7: a tight loop at full speed in the default configuration. `loss libtracer|otel URL SPANS`
//! prints how many spans were lost, of how many.
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use libtracer::{Config, TracerProvider};
use libtracer_bench::NAME;
use libtracer_bench::work::{four, otel_four};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

type Failure = Box<dyn std::error::Error>;

fn libtracer(url: &str, spans: u32) -> Result<u64, Failure> {
    let provider = TracerProvider::new(&Config::new().otlp(url))?;
    let tracer = provider.tracer("bench");
    for i in 0..spans {
        four(&tracer.start(NAME), i);
    }
    provider.flush(Duration::from_secs(30))?;
    provider.shutdown(Duration::from_secs(10))?;
    Ok(provider.stats().first().map_or(0, |stats| stats.exported))
}

/// Counts what the peer delivers: it keeps no account.
#[derive(Debug)]
struct Counted(opentelemetry_otlp::SpanExporter, Arc<AtomicU64>);

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len() as u64;
        self.0.export(batch).await?;
        self.1.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }
}

fn otel(url: &str, spans: u32) -> Result<u64, Failure> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{url}/v1/traces"))
        .with_headers(std::collections::HashMap::default())
        .build()?;
    let delivered = Arc::new(AtomicU64::new(0));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Counted(exporter, delivered.clone()))
        .build();
    let tracer = provider.tracer("bench");
    for i in 0..spans {
        let mut span = tracer.start(NAME);
        otel_four(&mut span, i);
        span.end();
    }
    provider.force_flush()?;
    provider.shutdown()?;
    Ok(delivered.load(Ordering::Relaxed))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, url, spans] = arguments.as_slice() else {
        return Err("usage: loss libtracer|otel URL SPANS".into());
    };
    let spans: u32 = spans.parse()?;
    let delivered = if peer == "libtracer" {
        libtracer(url, spans)?
    } else {
        otel(url, spans)?
    };
    println!("N7\t{}\t{spans}", u64::from(spans) - delivered);
    Ok(())
}
