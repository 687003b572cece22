//! How a finished span leaves its thread.
//!
//! A thread appends finished spans, as OTLP bytes, to its own list of chunks (`producer`, `chunk`)
//! and publishes each with one release store. The worker, a single thread that is started when there
//! is something to do, takes what is published and gives it by reference to every pipeline of the
//! provider; a pipeline cuts batches and sends them on a schedule and with retries of its own.
//! Memory is bounded in bytes over all of it (`budget`). Nothing a thread does here waits for the
//! worker, and nothing the worker does calls back into the program.

mod backlog;
pub(crate) mod budget;
pub(crate) mod chunk;
pub(crate) mod counters;
pub(crate) mod diagnose;
#[cfg(test)]
mod doubles;
pub(crate) mod producer;
pub(crate) mod producers;
pub(crate) mod queue;
mod retry;
pub(crate) mod room;
mod shrink;
mod ticket;
pub(crate) mod worker;
