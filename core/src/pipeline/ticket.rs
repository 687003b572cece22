//! How a caller waits for the worker thread: on a condition with a deadline, never on a join. A
//! promise that is dropped unkept (the worker died) answers too, so nobody waits in vain.

use crate::error::Timeout;
use std::{
    cell::Cell,
    rc::Rc,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Instant,
};

#[derive(Debug, Default)]
struct Answer {
    result: Mutex<Option<Result<(), Timeout>>>,
    given: Condvar,
}

impl Answer {
    /// Answers; only the first answer counts.
    fn give(&self, result: Result<(), Timeout>) {
        let mut slot = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(result);
            self.given.notify_all();
        }
    }
}

/// The caller's half.
#[derive(Debug)]
pub(super) struct Ticket(Arc<Answer>);

/// The worker's half.
#[derive(Debug)]
pub(super) struct Promise(Arc<Answer>);

/// Makes the two halves of one question.
pub(super) fn ticket() -> (Ticket, Promise) {
    let answer = Arc::new(Answer::default());
    (Ticket(Arc::clone(&answer)), Promise(answer))
}

impl Ticket {
    /// Waits for the answer until the deadline.
    pub(super) fn wait(self, deadline: Instant) -> Result<(), Timeout> {
        let left = deadline.saturating_duration_since(Instant::now());
        let slot = self.0.result.lock().unwrap_or_else(PoisonError::into_inner);
        let (slot, _) = self
            .0
            .given
            .wait_timeout_while(slot, left, |slot| slot.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        slot.unwrap_or(Err(Timeout))
    }
}

impl Promise {
    /// Answers the caller.
    pub(super) fn keep(self, result: Result<(), Timeout>) {
        self.0.give(result);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.give(Err(Timeout));
    }
}

/// A promise that several pipelines keep together: the last one to arrive answers.
pub(super) struct Waiting {
    promise: Cell<Option<Promise>>,
    missing: Cell<usize>,
    all: Cell<bool>,
}

impl Waiting {
    /// Waits for that many arrivals; none means that the answer is given at once.
    pub(super) fn new(promise: Promise, missing: usize) -> Rc<Self> {
        let waiting = Self {
            promise: Cell::new(Some(promise)),
            missing: Cell::new(missing),
            all: Cell::new(true),
        };
        waiting.answer_if_complete();
        Rc::new(waiting)
    }

    /// One pipeline is done; `in_full` if it left nothing behind.
    pub(super) fn arrived(&self, in_full: bool) {
        self.all.set(self.all.get() && in_full);
        self.missing.set(self.missing.get().saturating_sub(1));
        self.answer_if_complete();
    }

    fn answer_if_complete(&self) {
        if self.missing.get() == 0
            && let Some(promise) = self.promise.take()
        {
            promise.keep(if self.all.get() { Ok(()) } else { Err(Timeout) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_arrival_answers() {
        let (ticket, promise) = ticket();
        let waiting = Waiting::new(promise, 2);
        waiting.arrived(true);
        assert_eq!(*ticket.0.result.lock().unwrap(), None);
        waiting.arrived(true);
        assert_eq!(ticket.wait(Instant::now()), Ok(()));
    }

    #[test]
    fn one_that_left_something_behind_makes_it_a_timeout() {
        let (ticket, promise) = ticket();
        let waiting = Waiting::new(promise, 2);
        waiting.arrived(false);
        waiting.arrived(true);
        assert_eq!(ticket.wait(Instant::now()), Err(Timeout));
    }

    #[test]
    fn a_dropped_promise_answers_at_once() {
        let (ticket, promise) = ticket();
        drop(promise);
        let far = Instant::now() + std::time::Duration::from_secs(60);
        assert_eq!(ticket.wait(far), Err(Timeout));
    }

    #[test]
    fn a_question_without_pipelines_is_answered_at_once() {
        let (ticket, promise) = ticket();
        let _waiting = Waiting::new(promise, 0);
        assert_eq!(ticket.wait(Instant::now()), Ok(()));
    }
}
