//! Row N8: `held libtracer|otel` prints the bytes that the process grows by for each finished span
//! that waits for its exporter, and how many waited.
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use libtracer::TracerProvider;
use libtracer_bench::discard::{OtelNever, holding};
use libtracer_bench::work::{four, otel_four, otel_parent};
use libtracer_bench::{NAME, resident_bytes};
use opentelemetry::trace::{Span as _, SpanBuilder, TraceFlags, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use std::mem::ManuallyDrop;
use std::time::Duration;

/// Below the memory bound of the default configuration.
const SPANS: u32 = 80_000;
/// So many that all parts have been used before the first reading.
const WARM: u32 = 2_000;

/// Bytes per span since there were `before`.
fn growth(before: u64) -> u64 {
    resident_bytes().saturating_sub(before) / u64::from(SPANS)
}

fn libtracer() -> Option<u64> {
    let provider = TracerProvider::new(&holding()).ok()?;
    let tracer = provider.tracer("bench");
    let parent = tracer.start("parent");
    let context = parent.context();
    let mut record = |i| four(&tracer.span(NAME).parent(&context).start(), i);
    (0..WARM).for_each(&mut record);
    // The exporter thread and what it is made of are there once it holds the first batch.
    let _ = provider.flush(Duration::from_millis(300));
    let before = resident_bytes();
    (0..SPANS).for_each(&mut record);
    let cost = growth(before);
    let stats = provider.stats();
    let held = stats.first().map(|stats| stats.queued);
    drop(parent);
    (held == Some(u64::from(WARM + SPANS))).then_some(cost)
}

/// With a queue that is long enough: that of the default configuration holds 2,048. Its slots are
/// made with it, so the first reading is before; what else there is then is little for so many.
fn otel() -> u64 {
    let before = resident_bytes();
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(SPANS as usize)
        .build();
    let processor = BatchSpanProcessor::builder(OtelNever)
        .with_batch_config(config)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    // Its end would wait for the exporter.
    let provider = ManuallyDrop::new(provider);
    let tracer = provider.tracer("bench");
    let parent = otel_parent(TraceFlags::SAMPLED);
    for i in 0..SPANS {
        let mut span = tracer.build_with_context(SpanBuilder::from_name(NAME), &parent);
        otel_four(&mut span, i);
        span.end();
    }
    growth(before)
}

fn main() -> Result<(), &'static str> {
    let cost = match std::env::args().nth(1).as_deref() {
        Some("libtracer") => libtracer().ok_or("not all spans were held")?,
        _ => otel(),
    };
    println!("N8\t{cost}\t{SPANS}");
    Ok(())
}
