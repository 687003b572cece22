//! The library of `piece.c` in Rust: the crate is inside, without the C ABI.

use libtracer::{flush, stats, tracer};
use std::time::Duration;

/// Two nested spans; `back` is called inside both.
#[unsafe(no_mangle)]
pub extern "C" fn piece_work(back: Option<extern "C" fn()>) {
    let tracer = tracer("piece");
    let _outer = tracer.start("piece.outer").enter();
    let inner = tracer.start("piece.inner").enter();
    inner.set("number", 3);
    if let Some(back) = back {
        back();
    }
}

/// 0 if all was delivered.
#[unsafe(no_mangle)]
pub extern "C" fn piece_flush() -> i32 {
    i32::from(flush(Duration::from_secs(5)).is_err())
}

/// Started, dropped, still open.
#[unsafe(no_mangle)]
pub extern "C" fn piece_account(out: &mut [u64; 3]) {
    let all = stats();
    let sum = |count: fn(&libtracer::Stats) -> u64| all.iter().map(count).sum();
    *out = [
        sum(|each| each.started),
        sum(libtracer::Stats::dropped),
        sum(|each| each.open),
    ];
}
