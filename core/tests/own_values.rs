//! Ids and a clock of the program's own, and scopes of tracers.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{Clock, Config, IdGenerator, MemoryExporter, SpanId, TraceId, TracerProvider};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Counts ids and hours.
#[derive(Debug, Default)]
struct Counting(AtomicU64, bool);

impl Counting {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl IdGenerator for Counting {
    fn trace_id(&self) -> TraceId {
        TraceId(u128::from(self.next()).to_be_bytes())
    }

    fn span_id(&self) -> SpanId {
        SpanId(self.next().to_be_bytes())
    }

    fn is_random(&self) -> bool {
        self.1
    }
}

const HOUR: u64 = 3_600_000_000_000;

impl Clock for Counting {
    fn unix_ns(&self) -> u64 {
        self.next() * HOUR
    }
}

#[test]
fn conf_024_ids_and_times_may_be_the_programs_own() {
    let memory = MemoryExporter::new();
    let config = Config::new()
        .memory(&memory)
        .id_generator(Arc::new(Counting::default()))
        .clock(Arc::new(Counting::default()));
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    let root = tracer.start("root");
    root.add_event("event", &[]);
    tracer.span("child").parent(&root.context()).start().end();
    root.end();
    let [child, root] = memory.spans().try_into().unwrap();
    assert_eq!(root.trace_id, 1_u128.to_be_bytes());
    assert_eq!(root.span_id, 2_u64.to_be_bytes());
    assert_eq!(child.trace_id, root.trace_id);
    assert_eq!(child.span_id, 3_u64.to_be_bytes());
    assert_eq!(
        (root.start_unix_ns, root.events[0].unix_ns),
        (HOUR, 2 * HOUR)
    );
    assert_eq!(
        (child.start_unix_ns, child.end_unix_ns),
        (3 * HOUR, 4 * HOUR)
    );
    assert_eq!(root.end_unix_ns, 5 * HOUR);
}

#[test]
fn conf_022_the_random_flag_says_what_the_generator_says() {
    for random in [false, true] {
        let ids = Arc::new(Counting(AtomicU64::default(), random));
        let provider = TracerProvider::new(&Config::new().id_generator(ids)).unwrap();
        let root = provider.tracer("t").start("root");
        assert_eq!(root.context().trace_flags.0 & 2 != 0, random);
        let child = provider
            .tracer("t")
            .span("child")
            .parent(&root.context())
            .start();
        assert_eq!(child.context().trace_flags.0 & 2 != 0, random);
    }
    let provider = TracerProvider::new(&Config::new()).unwrap();
    assert_eq!(provider.tracer("t").start("r").context().trace_flags.0, 3);
}

/// Ids that nobody may have, and panics.
#[derive(Debug)]
struct Useless(bool);

impl IdGenerator for Useless {
    fn trace_id(&self) -> TraceId {
        assert!(self.0, "no id");
        TraceId::default()
    }

    fn span_id(&self) -> SpanId {
        assert!(self.0, "no id");
        SpanId::default()
    }
}

#[test]
fn unusable_ids_are_replaced_by_random_ones() {
    for quiet in [true, false] {
        let ids = Arc::new(Useless(quiet));
        let provider = TracerProvider::new(&Config::new().id_generator(ids)).unwrap();
        assert!(provider.tracer("t").start("root").context().is_valid());
    }
}

#[test]
fn conf_009_a_scope_may_be_switched_off_and_its_tracer_is_a_no_op() {
    let memory = MemoryExporter::new();
    let config = Config::new()
        .memory(&memory)
        .tracer_configurator(|scope| scope.version != "0");
    let provider = TracerProvider::new(&config).unwrap();
    let (on, off) = (provider.tracer("t"), provider.tracer_with("t", "0", ""));
    assert!(on.is_enabled() && !off.is_enabled());
    let root = on.start("root");
    let none = off.span("none").parent(&root.context()).start();
    assert!(!none.is_recording());
    let child = on.span("child").parent(&root.context()).start();
    assert_eq!(child.context().trace_id, root.context().trace_id);
    drop((child, none, root));
    assert_eq!(memory.spans().len(), 2);
    assert_eq!(provider.stats()[0].started, 2);
}

#[test]
fn conf_001_a_tracer_keeps_name_version_schema_and_attributes_of_its_scope() {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    let builder = provider.tracer_builder("lib").version("1.2");
    let tracer = builder
        .schema_url("https://example.com/1")
        .attribute("team", "x")
        .attribute("level", 1)
        .attribute("team", "core")
        .build();
    tracer.start("s").end();
    let scope = memory.spans()[0].scope.clone();
    assert_eq!(
        (scope.name.as_str(), scope.version.as_str()),
        ("lib", "1.2")
    );
    assert_eq!(scope.schema_url, "https://example.com/1");
    let attributes = [
        ("team".into(), "core".into()),
        ("level".into(), 1_i64.into()),
    ];
    assert_eq!(scope.attributes, attributes);
}

#[test]
fn conf_002_a_tracer_without_a_name_works_and_that_is_said_once() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let lines = said.clone();
    libtracer::set_diagnostic_handler(move |_, text| lines.lock().unwrap().push(text.to_owned()));
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    provider.tracer("").start("one").end();
    provider.tracer("").start("two").end();
    let spans = memory.spans();
    assert_eq!((spans.len(), spans[0].scope.name.as_str()), (2, ""));
    let said = said.lock().unwrap();
    let about_names = said.iter().filter(|text| text.contains("has no name"));
    assert_eq!(about_names.count(), 1, "{said:?}");
}
