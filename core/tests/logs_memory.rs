//! Log records in the process that made them: what they say by themselves, and what limits leave.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Capture, Config, LogStats, MemoryExporter, OwnedValue, Severity, TracerProvider, Value,
};
use std::sync::Arc;

fn provider(config: &Config) -> TracerProvider {
    TracerProvider::new(config).unwrap()
}

fn balanced(provider: &TracerProvider) -> LogStats {
    let stats = provider.log_stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    stats
}

#[derive(Debug)]
struct Noon;

impl libtracer::Clock for Noon {
    fn unix_ns(&self) -> u64 {
        12
    }
}

#[test]
fn a_plain_record_has_the_current_span_and_the_time_of_its_trace() {
    let kept = MemoryExporter::new();
    let config = Config::new().memory(&kept).logs_memory(&kept);
    let provider = provider(&config);
    let logger = provider.logger("");
    logger.record(Severity::Info, "outside").emit();
    let span = provider.tracer("t").start("inside").enter();
    logger.record(Severity::Info, "inside").emit();
    logger
        .record(Severity::Info, "apart")
        .without_context()
        .emit();
    drop(span);

    let (logs, spans) = (kept.logs(), kept.spans());
    assert_eq!(logs.len(), 3);
    assert_eq!((logs[0].trace_id, logs[0].span_id), (None, None));
    assert_eq!(logs[1].trace_id, Some(spans[0].trace_id));
    assert_eq!(logs[1].span_id, Some(spans[0].span_id));
    assert_eq!(logs[1].trace_flags, spans[0].trace_flags);
    assert!((spans[0].start_unix_ns..=spans[0].end_unix_ns).contains(&logs[1].unix_ns));
    assert_eq!(logs[1].unix_ns, logs[1].observed_unix_ns);
    assert_eq!((logs[2].trace_id, logs[2].span_id), (None, None));
    assert_eq!(balanced(&provider).exported, 3);
}

#[test]
fn limits_cut_attributes_and_leave_the_body_alone() {
    let kept = MemoryExporter::new();
    let provider = provider(&Config::new().logs_memory(&kept).logs_limits(2, 3));
    let logger = provider.logger("");
    logger
        .record(Severity::Info, "a long body")
        .attribute("a", "ääää")
        .attribute("b", Value::Array(&["12345".into(), 12345.into()]))
        .attribute("c", 3)
        .attribute("a", 1)
        .attribute("", "no key")
        .emit();
    let log = kept.logs().remove(0);
    assert_eq!(log.body, OwnedValue::String("a long body".into()));
    // One over the limit, one without a key.
    assert_eq!(log.dropped_attributes, 2);
    assert_eq!(log.attribute("a"), Some(&OwnedValue::Int(1)));
    let cut = vec![OwnedValue::String("123".into()), OwnedValue::Int(12345)];
    assert_eq!(log.attribute("b"), Some(&OwnedValue::Array(cut)));
    assert_eq!(log.attributes.len(), 2);
}

#[test]
fn a_capture_sees_records_of_every_provider() {
    let capture = Capture::start();
    let provider = provider(&Config::new());
    provider
        .logger("here")
        .record(Severity::Info, "seen 4f1")
        .emit();
    let seen = capture.logs();
    let ours = seen
        .iter()
        .find(|log| log.body.as_str() == Some("seen 4f1"));
    assert_eq!(ours.unwrap().scope.name, "here");
    capture.clear();
    assert!(
        !capture
            .logs()
            .iter()
            .any(|log| log.body.as_str() == Some("seen 4f1"))
    );
}

#[test]
fn the_programs_own_clock_tells_the_time_of_records_too() {
    let kept = MemoryExporter::new();
    let config = Config::new().clock(Arc::new(Noon)).logs_memory(&kept);
    let provider = provider(&config);
    provider.logger("").record(Severity::Info, "x").emit();
    provider.logger("").record(Severity::Info, "y").at(7).emit();
    let times = kept
        .logs()
        .into_iter()
        .map(|log| (log.unix_ns, log.observed_unix_ns));
    assert_eq!(times.collect::<Vec<_>>(), [(12, 12), (7, 12)]);
}

#[test]
fn scopes_of_loggers_have_attributes() {
    let kept = MemoryExporter::new();
    let provider = provider(&Config::new().logs_memory(&kept));
    let builder = provider.logger_builder("shop").version("2");
    let logger = builder
        .attribute("team", "a")
        .attribute("team", "b")
        .build();
    logger.record(Severity::Info, "x").emit();
    let scope = kept.logs().remove(0).scope;
    assert_eq!((&scope.name[..], &scope.version[..]), ("shop", "2"));
    let team = vec![("team".to_owned(), OwnedValue::String("b".into()))];
    assert_eq!(scope.attributes, team);
}

#[test]
fn a_record_that_interrupts_this_library_is_counted() {
    let kept = MemoryExporter::new();
    let provider = provider(&Config::new().memory(&kept).logs_memory(&kept));
    let logger = provider.logger("");
    let span = provider.tracer("").start("span");
    // A callback that comes back, as a signal handler would.
    span.handle().end_with(
        0,
        Some(&mut |_| logger.record(Severity::Info, "from within").emit()),
    );
    let stats = balanced(&provider);
    assert_eq!((stats.emitted, stats.dropped_reentrant), (1, 1));
    assert_eq!(kept.logs().len(), 0);
}

#[test]
fn a_body_that_a_binding_has_encoded_is_taken_as_it_is() {
    let kept = MemoryExporter::new();
    let provider = provider(&Config::new().logs_memory(&kept));
    let logger = provider.logger("");
    let text = [&[0x0a, 4][..], b"body"].concat();
    for encoded in [text.as_slice(), &[]] {
        let record = logger.record(Severity::Info, "not this");
        libtracer::binding::with_encoded_body(record.attribute("k", 1), encoded).emit();
    }
    let logs = kept.logs();
    assert_eq!(logs[0].body, OwnedValue::from("body"));
    assert_eq!(logs[1].body, OwnedValue::Null);
    assert!(logs.iter().all(|log| log.attributes.len() == 1));
}
