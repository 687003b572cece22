//! What a forked child has of its parent's tracing: contexts and configuration, nothing else.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]

#[path = "common/ends.rs"]
mod ends;
#[path = "common/fork.rs"]
mod fork;

use ends::Ends;
use libtracer::{
    Accepted, B3, Batch, Config, Detector, ExportFuture, Exporter, ExporterFactory, MemoryExporter,
    Span, Stats, TraceContext, TracerProvider, current_context, diagnostics, propagator,
    set_propagator,
};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

struct Accepting;

impl Exporter for Accepting {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Ok(Accepted::default()) })
    }
}

fn exporting() -> TracerProvider {
    let factory: ExporterFactory = Arc::new(|| Ok(Box::new(Accepting)));
    TracerProvider::new(&Config::new().exporter("accepting", factory)).unwrap()
}

/// The C library's `fork`, with its handlers.
fn usual() -> libc::pid_t {
    // SAFETY: the child uses what is safe after a fork: this library, and glibc's malloc.
    unsafe { libc::fork() }
}

fn in_child(work: impl FnOnce() -> String) -> String {
    fork::start(usual, work).join()
}

fn balanced(provider: &TracerProvider) -> Stats {
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    stats
}

/// Trace and span ids, one a line.
fn ids(provider: &TracerProvider) -> String {
    let contexts = (0..500).map(|_| provider.tracer("t").start("s").context());
    let lines =
        contexts.flat_map(|context| [context.trace_id.to_string(), context.span_id.to_string()]);
    lines.collect::<Vec<_>>().join(
        "
",
    ) + "
"
}

#[test]
fn conf_024_no_id_is_made_twice() {
    let provider = exporting();
    let mut all = vec![ids(&provider)];
    for _ in 0..3 {
        all.push(in_child(|| {
            let own = ids(&provider);
            own + &in_child(|| ids(&provider))
        }));
    }
    all.push(ids(&provider));
    let lines: Vec<&str> = all.iter().flat_map(|ids| ids.lines()).collect();
    let unique: HashSet<&str> = lines.iter().copied().collect();
    assert_eq!((lines.len(), unique.len()), (8_000, 8_000));
}

#[test]
fn a_child_counts_from_zero_and_exports_only_its_own() {
    let provider = exporting();
    let tracer = provider.tracer("t");
    let open = tracer.start("open");
    (0..100).for_each(|_| tracer.start("parent's").end());
    let said = in_child(|| {
        let begin = balanced(&provider);
        assert_eq!(
            (begin.started, begin.queued, begin.open),
            (0, 0, 0),
            "{begin:?}"
        );
        (0..5).for_each(|_| tracer.start("child's").end());
        provider.flush(SOON).unwrap();
        let stats = balanced(&provider);
        provider.shutdown(SOON).unwrap();
        format!("{} {}", stats.started, stats.exported)
    });
    assert_eq!(said, "5 5");
    drop(open);
    provider.flush(SOON).unwrap();
    let stats = balanced(&provider);
    assert_eq!((stats.started, stats.exported), (101, 101));
}

#[test]
fn a_parents_span_is_a_parent_in_the_child_and_nothing_more() {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    let tracer = provider.tracer("t");
    let span = tracer.start("parent").enter();
    span.set("by", "parent");
    let context = span.context();
    let said = in_child(|| {
        assert!(!span.is_recording());
        let before = diagnostics().stale;
        span.set("by", "child").set_name("wrong");
        span.handle().end(0);
        assert!(diagnostics().stale > before);
        assert_eq!(current_context(), context);
        tracer.start("child").end();
        tracer.span("explicit").parent(&context).start().end();
        let spans = memory.spans();
        assert_eq!(spans.len(), 2);
        for span in spans {
            assert_eq!(span.trace_id, context.trace_id.0);
            assert_eq!(span.parent_span_id, Some(context.span_id.0));
        }
        "ok".into()
    });
    assert_eq!(said, "ok");
    assert!(span.is_recording());
    drop(span);
    let spans = memory.spans();
    assert_eq!(spans.len(), 1);
    let parent = spans.first().unwrap();
    assert_eq!(
        (parent.name.as_str(), parent.attribute("by")),
        ("parent", Some(&"parent".into()))
    );
}

#[test]
fn a_handle_of_the_parent_never_hits_a_span_of_the_child() {
    let provider = exporting();
    let tracer = provider.tracer("t");
    let theirs: Vec<_> = (0..100).map(|_| tracer.start("parent's")).collect();
    let said = in_child(|| {
        let own: Vec<_> = (0..100).map(|_| tracer.start("child's")).collect();
        for span in &theirs {
            span.set("wrong", true);
            span.handle().end(0);
        }
        assert!(own.iter().all(Span::is_recording));
        assert_eq!(balanced(&provider).open, 100);
        drop(own);
        assert_eq!(balanced(&provider).open, 0);
        "ok".into()
    });
    assert_eq!(said, "ok");
    assert_eq!(balanced(&provider).open, 100);
}

#[test]
fn a_fork_in_the_midst_of_everything_hangs_no_child() {
    let provider = exporting();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let span = provider.tracer("t").start("busy");
                    span.set("k", "v").add_event("e", &[]);
                }
            });
        }
        let _ends = Ends(&done);
        for _ in 0..30 {
            let said = in_child(|| {
                (0..50).for_each(|_| provider.tracer("t").start("child's").end());
                provider.flush(SOON).unwrap();
                balanced(&provider).exported.to_string()
            });
            assert_eq!(said, "50");
        }
    });
    provider.flush(SOON).unwrap();
    balanced(&provider);
}

#[test]
fn a_fork_while_the_propagator_is_set_hangs_no_child() {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1_000_000 {
                    set_propagator(Arc::new(TraceContext));
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        let _ends = Ends(&done);
        let children: Vec<_> = (0..100)
            .map(|_| {
                fork::start(usual, || {
                    set_propagator(Arc::new(B3::single()));
                    propagator().fields().concat()
                })
            })
            .collect();
        for child in children {
            assert_eq!(child.join(), "b3");
        }
    });
}

#[test]
fn a_provider_that_was_shut_down_stays_so_in_a_child() {
    let provider = exporting();
    provider.tracer("t").start("s").end();
    provider.shutdown(SOON).unwrap();
    let said = in_child(|| {
        provider
            .tracer("t")
            .start("late")
            .is_recording()
            .to_string()
    });
    assert_eq!(said, "false");
}

#[test]
fn conf_093_a_forked_child_is_another_process_and_instance() {
    let finished = MemoryExporter::new();
    let config = Config::new().memory(&finished);
    let config = config.detect_resource([Detector::Process, Detector::Service]);
    let provider = TracerProvider::new(&config).unwrap();
    let own = || {
        provider.tracer("t").start("s").end();
        let resource = finished.spans().pop().unwrap().resource;
        let value = |key| format!("{:?}", resource.attribute(key).unwrap());
        (value("process.pid"), value("service.instance.id"))
    };
    let (pid, instance) = own();
    assert_eq!(pid, format!("Int({})", std::process::id()));
    assert_eq!(own(), (pid.clone(), instance.clone()));
    let said = in_child(|| {
        let (child_pid, child_instance) = own();
        assert_eq!(child_pid, format!("Int({})", std::process::id()));
        format!("{}", child_pid != pid && child_instance != instance)
    });
    assert_eq!(said, "true");
}
