//! What several test files share.

#[expect(
    dead_code,
    reason = "only the unit tests of the transport need all of it"
)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test fails by a panic"
)]
pub(crate) mod receiver;
