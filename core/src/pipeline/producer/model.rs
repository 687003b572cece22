//! The end of a thread's log in loom's model: whatever the worker sees of it, nothing is lost.

use super::*;
use crate::pipeline::chunk::model::{Log, budget, bytes_of, chunk};
use crate::pipeline::worker::Source;
use loom::thread;

#[test]
fn loom_a_thread_that_ends_leaves_nothing_behind() {
    loom::model(|| {
        let budget = budget();
        let logs = Arc::new(Logs::default());
        let log = Arc::new(ThreadLog::default());
        logs.add(Arc::clone(&log));
        let writer = thread::spawn(move || {
            // As a producer does: begin, publish, go on in a new chunk, close.
            let first = chunk(budget);
            log.begin(Arc::clone(&first));
            let mut written = Log::new(first);
            (1..=3).for_each(|byte| written.publish(byte));
            log.closed.store(true, Ordering::Release);
        });
        let mut runs = Vec::new();
        logs.drain(&mut runs);
        if logs.lock().is_empty() {
            assert_eq!(bytes_of(&runs), [1, 2, 3]);
        }
        writer.join().unwrap();
        logs.drain(&mut runs);
        assert!(logs.lock().is_empty());
        assert_eq!(bytes_of(&runs), [1, 2, 3]);
        drop(runs);
        assert_eq!(budget.used(), 0);
    });
}
