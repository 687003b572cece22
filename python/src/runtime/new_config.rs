//! A configuration under construction, safe to use.

use super::functions::Config;
use super::setup::Failure;
use super::{Builder, runtime};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_SAMPLER_PARENT_RATIO, tracer_limits, tracer_parent, tracer_sampler,
    tracer_status,
};
use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};

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

    /// Sets the exporters of log records by their names.
    pub(crate) fn logs_exporter(&self, names: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_logs_exporter, names)
    }

    /// Sets the exporter by its name.
    pub(crate) fn exporter(&self, name: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_exporter, name)
    }

    /// Turns tracing on or off.
    pub(crate) fn enabled(&self, enabled: bool) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_enabled;
        // SAFETY: a live configuration.
        Failure::check(unsafe { set(self.0.as_ptr(), enabled) })
    }

    /// Sets a text attribute of the resource.
    pub(crate) fn resource_text(&self, key: &CStr, value: &CStr) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_resource_string;
        // SAFETY: a live configuration and NUL-terminated texts, which are copied.
        Failure::check(unsafe { set(self.0.as_ptr(), key.as_ptr(), value.as_ptr()) })
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

    /// Sets the whole resource; `attributes` holds a map.
    pub(crate) fn resource(
        &self,
        attributes: &Builder,
        schema_url: Option<&CStr>,
    ) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_resource;
        let schema = schema_url.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: a live configuration; what is given is copied.
        Failure::check(unsafe { set(self.0.as_ptr(), attributes.as_ptr(), schema) })
    }

    /// Sets the language that spans are recorded in.
    pub(crate) fn language(&self, name: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_language, name)
    }

    /// Sets one of `TRACER_SAMPLER_*`.
    pub(crate) fn sampler(&self, sampler: tracer_sampler, ratio: f64) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_sampler;
        // SAFETY: a live configuration.
        Failure::check(unsafe { set(self.0.as_ptr(), sampler, ratio) })
    }

    /// Sets the sampler below one kind of parent, `TRACER_PARENT_*`, in place of what the sampler,
    /// which must be a `TRACER_SAMPLER_PARENT_*`, does there.
    pub(crate) fn parent_sampler(
        &self,
        parent: tracer_parent,
        sampler: tracer_sampler,
        ratio: f64,
    ) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_parent_sampler;
        // SAFETY: a live configuration.
        Failure::check(unsafe { set(self.0.as_ptr(), parent, sampler, ratio) })
    }

    /// Sets how much one span may hold; `struct_size` is filled in here.
    pub(crate) fn limits(&self, limits: tracer_limits) -> Result<(), Failure> {
        let limits = tracer_limits {
            struct_size: size_of::<tracer_limits>(),
            ..limits
        };
        let set = runtime().functions.tracer_config_set_limits;
        // SAFETY: a live configuration, and limits whose size is set.
        Failure::check(unsafe { set(self.0.as_ptr(), &raw const limits) })
    }

    /// Sets when pipelines export: spans that may wait (0: bounded by memory), spans of a batch,
    /// schedule delay and export timeout in milliseconds (0: the default).
    pub(crate) fn batch(
        &self,
        max_queue_size: usize,
        max_export_batch_size: usize,
        schedule_delay_ms: u32,
        export_timeout_ms: u32,
    ) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_batch;
        let config = self.0.as_ptr();
        // SAFETY: a live configuration.
        let status = unsafe {
            set(
                config,
                max_queue_size,
                max_export_batch_size,
                schedule_delay_ms,
                export_timeout_ms,
            )
        };
        Failure::check(status)
    }

    /// Sets how OTLP is spoken.
    pub(crate) fn protocol(&self, name: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_protocol, name)
    }

    /// Adds a header to every OTLP request.
    pub(crate) fn header(&self, name: &CStr, value: &CStr) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_add_header;
        // SAFETY: a live configuration and NUL-terminated texts, which are copied.
        Failure::check(unsafe { set(self.0.as_ptr(), name.as_ptr(), value.as_ptr()) })
    }

    /// Sets how OTLP requests are compressed.
    pub(crate) fn compression(&self, method: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_compression, method)
    }

    /// Sets how long one request may take.
    pub(crate) fn timeout(&self, timeout_ms: u32) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_timeout;
        // SAFETY: a live configuration.
        Failure::check(unsafe { set(self.0.as_ptr(), timeout_ms) })
    }

    /// Sets the file of the authorities that an endpoint is trusted by.
    pub(crate) fn certificate(&self, path: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_set_certificate, path)
    }

    /// Sets the files of the certificate that is shown to an endpoint, and of its key.
    pub(crate) fn client_certificate(&self, certificate: &CStr, key: &CStr) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_client_certificate;
        // SAFETY: a live configuration and NUL-terminated texts, which are copied.
        Failure::check(unsafe { set(self.0.as_ptr(), certificate.as_ptr(), key.as_ptr()) })
    }

    /// Adds a Zipkin server.
    pub(crate) fn zipkin(&self, url: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_add_zipkin, url)
    }

    /// Adds a Jaeger server.
    pub(crate) fn jaeger(&self, url: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_add_jaeger, url)
    }

    /// Adds a file of OTLP JSON.
    pub(crate) fn file(&self, path: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_add_file, path)
    }

    /// Counts calls of language models.
    pub(crate) fn llm_metrics(&self, enabled: bool) -> Result<(), Failure> {
        let set = runtime().functions.tracer_config_set_llm_metrics;
        // SAFETY: a live configuration.
        Failure::check(unsafe { set(self.0.as_ptr(), enabled) })
    }

    /// Adds where metrics go.
    pub(crate) fn metrics_endpoint(&self, url: &CStr) -> Result<(), Failure> {
        self.set_text(runtime().functions.tracer_config_add_metrics_endpoint, url)
    }

    /// The native configuration, for calls that read it.
    pub(super) fn as_ptr(&self) -> *const Config {
        self.0.as_ptr()
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
