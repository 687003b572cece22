//! Full queues: each pipeline has its own bound, kept exactly, and the blocking mode waits for room.

use crate::rig::alone;
use crate::told::{Gate, SOON, balanced, spans, until};
use libtracer::{BatchSettings, Config, TracerProvider};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

fn queue_of(size: usize) -> BatchSettings {
    BatchSettings {
        max_queue_size: Some(size),
        max_export_batch_size: 10,
        ..BatchSettings::default()
    }
}

#[test]
fn conf_062_each_pipeline_keeps_its_own_queue_size_exactly() {
    let (stuck, good) = (Gate::default(), Gate::default());
    good.open();
    let config = Config::new()
        .batch(queue_of(100))
        .exporter("stuck", stuck.factory())
        .exporter("good", good.factory());
    let provider = TracerProvider::new(&config).unwrap();
    for round in 1..=20 {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| spans(&provider, 25));
            }
        });
        until("the good one takes all", || good.taken() == round * 50);
        let all = balanced(&provider);
        assert_eq!(all[1].dropped(), 0, "{all:?}");
        assert_eq!(all[0].queued, (round as u64 * 50).min(100), "{all:?}");
    }
    let all = balanced(&provider);
    assert_eq!((all[0].queued, all[0].dropped_queue_full), (100, 900));
    assert_eq!((all[1].queued, all[1].exported), (0, 1_000));
    stuck.open();
    provider.flush(SOON).unwrap();
    // There is room again, for as many as before.
    stuck.close();
    spans(&provider, 150);
    until("all but the queue is counted", || {
        balanced(&provider)[0].queued == 100
    });
    assert_eq!(balanced(&provider)[0].exported, 100);
    assert!(provider.shutdown(Duration::ZERO).is_err());
    let all = balanced(&provider);
    assert_eq!((all[0].queued, all[0].dropped_shutdown), (0, 100));
}

#[test]
fn a_full_queue_that_nobody_else_is_behind_takes_no_memory() {
    let stuck = Gate::default();
    let config = Config::new()
        .batch(queue_of(10))
        .exporter("stuck", stuck.factory());
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 200_000);
    let all = balanced(&provider);
    assert_eq!((all[0].queued, all[0].dropped_queue_full), (10, 199_990));
    assert!(libtracer::diagnostics().memory_bytes < 16 << 20);
}

#[test]
fn a_queue_size_below_the_spans_between_two_wakes_does_not_lose_them() {
    let good = Gate::default();
    good.open();
    let batch = BatchSettings {
        schedule_delay: Duration::from_secs(3600),
        ..queue_of(30)
    };
    let config = Config::new().batch(batch).exporter("good", good.factory());
    let provider = TracerProvider::new(&config).unwrap();
    for round in 0..20 {
        spans(&provider, 10);
        until("a full batch goes at once", || {
            good.taken() == 10 * (round + 1)
        });
    }
    assert_eq!(balanced(&provider)[0].dropped(), 0);
}

#[test]
fn in_the_blocking_mode_an_end_waits_for_room_in_a_queue() {
    let _alone = alone();
    let gate = Gate::default();
    let config = Config::new()
        .batch(queue_of(20))
        .block_when_full(SOON)
        .exporter("slow", gate.factory());
    let provider = TracerProvider::new(&config).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| spans(&provider, 500));
        }
        until("the queue is full", || provider.stats()[0].queued == 20);
        assert_eq!(provider.stats()[0].dropped(), 0);
        gate.open();
    });
    provider.flush(SOON).unwrap();
    let all = balanced(&provider);
    assert_eq!((all[0].exported, all[0].dropped()), (2_000, 0), "{all:?}");
}

#[test]
fn a_wait_is_no_part_of_the_span_and_one_in_vain_is_not_repeated() {
    let _alone = alone();
    let gate = Gate::default();
    let config = Config::new()
        .batch(queue_of(10))
        .block_when_full(Duration::from_millis(300))
        .exporter("dead", gate.factory());
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 10);
    let begin = Instant::now();
    spans(&provider, 1);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let begin = Instant::now();
    spans(&provider, 1_000);
    assert!(begin.elapsed() < Duration::from_millis(300));
    let all = balanced(&provider);
    assert_eq!((all[0].queued, all[0].dropped_queue_full), (10, 1_001));

    // As soon as it takes something, it is waited for again.
    gate.open();
    provider.flush(SOON).unwrap();
    gate.close();
    spans(&provider, 10);
    let mut opened = 0;
    thread::scope(|scope| {
        scope.spawn(|| provider.tracer("t").start("waited").end());
        until("it waits", || provider.stats()[0].open == 1);
        thread::sleep(Duration::from_millis(100));
        opened = UNIX_EPOCH.elapsed().unwrap().as_nanos();
        gate.open();
    });
    provider.flush(SOON).unwrap();
    let waited = gate.spans_named("waited").remove(0);
    assert!(u128::from(waited.end_unix_ns) < opened, "{waited:?}");
    let all = balanced(&provider);
    assert_eq!((all[0].exported, all[0].dropped()), (21, 1_001), "{all:?}");
}
