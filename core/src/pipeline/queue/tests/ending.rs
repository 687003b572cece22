//! Flushes and closes: what a deadline does to a pipeline.

use super::*;

#[test]
fn a_close_sends_what_is_there_and_shuts_the_exporter_down() {
    virtually(|| async {
        let rig = Rig::start(Destination::default(), |_| ());
        rig.offer(0..3);
        let ticket = rig.close(SECOND);
        rig.until(|rig| rig.pipeline.is_finished()).await;
        assert!(answer(ticket));
        assert_eq!(rig.destination.seen().shutdowns, 1);
        rig.offer(3..5);
        let expected = Exits {
            exported: 3,
            shutdown: 2,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected);
        assert!(answer(rig.close(SECOND)), "closing twice is fine");
    });
}

#[test]
fn at_the_deadline_of_a_close_the_rest_is_counted() {
    virtually(|| async {
        let rig = Rig::start(Destination::new([Answer::Accept, Answer::Silence]), |s| {
            s.max_export_batch_size = 2;
        });
        rig.offer(0..5);
        let begun = Instant::now();
        let late = rig.close(SECOND * 10);
        let early = rig.close(SECOND * 2);
        rig.until(|rig| rig.pipeline.is_finished()).await;
        assert_eq!(begun.elapsed().as_secs(), 2, "the earlier deadline counts");
        assert!(!answer(early) && !answer(late));
        let expected = Exits {
            exported: 2,
            shutdown: 3,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected);
        assert_eq!(rig.destination.seen().ended, 2);
        assert_eq!(rig.destination.seen().shutdowns, 1);
    });
}

/// Never answers; when it is given up, it notes what is counted by then.
#[derive(Clone, Default)]
struct Silent {
    counters: Arc<std::sync::OnceLock<Arc<PipelineCounters>>>,
    noted: Arc<std::sync::Mutex<Option<Exits>>>,
}

struct GivenUp(Silent);

impl crate::export::Exporter for Silent {
    fn export<'a>(&'a mut self, _: &'a Batch) -> crate::export::ExportFuture<'a> {
        let given_up = GivenUp(self.clone());
        Box::pin(async move {
            let _given_up = given_up;
            std::future::pending().await
        })
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        let counted = self.0.counters.get().map(|counters| counters.exits());
        *self.0.noted.lock().unwrap() = counted;
    }
}

#[test]
fn at_the_deadline_the_rest_is_counted_before_the_export_under_way_is_given_up() {
    virtually(|| async {
        let silent = Silent::default();
        let exporter = silent.clone();
        let rig = Rig::start(Destination::default(), |settings| {
            settings.factory = Arc::new(move || Ok(Box::new(exporter.clone())));
        });
        silent.counters.set(Arc::clone(&rig.counters)).unwrap();
        rig.offer(0..3);
        rig.close(SECOND);
        rig.until(|rig| rig.pipeline.has_ended()).await;
        let noted = silent.noted.lock().unwrap().take();
        assert_eq!(noted.map(|exits| exits.shutdown), Some(3));
    });
}

#[test]
fn a_flush_or_close_shortens_the_sleep_before_a_retry() {
    virtually(|| async {
        let script = (0..12).map(|_| Answer::Again(None));
        let rig = Rig::start(Destination::new(script), |_| ());
        rig.offer(0..1);
        rig.pipeline.tick();
        rig.until(|rig| rig.destination.seen().batches.len() == 9)
            .await;
        let begun = Instant::now();
        let flush = rig.flush(SECOND);
        rig.until(|rig| rig.destination.seen().batches.len() == 11)
            .await;
        let close = rig.close(SECOND);
        rig.until_left(1).await;
        assert!(begun.elapsed() < SECOND * 2, "{:?}", begun.elapsed());
        assert!(answer(flush) && answer(close));
        assert_eq!(rig.counters.exits().exported, 1);
    });
}

#[test]
fn a_destination_that_asks_for_more_than_is_left_is_tried_once_more_and_left_alone() {
    virtually(|| async {
        let script = (0..9).map(|_| Answer::Again(Some(SECOND * 60)));
        let rig = Rig::start(Destination::new(script), |_| ());
        rig.offer(0..1);
        rig.pipeline.tick();
        rig.until(|rig| rig.destination.seen().batches.len() == 1)
            .await;
        let ticket = rig.close(SECOND * 2);
        rig.until(|rig| rig.pipeline.is_finished()).await;
        assert!(!answer(ticket));
        assert_eq!(rig.destination.seen().batches.len(), 2);
        assert!(rig.attempts()[1] < 1.0);
        assert_eq!(rig.counters.exits().shutdown, 1);
    });
}

