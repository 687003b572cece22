//! What the chunk list and the worker's wake are made of: std's and tokio's parts, or loom's where
//! their tests run in its model (`make loom`), which tries every order that threads may meet in.

#[cfg(all(test, loom))]
mod modelled;
#[cfg(all(test, loom))]
pub(crate) use modelled::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Notify, OnceLock, Watched};

#[cfg(not(all(test, loom)))]
pub(crate) use std::sync::{
    Mutex, MutexGuard, OnceLock,
    atomic::{AtomicBool, AtomicUsize},
};
#[cfg(not(all(test, loom)))]
pub(crate) use tokio::sync::Notify;

/// Memory that threads share through raw pointers. In the model each byte's accesses are watched;
/// elsewhere this is nothing.
#[cfg(not(all(test, loom)))]
#[derive(Debug)]
pub(crate) struct Watched;

#[cfg(not(all(test, loom)))]
impl Watched {
    #[inline]
    pub(crate) fn new(_bytes: usize) -> Self {
        Self
    }

    /// These bytes are read now.
    #[inline]
    #[expect(clippy::unused_self, reason = "the model's has a state")]
    pub(crate) fn read(&self, _start: usize, _end: usize) {}

    /// These bytes are written now.
    #[inline]
    #[expect(clippy::unused_self, reason = "the model's has a state")]
    pub(crate) fn write(&self, _start: usize, _end: usize) {}
}
