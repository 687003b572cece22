//! A fork that no handler sees: the system call itself. Alone in its binary, so that no other thread
//! is inside the allocator when it happens.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]
#![cfg(target_os = "linux")]

#[path = "common/fork.rs"]
mod fork;

use libtracer::{Accepted, Batch, Config, ExportFuture, Exporter, ExporterFactory, TracerProvider};
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

struct Accepting;

impl Exporter for Accepting {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Ok(Accepted::default()) })
    }
}

/// `fork` without the C library's knowledge.
fn raw() -> libc::pid_t {
    // SAFETY: without flags but the signal this is a fork; the child uses this library and malloc,
    // which no other thread is in.
    let process = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    process.try_into().unwrap()
}

#[test]
fn conf_024_a_raw_fork_is_noticed() {
    let factory: ExporterFactory = Arc::new(|| Ok(Box::new(Accepting)));
    let provider = TracerProvider::new(&Config::new().exporter("accepting", factory)).unwrap();
    let tracer = provider.tracer("t");
    let span = tracer.start("parent");
    (0..100).for_each(|_| tracer.start("parent's").end());
    provider.flush(SOON).unwrap();
    let work = || {
        assert!(!span.is_recording());
        let context = tracer.start("child's").context();
        provider.flush(SOON).unwrap();
        let stats = provider.stats().remove(0);
        assert!(stats.is_balanced(), "{stats:?}");
        format!(
            "{} {} {}",
            context.trace_id, context.span_id, stats.exported
        )
    };
    let first = fork::start(raw, work).join();
    let second = fork::start(raw, work).join();
    assert!(
        first.ends_with(" 1") && second.ends_with(" 1"),
        "{first}, {second}"
    );
    assert_ne!(first, second);
    let own = tracer.start("parent's").context().trace_id.to_string();
    assert!(!first.starts_with(&own) && !second.starts_with(&own));
    assert!(span.is_recording());
}
