//! The C functions this binding uses, by their names in `tracer.h`.

use super::library::Library;
use libtracer_abi::{
    tracer_limits, tracer_llm_call, tracer_log_stats, tracer_metric_stats, tracer_parent,
    tracer_sampler, tracer_stats, tracer_status, tracer_value,
};
use std::ffi::{c_char, c_void};

/// `tracer_config *`, opaque here.
pub(super) type Config = c_void;
/// `tracer_provider *`, opaque here.
pub(super) type Provider = c_void;
/// `tracer_scope *`, opaque here.
pub(super) type Scope = c_void;
/// `tracer_capture *`, opaque here.
pub(super) type CaptureHandle = c_void;

macro_rules! c_functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Every function with the signature `tracer.h` gives it.
        pub(super) struct Functions {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Looks all of them up; says which one is missing.
            pub(super) fn resolve(library: &Library) -> Result<Self, String> {
                Ok(Self {
                    $($name: {
                        let name = concat!(stringify!($name), "\0");
                        let address = library.symbol(
                            std::ffi::CStr::from_bytes_with_nul(name.as_bytes())
                                .unwrap_or_default(),
                        )?;
                        // SAFETY: `tracer.h` gives the function of this name this signature.
                        unsafe {
                            std::mem::transmute::<
                                *mut c_void,
                                unsafe extern "C" fn($($argument),*) $(-> $result)?,
                            >(address)
                        }
                    },)*
                })
            }
        }
    };
}

c_functions! {
    tracer_version: fn() -> *const c_char;
    tracer_last_error: fn(*mut c_char, usize) -> usize;
    tracer_config_new: fn() -> *mut Config;
    tracer_config_free: fn(*mut Config);
    tracer_config_load_env: fn(*mut Config) -> tracer_status;
    tracer_config_set_service_name: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_endpoint: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_exporter: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_enabled: fn(*mut Config, bool) -> tracer_status;
    tracer_config_set_resource_string: fn(*mut Config, *const c_char, *const c_char) -> tracer_status;
    tracer_config_set_sampler: fn(*mut Config, tracer_sampler, f64) -> tracer_status;
    tracer_config_set_parent_sampler:
        fn(*mut Config, tracer_parent, tracer_sampler, f64) -> tracer_status;
    tracer_config_set_language: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_resource:
        fn(*mut Config, *const tracer_value, *const c_char) -> tracer_status;
    tracer_config_set_limits: fn(*mut Config, *const tracer_limits) -> tracer_status;
    tracer_config_set_batch: fn(*mut Config, usize, usize, u32, u32) -> tracer_status;
    tracer_config_set_logs_exporter: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_protocol: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_add_header: fn(*mut Config, *const c_char, *const c_char) -> tracer_status;
    tracer_config_set_compression: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_timeout: fn(*mut Config, u32) -> tracer_status;
    tracer_config_set_certificate: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_client_certificate:
        fn(*mut Config, *const c_char, *const c_char) -> tracer_status;
    tracer_config_add_zipkin: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_add_jaeger: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_add_file: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_config_set_llm_metrics: fn(*mut Config, bool) -> tracer_status;
    tracer_config_add_metrics_endpoint: fn(*mut Config, *const c_char) -> tracer_status;
    tracer_init: fn(*const Config) -> tracer_status;
    tracer_flush: fn(u32) -> tracer_status;
    tracer_shutdown: fn(u32) -> tracer_status;
    tracer_is_configured: fn() -> bool;
    tracer_provider_new: fn(*const Config, *mut *mut Provider) -> tracer_status;
    tracer_provider_free: fn(*mut Provider);
    tracer_provider_flush: fn(*const Provider, u32) -> tracer_status;
    tracer_provider_shutdown: fn(*const Provider, u32) -> tracer_status;
    tracer_provider_add_exporter: fn(*const Provider, *const Config) -> tracer_status;
    tracer_provider_set_default: fn(*const Provider) -> tracer_status;
    tracer_provider_read_stats: fn(*const Provider, *mut tracer_stats);
    tracer_scope_new_with_attributes:
        fn(*const Provider, *const c_char, *const c_char, *const c_char, *const tracer_value) -> *mut Scope;
    tracer_value_new: fn() -> *mut tracer_value;
    tracer_value_free: fn(*mut tracer_value);
    tracer_value_clear: fn(*mut tracer_value);
    tracer_value_begin_array: fn(*mut tracer_value);
    tracer_value_begin_map: fn(*mut tracer_value);
    tracer_value_end: fn(*mut tracer_value);
    tracer_value_key: fn(*mut tracer_value, *const c_char, usize);
    tracer_value_add_null: fn(*mut tracer_value);
    tracer_value_add_bool: fn(*mut tracer_value, bool);
    tracer_value_add_int: fn(*mut tracer_value, i64);
    tracer_value_add_double: fn(*mut tracer_value, f64);
    tracer_value_add_string: fn(*mut tracer_value, *const c_char, usize);
    tracer_value_add_bytes: fn(*mut tracer_value, *const c_void, usize);
    tracer_capture_new: fn() -> *mut CaptureHandle;
    tracer_capture_free: fn(*mut CaptureHandle);
    tracer_capture_count: fn(*const CaptureHandle) -> usize;
    tracer_capture_otlp: fn(*const CaptureHandle, usize, *mut *const u8, *mut usize) -> bool;
    tracer_provider_read_metric_stats: fn(*const Provider, *mut tracer_metric_stats);
    tracer_metrics_counts_llm_calls: fn(*const Provider) -> bool;
    tracer_metrics_record_llm_call: fn(*const Provider, *const tracer_llm_call);
    tracer_metrics_text: fn(*const Provider, *mut c_char, usize) -> usize;
    tracer_capture_log_count: fn(*const CaptureHandle) -> usize;
    tracer_capture_log_otlp: fn(*const CaptureHandle, usize, *mut *const u8, *mut usize) -> bool;
    tracer_log_is_enabled: fn(*const Scope) -> bool;
    tracer_provider_read_log_stats: fn(*const Provider, *mut tracer_log_stats);
    tracer_read_stats: fn(*mut tracer_stats);
}
