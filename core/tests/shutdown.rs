//! The end of everything. Alone in its binary: it ends all providers of the process.

use libtracer::{Capture, Config, MemoryExporter, TracerProvider};
use std::time::Duration;

#[test]
fn shutdown_ends_what_is_there_used_or_not_and_nothing_that_comes_after() {
    // Without a configuration a capture sees what comes after, too.
    let capture = Capture::start();
    libtracer::tracer("t").start("before").end();
    libtracer::shutdown(Duration::from_secs(1)).unwrap();
    libtracer::tracer("t").start("after").end();
    assert_eq!(capture.len(), 2);
    drop(capture);

    let unused = MemoryExporter::new();
    let unused_provider = TracerProvider::new(&Config::new().memory(&unused)).unwrap();
    unused_provider.set_default();
    libtracer::shutdown(Duration::from_secs(1)).unwrap();
    let late = libtracer::tracer("t").start("late");
    assert!(!late.is_recording());
    late.end();
    assert_eq!(unused.spans().len(), 0);

    let next = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&next)).unwrap();
    provider.set_default();
    libtracer::tracer("t").start("again").end();
    assert_eq!(next.spans().len(), 1);
}
