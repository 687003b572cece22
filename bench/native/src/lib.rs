//! How the native rows are measured: bursts of 1,024 spans on a pinned thread, flushed in between
//! without being timed; the work of a row, and a line of figures for it.

pub mod discard;
pub mod work;

use std::time::Instant;

/// Spans in a timed burst.
pub const BURST: u32 = 1024;
/// Bursts of a row in one round.
const SAMPLES: usize = 300;

/// The name of every span.
pub const NAME: &str = "GET /api/v1/users/{id}";
/// A value that is copied at run time, 17 bytes.
pub const TEXT: &str = "GET /api/v1/users";

/// Binds the calling thread to a processor; threads that exist keep theirs.
pub fn pin_to(processor: usize) {
    // SAFETY: all-zero is a valid, empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: pid 0 is the calling thread; the set outlives the call.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
}

/// Nanoseconds of processor time that this process has used, all threads.
#[must_use]
pub fn process_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid and writable.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Bytes of this process that are in memory.
#[must_use]
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    // SAFETY: no pointers are involved.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.unwrap_or(0) * page.cast_unsigned()
}

/// Runs `work` in bursts with `flush` in between; the line is `row<TAB>p10<TAB>median` in ns.
#[must_use]
pub fn row(name: &str, mut work: impl FnMut(u32), mut flush: impl FnMut()) -> String {
    let mut costs: Vec<u64> = Vec::with_capacity(SAMPLES);
    for sample in 0..SAMPLES + SAMPLES / 10 {
        let start = Instant::now();
        (0..BURST).for_each(&mut work);
        let cost = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        flush();
        if sample >= SAMPLES / 10 {
            costs.push(cost);
        }
    }
    costs.sort_unstable();
    let at = |share: usize| costs.get(SAMPLES * share / 100).copied().unwrap_or(0);
    let per_span = |cost: u64| cost * 10 / u64::from(BURST);
    let (p10, median) = (per_span(at(10)), per_span(at(50)));
    format!(
        "{name}\t{}.{}\t{}.{}",
        p10 / 10,
        p10 % 10,
        median / 10,
        median % 10
    )
}
