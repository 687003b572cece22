//! `Tracer`: spans of a named instrumentation scope, in the OpenTelemetry API's shape.

use crate::provider::Used;
use crate::runtime::Scope;
use crate::span::{Ids, Span, option, pending, start_now};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyDict;
use pyo3::{
    Bound, Py, PyAny, PyResult, PyTraverseError, PyVisit, Python, intern, pyclass, pymethods,
};
use std::ffi::CString;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// Bits of [`Tracer::ways`]: why a span must go the longer way.
pub(crate) mod way {
    /// The sampler or the ids are the program's own.
    pub(crate) const ASKS: u8 = 1;
    /// There are processors of the program's own.
    pub(crate) const WATCHED: u8 = 2;
    /// The tracer is switched off.
    pub(crate) const OFF: u8 = 4;
    /// Spans are counted, also those that are dropped.
    pub(crate) const COUNTED: u8 = 8;
    /// The clock is the program's own.
    pub(crate) const CLOCKED: u8 = 16;
}

/// The scope of those spans of the default provider that are another API's: what `init` puts on its
/// own does not belong there.
const UNMARKED: &str = "libtracer.tracing";

/// Makes the spans of one instrumentation scope; get one from `libtracer.get_tracer` or from a
/// `TracerProvider`.
#[pyclass(frozen, module = "libtracer", weakref)]
pub(crate) struct Tracer {
    scope: Scope,
    /// [`way`] bits; zero for nearly every tracer.
    ways: AtomicU8,
    /// Options of its spans.
    options: u16,
    #[pyo3(get)]
    name: String,
    /// The provider, which is not another's before its last tracer is gone.
    #[expect(dead_code, reason = "held, not used")]
    native: Option<Arc<Used>>,
    /// What `libtracer.trace` knows of the tracer, and answers for it.
    settings: Mutex<Option<Py<PyAny>>>,
}

/// What a span starts with; None stands for the default.
struct Start<'a, 'py> {
    context: Option<&'a Bound<'py, PyAny>>,
    kind: Option<&'a Bound<'py, PyAny>>,
    attributes: Option<&'a Bound<'py, PyAny>>,
    links: Option<&'a Bound<'py, PyAny>>,
    at: Option<&'a Bound<'py, PyAny>>,
    options: u16,
}

impl Tracer {
    /// A tracer with OpenTelemetry's semantics.
    pub(crate) fn of_provider(
        name: &str,
        scope: Scope,
        native: Option<Arc<Used>>,
        settings: Py<PyAny>,
    ) -> Self {
        let marked = match native {
            None if name != UNMARKED => option::MARKED,
            _ => 0,
        };
        Self {
            native,
            scope,
            ways: AtomicU8::new(0),
            options: option::PASSIVE | option::SDK | marked,
            name: name.to_owned(),
            settings: Mutex::new(Some(settings)),
        }
    }

    /// Its instrumentation scope.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// Why its spans must go the longer way: [`way`] bits.
    #[inline]
    pub(crate) fn ways(&self) -> u8 {
        self.ways.load(Ordering::Relaxed)
    }

    /// What answers for it in Python.
    pub(crate) fn settings<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let settings = self.settings.lock().ok()?;
        settings.as_ref().map(|object| object.bind(py).clone())
    }

    fn asked<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.settings(name.py()).ok_or_else(|| {
            PyAttributeError::new_err(format!("this Tracer has no attribute {name}"))
        })
    }
}

/// A new span of `tracer` that has not started.
#[inline]
fn made<'py>(
    tracer: &Bound<'py, Tracer>,
    name: &Bound<'py, PyAny>,
    start: &Start<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = pending(name.as_borrowed(), start.options)?;
    let Some(span) = Span::cast(made.as_borrowed()) else {
        return Ok(made);
    };
    let ours = tracer.get();
    // A plain dict in the place of the context is the attributes: libtracer's own older order.
    let (context, attributes) = match start.context {
        Some(map) if ours.options == 0 && map.is_exact_instance_of::<PyDict>() => (None, Some(map)),
        context => (context, start.attributes),
    };
    let slots = [
        (&span.context, context),
        (&span.attributes, attributes),
        (&span.links, start.links),
    ];
    for (slot, given) in slots {
        if let Some(object) = given {
            slot.put(object.clone());
        }
    }
    span.tracer.put(tracer.as_any().clone());
    span.scope.set(ours.scope);
    span.kind.set(start.kind.map_or(0, number_of));
    span.start_unix_ns.set(start.at.map_or(0, time_of));
    Ok(made)
}

/// OTLP's number of an API `SpanKind`; of anything else that of INTERNAL.
fn number_of(kind: &Bound<'_, PyAny>) -> i32 {
    let number = kind
        .getattr(intern!(kind.py(), "value"))
        .and_then(|value| value.extract());
    number.unwrap_or(0_i32).saturating_add(1)
}

/// A time in nanoseconds since 1970; 0, for now, when it is none.
fn time_of(time: &Bound<'_, PyAny>) -> u64 {
    let whole = || time.call_method0(intern!(time.py(), "__int__"))?.extract();
    time.extract().or_else(|_| whole()).unwrap_or(0)
}

/// A switch that is on unless it was given and is not true.
type Switch<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

fn options(
    record_exception: Switch<'_, '_>,
    set_status: Switch<'_, '_>,
    end: Switch<'_, '_>,
) -> u16 {
    let bit = |switch: Switch<'_, '_>, bit: u16| match switch {
        Some(given) if !given.is_truthy().unwrap_or(true) => 0,
        _ => bit,
    };
    bit(record_exception, option::RECORD_EXCEPTION)
        | bit(set_status, option::SET_STATUS)
        | bit(end, option::END_ON_EXIT)
}

