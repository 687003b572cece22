//! The worker with its real thread; what is waited for is a condition, never a time.

use super::*;
use crate::pipeline::{
    counters::Exits,
    doubles::{Answer, Destination, Published, provider},
};
use std::sync::{atomic::AtomicUsize, mpsc::channel};

/// Far enough that only a defect reaches it.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn within(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

/// A worker with one provider (1) for these pipelines.
fn serving(
    settings: Vec<PipelineSettings>,
) -> (Arc<Worker>, Arc<Published>, Vec<Arc<PipelineCounters>>) {
    let worker = Arc::new(Worker::new());
    let source = Arc::new(Published::default());
    let (pipes, counters) = provider(1, &source, settings);
    worker.add_provider(pipes);
    (worker, source, counters)
}

fn serving_one(destination: &Destination) -> (Arc<Worker>, Arc<Published>, Arc<PipelineCounters>) {
    let (worker, source, mut counters) = serving(vec![destination.settings()]);
    (worker, source, counters.remove(0))
}

fn is_running(worker: &Worker) -> bool {
    worker.shared.running.load(Ordering::Acquire)
}

#[test]
fn there_is_no_thread_until_there_is_something_to_do() {
    let destination = Destination::default();
    let (worker, source, _) = serving_one(&destination);
    assert_eq!(worker.flush(None, soon()), Ok(()));
    assert!(!is_running(&worker));
    source.publish(0..1);
    assert_eq!(worker.flush(None, soon()), Ok(()));
    assert!(is_running(&worker));
    assert_eq!(destination.numbers(), [0]);
}

#[test]
fn a_provider_without_spans_is_shut_down_without_a_thread() {
    let (worker, source, counters) = serving_one(&Destination::default());
    assert_eq!(worker.shutdown(soon()), Ok(()));
    assert!(!is_running(&worker));
    source.publish(0..1);
    assert_eq!(worker.shutdown(soon()), Ok(()), "it is forgotten");
    assert_eq!(counters.exits().total(), 0);
}

#[test]
fn a_full_batch_goes_when_the_worker_is_woken() {
    let destination = Destination::default();
    let mut settings = destination.settings();
    settings.max_export_batch_size = 2;
    let (worker, source, _) = serving(vec![settings]);
    for number in 0..4 {
        source.publish(number..=number);
        worker.wake();
    }
    destination.wait_for(|seen| seen.batches.concat().len() == 4);
    assert_eq!(destination.numbers(), [0, 1, 2, 3]);
}

#[test]
fn a_batch_that_is_not_full_goes_when_the_delay_passes() {
    let destination = Destination::default();
    let mut settings = destination.settings();
    settings.schedule_delay = Duration::from_millis(20);
    let (worker, source, _) = serving(vec![settings]);
    worker.ensure_started();
    for number in 0..3 {
        source.publish(number..=number);
        destination.wait_for(|seen| seen.batches.concat().contains(&number));
    }
}

#[test]
fn who_presses_has_everything_sent_full_batch_or_not() {
    let destination = Destination::default();
    let mut settings = destination.settings();
    settings.schedule_delay = Duration::from_secs(3600);
    let (worker, source, _) = serving(vec![settings]);
    for number in 0..3 {
        source.publish(number..=number);
        worker.press();
        destination.wait_for(|seen| seen.batches.concat().contains(&number));
    }
}

#[test]
fn a_flush_of_one_provider_leaves_the_others_alone() {
    let (first, second) = (Destination::default(), Destination::default());
    let (worker, source, _) = serving_one(&first);
    let other = Arc::new(Published::default());
    let (pipes, _) = provider(2, &other, vec![second.settings()]);
    worker.add_provider(pipes);
    source.publish(0..2);
    other.publish(2..4);
    assert_eq!(worker.flush(Some(2), soon()), Ok(()));
    assert_eq!((first.numbers(), second.numbers()), (vec![], vec![2, 3]));
    assert_eq!(worker.flush(Some(3), soon()), Ok(()), "unknown");
    assert_eq!(worker.flush(None, soon()), Ok(()));
    assert_eq!(first.numbers(), [0, 1]);
}

