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

/// Uses the API of the provider that asks it.
#[derive(Debug, Default)]
struct Circular(Mutex<Option<libtracer::Tracer>>);

impl Circular {
    fn use_the_api(&self) {
        let tracer = *self.0.lock().unwrap();
        if let Some(tracer) = tracer {
            let span = tracer.start("within");
            span.add_event("event", &[]);
        }
    }
}

impl IdGenerator for Circular {
    fn trace_id(&self) -> TraceId {
        self.use_the_api();
        TraceId([1; 16])
    }

    fn span_id(&self) -> SpanId {
        self.use_the_api();
        SpanId([1; 8])
    }
}

impl Clock for Circular {
    fn unix_ns(&self) -> u64 {
        self.use_the_api();
        HOUR
    }
}

#[test]
fn own_ids_and_clocks_that_use_the_api_get_the_built_in_ones_there() {
    let own = Arc::new(Circular::default());
    let memory = MemoryExporter::new();
    let config = Config::new()
        .memory(&memory)
        .id_generator(own.clone())
        .clock(own.clone());
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    *own.0.lock().unwrap() = Some(tracer);
    tracer.start("outer").add_event("event", &[]);
    let spans = memory.spans();
    let outer = spans.iter().find(|span| span.name == "outer").unwrap();
    assert_eq!((outer.span_id, outer.start_unix_ns), ([1; 8], HOUR));
    assert_eq!((outer.events[0].unix_ns, outer.end_unix_ns), (HOUR, HOUR));
    assert!(spans.iter().any(|span| span.name == "within"));
    assert!(provider.stats()[0].is_balanced());
}

#[test]
fn a_rule_for_scopes_that_makes_tracers_itself_does_not_recurse_for_ever() {
    let made = Arc::new(Mutex::new(None::<TracerProvider>));
    let provider = made.clone();
    let config = Config::new().tracer_configurator(move |scope| {
        let provider = provider.lock().unwrap().clone();
        if let Some(provider) = provider {
            let _ = provider.tracer(&format!("{}.inner", scope.name));
        }
        true
    });
    let provider = TracerProvider::new(&config).unwrap();
    *made.lock().unwrap() = Some(provider.clone());
    assert!(provider.tracer("t").start("s").context().is_valid());
}

/// Takes a lock of the program's, as its threads do around their use of a span.
#[derive(Debug, Default)]
struct Locking(Arc<Mutex<()>>);

impl Clock for Locking {
    fn unix_ns(&self) -> u64 {
        drop(self.0.lock().unwrap());
        HOUR
    }
}

#[test]
fn a_clock_that_waits_holds_up_no_other_thread_that_writes_to_the_span() {
    let clock = Arc::new(Locking::default());
    let config = Config::new()
        .memory(&MemoryExporter::new())
        .clock(clock.clone());
    let provider = TracerProvider::new(&config).unwrap();
    let span = provider.tracer("t").span("s").shared().start();
    let handle = span.handle();
    let held = clock.0.lock().unwrap();
    let (begun, begins) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        begun.send(()).unwrap();
        handle.add_event("event", 0, &libtracer::Value::Null);
    });
    begins.recv().unwrap();
    for number in 0..1000 {
        span.set("number", number);
    }
    drop(held);
    thread.join().unwrap();
}
