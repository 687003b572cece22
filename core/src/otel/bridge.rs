//! Any `opentelemetry_sdk` span exporter as a destination.
//!
//! A foreign exporter may block (the default client of `opentelemetry-otlp` does), so it has a thread
//! of its own (`export/blocking`); its futures are polled there too.

use super::convert;
use crate::export::{
    Accepted, Batch, BlockingExporter, ExportError, ExporterFactory, blocking_exporter,
};
use futures_executor::block_on;
use opentelemetry_sdk::trace::SpanExporter;
use std::{fmt::Display, sync::Arc};

/// A destination that hands spans to an `opentelemetry_sdk` [`SpanExporter`].
///
/// `build` makes the exporter, once in each process: after a fork the child makes its own. A failure
/// to build it is reported by each export. As the specification has it, spans that the exporter
/// fails to export are not offered again: retrying is its own affair.
///
/// Values that OpenTelemetry's API lacks are represented as the specification says for other
/// formats: bytes as base64, null as empty text, maps and mixed arrays as JSON.
///
/// ```
/// # use opentelemetry_otlp::WithExportConfig;
/// let factory = libtracer::otel::exporter(|| {
///     opentelemetry_otlp::SpanExporter::builder()
///         .with_http()
///         .with_endpoint("http://localhost:4318/v1/traces")
///         .build()
/// });
/// ```
pub fn exporter<E, X, F>(build: F) -> ExporterFactory
where
    E: SpanExporter + 'static,
    X: Display,
    F: Fn() -> Result<E, X> + Send + Sync + 'static,
{
    blocking_exporter("tracer-otel", move || {
        build().map(|exporter| Foreign {
            exporter,
            known: None,
        })
    })
}

/// A foreign exporter, and the resource that it was told.
struct Foreign<E> {
    exporter: E,
    known: Option<Arc<[u8]>>,
}

impl<E: SpanExporter> BlockingExporter for Foreign<E> {
    fn export(&mut self, batch: Batch) -> Result<Accepted, ExportError> {
        if self.known.as_ref() != Some(&batch.resource) {
            self.exporter.set_resource(&convert::resource(&batch));
            self.known = Some(Arc::clone(&batch.resource));
        }
        let spans = batch
            .to_spans()
            .into_iter()
            .map(convert::span_data)
            .collect();
        // Not needed while the exporter takes its time; its bytes count against the memory bound.
        drop(batch);
        block_on(self.exporter.export(spans))
            .map(|()| Accepted::default())
            .map_err(|error| ExportError::permanent(error.to_string()))
    }

    fn flush(&mut self) {
        // Nobody asks how it went.
        let _ = self.exporter.force_flush();
    }

    fn shutdown(&mut self) {
        let _ = self.exporter.shutdown();
    }
}

#[cfg(test)]
mod tests;
