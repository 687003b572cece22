//! What destinations do wrong, and what becomes of the spans: whatever happens, the account is
//! whole. `queue` has full queues; further files have one kind of fault each.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[path = "faults/queue.rs"]
mod queue;
#[path = "common/told.rs"]
mod told;
