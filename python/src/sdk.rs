//! The shapes that opentelemetry-sdk gives to what is read of a span. Its classes are used once the
//! program has loaded it, and never before.

use crate::decode::{self, proto};
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyModule};
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{Bound, Py, PyAny, PyResult, Python, intern};

type Object<'py> = PyResult<Bound<'py, PyAny>>;

/// `libtracer._sdk`, if the program has loaded opentelemetry-sdk.
pub(crate) fn loaded(py: Python<'_>) -> Option<Bound<'_, PyModule>> {
    static SDK: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    if let Some(found) = SDK.get(py) {
        return Some(found.bind(py).clone());
    }
    let modules = py
        .import(intern!(py, "sys"))
        .ok()?
        .getattr("modules")
        .ok()?;
    let modules = modules.cast::<PyDict>().ok()?;
    if !modules.contains("opentelemetry.sdk.trace").ok()? {
        return None;
    }
    // A release of the SDK that is only half there, or looks different inside, is as good as none.
    let found = py.import("libtracer._sdk").ok()?;
    Some(SDK.get_or_init(py, || found.unbind()).bind(py).clone())
}

/// How a `BoundedAttributes` is made.
struct Bounded {
    class: Py<PyAny>,
    /// `object.__new__` and `threading.Lock`, if the class has the fields that we know.
    parts: Option<(Py<PyAny>, Py<PyAny>)>,
    /// The longer way for a class that looks different inside.
    make: Py<PyAny>,
}

impl Bounded {
    fn load(py: Python<'_>) -> PyResult<Self> {
        let shapes = PyModule::import(py, "libtracer._shapes")?;
        let lock = py.import("threading")?.getattr("Lock")?.unbind();
        let new = py.get_type::<PyAny>().getattr("__new__")?.unbind();
        let is_known = shapes.getattr("IS_KNOWN")?.is_truthy()?;
        Ok(Self {
            class: py
                .import("opentelemetry.attributes")?
                .getattr("BoundedAttributes")?
                .unbind(),
            parts: is_known.then_some((new, lock)),
            make: shapes.getattr("bounded")?.unbind(),
        })
    }
}

/// OpenTelemetry's `BoundedAttributes` around values that were checked already: its constructor
/// would check them again.
pub(crate) fn bounded(values: Bound<'_, PyDict>, dropped: u32) -> Object<'_> {
    static BOUNDED: PyOnceLock<Bounded> = PyOnceLock::new();
    let py = values.py();
    let bounded = BOUNDED.get_or_try_init(py, || Bounded::load(py))?;
    let Some((new, lock)) = &bounded.parts else {
        return bounded.make.bind(py).call1((values, dropped));
    };
    let made = new.bind(py).call1((&bounded.class,))?;
    made.setattr(intern!(py, "_dict"), values)?;
    made.setattr(intern!(py, "maxlen"), py.None())?;
    made.setattr(intern!(py, "dropped"), dropped)?;
    made.setattr(intern!(py, "max_value_len"), py.None())?;
    made.setattr(intern!(py, "_lock"), lock.bind(py).call0()?)?;
    made.setattr(intern!(py, "_immutable"), true)?;
    Ok(made)
}

/// Events as a tuple of the SDK's.
pub(crate) fn events<'py>(sdk: &Bound<'py, PyModule>, span: &proto::Span) -> Object<'py> {
    let py = sdk.py();
    if span.events.is_empty() {
        return Ok(PyTuple::empty(py).into_any());
    }
    let class = sdk.getattr(intern!(py, "Event"))?;
    let events: PyResult<Vec<_>> = span
        .events
        .iter()
        .map(|event| {
            let attributes = decode::dict(py, &event.attributes)?;
            let attributes = bounded(attributes, event.dropped_attributes_count)?;
            class.call1((&event.name, attributes, event.time_unix_nano))
        })
        .collect();
    Ok(PyTuple::new(py, events?)?.into_any())
}
