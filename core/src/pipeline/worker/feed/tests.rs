//! Pipelines that join a provider: whatever the thread does meanwhile, each gets what is its own.

use super::*;
use crate::error::Timeout;
use crate::pipeline::counters::PipelineCounters;
use crate::pipeline::doubles::{Answer, Destination, Published, SPAN_BYTES, provider};
use crate::pipeline::queue::PipelineSettings;
use crate::pipeline::worker::Worker;
use std::io;
use std::time::{Duration, Instant};

const ALL: usize = 1 << 20;

/// A worker with one provider that has one pipeline, which nothing but a flush or a wake moves.
struct Rig {
    worker: Worker,
    source: Arc<Published>,
    feed: Arc<Feed>,
    first: Arc<PipelineCounters>,
}

fn quiet(destination: &Destination) -> PipelineSettings {
    PipelineSettings {
        schedule_delay: Duration::from_secs(3600),
        ..destination.settings()
    }
}

impl Rig {
    fn new(worker: Worker, first: &Destination) -> Self {
        let source = Arc::new(Published::default());
        let (pipes, mut counters) = provider(1, &source, vec![quiet(first)]);
        let feed = Arc::clone(&pipes.feed);
        worker.add_provider(pipes);
        Self {
            worker,
            source,
            feed,
            first: counters.remove(0),
        }
    }

    /// Lets another pipeline join; with the spans published before.
    fn join(&self, settings: PipelineSettings) -> (u64, Arc<PipelineCounters>) {
        let counters = Arc::<PipelineCounters>::default();
        let before = self.feed.join(vec![(settings, Arc::clone(&counters))], ALL);
        self.worker.look_again();
        (before, counters)
    }

    fn flush(&self) -> Result<(), Timeout> {
        let soon = Instant::now() + Duration::from_secs(20);
        self.worker.flush(None, soon)
    }
}

#[test]
fn one_that_joins_before_the_thread_starts_gets_what_comes_after() {
    let (first, second) = (Destination::default(), Destination::default());
    let rig = Rig::new(Worker::new(), &first);
    rig.source.publish(0..3);
    let (before, counters) = rig.join(quiet(&second));
    assert_eq!(before, 3);
    rig.source.publish(3..5);
    assert_eq!(rig.flush(), Ok(()));
    assert_eq!(first.numbers(), [0, 1, 2, 3, 4]);
    assert_eq!(second.numbers(), [3, 4]);
    assert_eq!(
        (rig.first.exits().exported, counters.exits().exported),
        (5, 2)
    );
}

#[test]
fn several_that_join_a_running_thread_get_each_what_comes_after() {
    let all: Vec<_> = (0..4).map(|_| Destination::default()).collect();
    let rig = Rig::new(Worker::new(), &all[0]);
    rig.source.publish(0..1);
    assert_eq!(rig.flush(), Ok(()));
    for (place, destination) in (1..).zip(&all[1..]) {
        rig.source.publish(2 * place..=2 * place);
        let (before, _) = rig.join(quiet(destination));
        assert_eq!(before, u64::from(2 * place));
        rig.source.publish(2 * place + 1..=2 * place + 1);
    }
    assert_eq!(rig.flush(), Ok(()));
    assert_eq!(all[0].numbers(), [0, 2, 3, 4, 5, 6, 7]);
    assert_eq!(all[1].numbers(), [3, 4, 5, 6, 7]);
    assert_eq!(all[2].numbers(), [5, 6, 7]);
    assert_eq!(all[3].numbers(), [7]);
}

#[test]
fn its_schedule_runs_though_nobody_wakes_the_thread() {
    let (first, second) = (Destination::default(), Destination::default());
    let rig = Rig::new(Worker::new(), &first);
    rig.source.publish(0..1);
    assert_eq!(rig.flush(), Ok(()));
    rig.join(PipelineSettings {
        schedule_delay: Duration::from_millis(20),
        ..second.settings()
    });
    rig.source.publish(1..2);
    second.wait_for(|seen| seen.batches.concat() == [1]);
    assert_eq!(first.numbers(), [0]);
}

#[test]
fn without_a_thread_each_counts_its_own_as_left_over() {
    let (first, second) = (Destination::default(), Destination::default());
    let refused = Worker::with_spawn(|_| Err(io::Error::other("no threads")));
    let rig = Rig::new(refused, &first);
    rig.source.publish(0..3);
    let (_, counters) = rig.join(quiet(&second));
    rig.source.publish(3..5);
    let soon = Instant::now() + Duration::from_secs(20);
    assert_eq!(rig.worker.shutdown(soon), Err(Timeout));
    assert_eq!(
        (rig.first.exits().shutdown, counters.exits().shutdown),
        (5, 2)
    );
    assert_eq!(
        (rig.first.exits().total(), counters.exits().total()),
        (5, 2)
    );
}

#[test]
fn all_share_the_memory_anew() {
    let (first, second) = (Destination::new([Answer::Silence]), Destination::default());
    let rig = Rig::new(Worker::new(), &first);
    rig.source.publish(0..1);
    assert_eq!(rig.worker.flush(None, Instant::now()), Err(Timeout));
    let counters = Arc::<PipelineCounters>::default();
    let pipes = vec![(quiet(&second), Arc::clone(&counters))];
    rig.feed.join(pipes, 5 * SPAN_BYTES);
    rig.worker.look_again();
    rig.source.publish(1..9);
    assert_eq!(rig.worker.flush(None, Instant::now()), Err(Timeout));
    while rig.first.exits().queue_full == 0 {
        std::thread::yield_now();
    }
    // One is in flight, four wait.
    assert_eq!(rig.first.exits().queue_full, 4);
}
