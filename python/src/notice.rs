//! What a program should hear about its use of a span, told through Python's logging.
//!
//! Never a line per span: `libtracer._log` tells each cause a few times for each place in the
//! program. Only wrong use comes here, so that right use pays nothing.

use pyo3::prelude::{PyAnyMethods, PyModule};
use pyo3::sync::PyOnceLock;
use pyo3::{Bound, Py, PyAny, PyResult, Python};

/// Characters of a value that a message shows.
const MAX_DETAIL: usize = 200;

/// What is wrong.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// An attribute key that is no text, or an empty one.
    AttributeKey,
    /// Attributes that are no mapping.
    AttributeMapping,
    /// A value of a type that OpenTelemetry does not know.
    AttributeValue,
    /// A write to a span that has ended.
    Ended,
    /// A second `end`.
    EndedTwice,
    /// A second `start`.
    StartedTwice,
    /// A description beside a `Status`, which has its own.
    Description,
    /// A status that is none.
    Status,
    /// A time that is none.
    Time,
}

impl Cause {
    /// The message, with `%s` for the detail.
    fn message(self) -> &'static str {
        match self {
            Self::AttributeKey => "An attribute needs a key that is a non-empty str, and got %s.",
            Self::AttributeMapping => "Attributes are given as a mapping, not as %s: left out.",
            Self::AttributeValue => {
                "OpenTelemetry has no attribute value of type %s (it has str, bool, int, float, \
                 bytes, None, sequences and mappings): recorded as its str, or None."
            }
            Self::Ended => "The span has ended: %s() changes nothing any more.",
            Self::EndedTwice => "The span has ended already: %s() counts only once.",
            Self::StartedTwice => "The span was started already: %s() changes nothing.",
            Self::Description => "A Status has its own description: the other one (%s) is ignored.",
            Self::Status => "A status is a Status or a StatusCode, not %s: ignored.",
            Self::Time => "A time is in nanoseconds since 1970, not %s: the present one is taken.",
        }
    }
}

/// Tells the program, unless it was told often enough.
#[cold]
pub(crate) fn notice(py: Python<'_>, cause: Cause, detail: &str) {
    let short = detail.char_indices().nth(MAX_DETAIL);
    let detail = short.map_or(detail, |(end, _)| detail.get(..end).unwrap_or_default());
    // A program whose logging fails has trouble enough.
    drop(tell(py, cause, detail));
}

fn tell<'py>(py: Python<'py>, cause: Cause, detail: &str) -> PyResult<Bound<'py, PyAny>> {
    static TELL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let tell = TELL.get_or_try_init(py, || {
        PyModule::import(py, "libtracer._log")?
            .getattr("tell")
            .map(Bound::unbind)
    })?;
    tell.bind(py).call1((cause.message(), detail))
}
