//! Span processors (OpenTelemetry trace SDK, "Span processor"): code of the program's own that sees
//! each recorded span as it starts and ends.
//!
//! Hooks run on the thread that starts or ends the span, within that call, in the order in which the
//! processors were added, and only where there are any. A panic in one is contained and counted
//! ([`Diagnostics::panics`](crate::Diagnostics::panics)).

use crate::context::SpanContext;
use crate::error::Timeout;
use crate::finished::FinishedSpan;
use crate::scope::Scope;
use crate::span::SpanHandle;
use crate::testing::resource_spans;
use std::fmt;
use std::time::Duration;

/// A span processor of your own, for [`Config::processor`](crate::Config::processor).
///
/// ```
/// use libtracer::{Config, EndedSpan, Processor, SpanContext, SpanHandle, TracerProvider, Value};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Debug, Default)]
/// struct Tenants {
///     seen: Mutex<Vec<String>>,
/// }
///
/// impl Processor for Tenants {
///     fn on_start(&self, span: SpanHandle, _parent: &SpanContext) {
///         span.set("tenant", Value::from("acme"));
///     }
///
///     fn on_end(&self, span: &EndedSpan<'_>) {
///         self.seen.lock().unwrap().push(span.to_span().name);
///     }
/// }
///
/// let tenants = Arc::new(Tenants::default());
/// let provider = TracerProvider::new(&Config::new().processor(tenants.clone()))?;
/// provider.tracer("shop").start("order").end();
/// assert_eq!(*tenants.seen.lock().unwrap(), ["order"]);
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
pub trait Processor: fmt::Debug + Send + Sync {
    /// A recorded span has started. `span` can be read and written as by its owner; a copy of it
    /// may be kept and is stale once the span has ended. `parent` is the context it was started
    /// below, invalid for a root.
    fn on_start(&self, span: SpanHandle, parent: &SpanContext) {
        let _ = (span, parent);
    }

    /// A recorded span is about to end: its end time is set, and only this handle, on this thread,
    /// can still write to it.
    fn on_ending(&self, span: SpanHandle) {
        let _ = span;
    }

    /// A recorded span has ended; also one that is not sampled (`RecordOnly`).
    fn on_end(&self, span: &EndedSpan<'_>) {
        let _ = span;
    }

    /// Hands on all that it holds back, within `timeout`.
    ///
    /// # Errors
    /// [`Timeout`] if that was too short.
    fn flush(&self, timeout: Duration) -> Result<(), Timeout> {
        let _ = timeout;
        Ok(())
    }

    /// Called once in a process, last: flushes and ends, within `timeout`.
    ///
    /// # Errors
    /// [`Timeout`] if that was too short.
    fn shutdown(&self, timeout: Duration) -> Result<(), Timeout> {
        self.flush(timeout)
    }
}

/// A span that has just ended, as a [`Processor`] sees it: bytes, decoded only on request.
#[derive(Clone, Copy)]
pub struct EndedSpan<'a> {
    pub(crate) span: &'a [u8],
    pub(crate) scope: &'static Scope,
    pub(crate) resource: &'a [u8],
    pub(crate) sampled: bool,
}

impl EndedSpan<'_> {
    /// Whether exporters get it.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The span as an encoded OTLP `Span` message.
    #[must_use]
    pub fn otlp(&self) -> &[u8] {
        self.span
    }

    /// The span as an encoded OTLP `ResourceSpans` message; empty if memory is refused.
    #[must_use]
    pub fn to_resource_spans(&self) -> Vec<u8> {
        resource_spans(self.resource, self.scope, self.span)
            .map(|message| message.to_vec())
            .unwrap_or_default()
    }

    /// The span, decoded.
    #[must_use]
    pub fn to_span(&self) -> FinishedSpan {
        FinishedSpan::decode(&self.to_resource_spans())
            .pop()
            .unwrap_or_default()
    }
}

impl fmt::Debug for EndedSpan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_span(), f)
    }
}
