//! Destinations that a provider gets while it lives: what they get, what their accounts say, and that
//! nothing is lost or counted twice meanwhile.
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
#[path = "common/told.rs"]
#[expect(dead_code, reason = "other tests need all of it")]
mod told;

use ends::Ends;
use libtracer::{BatchSettings, Config, MemoryExporter, Sampler, TracerProvider};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use told::{Gate, SOON, balanced, spans, until};

/// So long that only a full batch or a flush sends anything.
const QUIET: BatchSettings = BatchSettings {
    max_queue_size: None,
    max_export_batch_size: 512,
    schedule_delay: Duration::from_secs(3600),
    export_timeout: Duration::from_secs(30),
};

fn open() -> Gate {
    let gate = Gate::default();
    gate.open();
    gate
}

/// A configuration with this destination.
fn to(name: &str, gate: &Gate) -> Config {
    Config::new().exporter(name, gate.factory()).batch(QUIET)
}

fn provider(config: &Config) -> TracerProvider {
    TracerProvider::new(config).unwrap()
}

#[test]
fn one_added_before_the_first_span_is_like_one_from_the_beginning() {
    let (first, second) = (open(), open());
    let provider = provider(&to("first", &first));
    provider.add_destinations(&to("second", &second)).unwrap();
    spans(&provider, 5);
    provider.flush(SOON).unwrap();
    assert_eq!((first.taken(), second.taken()), (5, 5));
    let accounts = balanced(&provider);
    let of = |place: usize| {
        let stats = &accounts[place];
        (stats.pipeline.as_str(), stats.started, stats.exported)
    };
    assert_eq!((of(0), of(1)), (("first", 5, 5), ("second", 5, 5)));
}

#[test]
fn one_added_later_gets_and_counts_what_ends_from_then_on() {
    let (first, second) = (open(), open());
    let provider = provider(&to("first", &first));
    spans(&provider, 5);
    let spanning = provider.tracer("t").start("spanning");
    provider.add_destinations(&to("second", &second)).unwrap();
    // Exact at once, whatever the worker has seen of it.
    let [_, added] = balanced(&provider).try_into().unwrap();
    assert_eq!((added.started, added.queued, added.open), (1, 0, 1));
    spanning.end();
    spans(&provider, 2);
    let [_, added] = balanced(&provider).try_into().unwrap();
    assert_eq!((added.started, added.queued), (3, 3));
    provider.flush(SOON).unwrap();
    assert_eq!((first.taken(), second.taken()), (8, 3));
    assert_eq!(second.spans_named("spanning").len(), 1);
    let [old, added] = balanced(&provider).try_into().unwrap();
    assert_eq!((old.started, old.exported), (8, 8));
    assert_eq!((added.started, added.exported, added.dropped()), (3, 3, 0));
}

#[test]
fn a_provider_that_exported_nothing_begins_to() {
    let provider = provider(&Config::new());
    spans(&provider, 3);
    assert_eq!(balanced(&provider)[0].dropped_no_exporter, 3);
    let gate = open();
    provider.add_destinations(&to("late", &gate)).unwrap();
    spans(&provider, 4);
    provider.flush(SOON).unwrap();
    assert_eq!(gate.taken(), 4);
    let [late] = balanced(&provider).try_into().unwrap();
    assert_eq!((late.started, late.exported, late.dropped()), (4, 4, 0));
    provider.shutdown(SOON).unwrap();
    assert_eq!(balanced(&provider)[0].exported, 4);
}

#[test]
fn what_was_kept_in_memory_before_is_not_in_a_pipelines_account() {
    let memory = MemoryExporter::new();
    let provider = provider(&Config::new().memory(&memory));
    spans(&provider, 3);
    let gate = open();
    provider.add_destinations(&to("late", &gate)).unwrap();
    spans(&provider, 2);
    provider.flush(SOON).unwrap();
    assert_eq!((memory.spans().len(), gate.taken()), (5, 2));
    let [late] = balanced(&provider).try_into().unwrap();
    assert_eq!((late.started, late.exported), (2, 2));
    let more = MemoryExporter::new();
    provider
        .add_destinations(&Config::new().memory(&more))
        .unwrap();
    spans(&provider, 1);
    assert_eq!((memory.spans().len(), more.spans().len()), (6, 1));
}

#[test]
fn what_was_lost_before_is_not_in_an_added_account() {
    let (stuck, free) = (Gate::default(), open());
    let one = BatchSettings {
        max_queue_size: Some(1),
        max_export_batch_size: 1,
        ..QUIET
    };
    let off = Sampler::parent_based(Sampler::AlwaysOn);
    let provider = provider(&to("stuck", &stuck).batch(one).sampler(off));
    spans(&provider, 10);
    assert_eq!(balanced(&provider)[0].dropped_queue_full, 9);
    provider.add_destinations(&to("free", &free)).unwrap();
    spans(&provider, 3);
    until("the free one has all", || {
        let _ = provider.flush(Duration::from_millis(1));
        free.taken() == 3
    });
    let [stuck_one, added] = balanced(&provider).try_into().unwrap();
    assert_eq!(stuck_one.dropped_queue_full, 12);
    assert_eq!((added.started, added.exported, added.dropped()), (3, 3, 0));
    stuck.open();
}