#[test]
fn a_silent_destination_delays_neither_a_flush_nor_another_pipeline() {
    let (silent, good) = (Destination::new([Answer::Silence]), Destination::default());
    let (worker, source, counters) = serving(vec![silent.settings(), good.settings()]);
    source.publish(0..3);
    let begun = Instant::now();
    assert_eq!(worker.flush(None, within(100)), Err(Timeout));
    assert!(
        begun.elapsed() < Duration::from_millis(600),
        "{:?}",
        begun.elapsed()
    );
    good.wait_for(|seen| seen.ended == 1);
    assert_eq!(counters[0].exits().total(), 0, "still queued");

    assert_eq!(worker.shutdown(within(100)), Err(Timeout));
    silent.wait_for(|seen| seen.shutdowns == 1);
    assert_eq!(
        counters[0].exits(),
        Exits {
            shutdown: 3,
            ..Exits::default()
        }
    );
    assert_eq!(
        counters[1].exits(),
        Exits {
            exported: 3,
            ..Exits::default()
        }
    );
    assert_eq!((silent.seen().shutdowns, good.seen().shutdowns), (1, 1));
}

#[test]
fn an_exporter_that_blocks_the_thread_blocks_no_caller_and_counts_later() {
    let (release, blocked) = channel();
    let destination = Destination::new([Answer::Block(blocked)]);
    let (worker, source, counters) = serving_one(&destination);
    source.publish(0..3);
    let begun = Instant::now();
    assert_eq!(worker.flush(None, within(50)), Err(Timeout));
    source.publish(3..5);
    assert_eq!(worker.shutdown(within(50)), Err(Timeout));
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        counters.exits().total(),
        0,
        "nothing is known about them yet"
    );
    release.send(()).unwrap();
    destination.wait_for(|seen| seen.shutdowns == 1);
    let exits = counters.exits();
    // Whether the late answer counts depends on who was polled first: the account is whole anyway.
    assert_eq!((exits.total(), exits.exported + exits.shutdown), (5, 5));
}

#[test]
fn a_shutdown_is_idempotent_ends_the_thread_and_allows_a_new_start() {
    let destination = Destination::default();
    let (worker, source, counters) = serving_one(&destination);
    source.publish(0..2);
    assert_eq!(worker.shutdown_provider(1, soon()), Ok(()));
    assert_eq!(worker.shutdown_provider(1, soon()), Ok(()));
    assert_eq!(worker.shutdown(soon()), Ok(()));
    while is_running(&worker) {
        std::thread::yield_now();
    }
    assert_eq!(counters.exits().exported, 2);

    let (pipes, _) = provider(2, &source, vec![destination.settings()]);
    worker.add_provider(pipes);
    source.publish(2..3);
    assert_eq!(worker.flush(Some(2), soon()), Ok(()));
    assert_eq!(destination.numbers(), [0, 1, 2]);
}

#[test]
#[cfg(target_os = "linux")]
fn the_threads_block_all_signals_and_the_callers_mask_is_as_before() {
    let mask = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("SigBlk:\t"))
            .unwrap();
        u64::from_str_radix(line, 16).unwrap()
    };
    // SIGKILL and SIGSTOP cannot be blocked; the C library keeps 32 to 34 for itself.
    let all = !(1 << 8 | 1 << 18 | 7 << 31);
    let name = || std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    let (send, seen) = channel();
    let look = Box::new(move || {
        send.send((name(), mask())).unwrap();
        tokio::task::spawn_blocking(move || send.send((name(), mask())).unwrap());
    });
    let (worker, source, _) = serving_one(&Destination::new([Answer::Call(look)]));
    let before = mask();
    source.publish(0..1);
    assert_eq!(worker.flush(None, soon()), Ok(()));
    assert_eq!(mask(), before);
    let (worker_name, worker_mask) = seen.recv().unwrap();
    let (resolver_name, resolver_mask) = seen.recv().unwrap();
    assert_eq!(worker_name, "libtracer-expor\n");
    assert_eq!(resolver_name, "libtracer-dns\n");
    assert_eq!((worker_mask & all, resolver_mask & all), (all, all));
}

#[test]
fn a_worker_that_is_asked_to_wait_for_itself_declines() {
    let (send, answers) = channel();
    let own: Arc<Mutex<Option<Arc<Worker>>>> = Arc::default();
    let slot = Arc::clone(&own);
    let look = Box::new(move || {
        let worker = slot.lock().unwrap().take().unwrap();
        send.send(worker.flush(None, soon())).unwrap();
    });
    let (worker, source, _) = serving_one(&Destination::new([Answer::Call(look)]));
    *own.lock().unwrap() = Some(Arc::clone(&worker));
    source.publish(0..1);
    assert_eq!(worker.flush(None, soon()), Ok(()));
    assert_eq!(answers.try_recv(), Ok(Err(Timeout)));
}

