//! What several test files share.

#[expect(
    dead_code,
    reason = "only the unit tests of the transport need all of it"
)]
pub(crate) mod receiver;
