//! The blocking mode where memory is what is short: a process of its own, for its small bound.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "common/told.rs"]
mod told;

use libtracer::{Config, TracerProvider};
use std::thread;
use told::{Gate, SOON, balanced, until};

#[test]
fn in_the_blocking_mode_an_end_waits_for_memory() {
    let gates = [Gate::default(), Gate::default()];
    let config = Config::new()
        .memory_limit(1 << 20)
        .block_when_full(SOON)
        .exporter("first", gates[0].factory())
        .exporter("second", gates[1].factory());
    let provider = TracerProvider::new(&config).unwrap();
    let text = "x".repeat(1000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    provider.tracer("t").start("span").set("text", &*text);
                }
            });
        }
        until("the memory is used", || provider.stats()[0].queued > 400);
        for gate in &gates {
            gate.open();
        }
    });
    provider.flush(SOON).unwrap();
    for stats in balanced(&provider) {
        assert_eq!((stats.exported, stats.dropped()), (8_000, 0), "{stats:?}");
    }
    assert_eq!((gates[0].taken(), gates[1].taken()), (8_000, 8_000));
}
