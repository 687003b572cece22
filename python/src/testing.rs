//! The native half of `libtracer.testing`: every span that ends, and every log record, while a
//! capture lives.

use crate::decode::{logs, proto};
use crate::finished::{LogRecord, ReadableSpan};
use crate::runtime::Captured;
use prost::Message;
use pyo3::exceptions::PyMemoryError;
use pyo3::{PyResult, Python, pyclass, pymethods};

/// Collects ended spans and log records until it is freed.
#[pyclass(frozen, module = "libtracer._native")]
pub(crate) struct Capture {
    captured: Captured,
}

#[pymethods]
impl Capture {
    #[new]
    fn new() -> PyResult<Self> {
        let captured =
            Captured::new().ok_or_else(|| PyMemoryError::new_err("no memory to capture spans"))?;
        Ok(Self { captured })
    }

    /// Number of spans so far.
    fn __len__(&self) -> usize {
        self.captured.len()
    }

    /// The span at `index`, in the order in which they ended.
    fn read(&self, py: Python<'_>, index: usize) -> PyResult<Option<ReadableSpan>> {
        let message = self.captured.otlp(index);
        match message.map(proto::ResourceSpans::decode) {
            Some(Ok(message)) => ReadableSpan::new(py, message),
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// Number of log records so far.
    fn log_count(&self) -> usize {
        self.captured.log_count()
    }

    /// The log record at `index`, in the order in which they were emitted.
    fn read_log(&self, py: Python<'_>, index: usize) -> PyResult<Option<LogRecord>> {
        let message = self.captured.log_otlp(index);
        match message.map(logs::ResourceLogs::decode) {
            Some(Ok(message)) => LogRecord::new(py, message),
            Some(Err(_)) | None => Ok(None),
        }
    }
}
