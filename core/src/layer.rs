//! A layer for `tracing-subscriber`: spans and events of `tracing` become spans and events of a
//! [`Tracer`].
//!
//! A span is started when `tracing` makes it, is current in libtracer while `tracing` has it entered,
//! and ends when `tracing` closes it. So its parent is what is current in libtracer: the span of
//! `tracing` around it, a native one, or one of another language. The layer keeps one small value with
//! each span, and no copy of what is recorded. On libtracer's own threads it sees nothing: an export
//! must not trace itself.

mod fields;
mod span;

use crate::pipeline::worker::serves_exporters;
use crate::span::SpanHandle;
use crate::tracer::Tracer;
use crate::value::Value;
use fields::Fields;
use span::{Recorded, recorded};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Records the spans and events of `tracing` with a tracer.
///
/// Fields become attributes with their types. These say something else, as in other layers for
/// OpenTelemetry: `otel.name`, `otel.kind` (`server`, `client`, ...), `otel.status_code` (`ok`,
/// `error`) and `otel.status_description`, also when they are recorded later. Events become events of
/// their span, named by their message, with `level` and `target`; at level `ERROR` they set the span's
/// status. An error among the fields (`error = &e as &dyn Error`) becomes an `exception` event, with
/// the errors that caused it in `<field>.chain`; so does what `#[instrument(err)]` reports.
/// `follows_from` adds a link. Span limits apply.
///
/// One such layer in a subscriber; several may have different subscribers. A remote parent is
/// attached around the making of the span, by [`Context::attach`](crate::Context::attach).
///
/// ```
/// use libtracer::{Config, MemoryExporter, TracerProvider, TracingLayer};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let finished = MemoryExporter::new();
/// let provider = TracerProvider::new(&Config::new().memory(&finished))?;
/// let layer = TracingLayer::new(provider.tracer("shop"));
/// let subscriber = tracing_subscriber::registry().with(layer);
///
/// tracing::subscriber::with_default(subscriber, || {
///     let order = tracing::info_span!("order", items = 3, otel.kind = "server").entered();
///     tracing::info!(shelf = "B", "packed");
///     provider.tracer("bank").start("payment").end(); // a native child
///     drop(order);
/// });
///
/// let [payment, order] = finished.spans().try_into().unwrap();
/// assert_eq!(payment.parent_span_id, Some(order.span_id));
/// assert_eq!(order.events[0].name, "packed");
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct TracingLayer {
    tracer: Tracer,
    location: bool,
    target: bool,
    threads: bool,
    busy_idle: bool,
}

impl TracingLayer {
    /// A layer that records with `tracer`, and nothing that `tracing` does not say.
    #[must_use]
    pub fn new(tracer: Tracer) -> Self {
        Self {
            tracer,
            location: false,
            target: false,
            threads: false,
            busy_idle: false,
        }
    }

    /// Whether spans and events tell their place in the source: `code.file.path`,
    /// `code.line.number` and `code.module.name`.
    #[must_use]
    pub fn location(self, location: bool) -> Self {
        Self { location, ..self }
    }

    /// Whether spans have their `level` and `target`, as events always do.
    #[must_use]
    pub fn target(self, target: bool) -> Self {
        Self { target, ..self }
    }

    /// Whether spans tell the name of the thread that made them, `thread.name`.
    #[must_use]
    pub fn threads(self, threads: bool) -> Self {
        Self { threads, ..self }
    }

    /// Whether spans tell how long they were entered and how long not: `busy_ns` and `idle_ns`. That
    /// costs a lock and a look at the clock at each enter and exit.
    #[must_use]
    pub fn busy_idle(self, busy_idle: bool) -> Self {
        Self { busy_idle, ..self }
    }

    fn add_place(self, fields: &mut Fields, metadata: &Metadata<'static>) {
        if self.location {
            if let Some(file) = metadata.file() {
                fields.add("code.file.path", file);
            }
            if let Some(line) = metadata.line() {
                fields.add_int("code.line.number", i64::from(line));
            }
            if let Some(module) = metadata.module_path() {
                fields.add("code.module.name", module);
            }
        }
    }

