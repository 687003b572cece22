//! Captured log records as views: what a test asserts on.

use crate::boundary::guard;
use crate::capture::{self, tracer_capture};
use crate::ptr;
use crate::view::Kept;
use libtracer::FinishedLog;
use libtracer_abi::tracer_log_view;

/// A log record with all that its view points to.
pub(crate) struct LogView {
    log: tracer_log_view,
    /// What the view points to.
    _kept: Kept,
}

impl LogView {
    fn of(log: FinishedLog) -> Self {
        let mut kept = Kept::default();
        let (body, _) = kept.attributes(vec![(String::new(), log.body)]);
        let (attributes, attribute_count) = kept.attributes(log.attributes);
        let (resource_attributes, resource_attribute_count) =
            kept.attributes(log.resource.attributes.clone());
        let log = tracer_log_view {
            struct_size: size_of::<tracer_log_view>(),
            severity: log.severity as i32,
            trace_flags: log.trace_flags,
            trace_id: log.trace_id.unwrap_or_default(),
            span_id: log.span_id.unwrap_or_default(),
            trace_id_hex: log.trace_id.map_or([0; 33], |id| ptr::hex(&id)),
            span_id_hex: log.span_id.map_or([0; 17], |id| ptr::hex(&id)),
            severity_text: kept.text(log.severity_text),
            event_name: kept.text(log.event_name),
            body,
            unix_ns: log.unix_ns,
            observed_unix_ns: log.observed_unix_ns,
            attributes,
            attribute_count,
            dropped_attribute_count: log.dropped_attributes,
            scope_name: kept.text(&*log.scope.name),
            scope_version: kept.text(&*log.scope.version),
            resource_attributes,
            resource_attribute_count,
        };
        Self { log, _kept: kept }
    }
}

/// Gives a log record to be read, in the order in which they were emitted; NULL if there is no such
/// record. Borrowed until the capture is cleared or freed. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_log(
    capture: Option<&tracer_capture>,
    index: usize,
) -> *const tracer_log_view {
    guard(std::ptr::null(), || {
        let view = capture::of(capture).and_then(|(it, capture)| {
            let decoded = || FinishedLog::decode(&capture.log_otlp_at(index)?).pop();
            let made = || decoded().map(LogView::of);
            it.log_views.lend(index, made, |view| &raw const view.log)
        });
        view.unwrap_or(std::ptr::null())
    })
}