#[test]
fn a_thread_may_flush_and_shut_down_while_its_locals_are_destroyed() {
    struct Last(Arc<Worker>, Arc<Published>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.1.publish(0..1);
            self.0.wake();
            let _ = self.0.flush(None, soon());
            self.1.publish(1..2);
            let _ = self.0.shutdown(soon());
        }
    }
    thread_local!(static LAST: Cell<Option<Last>> = const { Cell::new(None) });
    let destination = Destination::default();
    let (worker, source, counters) = serving_one(&destination);
    std::thread::spawn(move || LAST.set(Some(Last(worker, source))))
        .join()
        .unwrap();
    assert_eq!(counters.exits().exported, 2);
}

#[test]
fn where_no_thread_can_start_the_spans_are_counted_by_who_shuts_down() {
    let worker = Worker::with_spawn(|_| Err(io::Error::from(io::ErrorKind::WouldBlock)));
    let source = Arc::new(Published::default());
    let (pipes, counters) = provider(1, &source, vec![Destination::default().settings()]);
    worker.add_provider(pipes);
    source.publish(0..3);
    worker.wake();
    worker.ensure_started();
    assert_eq!(worker.flush(None, soon()), Err(Timeout));
    source.publish(3..4);
    assert_eq!(worker.shutdown(soon()), Err(Timeout));
    assert_eq!(
        counters[0].exits(),
        Exits {
            shutdown: 4,
            ..Exits::default()
        }
    );
    assert_eq!(worker.shutdown(soon()), Ok(()));
}

#[test]
fn a_thread_that_was_refused_is_tried_again_by_a_later_wake() {
    static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
    let worker = Worker::with_spawn(|shared| {
        if ATTEMPTS.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        thread::spawn(shared)
    });
    let destination = Destination::default();
    let source = Arc::new(Published::default());
    let mut settings = destination.settings();
    settings.max_export_batch_size = 1;
    let (pipes, _) = provider(1, &source, vec![settings]);
    worker.add_provider(pipes);
    source.publish(0..1);
    worker.wake();
    worker.wake();
    assert_eq!(ATTEMPTS.load(Ordering::Relaxed), 1, "not at once");
    while !is_running(&worker) {
        worker.wake();
        std::thread::yield_now();
    }
    destination.wait_for(|seen| seen.batches.len() == 1);
}

#[test]
fn a_source_that_panics_ends_tracing_but_hangs_nobody() {
    struct Defect;
    impl Source for Defect {
        fn drain(&self, _: &mut Vec<Run>) {
            panic!("on purpose");
        }
    }
    let worker = Worker::new();
    let (mut pipes, _) = provider(1, &Arc::default(), vec![Destination::default().settings()]);
    pipes.feed = Feed::new(Arc::new(Defect));
    worker.add_provider(pipes);
    worker.wake();
    while is_running(&worker) {
        std::thread::yield_now();
    }
    let begun = Instant::now();
    assert_eq!(worker.flush(None, soon()), Err(Timeout));
    assert_eq!(worker.shutdown(soon()), Err(Timeout));
    worker.wake();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn every_span_of_many_threads_leaves_exactly_once() {
    let flaky = || {
        let script = (0..40).map(|i| match i % 4 {
            0 => Answer::Again(None),
            1 => Answer::Refuse,
            2 => Answer::Reject(3),
            _ => Answer::Accept,
        });
        let mut settings = Destination::new(script).settings();
        settings.max_export_batch_size = 64;
        settings
    };
    let mut small = flaky();
    small.share_bytes = 2000;
    let (worker, source, counters) = serving(vec![flaky(), small]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for first in (0..10_000).step_by(10) {
                    source.publish(first..first + 10);
                    worker.wake();
                }
            });
        }
    });
    let result = worker.shutdown(soon());
    for counters in &counters {
        let exits = counters.exits();
        assert_eq!(exits.total(), 40_000, "{exits:?}");
        assert!(
            exits.exported > 0 && exits.failed > 0 && exits.rejected > 0,
            "{exits:?}"
        );
    }
    assert!(counters[1].exits().queue_full > 0);
    assert_eq!(result, Ok(()));
}
