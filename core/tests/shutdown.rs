//! The end of everything. Alone in its binary: it ends all providers of the process.

use libtracer::{Config, MemoryExporter, TracerProvider};
use std::time::Duration;

#[test]
fn shutdown_ends_providers_that_have_not_been_used_too() {
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