#[test]
fn an_added_queue_size_is_kept_exactly() {
    let (free, stuck) = (open(), Gate::default());
    let provider = provider(&to("free", &free));
    spans(&provider, 7);
    let batch = BatchSettings {
        max_queue_size: Some(20),
        max_export_batch_size: 10,
        ..QUIET
    };
    provider
        .add_destinations(&to("stuck", &stuck).batch(batch))
        .unwrap();
    spans(&provider, 100);
    let [free_one, added] = balanced(&provider).try_into().unwrap();
    assert_eq!((added.queued, added.dropped_queue_full), (20, 80));
    assert_eq!(free_one.dropped_queue_full, 0);
    stuck.open();
    provider.flush(SOON).unwrap();
    assert_eq!((free.taken(), stuck.taken()), (107, 20));
    spans(&provider, 20);
    provider.flush(SOON).unwrap();
    assert_eq!((free.taken(), stuck.taken()), (127, 40));
}

#[test]
fn simple_export_works_for_an_added_one_too() {
    let (slow, simple) = (open(), open());
    let provider = provider(&to("slow", &slow));
    spans(&provider, 1);
    let config = to("simple", &simple).batch(BatchSettings::simple());
    provider.add_destinations(&config).unwrap();
    spans(&provider, 2);
    until("both are exported, unasked", || simple.taken() == 2);
    assert_eq!(slow.taken(), 0);
}

#[test]
fn adding_while_threads_record_loses_nothing_and_counts_nothing_twice() {
    for _ in 0..20 {
        let first = open();
        let provider = provider(&to("first", &first));
        let gates: Vec<Gate> = (0..4).map(|_| open()).collect();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        spans(&provider, 10);
                    }
                });
            }
            let _ends = Ends(&done);
            for (place, gate) in gates.iter().enumerate() {
                let batch = BatchSettings {
                    max_queue_size: (place % 2 == 0).then_some(100_000),
                    ..QUIET
                };
                let config = to("added", gate).batch(batch);
                provider.add_destinations(&config).unwrap();
                // This thread's own span ends after the add: the new one must have it.
                let name = format!("after {place}");
                provider.tracer("t").start(&name).end();
            }
        });
        provider.flush(SOON).unwrap();
        let accounts = balanced(&provider);
        for (place, (gate, stats)) in gates.iter().zip(&accounts[1..]).enumerate() {
            assert_eq!(stats.exported, gate.taken() as u64, "{stats:?}");
            assert_eq!((stats.queued, stats.open), (0, 0), "{stats:?}");
            for after in place..gates.len() {
                let name = format!("after {after}");
                assert_eq!(gate.spans_named(&name).len(), 1, "{name} at {place}");
            }
        }
        provider.shutdown(SOON).unwrap();
        balanced(&provider);
    }
}

#[test]
fn shutdown_may_meet_an_add() {
    for round in 0..50 {
        let first = open();
        let provider = provider(&to("first", &first));
        spans(&provider, 1 + round % 3);
        let second = open();
        let (added, ()) = thread::scope(|scope| {
            let adding = scope.spawn(|| provider.add_destinations(&to("second", &second)));
            spans(&provider, round % 7);
            provider.shutdown(SOON).unwrap();
            (adding.join().unwrap(), ())
        });
        spans(&provider, 1);
        let accounts = balanced(&provider);
        assert_eq!(accounts.len(), if added.is_ok() { 2 } else { 1 });
        for stats in &accounts {
            assert_eq!((stats.queued, stats.open), (0, 0), "{stats:?}");
        }
    }
}

#[test]
fn after_shutdown_it_is_refused_with_the_reason() {
    let provider = provider(&to("first", &open()));
    provider.shutdown(SOON).unwrap();
    let refused = provider.add_destinations(&to("late", &open()));
    let reason = refused.unwrap_err().to_string();
    assert!(reason.contains("shut down"), "{reason}");
    assert_eq!(provider.stats().len(), 1);
}

#[test]
fn an_option_that_cannot_be_used_is_refused_and_nothing_is_added() {
    let provider = provider(&Config::new());
    let wrong = Config::new().otlp("http://");
    assert!(provider.add_destinations(&wrong).is_err());
    spans(&provider, 1);
    assert_eq!(balanced(&provider)[0].dropped_no_exporter, 1);
}

/// The C library's `fork`, with its handlers.
fn usual() -> libc::pid_t {
    // SAFETY: the child uses what is safe after a fork: this library, and glibc's malloc.
    unsafe { libc::fork() }
}

#[test]
fn a_forked_child_has_it_as_well() {
    let (first, second) = (open(), open());
    let provider = provider(&to("first", &first));
    spans(&provider, 4);
    provider.add_destinations(&to("second", &second)).unwrap();
    spans(&provider, 1);
    let child = fork::start(usual, || {
        spans(&provider, 3);
        let third = open();
        provider.add_destinations(&to("third", &third)).unwrap();
        spans(&provider, 2);
        provider.flush(SOON).unwrap();
        let accounts = balanced(&provider).into_iter().map(|stats| stats.exported);
        format!("{:?}", accounts.collect::<Vec<_>>())
    });
    assert_eq!(child.join(), "[5, 5, 2]");
    provider.flush(SOON).unwrap();
    let exported = balanced(&provider).into_iter().map(|stats| stats.exported);
    assert_eq!(exported.collect::<Vec<_>>(), [5, 1]);
}
