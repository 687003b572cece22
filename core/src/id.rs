//! Trace and span ids (OpenTelemetry trace API, `SpanContext`) and what makes them.
//!
//! One random generator a thread, seeded by the operating system and never shared: a forked child gets new
//! thread states and thus new seeds, so that no id is ever made twice.

use std::fmt;

/// A trace id: 16 bytes, big-endian, all zero = invalid. Displays as 32 lower-case hex digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

/// A span id: 8 bytes, big-endian, all zero = invalid. Displays as 16 lower-case hex digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

impl TraceId {
    /// Whether any byte is set.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.0 != [0; 16]
    }
}

impl SpanId {
    /// Whether any byte is set.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.0 != [0; 8]
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// A source of ids of your own, for [`Config::id_generator`](crate::Config::id_generator) (trace SDK,
/// "Id generators"). The built-in one is random and belongs to each thread.
///
/// Called on the starting thread, from any thread. An invalid id is replaced by a random one.
pub trait IdGenerator: fmt::Debug + Send + Sync {
    /// The id of a new trace.
    fn trace_id(&self) -> TraceId;

    /// The id of a new span.
    fn span_id(&self) -> SpanId;

    /// Whether the last 7 bytes of every trace id are random, as the flag says then that W3C Trace
    /// Context level 2 has for it.
    fn is_random(&self) -> bool {
        false
    }
}

/// xoroshiro128++ (Blackman and Vigna), one per thread.
#[derive(Debug)]
pub(crate) struct RandomIds {
    state: [u64; 2],
}

impl RandomIds {
    /// A generator seeded by the operating system.
    pub(crate) fn seeded() -> Self {
        let mut seed = [0u8; 16];
        if getrandom::fill(&mut seed).is_err() {
            seed = Self::fallback_seed();
        }
        let mut state = [0u64; 2];
        for (word, bytes) in state.iter_mut().zip(seed.chunks_exact(8)) {
            *word = bytes
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        }
        if state == [0; 2] {
            state = [1; 2];
        }
        Self { state }
    }

    /// Where the system gives no randomness: what differs between processes, threads and moments.
    fn fallback_seed() -> [u8; 16] {
        use std::hash::{BuildHasher, RandomState};
        let mut seed = [0u8; 16];
        for (i, bytes) in seed.chunks_exact_mut(8).enumerate() {
            let now = std::time::SystemTime::now();
            let facts = (i, std::process::id(), std::thread::current().id(), now);
            bytes.copy_from_slice(&RandomState::new().hash_one(facts).to_le_bytes());
        }
        seed
    }

    #[inline]
    fn next(&mut self) -> u64 {
        let [a, b] = self.state;
        let mixed = a ^ b;
        self.state = [
            a.rotate_left(49) ^ mixed ^ (mixed << 21),
            mixed.rotate_left(28),
        ];
        a.wrapping_add(b).rotate_left(17).wrapping_add(a)
    }

    /// A new, valid span id.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(crate) fn span_id(&mut self) -> SpanId {
        loop {
            let id = self.next();
            if id != 0 {
                return SpanId(id.to_le_bytes());
            }
        }
    }

    /// A new, valid trace id, all of it random (W3C Trace Context level 2).
    #[inline]
    pub(crate) fn trace_id(&mut self) -> TraceId {
        loop {
            let id = (u128::from(self.next()) << 64) | u128::from(self.next());
            if id != 0 {
                return TraceId(id.to_le_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_generator_gives_what_its_authors_gives() {
        let mut generator = RandomIds { state: [1, 2] };
        let words = [(); 5].map(|()| generator.next());
        let expected = [
            393_217,
            669_327_710_093_319,
            1_732_421_326_133_921_491,
            11_394_790_081_659_126_983,
            9_555_452_776_773_192_676,
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn ids_are_valid_distinct_and_shown_as_hex() {
        let mut generator = RandomIds::seeded();
        let ids: HashSet<SpanId> = (0..10_000).map(|_| generator.span_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(generator.trace_id().is_valid());
        assert_eq!(
            SpanId([0, 1, 0xab, 3, 4, 5, 6, 7]).to_string(),
            "0001ab0304050607"
        );
        assert_ne!(
            RandomIds::seeded().trace_id(),
            RandomIds::seeded().trace_id()
        );
    }
}
