//! One pipeline in virtual time: waits cost nothing and take exactly as long as they say.

mod ending;
mod sizes;

use super::*;
use crate::pipeline::{
    counters::Exits,
    doubles::{Answer, Destination, SPAN_BYTES, run, run_of, span, take_batches},
    ticket::{Ticket, ticket},
};
use std::future::Future;
use tokio::task::{LocalSet, spawn_local};

const SECOND: Duration = Duration::from_secs(1);

/// A running pipeline, its destination and its counters.
struct Rig {
    pipeline: Rc<Pipeline>,
    counters: Arc<PipelineCounters>,
    destination: Destination,
}

impl Rig {
    fn start(destination: Destination, change: impl FnOnce(&mut PipelineSettings)) -> Self {
        let mut settings = destination.settings();
        change(&mut settings);
        let counters = Arc::<PipelineCounters>::default();
        let pipeline = Pipeline::new(settings, Arc::clone(&counters), Arc::default());
        spawn_local(Sender::new(Rc::clone(&pipeline)).run());
        Self {
            pipeline,
            counters,
            destination,
        }
    }

    fn offer(&self, numbers: std::ops::Range<u32>) {
        self.pipeline.offer(&run(numbers));
        self.pipeline.announce();
    }

    fn flush(&self, within: Duration) -> Ticket {
        let (ticket, promise) = ticket();
        self.pipeline
            .flush(&Waiting::new(promise, 1), Instant::now() + within);
        ticket
    }

    fn close(&self, within: Duration) -> Ticket {
        let (ticket, promise) = ticket();
        self.pipeline
            .close(&Waiting::new(promise, 1), Instant::now() + within);
        ticket
    }

    /// Lets virtual time pass until the condition holds.
    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let limit = Instant::now() + SECOND * 3600;
        while !condition(self) {
            assert!(Instant::now() < limit, "the condition never held");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn until_left(&self, spans: u64) {
        self.until(|rig| rig.counters.exits().total() == spans)
            .await;
    }

    /// Seconds between the first export and each one.
    fn attempts(&self) -> Vec<f64> {
        let times = self.destination.seen().times.clone();
        times
            .iter()
            .map(|at| at.duration_since(times[0]).as_secs_f64())
            .collect()
    }
}

fn answer(ticket: Ticket) -> bool {
    ticket.wait(std::time::Instant::now()).is_ok()
}

/// Runs the test in one thread with virtual time.
fn virtually<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async move { test().await });
}

#[test]
fn only_full_batches_go_before_the_delay_passes() {
    virtually(|| async {
        let rig = Rig::start(Destination::default(), |s| s.max_export_batch_size = 2);
        rig.offer(0..5);
        rig.until_left(4).await;
        tokio::time::sleep(SECOND).await;
        assert_eq!(take_batches(&rig.destination), [[0, 1], [2, 3]]);
        rig.pipeline.tick();
        rig.until_left(5).await;
        assert_eq!(take_batches(&rig.destination), [[4]]);
    });
}

#[test]
fn a_flush_is_answered_when_its_spans_have_left() {
    virtually(|| async {
        let rig = Rig::start(Destination::default(), |_| ());
        rig.offer(0..3);
        let ticket = rig.flush(SECOND);
        rig.until_left(3).await;
        assert!(answer(ticket));
        assert_eq!(rig.destination.seen().flushes, 1);
        let ticket = rig.flush(SECOND);
        rig.until(|rig| rig.destination.seen().flushes == 2).await;
        assert!(answer(ticket), "nothing but what the exporter holds back");
    });
}

#[test]
fn a_flush_is_answered_where_there_is_no_exporter_yet() {
    virtually(|| async {
        let rig = Rig::start(Destination::default(), |_| ());
        let ticket = rig.flush(SECOND);
        tokio::time::sleep(SECOND / 1000).await;
        assert!(answer(ticket));
        assert_eq!(rig.destination.seen().made, 0);
    });
}

#[test]
fn a_retried_batch_stays_first_and_whole_while_new_spans_queue() {
    virtually(|| async {
        let script = [Answer::Again(None), Answer::Again(None)];
        let rig = Rig::start(Destination::new(script), |s| s.max_export_batch_size = 2);
        rig.offer(0..2);
        rig.until(|rig| rig.destination.seen().batches.len() == 1)
            .await;
        rig.offer(2..4);
        rig.until_left(4).await;
        assert_eq!(
            take_batches(&rig.destination),
            [[0, 1], [0, 1], [0, 1], [2, 3]]
        );
        assert_eq!(
            rig.counters.exits(),
            Exits {
                exported: 4,
                ..Exits::default()
            }
        );
        assert_eq!(rig.counters.last_error(), "busy");
    });
}

#[test]
fn a_destinations_wish_is_waited_for() {
    virtually(|| async {
        let script = [
            Answer::Again(Some(SECOND * 20)),
            Answer::Again(Some(SECOND * 3600)),
        ];
        let rig = Rig::start(Destination::new(script), |_| ());
        rig.offer(0..1);
        rig.pipeline.tick();
        rig.until_left(1).await;
        let attempts = rig.attempts();
        assert!((20.0..22.1).contains(&attempts[1]), "{attempts:?}");
        assert!((320.0..352.2).contains(&attempts[2]), "{attempts:?}");
    });
}