#[pymethods]
impl Tracer {
    #[new]
    #[pyo3(signature = (name, version=None, schema_url=None))]
    fn new(name: &str, version: Option<&str>, schema_url: Option<&str>) -> PyResult<Self> {
        let text = |text: &str| CString::new(text.replace('\0', ""));
        let version = version.map(text).transpose()?;
        let schema = schema_url.map(text).transpose()?;
        let scope = Scope::new(&text(name)?, version.as_deref(), schema.as_deref());
        Ok(Self {
            scope,
            ways: AtomicU8::new(0),
            options: 0,
            name: name.to_owned(),
            native: None,
            settings: Mutex::new(None),
        })
    }

    /// Starts a span now. Leaving its block ends it. Entering it makes it current too, when the
    /// tracer is from `libtracer.get_tracer`; with a provider's tracer it does not, as in
    /// OpenTelemetry.
    #[pyo3(signature = (name, context=None, kind=None, attributes=None, links=None,
        start_time=None, record_exception=None, set_status_on_exception=None, *, parent=None),
        text_signature = "($self, name, context=None, kind=None, attributes=None, links=None, \
        start_time=None, record_exception=True, set_status_on_exception=True, *, parent=None)")]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of OpenTelemetry's API"
    )]
    fn start_span<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        kind: Option<&Bound<'py, PyAny>>,
        attributes: Option<&Bound<'py, PyAny>>,
        links: Option<&Bound<'py, PyAny>>,
        start_time: Option<&Bound<'py, PyAny>>,
        record_exception: Option<&Bound<'py, PyAny>>,
        set_status_on_exception: Option<&Bound<'py, PyAny>>,
        parent: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options(record_exception, set_status_on_exception, None);
        let start = Start {
            context: parent.or(context),
            kind,
            attributes,
            links,
            at: start_time,
            options: options | slf.get().options,
        };
        let made = made(slf, name, &start)?;
        if let Some(span) = Span::cast(made.as_borrowed()) {
            start_now(span)?;
        }
        Ok(made)
    }

    /// A span with ids of the program's choice, started now; ids that are 0 are drawn.
    fn _start_with_ids<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        trace_id: u128,
        span_id: u64,
        context: Option<&Bound<'py, PyAny>>,
        start_time: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let start = Start {
            context,
            kind: None,
            attributes: None,
            links: None,
            at: start_time,
            options: option::DEFAULT | option::OWN_IDS,
        };
        let made = made(slf, name, &start)?;
        if let Some(span) = Span::cast(made.as_borrowed()) {
            span.ids.set(Ids {
                trace_id: trace_id.to_be_bytes(),
                span_id: span_id.to_be_bytes(),
                ..Ids::default()
            });
            start_now(span)?;
        }
        Ok(made)
    }

    /// A span that starts and becomes current when entered; also a decorator.
    #[pyo3(signature = (name, context=None, kind=None, attributes=None, links=None,
        start_time=None, record_exception=None, set_status_on_exception=None, end_on_exit=None),
        text_signature = "($self, name, context=None, kind=None, attributes=None, links=None, \
        start_time=None, record_exception=True, set_status_on_exception=True, end_on_exit=True)")]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of OpenTelemetry's API"
    )]
    fn start_as_current_span<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        kind: Option<&Bound<'py, PyAny>>,
        attributes: Option<&Bound<'py, PyAny>>,
        links: Option<&Bound<'py, PyAny>>,
        start_time: Option<&Bound<'py, PyAny>>,
        record_exception: Option<&Bound<'py, PyAny>>,
        set_status_on_exception: Option<&Bound<'py, PyAny>>,
        end_on_exit: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let start = Start {
            context,
            kind,
            attributes,
            links,
            at: start_time,
            options: options(record_exception, set_status_on_exception, end_on_exit)
                | slf.get().options & (option::SDK | option::MARKED),
        };
        made(slf, name, &start)
    }

    /// A span as `start_span` makes it, under the name that another API has for a `with` block.
    #[pyo3(signature = (name, attributes=None, parent=None))]
    fn span<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        attributes: Option<&Bound<'py, PyAny>>,
        parent: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::start_span(
            slf, name, None, None, attributes, None, None, None, None, parent,
        )
    }

    /// As `span`, for an `async with` block.
    #[pyo3(signature = (name, attributes=None, parent=None))]
    fn aspan<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        attributes: Option<&Bound<'py, PyAny>>,
        parent: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::span(slf, name, attributes, parent)
    }

    /// Ends a span.
    #[staticmethod]
    fn end_span(span: &Bound<'_, PyAny>) -> PyResult<()> {
        span.call_method0(intern!(span.py(), "end")).map(drop)
    }

    /// Gives a tracer without a provider of its own what the default provider's have.
    fn _join(&self, settings: Py<PyAny>) {
        let held = self.settings.lock();
        let old = held.ok().and_then(|mut held| held.replace(settings));
        drop(old);
    }

    /// Sends the spans that start from now on the longer way (bits), or no more (0).
    fn _set_ways(&self, ways: u8) {
        self.ways.store(ways, Ordering::Relaxed);
    }

    #[getter]
    fn __class__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        match crate::span::class_of_tracers(slf.py()) {
            Some(class_of) => class_of.call0(),
            None => Ok(slf.get_type().into_any()),
        }
    }

    fn __getattr__<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.asked(name)?.getattr(name.str()?)
    }

    fn __setattr__(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.asked(name)?.setattr(name.str()?, value)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.settings.try_lock() {
            Ok(settings) => visit.call(&*settings),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let settings = self.settings.lock().ok().and_then(|mut held| held.take());
        drop(settings);
    }

    fn __repr__(&self) -> String {
        format!("<Tracer {:?}>", self.name)
    }
}
