//! Loom's parts, with the faces of those that they stand for.

use loom::cell::UnsafeCell;
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize},
};
use std::sync::atomic::Ordering;

/// As std's: whoever sees the value sees what was done before it was set. Set by one thread.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    set: AtomicBool,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            set: AtomicBool::new(false),
            value: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let set = self.set.load(Ordering::Acquire);
        self.value.get().filter(|_| set)
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let outcome = self.value.set(value);
        self.set.store(true, Ordering::Release);
        outcome
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        self.value.take()
    }
}

/// As tokio's for one waiter: a permit that waits for whoever asks next.
#[derive(Debug)]
pub(crate) struct Notify(loom::sync::Notify);

impl Notify {
    pub(crate) fn new() -> Self {
        Self(loom::sync::Notify::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify();
    }

    pub(crate) async fn notified(&self) {
        self.wait();
    }

    pub(crate) fn wait(&self) {
        self.0.wait();
    }
}

/// A cell for each byte: the model fails where a byte is written unordered with another access.
#[derive(Debug)]
pub(crate) struct Watched(Box<[UnsafeCell<()>]>);

impl Watched {
    pub(crate) fn new(bytes: usize) -> Self {
        Self((0..bytes).map(|_| UnsafeCell::new(())).collect())
    }

    pub(crate) fn read(&self, start: usize, end: usize) {
        for cell in &self.0[start..end] {
            cell.with(|_| ());
        }
    }

    pub(crate) fn write(&self, start: usize, end: usize) {
        for cell in &self.0[start..end] {
            cell.with_mut(|_| ());
        }
    }
}
