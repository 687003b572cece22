//! Providers, safe to use.

use super::functions::Provider as Native;
use super::log::account_of;
use super::setup::Failure;
use super::{NewConfig, runtime};
use libtracer_abi::{TRACER_INTERNAL, tracer_log_stats, tracer_stats};
use std::ptr::{self, NonNull};

/// A provider. Dropping the handle ends nothing: spans and exports go on until shutdown or exit.
pub(crate) struct Provider(NonNull<Native>);

// SAFETY: the C functions on a provider may be called from any thread.
unsafe impl Send for Provider {}
// SAFETY: as above, also by several threads at once.
unsafe impl Sync for Provider {}

impl Provider {
    /// A provider of its own.
    pub(crate) fn new(config: &NewConfig) -> Result<Self, Failure> {
        let mut made = ptr::null_mut();
        let call = runtime().functions.tracer_provider_new;
        // SAFETY: a live configuration, read before the call returns, and a valid out-pointer.
        Failure::check(unsafe { call(config.as_ptr(), &raw mut made) })?;
        NonNull::new(made).map(Self).ok_or_else(|| Failure {
            status: TRACER_INTERNAL,
            why: "no memory for a provider".to_owned(),
        })
    }

    /// Exports what is finished.
    pub(crate) fn flush(&self, timeout_ms: u32) -> Result<(), Failure> {
        let call = runtime().functions.tracer_provider_flush;
        // SAFETY: a live provider.
        Failure::check(unsafe { call(self.as_ptr(), timeout_ms) })
    }

    /// Exports what is finished, and stops.
    pub(crate) fn shutdown(&self, timeout_ms: u32) -> Result<(), Failure> {
        let call = runtime().functions.tracer_provider_shutdown;
        // SAFETY: a live provider.
        Failure::check(unsafe { call(self.as_ptr(), timeout_ms) })
    }

    /// Adds the destinations of a configuration, for spans that end from now on.
    pub(crate) fn add_exporter(&self, config: &NewConfig) -> Result<(), Failure> {
        let call = runtime().functions.tracer_provider_add_exporter;
        // SAFETY: a live provider and a live configuration, read before the call returns.
        Failure::check(unsafe { call(self.as_ptr(), config.as_ptr()) })
    }

    /// As `add_exporter`, for the default provider, whichever that is now.
    pub(crate) fn add_exporter_to_default(config: &NewConfig) -> Result<(), Failure> {
        let call = runtime().functions.tracer_provider_add_exporter;
        // SAFETY: NULL is the default provider; a live configuration, read before the call returns.
        Failure::check(unsafe { call(ptr::null(), config.as_ptr()) })
    }

    /// Makes it the default one; may wait for the one before it.
    pub(crate) fn set_default(&self) -> Result<(), Failure> {
        let call = runtime().functions.tracer_provider_set_default;
        // SAFETY: a live provider.
        Failure::check(unsafe { call(self.as_ptr()) })
    }

    /// The account of its first pipeline.
    pub(crate) fn stats(&self) -> tracer_stats {
        let mut read = tracer_stats {
            struct_size: size_of::<tracer_stats>(),
            ..Default::default()
        };
        let call = runtime().functions.tracer_provider_read_stats;
        // SAFETY: a live provider and a valid struct whose size is set.
        unsafe { call(self.as_ptr(), &raw mut read) };
        read
    }

    /// The account of the first pipeline of its log records.
    pub(crate) fn log_stats(&self) -> tracer_log_stats {
        account_of(self.as_ptr())
    }

    /// The native provider, for calls that read it.
    pub(super) fn as_ptr(&self) -> *const Native {
        self.0.as_ptr()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // SAFETY: a live handle that nobody uses again.
        unsafe { (runtime().functions.tracer_provider_free)(self.0.as_ptr()) }
    }
}
