//! `service.*`.

use crate::resource::{Resource, SERVICE_NAME};

pub(super) fn detect(found: &mut Resource) {
    let name = std::env::var("OTEL_SERVICE_NAME").unwrap_or_default();
    if !name.trim().is_empty() {
        found.set(SERVICE_NAME, name.trim().into());
    }
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_ok() {
        found.set("service.instance.id", uuid(random).into());
    }
}

/// A random UUID (RFC 9562, version 4).
pub(super) fn uuid(random: [u8; 16]) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 3 << 62;
    let bits = u128::from_be_bytes(random) & !(VERSION | VARIANT) | (4 << 76) | (2 << 62);
    let [a, b, c, d] = [96, 80, 64, 48].map(|shift| bits >> shift);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a,
        b & 0xffff,
        c & 0xffff,
        d & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}
