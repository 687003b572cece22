//! Exporters that do nothing, and some that never end: what lies before the exporter is measured.

use libtracer::{Accepted, Batch, Config, ExportFuture, Exporter};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::hint::black_box;
use std::sync::Arc;

struct Discard;

impl Exporter for Discard {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Ok(Accepted::default()) })
    }
}

struct Never;

impl Exporter for Never {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(std::future::pending())
    }
}

/// A configuration whose spans go nowhere.
pub fn discarding() -> Config {
    Config::new().exporter("discard", Arc::new(|| Ok(Box::new(Discard))))
}

/// A configuration whose destination is never done with the first batch.
pub fn holding() -> Config {
    Config::new().exporter("never", Arc::new(|| Ok(Box::new(Never))))
}

/// The peer's exporter to nowhere.
#[derive(Debug)]
pub struct OtelDiscard;

impl SpanExporter for OtelDiscard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}

/// The peer's exporter that is never done with the first batch.
#[derive(Debug)]
pub struct OtelNever;

impl SpanExporter for OtelNever {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        std::future::pending::<()>().await;
        drop(batch);
        Ok(())
    }
}
