//! What destinations do wrong, and what becomes of the spans: whatever happens, the account is
//! whole. `queue` has full queues, `network` what connections suffer, `answers` what servers say,
//! `hostile` what they should not say,
//! `orders` when exporters are called.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

#[path = "faults/answers.rs"]
mod answers;
#[path = "faults/hostile.rs"]
mod hostile;
#[path = "faults/network.rs"]
mod network;
#[path = "faults/orders.rs"]
mod orders;
#[path = "common/proxy.rs"]
mod proxy;
#[path = "faults/queue.rs"]
mod queue;
#[expect(
    dead_code,
    reason = "only the unit tests of the transport need all of it"
)]
#[path = "common/receiver.rs"]
mod receiver;
#[path = "faults/rig.rs"]
mod rig;
#[path = "common/told.rs"]
mod told;
