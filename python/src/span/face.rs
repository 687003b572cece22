//! Faces: a `libtracer.tracer.Span` shows a native span under other names, and stands for it wherever
//! the current span is asked for.

use super::functions::only_span;
use super::object::{Span, option};
use super::{error, life};
use crate::object::{Args, missing};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Borrowed, Bound, PyAny, PyResult, intern};

impl<'py> Span<'_, 'py> {
    /// What a program made current: the span's face, or the span itself.
    #[inline]
    pub(crate) fn shown(self) -> Bound<'py, PyAny> {
        let face = self.face.get(self.py()).filter(|_| self.has(option::FACED));
        face.unwrap_or_else(|| self.to_owned())
    }
}

/// `set_face(span, face)`: keeps a face with a span that stays what it was made current as.
pub(super) fn set<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_face";
    let span = only_span(NAME, &args)?;
    let face = args.get(1).ok_or_else(|| missing(NAME, "face"))?;
    span.face.put(face.to_owned());
    Ok(module.py().None().into_bound(module.py()))
}

/// `get_face(span)`: the face that is kept with a span, or None.
pub(super) fn get<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let face = only_span("get_face", &args)?.face.get(module.py());
    Ok(face.unwrap_or_else(|| module.py().None().into_bound(module.py())))
}

/// `show_face(span, face)`: the face stands for the span from now on.
pub(super) fn show<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let none = set(module, args)?;
    only_span("show_face", &args)?.mark(option::FACED);
    Ok(none)
}

/// `enter_face(span, face)`
pub(super) fn enter<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let none = show(module, args)?;
    life::enter(only_span("enter_face", &args)?)?;
    Ok(none)
}

/// `leave_face(span, exception=None)`: the face goes when the last of its blocks is left.
pub(super) fn leave<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let span = only_span("leave_face", &args)?;
    if let Some(exception) = args.get(1).filter(|exception| !exception.is_none()) {
        error::escaping(span, &exception);
    }
    life::leave(span);
    if !span.is_entered() {
        drop(span.face.take(span.py()));
    }
    Ok(module.py().None().into_bound(module.py()))
}

/// Calls a method of the face, made now if the span has none yet.
fn by_face<'py>(
    this: Span<'_, 'py>,
    method: &str,
    args: &[Bound<'py, PyAny>],
) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    let module = py.import(intern!(py, "libtracer.tracer"))?;
    let face = module.call_method1(intern!(py, "_face_of"), (this.to_owned(),))?;
    face.call_method1(method, pyo3::types::PyTuple::new(py, args)?)
}

/// `set_tag(key, value)`
pub(super) fn set_tag<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_tag";
    let [key, value] = args.parse(NAME, ["key", "value"], 2)?;
    let key = key.ok_or_else(|| missing(NAME, "key"))?.to_owned();
    let value = value.ok_or_else(|| missing(NAME, "value"))?.to_owned();
    by_face(this, NAME, &[key, value])
}

/// `set_error(error)`
pub(super) fn set_error<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_error";
    let [error] = args.parse(NAME, ["error"], 1)?;
    let error = error.ok_or_else(|| missing(NAME, "error"))?.to_owned();
    by_face(this, NAME, &[error])
}

/// `to_dict()`
pub(super) fn to_dict<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    args.parse("to_dict", [], 0)?;
    by_face(this, "to_dict", &[])
}
