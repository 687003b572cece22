//! The classes of OpenTelemetry's API that our answers are made of, and their usual instances.

use crate::span::Ids;
use pyo3::prelude::PyAnyMethods;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use pyo3::{Bound, IntoPyObject, Py, PyAny, PyResult, Python};

type Object<'py> = PyResult<Bound<'py, PyAny>>;

/// What is read of a span is put together of these.
pub(crate) struct Api {
    span_context: Py<PyAny>,
    /// `tuple.__new__`, if a `SpanContext` is the tuple that we know: its own constructor is slow.
    new_tuple: Option<Py<PyAny>>,
    trace_flags: Py<PyAny>,
    /// By their number, those in use.
    usual_flags: Vec<Py<PyAny>>,
    trace_state: Py<PyAny>,
    no_trace_state: Py<PyAny>,
    /// By their number.
    kinds: Vec<Py<PyAny>>,
    /// By their number.
    codes: Vec<Py<PyAny>>,
    status: Py<PyAny>,
    unset: Py<PyAny>,
    link: Py<PyAny>,
}

static API: PyOnceLock<Api> = PyOnceLock::new();

impl Api {
    /// The classes; the first call imports them.
    pub(crate) fn get(py: Python<'_>) -> PyResult<&'static Self> {
        API.get_or_try_init(py, || Self::load(py))
    }

    fn load(py: Python<'_>) -> PyResult<Self> {
        let module = py.import("opentelemetry.trace")?;
        let class = |name: &str| module.getattr(name).map(Bound::unbind);
        let members = |name: &str| -> PyResult<Vec<Py<PyAny>>> {
            let members = module.getattr(name)?.try_iter()?;
            members.map(|member| member.map(Bound::unbind)).collect()
        };
        let (span_context, status) = (class("SpanContext")?, class("Status")?);
        let (trace_flags, trace_state) = (class("TraceFlags")?, class("TraceState")?);
        let no_trace_state = trace_state.call0(py)?;
        let usual_flags: PyResult<Vec<_>> = (0..4)
            .map(|flags| trace_flags.call1(py, (flags,)))
            .collect();
        Ok(Self {
            new_tuple: known_tuple(span_context.bind(py), no_trace_state.bind(py))?,
            span_context,
            trace_flags,
            usual_flags: usual_flags?,
            no_trace_state,
            trace_state,
            kinds: members("SpanKind")?,
            codes: members("StatusCode")?,
            unset: status.call0(py)?,
            status,
            link: class("Link")?,
        })
    }

    /// A `SpanContext`.
    pub(crate) fn span_context<'py>(
        &self,
        py: Python<'py>,
        ids: &Ids,
        trace_state: &str,
    ) -> Object<'py> {
        let trace_id = u128::from_be_bytes(ids.trace_id);
        let span_id = u64::from_be_bytes(ids.span_id);
        let remote = ids.is_remote != 0;
        let flags = match self.usual_flags.get(usize::from(ids.trace_flags)) {
            Some(flags) => flags.bind(py).clone(),
            None => self.trace_flags.bind(py).call1((ids.trace_flags,))?,
        };
        let state = if trace_state.is_empty() {
            self.no_trace_state.bind(py).clone()
        } else {
            let state = self.trace_state.bind(py);
            state.call_method1("from_header", (vec![trace_state],))?
        };
        let class = self.span_context.bind(py);
        let Some(new_tuple) = &self.new_tuple else {
            return class.call1((trace_id, span_id, remote, flags, state));
        };
        let fields = (trace_id, span_id, remote, flags, state, ids.is_valid());
        new_tuple.bind(py).call1((class, fields))
    }

    /// A `SpanKind` by OTLP's number.
    pub(crate) fn kind<'py>(&self, py: Python<'py>, number: i32) -> Bound<'py, PyAny> {
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(0);
        let found = self.kinds.get(index).or_else(|| self.kinds.first());
        found.map_or_else(|| py.None().into_bound(py), |kind| kind.bind(py).clone())
    }

    /// A `Status` with the code of that number.
    pub(crate) fn status<'py>(
        &self,
        py: Python<'py>,
        code: i32,
        description: Option<&Bound<'py, PyAny>>,
    ) -> Object<'py> {
        let index = usize::try_from(code).unwrap_or(0);
        match self.codes.get(index) {
            Some(code) if index > 0 => self.status.bind(py).call1((code, description)),
            _ => Ok(self.unset.bind(py).clone()),
        }
    }

    /// A `Link`.
    pub(crate) fn link<'py>(
        &self,
        py: Python<'py>,
        context: &Bound<'py, PyAny>,
        attributes: &Bound<'py, PyAny>,
    ) -> Object<'py> {
        self.link.bind(py).call1((context, attributes))
    }
}

/// `tuple.__new__`, if it makes the same `SpanContext` as the class does.
fn known_tuple(class: &Bound<'_, PyAny>, state: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let py = class.py();
    let made = class.call1((1, 2, false, 3, state))?;
    let known = (1, 2, false, 3, state, true).into_pyobject(py)?;
    let base = py.get_type::<PyTuple>();
    let is_known = made.is_instance(&base)? && base.call1((made,))?.eq(known)?;
    is_known
        .then(|| base.getattr("__new__").map(Bound::unbind))
        .transpose()
}
