//! Row N9: `threads libtracer|otel COUNT` records on so many threads at once, and prints the
//! processor time of the whole process for each span in ns (best and median round).
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use libtracer::TracerProvider;
use libtracer_bench::discard::{OtelDiscard, discarding};
use libtracer_bench::work::{four, otel_four, otel_parent};
use libtracer_bench::{NAME, process_ns};
use opentelemetry::trace::{Span as _, SpanBuilder, TraceFlags, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use std::sync::Barrier;
use std::time::Duration;

/// Spans of a round, of all threads; flushed after it.
const SPANS: u32 = 32_768;
const ROUNDS: usize = 60;

/// Runs `record` on `threads` threads and `flush` after each round.
fn measure(threads: u32, record: impl Fn(u32) + Sync, flush: impl Fn()) -> Vec<u64> {
    let barrier = Barrier::new(threads as usize + 1);
    let worker = || {
        for _ in 0..ROUNDS {
            barrier.wait();
            (0..SPANS / threads).for_each(&record);
            barrier.wait();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(worker);
        }
        let round = |_| {
            let before = process_ns();
            barrier.wait();
            barrier.wait();
            flush();
            (process_ns() - before) / u64::from(SPANS / threads * threads)
        };
        (0..ROUNDS).map(round).collect()
    })
}

fn libtracer(threads: u32) -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let provider = TracerProvider::new(&discarding())?;
    let tracer = provider.tracer("bench");
    let parent = tracer.start("parent");
    let context = parent.context();
    let costs = measure(
        threads,
        |i| four(&tracer.span(NAME).parent(&context).start(), i),
        || {
            let _ = provider.flush(Duration::from_secs(5));
        },
    );
    match provider.stats().first().map(libtracer::Stats::dropped) {
        Some(0) => Ok(costs),
        lost => Err(format!("{lost:?} spans were lost").into()),
    }
}

/// With a queue that is long enough for a round, so that it loses little.
fn otel(threads: u32) -> Vec<u64> {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(SPANS as usize * 2)
        .build();
    let processor = BatchSpanProcessor::builder(OtelDiscard)
        .with_batch_config(config)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let tracer = provider.tracer("bench");
    let record = |i| {
        let parent = otel_parent(TraceFlags::SAMPLED);
        let mut span = tracer.build_with_context(SpanBuilder::from_name(NAME), &parent);
        otel_four(&mut span, i);
        span.end();
    };
    measure(threads, record, || {
        let _ = provider.force_flush();
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, threads] = arguments.as_slice() else {
        return Err("usage: threads libtracer|otel COUNT".into());
    };
    let threads: u32 = threads.parse()?;
    let mut costs = if peer == "libtracer" {
        libtracer(threads)?
    } else {
        otel(threads)
    };
    costs.sort_unstable();
    let at = |share: usize| costs.get(costs.len() * share / 100).copied().unwrap_or(0);
    println!("N9 {threads}\t{}\t{}", at(10), at(50));
    Ok(())
}
