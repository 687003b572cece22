//! What `@traced` puts in place of a function, and what its calls return.
//!
//! Every piece is a native object in front of the one it stands for: it shows that one's class and
//! attributes, adds no frame to a traceback, and ends a span when the other is done. A call of a
//! function makes its span here ([`function`]); of a coroutine function or a generator function it
//! returns a [`driver`], of an asynchronous generator function a [`stream`] whose steps are awaited
//! one by one ([`step`]). The program's exceptions pass through unchanged.

mod driver;
mod function;
mod native;
mod parameters;
mod record;
mod run;
mod step;
mod stream;

use native::Type;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::{PyAnyMethods, PyModule, PyModuleMethods};
use pyo3::{Bound, PyAny, PyErr, PyResult, Python};

pub(crate) use function::wrap;
pub(crate) use parameters::Parameters;

/// What Python functions return of each kind; others that speak the same protocol are rare.
static COROUTINE: Type = Type::empty();
static GENERATOR: Type = Type::empty();
static ASYNC_GENERATOR: Type = Type::empty();

/// What calling the function gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A result.
    Function,
    /// A coroutine: its span is current until it ends, in the task that awaits it.
    Coroutine,
    /// A generator: its span is current during its steps only.
    Generator,
    /// An asynchronous generator: the same.
    AsyncGenerator,
    /// A generator that can be awaited, as `types.coroutine` makes it.
    Awaitable,
}

impl TryFrom<u8> for Kind {
    type Error = PyErr;

    fn try_from(number: u8) -> PyResult<Self> {
        Ok(match number {
            0 => Self::Function,
            1 => Self::Coroutine,
            2 => Self::Generator,
            3 => Self::AsyncGenerator,
            4 => Self::Awaitable,
            _ => return Err(PyValueError::new_err("there is no such kind of function")),
        })
    }
}

/// Puts the span of a run around what a call returned; anything unexpected passes as it is. `kept` is
/// for the record of the call.
fn drive<'py>(
    kind: Kind,
    made: Bound<'py, PyAny>,
    template: &Bound<'py, PyAny>,
    kept: Option<Bound<'py, PyAny>>,
) -> Bound<'py, PyAny> {
    let (usual, protocol) = match kind {
        Kind::Function => return made,
        Kind::Coroutine => (&COROUTINE, c"send"),
        Kind::Generator | Kind::Awaitable => (&GENERATOR, c"send"),
        Kind::AsyncGenerator => (&ASYNC_GENERATOR, c"asend"),
    };
    if !usual.is_of(&made) && !native::has(&made, protocol) {
        return made;
    }
    let driver = match kind {
        Kind::AsyncGenerator => stream::new(made.clone(), template, kept),
        _ => driver::new(kind, made.clone(), template, kept),
    };
    driver.unwrap_or(made)
}

fn type_named<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("types")?.getattr(name)
}

/// Adds the type of traced functions to the module and makes the others.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let types: [(&Type, fn(_) -> _); 10] = [
        (&COROUTINE, |py| type_named(py, "CoroutineType")),
        (&GENERATOR, |py| type_named(py, "GeneratorType")),
        (&ASYNC_GENERATOR, |py| type_named(py, "AsyncGeneratorType")),
        (&function::BOUND, function::make_bound),
        (&function::FREE, function::make_free),
        (&driver::COROUTINE, driver::make_coroutine),
        (&driver::GENERATOR, driver::make_generator),
        (&driver::AWAITABLE, driver::make_awaitable),
        (&stream::TYPE, stream::make_type),
        (&step::TYPE, step::make_type),
    ];
    for (kept, make) in types {
        kept.ensure(py, make)?;
    }
    module.add("TracedFunction", function::BOUND.get(py))
}
