//! The chunk list in loom's model: every order in which its writer and its reader may meet.

use super::*;
use crate::export::samples;
use loom::thread;
use std::sync::OnceLock as Once;

/// A scope mark and two records: small, so that the list has several chunks.
pub(crate) const CAPACITY: usize = SCOPE_MARK_LEN + 2 * RECORD;
const RECORD: usize = 3;

/// A log, written as `Producer::publish` writes it.
pub(crate) struct Log {
    chunk: Arc<Chunk>,
    position: usize,
}

impl Log {
    pub(crate) fn new(first: Arc<Chunk>) -> Self {
        Self {
            chunk: first,
            position: 0,
        }
    }

    pub(crate) fn publish(&mut self, byte: u8) {
        if self.position + RECORD > self.chunk.capacity() {
            let next = chunk(self.chunk.budget);
            let full = std::mem::replace(&mut self.chunk, Arc::clone(&next));
            full.set_next(next);
            self.position = 0;
        }
        let mark = if self.position == 0 {
            SCOPE_MARK_LEN
        } else {
            0
        };
        // SAFETY: this is the chunk's one writer, at the end of what it published.
        let writer = unsafe { self.chunk.writer(self.position, mark + RECORD) };
        let mut writer = writer.unwrap();
        if mark > 0 {
            write_scope_mark(&mut writer, scope());
        }
        writer.bytes(&[SPAN_TAG, 1, byte]);
        self.position += mark + RECORD;
        self.chunk.publish(self.position);
    }
}

pub(crate) fn budget() -> &'static Budget {
    Box::leak(Box::new(Budget::new()))
}

pub(crate) fn chunk(budget: &'static Budget) -> Arc<Chunk> {
    Chunk::new(CAPACITY, budget).unwrap()
}

fn scope() -> &'static Scope {
    static SCOPE: Once<&'static Scope> = Once::new();
    SCOPE.get_or_init(|| samples::scope("loom", ""))
}

/// The records in these runs, each by its one byte.
pub(crate) fn bytes_of(runs: &[Run]) -> Vec<u8> {
    let records = runs.iter().flat_map(|run| run.spans.chunks(RECORD));
    records.map(|record| record[2]).collect()
}

#[test]
fn loom_what_is_published_is_read_once_and_in_order() {
    loom::model(|| {
        let budget = budget();
        let first = chunk(budget);
        let mut reader = Reader::new(Arc::clone(&first));
        let writer = thread::spawn(move || {
            let mut log = Log::new(first);
            (1..=3).for_each(|byte| log.publish(byte));
        });
        let mut runs = Vec::new();
        reader.read(&mut runs);
        reader.read(&mut runs);
        let early = bytes_of(&runs);
        assert_eq!(early, [1, 2, 3][..early.len()]);
        writer.join().unwrap();
        reader.read(&mut runs);
        assert_eq!(bytes_of(&runs), [1, 2, 3]);

        // What was read keeps its chunk; after it nothing does.
        reader.close();
        assert_eq!(budget.used(), 2 * CAPACITY);
        drop(runs);
        assert_eq!(budget.used(), 0);
    });
}

#[test]
fn loom_what_was_read_is_sent_while_more_is_written() {
    loom::model(|| {
        let budget = budget();
        let first = chunk(budget);
        let mut reader = Reader::new(Arc::clone(&first));
        let mut log = Log::new(first);
        log.publish(1);
        let mut runs = Vec::new();
        reader.read(&mut runs);
        let writer = thread::spawn(move || (2..=3).for_each(|byte| log.publish(byte)));
        assert_eq!(bytes_of(&runs), [1]);
        drop(runs);
        writer.join().unwrap();
    });
}