#[test]
fn a_close_does_not_wait_for_the_end_of_a_pause_after_a_denial() {
    virtually(|| async {
        let script = (0..9).map(|_| Answer::Denied);
        let rig = Rig::start(Destination::new(script), |s| s.max_export_batch_size = 1);
        rig.offer(0..4);
        rig.until_left(1).await;
        let begun = Instant::now();
        let ticket = rig.close(SECOND * 60);
        rig.until(|rig| rig.pipeline.is_finished()).await;
        assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
        assert!(!answer(ticket));
        let expected = Exits {
            failed: 2,
            shutdown: 2,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected, "it was tried once more");
    });
}

/// An exporter that needs so long for its end.
struct SlowToEnd(Duration, Arc<std::sync::Mutex<Vec<&'static str>>>);

impl crate::export::Exporter for SlowToEnd {
    fn export<'a>(&'a mut self, _: &'a Batch) -> crate::export::ExportFuture<'a> {
        Box::pin(async { Ok(crate::export::Accepted::default()) })
    }

    fn end(&mut self) -> crate::export::EndFuture<'_> {
        Box::pin(async {
            self.1.lock().unwrap().push("begun");
            tokio::time::sleep(self.0).await;
            self.1.lock().unwrap().push("done");
        })
    }
}

impl Drop for SlowToEnd {
    fn drop(&mut self) {
        self.1.lock().unwrap().push("dropped");
    }
}

/// Closes a pipeline within 2 s whose exporter ends in `needs`: whether all was well, how long until
/// the answer and until the end, and what became of the exporter.
async fn end_in(needs: Duration) -> (bool, f64, f64, Vec<&'static str>) {
    let seen = Arc::<std::sync::Mutex<Vec<_>>>::default();
    let log = Arc::clone(&seen);
    let rig = Rig::start(Destination::default(), |settings| {
        settings.factory = Arc::new(move || Ok(Box::new(SlowToEnd(needs, Arc::clone(&log)))));
    });
    rig.offer(0..3);
    let begun = Instant::now();
    let ticket = rig.close(SECOND * 2);
    rig.until(|rig| rig.pipeline.is_finished()).await;
    assert_eq!(rig.counters.exits().exported, 3, "at once");
    rig.until(|rig| rig.pipeline.closing.borrow().is_empty())
        .await;
    let answered = begun.elapsed().as_secs_f64();
    rig.until(|rig| rig.pipeline.has_ended()).await;
    let ended = begun.elapsed().as_secs_f64();
    tokio::time::sleep(SECOND / 100).await;
    let seen = seen.lock().unwrap().clone();
    (answer(ticket), answered, ended, seen)
}

#[test]
fn an_exporters_end_is_awaited_until_the_deadline_and_cancelled_a_little_later() {
    virtually(|| async {
        let (all, answered, _, seen) = end_in(SECOND).await;
        assert!(all && (1.0..1.1).contains(&answered), "{answered}");
        assert_eq!(seen, ["begun", "done", "dropped"]);

        let (all, answered, ended, seen) = end_in(SECOND * 9 / 4).await;
        assert!(!all && (2.0..2.1).contains(&answered), "{answered}");
        assert!((2.2..2.3).contains(&ended), "{ended}");
        assert_eq!(seen, ["begun", "done", "dropped"]);

        let (all, answered, ended, seen) = end_in(SECOND * 60).await;
        assert!(!all && (2.0..2.1).contains(&answered), "{answered}");
        assert!((2.5..2.6).contains(&ended), "{ended}");
        assert_eq!(seen, ["begun", "dropped"]);
    });
}

#[test]
fn callers_of_flush_who_gave_up_do_not_pile_up() {
    virtually(|| async {
        let script = (0..50).map(|_| Answer::Again(Some(SECOND * 60)));
        let rig = Rig::start(Destination::new(script), |_| ());
        rig.offer(0..1);
        for _ in 0..20 {
            assert!(!answer(rig.flush(SECOND)));
            tokio::time::sleep(SECOND * 2).await;
        }
        assert_eq!(rig.pipeline.flushing.borrow().len(), 1);
        let attempts = rig.attempts().len();
        assert!(
            attempts <= 2,
            "{attempts} attempts against the destination's wish"
        );
    });
}

#[test]
fn a_task_that_is_torn_down_ends_its_account() {
    virtually(|| async {
        let rig = Rig::start(Destination::default(), |_| ());
        let sender = Sender::new(Rc::clone(&rig.pipeline));
        rig.offer(0..2);
        drop(sender);
        assert_eq!(rig.counters.exits().shutdown, 2);
        rig.offer(2..3);
        assert_eq!(rig.counters.exits().shutdown, 3);
    });
}
