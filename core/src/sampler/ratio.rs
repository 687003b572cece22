//! A share of all trace ids (OpenTelemetry trace SDK, `TraceIdRatioBased`).

use crate::error::ConfigError;
use std::str::FromStr;

/// A share of all traces, from 0 to 1. A higher ratio samples all that a lower one does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    value: f64,
    /// Trace ids whose last 63 bits are below it are sampled, as in other OpenTelemetry SDKs.
    bound: u64,
}

impl Ratio {
    /// A share from 0 (none) to 1 (all).
    ///
    /// # Errors
    ///
    /// When `value` is not from 0 to 1.
    pub fn new(value: f64) -> Result<Self, ConfigError> {
        const ALL: f64 = 9_223_372_036_854_775_808.0; // 2^63
        if !(0.0..=1.0).contains(&value) {
            return Err(Self::error(&value.to_string()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 2^63"
        )]
        let bound = (value * ALL) as u64;
        Ok(Self { value, bound })
    }

    /// The share.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    #[inline]
    pub(super) fn samples(self, trace_id: &[u8; 16]) -> bool {
        // The last 63 of 128 bits, big-endian.
        #[expect(clippy::cast_possible_truncation, reason = "only the low half counts")]
        let low = u128::from_be_bytes(*trace_id) as u64;
        low >> 1 < self.bound
    }

    /// The rejection threshold of consistent probability sampling, rounded to four hex digits and
    /// one for each leading `f`; none where nothing is to be kept.
    pub(super) fn threshold(self) -> Option<u64> {
        const ALL: f64 = 72_057_594_037_927_936.0; // 2^56
        const LEAST: f64 = 1.0 / ALL;
        if self.value < LEAST {
            return None;
        }
        // Each factor of 16 below 1 is a leading `f`.
        let leading = (-self.value.log2() / 4.0).floor().clamp(0.0, 8.0);
        let unit = 16_f64.powf(10.0 - leading);
        let rejected = ((ALL - self.value * ALL) / unit).round() * unit;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 2^56"
        )]
        let threshold = rejected as u64;
        Some(threshold.min((1 << 56) - 1))
    }

    fn error(value: &str) -> ConfigError {
        ConfigError::value(
            "sampling ratio",
            value,
            "is out of range",
            "use a number from 0 to 1",
        )
    }
}

impl FromStr for Ratio {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        text.trim()
            .parse()
            .map_err(|_| Self::error(text))
            .and_then(Self::new)
    }
}
