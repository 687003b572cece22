//! How a finished span leaves its thread.

mod backlog;
pub(crate) mod counters;
pub(crate) mod diagnose;
#[cfg(test)]
mod doubles;
pub(crate) mod queue;
mod retry;
mod ticket;
pub(crate) mod worker;
