//! Our provider and tracer behind the `opentelemetry` API's traits.

use super::attributes::{Attributes, with_links};
use super::context::{self, unix_ns};
use super::hook;
use super::owned::owned;
use super::span::Span;
use crate::current::Parent;
use crate::pipeline::worker::serves_exporters;
use crate::span::{SpanKind, Started};
use crate::value::Value;
use opentelemetry::trace::{SpanBuilder, SpanContext, SpanKind as TheirKind};
use opentelemetry::{Context, InstrumentationScope};

/// A provider of ours behind [`opentelemetry::trace::TracerProvider`], so that code written for the
/// `opentelemetry` API records through it unchanged.
///
/// Making one asks for [`use_context`], so that spans of that code and native ones nest; in a process
/// where another language is asked what is current, that is left as it is. Clones are the same
/// provider. Flush and shut down the [`crate::TracerProvider`].
///
/// ```
/// use libtracer::{Config, MemoryExporter, TracerProvider, otel};
/// use opentelemetry::{global, trace::{Tracer, TraceContextExt}, KeyValue};
///
/// let finished = MemoryExporter::new();
/// let provider = TracerProvider::new(&Config::new().memory(&finished))?;
/// global::set_tracer_provider(otel::TracerProvider::from(provider.clone()));
///
/// global::tracer("shop").in_span("order", |context| {
///     context.span().set_attribute(KeyValue::new("items", 3));
///     provider.tracer("bank").start("payment").end(); // a native child
/// });
/// let spans = finished.spans();
/// assert_eq!(spans[0].name, "payment");
/// assert_eq!(spans[0].parent_span_id, Some(spans[1].span_id));
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
///
/// [`use_context`]: super::use_context
#[derive(Clone, Debug)]
pub struct TracerProvider {
    /// None = the default one.
    provider: Option<crate::TracerProvider>,
}

impl TracerProvider {
    fn of(provider: Option<crate::TracerProvider>) -> Self {
        // Refused where a language answers already: then that one is the truth.
        let _ = super::use_context();
        Self { provider }
    }

    /// The provider to flush and shut down; none if it stands for the default one.
    #[must_use]
    pub fn provider(&self) -> Option<&crate::TracerProvider> {
        self.provider.as_ref()
    }
}

impl From<crate::TracerProvider> for TracerProvider {
    fn from(provider: crate::TracerProvider) -> Self {
        Self::of(Some(provider))
    }
}

/// The default provider of the process, whichever that is when a span starts: for Rust code in a C
/// program that sets libtracer up.
impl Default for TracerProvider {
    fn default() -> Self {
        Self::of(None)
    }
}

impl opentelemetry::trace::TracerProvider for TracerProvider {
    type Tracer = Tracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> Tracer {
        let builder = match &self.provider {
            Some(provider) => provider.tracer_builder(scope.name()),
            None => crate::tracer_builder(scope.name()),
        };
        let mut tracer = builder
            .version(scope.version().unwrap_or_default())
            .schema_url(scope.schema_url().unwrap_or_default());
        for attribute in scope.attributes() {
            let value = owned(attribute.value.clone());
            tracer = tracer.attribute(attribute.key.as_str(), value);
        }
        Tracer {
            tracer: tracer.build(),
        }
    }
}

/// A tracer of ours behind [`opentelemetry::trace::Tracer`]. Cheap to copy, safe from any thread.
///
/// The parent of a span is the span of the given [`Context`]; if that context is the current one, a
/// native span that is current on top of it. An attached but invalid span makes a root:
///
/// ```
/// use opentelemetry::{Context, trace::{SpanContext, TraceContextExt}};
///
/// let root = Context::new().with_remote_span_context(SpanContext::NONE);
/// ```
///
/// Without a provider, after its shutdown, and where telemetry is suppressed the span is a no-op
/// (the first two with the parent's context, so that propagation goes on).
#[derive(Clone, Copy, Debug)]
pub struct Tracer {
    tracer: crate::Tracer,
}

impl From<crate::Tracer> for Tracer {
    fn from(tracer: crate::Tracer) -> Self {
        Self { tracer }
    }
}

impl opentelemetry::trace::Tracer for Tracer {
    type Span = Span;

    fn build_with_context(&self, builder: SpanBuilder, parent_cx: &Context) -> Span {
        // An export must not trace itself.
        if parent_cx.is_telemetry_suppressed() || serves_exporters() {
            return Span::new(crate::SpanHandle::NONE, SpanContext::NONE);
        }
        let parent = hook::parent_in(parent_cx);
        let started = self.begin(&builder, Parent::from(&parent));
        if started.handle == crate::SpanHandle::NONE {
            return Span::new(started.handle, context::theirs(&parent.context));
        }
        for event in builder.events.iter().flatten() {
            let attributes = Attributes::of(&event.attributes);
            let attributes = attributes.borrowed();
            let (at, attributes) = (unix_ns(event.timestamp), Value::Map(&attributes));
            started.handle.add_event(&event.name, at, &attributes);
        }
        hook::remember(started.span_id, started.handle);
        Span::new(started.handle, context::theirs(&started.handle.context()))
    }
}

impl Tracer {
    fn begin(&self, builder: &SpanBuilder, parent: Parent<'_>) -> Started {
        let attributes = Attributes::of(builder.attributes.as_deref().unwrap_or_default());
        let links = builder.links.as_deref().unwrap_or_default();
        with_links(links, |links| {
            self.tracer
                .span(&builder.name)
                .below(parent)
                .kind(builder.span_kind.as_ref().map_or(SpanKind::Internal, kind))
                .start_time(builder.start_time.map_or(0, unix_ns))
                .shared()
                .attributes(&attributes.borrowed())
                .links(links)
                .start_unowned()
        })
    }
}

fn kind(theirs: &TheirKind) -> SpanKind {
    match theirs {
        TheirKind::Internal => SpanKind::Internal,
        TheirKind::Server => SpanKind::Server,
        TheirKind::Client => SpanKind::Client,
        TheirKind::Producer => SpanKind::Producer,
        TheirKind::Consumer => SpanKind::Consumer,
    }
}
