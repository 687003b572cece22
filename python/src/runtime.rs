//! The one runtime of the process: finding `libtracer.so.1`, its function table and its C functions.
//!
//! A copy that is loaded already wins over the packaged one, so that Python shares the runtime of
//! the C or Rust program around it. Whatever does not fit is an `ImportError` that says what is
//! wrong. After import the library is never unloaded.

mod functions;
mod handles;
mod library;
mod log;
mod metrics;
mod new_config;
mod plain;
mod provider;
mod record;
mod setup;
mod values;

use functions::Functions;
use library::Library;
use libtracer_abi::{TRACER_ABI_VERSION, tracer_status, tracer_table};
use pyo3::exceptions::PyImportError;
use pyo3::{PyResult, pyfunction};
use std::ffi::{CStr, c_char};
use std::sync::OnceLock;

pub(crate) use handles::{Captured, Scope, account};
pub(crate) use log::{Body, Emit, log_account, logs_are_kept};
pub(crate) use metrics::{counts_llm_calls, metric_account, metrics_text, record_llm_call};
pub(crate) use new_config::NewConfig;
pub(crate) use plain::Plain;
pub(crate) use provider::Provider;
pub(crate) use record::{Handle, native_since, set_current_hook};
pub(crate) use setup::{Failure, flush, is_configured, shutdown};
pub(crate) use values::Builder;

/// The loaded library.
struct Runtime {
    table: &'static tracer_table,
    /// The C functions that are not in the table.
    functions: Functions,
    path: String,
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The library loaded at import.
#[inline]
fn runtime() -> &'static Runtime {
    // SAFETY: `load` ran to its end before the module offered anything that calls this.
    unsafe { RUNTIME.get().unwrap_unchecked() }
}

/// Loads the library and checks that it speaks our version of the ABI.
pub(crate) fn load() -> PyResult<()> {
    if RUNTIME.get().is_none() {
        let found = open().map_err(PyImportError::new_err)?;
        RUNTIME.get_or_init(|| found);
    }
    Ok(())
}

fn open() -> Result<Runtime, String> {
    let library = Library::find()?;
    let table = library.table()?;
    let version = table.version;
    if version != TRACER_ABI_VERSION {
        return Err(format!(
            "{} has function table version {version}, this libtracer needs {TRACER_ABI_VERSION}: \
             install the same version of both",
            library.path()
        ));
    }
    let needed = size_of::<tracer_table>();
    if usize::try_from(table.size).unwrap_or(0) < needed {
        return Err(format!(
            "{} is older than this libtracer (its function table has {} bytes, {needed} are \
             needed): install the same version of both, or load the newer one first",
            library.path(),
            table.size
        ));
    }
    let functions = Functions::resolve(&library)?;
    Ok(Runtime {
        table,
        functions,
        path: library.path().to_owned(),
    })
}

/// Path of the `libtracer.so.1` this process uses.
#[pyfunction]
pub(crate) fn library_path() -> &'static str {
    &runtime().path
}

/// Version of the loaded library.
#[pyfunction]
pub(crate) fn version() -> String {
    // SAFETY: the function takes no argument and returns a static NUL-terminated string.
    let text = unsafe { (runtime().functions.tracer_version)() };
    // SAFETY: as above; NULL is not among its results.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// The text behind the last failed set-up call of this thread.
fn last_error(status: tracer_status) -> String {
    let mut buffer = [0_u8; 1024];
    let start: *mut c_char = buffer.as_mut_ptr().cast();
    // SAFETY: `start` is valid for the length given with it.
    unsafe { (runtime().functions.tracer_last_error)(start, buffer.len()) };
    let text = CStr::from_bytes_until_nul(&buffer)
        .map(CStr::to_string_lossy)
        .unwrap_or_default();
    if text.is_empty() {
        format!("libtracer failed with status {status}")
    } else {
        text.into_owned()
    }
}