    fn start<S>(self, attributes: &Attributes<'_>, ctx: &Context<'_, S>) -> Recorded
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let metadata = attributes.metadata();
        let mut fields = Fields::take();
        self.add_place(&mut fields, metadata);
        if self.target {
            add_level(&mut fields, metadata);
        }
        if self.threads {
            fields.add_thread();
        }
        attributes.record(&mut fields.of_span());
        let given = attributes.parent().and_then(|id| span::context(ctx, id));
        let name = fields.name().unwrap_or(metadata.name());
        let started = fields.with_values(|values| {
            let builder = self
                .tracer
                .span(name)
                .kind(fields.kind().unwrap_or_default());
            let builder = builder.attributes(values).shared();
            match &given {
                Some(parent) => builder.below(parent.into()),
                None if attributes.is_root() => builder.root(),
                None => builder,
            }
            .start_unowned()
        });
        let recorded = Recorded::new(started, self.busy_idle, || match given {
            Some(parent) => parent.context,
            None if attributes.is_root() => crate::SpanContext::default(),
            None => crate::current_context(),
        });
        fields.tell_rest(&recorded);
        fields.give_back();
        recorded
    }
}

fn add_level(fields: &mut Fields, metadata: &Metadata<'static>) {
    fields.add("level", metadata.level().as_str());
    fields.add("target", metadata.target());
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if serves_exporters() {
            return;
        }
        if let Some(span) = ctx.span(id) {
            let recorded = self.start(attributes, &ctx);
            span.extensions_mut().replace(recorded);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        if !recorded(&span, Recorded::handle).is_some_and(SpanHandle::is_recording) {
            return;
        }
        let mut fields = Fields::take();
        values.record(&mut fields.of_span());
        recorded(&span, |recorded| {
            let handle = recorded.handle();
            if let Some(name) = fields.name() {
                handle.set_name(name);
            }
            if let Some(kind) = fields.kind() {
                handle.set_kind(kind);
            }
            fields.with_values(|values| {
                for (key, value) in values {
                    handle.set(key, *value);
                }
            });
            fields.tell_rest(recorded);
        });
        fields.give_back();
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, ctx: Context<'_, S>) {
        let Some(followed) = span::context(&ctx, follows) else {
            return;
        };
        if let Some(handle) = ctx
            .span(id)
            .and_then(|span| recorded(&span, Recorded::handle))
        {
            handle.add_link(&followed.context, &Value::Map(&[]));
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if serves_exporters() {
            return;
        }
        let Some(span) = ctx.event_span(event) else {
            return;
        };
        // Unlocked again before the event's values are asked: they may use `tracing` themselves.
        let handle = recorded(&span, Recorded::handle);
        let Some(handle) = handle.filter(|handle| handle.is_recording()) else {
            return;
        };
        let metadata = event.metadata();
        let mut fields = Fields::take();
        add_level(&mut fields, metadata);
        self.add_place(&mut fields, metadata);
        event.record(&mut fields.of_event());
        let failed = *metadata.level() == Level::ERROR || fields.is_bare_failure();
        fields.name_failure();
        let name = fields.name().unwrap_or(match fields.failure() {
            Some(_) => "exception",
            None => metadata.name(),
        });
        fields.with_values(|values| handle.add_event(name, 0, &Value::Map(values)));
        if failed {
            let why = fields.failure().unwrap_or_default();
            recorded(&span, |recorded| recorded.fail(why));
        }
        fields.give_back();
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let handle = recorded(&span, |recorded| {
                recorded.entered();
                recorded.handle()
            });
            handle.unwrap_or_default().enter();
        }
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let handle = recorded(&span, |recorded| {
                recorded.exited();
                recorded.handle()
            });
            handle.unwrap_or_default().leave();
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let span = ctx.span(&id);
        let recorded = span.and_then(|span| span.extensions_mut().remove::<Recorded>());
        if let Some(recorded) = recorded {
            recorded.close();
        }
    }
}
