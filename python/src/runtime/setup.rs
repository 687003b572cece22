//! Configuring, flushing and shutting down, safe to use.

use super::functions::Config;
use super::{last_error, runtime};
use libtracer_abi::{TRACER_INTERNAL, TRACER_OK, TRACER_SAMPLER_PARENT_RATIO, tracer_status};
use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

/// A status that is not OK, and what the library says about it.
pub(crate) struct Failure {
    pub(crate) status: tracer_status,
    pub(crate) why: String,
}

impl Failure {
    fn check(status: tracer_status) -> Result<(), Self> {
        if status == TRACER_OK {
            return Ok(());
        }
        let why = last_error(status);
        Err(Self { status, why })
    }
}

/// A configuration under construction.
pub(crate) struct NewConfig(NonNull<Config>);

// SAFETY: a configuration belongs to one thread at a time, whichever.
unsafe impl Send for NewConfig {}

impl NewConfig {
    /// An empty configuration.
    pub(crate) fn new() -> Result<Self, Failure> {
        // SAFETY: no precondition.
        let config = unsafe { (runtime().functions.tracer_config_new)() };
        let why = || "no memory for a configuration".to_owned();
        NonNull::new(config).map(Self).ok_or_else(|| Failure {
            status: TRACER_INTERNAL,
            why: why(),
        })
    }

    fn set_text(
        &self,
        set: unsafe extern "C" fn(*mut Config, *const c_char) -> tracer_status,
        text: &CStr,
    ) -> Result<(), Failure> {
        // SAFETY: a live configuration and a NUL-terminated text, which is copied.
        Failure::check(unsafe { set(self.0.as_ptr(), text.as_ptr()) })
    }

    /// Sets the name of the service.
    pub(crate) fn service_name(&self, name: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_service_name, name)
    }

    /// Sets where OTLP goes.
    pub(crate) fn endpoint(&self, url: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_endpoint, url)
    }

    /// Sets the exporter by its name.
    pub(crate) fn exporter(&self, name: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_exporter, name)
    }

    /// Sets the share of traces to keep.
    pub(crate) fn sample_rate(&self, rate: f64) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_sampler;
        // SAFETY: a live configuration.
        Failure::check(unsafe { set(self.0.as_ptr(), TRACER_SAMPLER_PARENT_RATIO, rate) })
    }

    /// Fills what was not set from the environment.
    pub(crate) fn environment(&self) -> Result<(), Failure> {
        // SAFETY: a live configuration.
        Failure::check(unsafe { (runtime().functions.tracer_config_load_env)(self.0.as_ptr()) })
    }

    /// Installs the default provider; may wait for the one before it.
    pub(crate) fn install(self) -> Result<(), Failure> {
        // SAFETY: a live configuration, read before the call returns.
        Failure::check(unsafe { (runtime().functions.tracer_init)(self.0.as_ptr()) })
    }
}

impl Drop for NewConfig {
    fn drop(&mut self) {
        // SAFETY: a live configuration that nobody uses again.
        unsafe { (runtime().functions.tracer_config_free)(self.0.as_ptr()) }
    }
}

/// Whether the default provider is configured.
#[inline]
pub(crate) fn is_configured() -> bool {
    // SAFETY: no precondition.
    unsafe { (runtime().functions.tracer_is_configured)() }
}

/// Exports what is finished.
pub(crate) fn flush(timeout_ms: u32) -> Result<(), Failure> {
    // SAFETY: no precondition.
    Failure::check(unsafe { (runtime().functions.tracer_flush)(timeout_ms) })
}

/// Exports what is finished, and stops.
pub(crate) fn shutdown(timeout_ms: u32) -> Result<(), Failure> {
    // SAFETY: no precondition.
    Failure::check(unsafe { (runtime().functions.tracer_shutdown)(timeout_ms) })
}
