//! Log records: emitting them, their account, seeing them in tests.

use crate::attribute;
use crate::boundary::{contain, guard, record};
use crate::capture::{self, tracer_capture};
use crate::context::tracer_context;
use crate::options::prefix;
use crate::provider::{tracer_of, tracer_provider, tracer_scope};
use crate::stats::copy_out;
use crate::{ptr, value};
use libtracer::{LogStats, Severity, Value};
use libtracer_abi::{tracer_attribute, tracer_log_stats, tracer_severity, tracer_value};
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr::null;

/// The record belongs to no span, whatever is current.
pub const TRACER_LOG_NO_SPAN: u32 = 1;

/// Options of `tracer_log_emit`, zero meaning the usual. Begin with `TRACER_LOG_OPTIONS_INIT`.
/// Everything it points to is borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "borrowed C pointers")]
pub struct tracer_log_options {
    /// `sizeof(tracer_log_options)` as the caller knows it.
    pub struct_size: usize,
    /// `TRACER_LOG_*` bits.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// A body that is no text, in place of it.
    pub body: *const tracer_value,
    /// Attributes or NULL.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// The span it belongs to; NULL = what is current.
    pub context: *const tracer_context,
    /// When it happened: Unix nanoseconds, 0 = now.
    pub unix_ns: u64,
    /// When it was noticed: Unix nanoseconds, 0 = now.
    pub observed_unix_ns: u64,
    /// The severity as its source spells it, or NULL.
    pub severity_text: *const c_char,
    /// Makes it an event: the name of its kind, or NULL.
    pub event_name: *const c_char,
}

const USUAL: tracer_log_options = tracer_log_options {
    struct_size: size_of::<tracer_log_options>(),
    flags: 0,
    reserved: 0,
    body: null(),
    attributes: null(),
    attribute_count: 0,
    context: null(),
    unix_ns: 0,
    observed_unix_ns: 0,
    severity_text: null(),
    event_name: null(),
};

pub(crate) fn severity(number: tracer_severity) -> Severity {
    let number = u8::try_from(number).ok();
    number.and_then(Severity::from_number).unwrap_or_default()
}

/// The text as a body; NULL is none.
pub(crate) fn text_or_null(given: *const c_char, text: &str) -> Value<'_> {
    if given.is_null() {
        Value::Null
    } else {
        Value::String(text)
    }
}

/// Emits a log record of a scope (NULL = the default one): a text of `len` bytes, and options (NULL =
/// the usual ones). It belongs to the current span. Never fails, never waits; any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_log_emit(
    scope: Option<&tracer_scope>,
    severity: tracer_severity,
    text: *const c_char,
    len: usize,
    options: *const tracer_log_options,
) {
    record(|| {
        let logger = tracer_of(scope).logger();
        let given = text;
        // SAFETY: the struct begins with its size, and the pointers are as the header says.
        let options = unsafe { prefix(options, USUAL) };
        // SAFETY: as the header says.
        let text = unsafe { ptr::text_of(given, len) };
        // SAFETY: as the header says.
        let body = unsafe { value::built(options.body) };
        // SAFETY: as the header says.
        let severity_text = unsafe { ptr::text(options.severity_text) };
        // SAFETY: as the header says.
        let event_name = unsafe { ptr::text(options.event_name) };
        // SAFETY: as the header says.
        let context = unsafe { options.context.as_ref() };
        let body = body.map_or(text_or_null(given, &text), Value::Built);
        let mut log = logger
            .record(self::severity(severity), body)
            .severity_text(&severity_text)
            .event_name(&event_name)
            .at(options.unix_ns)
            .observed_at(options.observed_unix_ns);
        if options.flags & TRACER_LOG_NO_SPAN != 0 {
            log = log.without_context();
        } else if let Some(context) = context.filter(|context| !context.is_stale()) {
            log = log.context(context.span());
        }
        // SAFETY: as the header says.
        log.emit_with(&mut |put| unsafe {
            attribute::each(options.attributes, options.attribute_count, put);
        });
    });
}

/// Whether a record of the scope (NULL = the default one) would reach anyone: worth asking before an
/// expensive body is made.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_log_is_enabled(scope: Option<&tracer_scope>) -> bool {
    contain(false, || tracer_of(scope).logger().is_enabled())
}

fn of(stats: &LogStats) -> tracer_log_stats {
    tracer_log_stats {
        struct_size: size_of::<tracer_log_stats>(),
        emitted: stats.emitted,
        exported: stats.exported,
        dropped: stats.dropped(),
        queued: stats.queued,
        dropped_queue_full: stats.dropped_queue_full,
        dropped_export_failed: stats.dropped_export_failed,
        dropped_rejected: stats.dropped_rejected,
        dropped_shutdown: stats.dropped_shutdown,
        dropped_reentrant: stats.dropped_reentrant,
        dropped_no_memory: stats.dropped_no_memory,
        dropped_no_exporter: stats.dropped_no_exporter,
    }
}

/// Writes the account of log records of a provider (NULL = the default one): exact when nothing is
/// moving. The caller sets `struct_size`; no more than that is written. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_read_log_stats(
    provider: Option<&tracer_provider>,
    out: *mut tracer_log_stats,
) {
    guard((), || {
        if out.is_null() {
            return;
        }
        let read = provider.map_or_else(libtracer::log_stats, |given| given.0.log_stats());
        let stats = of(read.first().unwrap_or(&LogStats::default()));
        // SAFETY: as the header says; the size is the first member.
        unsafe { copy_out(stats, out) };
    });
}

/// Log records seen so far. NULL: 0.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_log_count(capture: Option<&tracer_capture>) -> usize {
    guard(0, || {
        capture::of(capture).map_or(0, |(_, capture)| capture.log_count())
    })
}

/// Gives a log record as one encoded OTLP `ResourceLogs` message, borrowed until the capture is freed.
/// False if there is no such record.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_log_otlp(
    capture: Option<&tracer_capture>,
    index: usize,
    out_bytes: Option<&mut MaybeUninit<*const u8>>,
    out_len: Option<&mut MaybeUninit<usize>>,
) -> bool {
    guard(false, || {
        let Some((it, capture)) = capture::of(capture) else {
            return false;
        };
        let message = capture.log_otlp_at(index);
        message.is_some_and(|message| it.lend(message, out_bytes, out_len))
    })
}