#[test]
fn an_export_without_an_answer_is_dropped_at_its_time_limit_and_tried_again() {
    virtually(|| async {
        let rig = Rig::start(Destination::new([Answer::Silence]), |_| ());
        rig.offer(0..1);
        rig.pipeline.tick();
        rig.until(|rig| rig.destination.seen().batches.len() == 1)
            .await;
        tokio::time::sleep(SECOND * 29).await;
        assert_eq!(rig.destination.seen().ended, 0);
        rig.until_left(1).await;
        assert_eq!(rig.destination.seen().ended, 2);
        assert!((30.0..30.2).contains(&rig.attempts()[1]));
        assert_eq!(rig.counters.last_error(), "no answer within 30s");
    });
}

#[test]
fn refused_and_rejected_spans_are_counted_and_not_sent_again() {
    virtually(|| async {
        let script = [Answer::Refuse, Answer::Reject(1)];
        let rig = Rig::start(Destination::new(script), |s| s.max_export_batch_size = 3);
        rig.offer(0..6);
        rig.until_left(6).await;
        let expected = Exits {
            failed: 3,
            rejected: 1,
            exported: 2,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected);
        assert_eq!(take_batches(&rig.destination), [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(rig.counters.last_error(), "some are bad");
    });
}

#[test]
fn a_denial_costs_one_batch_and_then_the_sender_pauses_longer_each_time() {
    virtually(|| async {
        let script = (0..3).map(|_| Answer::Denied);
        let rig = Rig::start(Destination::new(script), |s| s.max_export_batch_size = 2);
        rig.offer(0..8);
        rig.until_left(2).await;
        // A flush does not make it ask more often.
        let flush = rig.flush(SECOND);
        tokio::time::sleep(SECOND * 2).await;
        assert!(!answer(flush));
        rig.until_left(8).await;
        let attempts = rig.attempts();
        assert!((5.0..5.6).contains(&attempts[1]), "{attempts:?}");
        assert!((15.0..16.6).contains(&attempts[2]), "{attempts:?}");
        assert!((35.0..38.6).contains(&attempts[3]), "{attempts:?}");
        let expected = Exits {
            failed: 6,
            exported: 2,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected);
        assert_eq!(rig.counters.last_error(), "who are you");
    });
}

#[test]
fn above_its_share_a_pipeline_drops_what_is_new_also_counting_what_is_in_flight() {
    virtually(|| async {
        let rig = Rig::start(Destination::new([Answer::Silence]), |s| {
            s.max_export_batch_size = 2;
            s.share_bytes = 5 * SPAN_BYTES;
        });
        rig.offer(0..2);
        rig.until(|rig| rig.destination.seen().batches.len() == 1)
            .await;
        rig.offer(2..9);
        assert_eq!(
            rig.counters.exits(),
            Exits {
                queue_full: 4,
                ..Exits::default()
            }
        );
        rig.pipeline.tick();
        rig.until_left(9).await;
        assert_eq!(
            take_batches(&rig.destination),
            [vec![0, 1], vec![0, 1], vec![2, 3], vec![4]]
        );
    });
}

#[test]
fn a_batch_that_is_too_large_goes_in_smaller_ones_and_so_does_what_follows() {
    virtually(|| async {
        let rig = Rig::start(Destination::default().take_at_most(4 * SPAN_BYTES), |_| ());
        rig.pipeline
            .offer(&run_of(&[span(0, 8), span(1, 90), span(2, 8)]));
        rig.offer(3..11);
        rig.pipeline.tick();
        rig.until_left(11).await;
        let expected = Exits {
            failed: 1,
            exported: 10,
            ..Exits::default()
        };
        assert_eq!(
            rig.counters.exits(),
            expected,
            "only the one that is too large itself"
        );
        assert_eq!(rig.counters.last_error(), "too large");
        let before = take_batches(&rig.destination).len();
        assert!(before < 16, "{before} requests");

        rig.offer(11..31);
        rig.pipeline.tick();
        rig.until_left(31).await;
        assert_eq!(rig.counters.exits().exported, 30);
        let batches = take_batches(&rig.destination);
        assert_eq!(
            batches.concat(),
            (11..31).collect::<Vec<_>>(),
            "the limit was learned"
        );
    });
}

#[test]
fn an_exporter_that_cannot_be_made_is_made_later() {
    virtually(|| async {
        let rig = Rig::start(Destination::default().fail_to_start(3), |_| ());
        rig.offer(0..2);
        rig.pipeline.tick();
        rig.until(|rig| rig.destination.seen().made == 2).await;
        assert_eq!(rig.counters.exits().total(), 0);
        assert_eq!(rig.counters.last_error(), "cannot start");
        rig.until_left(2).await;
        assert_eq!(rig.counters.exits().exported, 2);
    });
}

#[test]
fn a_panic_fails_its_batch_and_the_next_one_gets_a_new_exporter() {
    virtually(|| async {
        let rig = Rig::start(Destination::new([Answer::Panic]), |s| {
            s.max_export_batch_size = 1;
        });
        rig.offer(0..2);
        rig.until_left(2).await;
        assert_eq!(
            rig.counters.exits(),
            Exits {
                failed: 1,
                exported: 1,
                ..Exits::default()
            }
        );
        assert_eq!(
            rig.counters.last_error(),
            "the exporter panicked: on purpose"
        );
        assert_eq!(rig.destination.seen().made, 2);
    });
}
