//! Log records, safe to use: emitting them, reading captured ones, their account.

use super::functions::Provider as NativeProvider;
use super::handles::Captured;
use super::record::parts;
use super::{Builder, Plain, Scope, runtime};
use libtracer_abi::{tracer_context_value, tracer_emit, tracer_log_stats, tracer_severity};
use std::ptr;

/// What a log record says.
#[derive(Clone, Copy, Default)]
pub(crate) enum Body<'a> {
    /// Nothing.
    #[default]
    None,
    /// A text.
    Text(&'a str),
    /// A value of any kind.
    Built(&'a Builder),
}

/// A log record to be emitted; all it borrows is copied.
#[derive(Clone, Copy)]
pub(crate) struct Emit<'a> {
    pub(crate) scope: Scope,
    pub(crate) severity: tracer_severity,
    /// Empty: none.
    pub(crate) severity_text: &'a str,
    pub(crate) body: Body<'a>,
    /// A map.
    pub(crate) attributes: Option<&'a Builder>,
    /// The span it belongs to; `None`: the current one, with the GIL or without.
    pub(crate) context: Option<tracer_context_value>,
    /// Empty: none.
    pub(crate) event_name: &'a str,
    /// 0: now.
    pub(crate) unix_ns: u64,
    /// 0: now.
    pub(crate) observed_unix_ns: u64,
}

impl Emit<'_> {
    /// Emits it.
    pub(crate) fn emit(&self) {
        // SAFETY: all it points to is borrowed by `self` for longer than the call, which copies it.
        self.with_native(|emit| unsafe { (runtime().table.log_emit)(emit) });
    }

    /// Emits it with the fields of an OTLP `AnyValue` as its body, and attributes.
    pub(crate) fn emit_encoded(&self, body: &[u8], attributes: &[Plain<'_>]) {
        let call = runtime().table.log_emit_encoded;
        let first = attributes.as_ptr().cast();
        self.with_native(|emit| {
            // SAFETY: a `Plain` is a `tracer_plain`; all is borrowed for longer than the call, which
            // copies it.
            unsafe { call(emit, body.as_ptr(), body.len(), first, attributes.len()) };
        });
    }

    fn with_native(&self, emit: impl FnOnce(*const tracer_emit)) {
        let (body, text) = match self.body {
            Body::None => (ptr::null(), None),
            Body::Text(text) => (ptr::null(), Some(text)),
            Body::Built(builder) => (builder.as_ptr(), None),
        };
        let (text, text_len) = text.map_or((ptr::null(), 0), parts);
        let (severity_text, severity_text_len) = parts(self.severity_text);
        let (event_name, event_name_len) = parts(self.event_name);
        let native = tracer_emit {
            scope: self.scope.as_ptr(),
            body,
            text,
            text_len,
            attributes: self.attributes.map_or(ptr::null(), Builder::as_ptr),
            context: self.context.as_ref().map_or(ptr::null(), ptr::from_ref),
            severity_text,
            severity_text_len,
            event_name,
            event_name_len,
            unix_ns: self.unix_ns,
            observed_unix_ns: self.observed_unix_ns,
            severity: self.severity,
            reserved: 0,
        };
        emit(&raw const native);
    }
}

/// Whether a log record of the scope would reach anyone.
pub(crate) fn logs_are_kept(scope: Scope) -> bool {
    // SAFETY: a scope that lives for ever, or NULL.
    unsafe { (runtime().functions.tracer_log_is_enabled)(scope.as_ptr()) }
}

/// The account of log records of a provider; NULL is the default one.
pub(super) fn account_of(provider: *const NativeProvider) -> tracer_log_stats {
    let mut read = tracer_log_stats {
        struct_size: size_of::<tracer_log_stats>(),
        ..Default::default()
    };
    let call = runtime().functions.tracer_provider_read_log_stats;
    // SAFETY: a live provider or NULL, and a valid struct whose size is set.
    unsafe { call(provider, &raw mut read) };
    read
}

/// The account of log records of the default provider.
pub(crate) fn log_account() -> tracer_log_stats {
    account_of(ptr::null())
}

impl Captured {
    /// Number of log records so far.
    pub(crate) fn log_count(&self) -> usize {
        // SAFETY: a live capture.
        unsafe { (runtime().functions.tracer_capture_log_count)(self.as_ptr()) }
    }

    /// One log record as an encoded `ResourceLogs`.
    pub(crate) fn log_otlp(&self, index: usize) -> Option<&[u8]> {
        self.message(runtime().functions.tracer_capture_log_otlp, index)
    }
}
