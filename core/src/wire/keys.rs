//! The index of a span's attributes, which keeps keys unique.

use super::attribute::read_field;
use super::buf::Buf;
use crate::errno::Saved;
use crate::memory::dispensable;

/// Where each attribute of a span starts, found by a hash of its key.
#[derive(Debug, Default)]
pub(crate) struct KeyIndex {
    entries: Vec<(u32, u32)>,
    /// A bit for each hash that has been here, by its lowest bits.
    seen: u64,
}

impl KeyIndex {
    /// Number of attributes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all; memory of more than `kept` bytes is given back.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(crate) fn clear(&mut self, kept: usize) {
        if self.entries.capacity() * size_of::<(u32, u32)>() > kept {
            self.entries = Vec::new();
        } else {
            self.entries.clear();
        }
        self.seen = 0;
    }

    /// Whether an attribute has a key of this hash.
    #[inline]
    pub(crate) fn knows(&self, hash: u32) -> bool {
        self.seen & bit(hash) != 0 && self.entries.iter().any(|(known, _)| *known == hash)
    }

    /// The attribute of `key` in `body`: its place in the index. The hash finds, the bytes confirm.
    pub(crate) fn find(&self, hash: u32, key: &[u8], body: &[u8]) -> Option<usize> {
        self.entries.iter().position(|(known, at)| {
            *known == hash
                && read_field(body, *at as usize)
                    .and_then(|(pair, _)| read_field(pair, 0))
                    .is_some_and(|(known_key, _)| known_key == key)
        })
    }

    /// Notes an attribute at `at`. False if memory is refused.
    #[inline]
    pub(crate) fn push(&mut self, hash: u32, at: usize) -> bool {
        let has_room = self.entries.len() < self.entries.capacity() || self.grow();
        has_room && self.push_quickly(hash, at)
    }

    /// [`Self::push`] where there is memory. False, and nothing noted, if not.
    #[expect(clippy::inline_always, reason = "a few instructions of each attribute")]
    #[inline(always)]
    pub(crate) fn push_quickly(&mut self, hash: u32, at: usize) -> bool {
        let (true, Ok(at)) = (
            self.entries.len() < self.entries.capacity(),
            u32::try_from(at),
        ) else {
            return false;
        };
        self.entries.push((hash, at));
        self.seen |= bit(hash);
        true
    }

    #[cold]
    fn grow(&mut self) -> bool {
        let _errno = Saved::now();
        dispensable(|| self.entries.try_reserve(8)).is_ok()
    }

    /// Removes an attribute from the index and from `body`.
    pub(crate) fn remove(&mut self, place: usize, body: &mut Buf) {
        if place >= self.entries.len() {
            return;
        }
        let (_, at) = self.entries.remove(place);
        let start = at as usize;
        let Some((_, end)) = read_field(body.as_slice(), start) else {
            return;
        };
        self.close_gap(start, end);
        body.remove(start..end);
    }

    /// Removes the first field `tag`, which is none of the attributes, from `body`. False if there
    /// is none.
    pub(crate) fn remove_first(&mut self, tag: u8, body: &mut Buf) -> bool {
        let mut start = 0;
        while let Some((_, end)) = read_field(body.as_slice(), start) {
            if body.as_slice().get(start) == Some(&tag) {
                self.close_gap(start, end);
                body.remove(start..end);
                return true;
            }
            start = end;
        }
        false
    }

    /// Moves what stands behind a removed range.
    fn close_gap(&mut self, start: usize, end: usize) {
        let gap = u32::try_from(end - start).unwrap_or(0);
        for (_, at) in &mut self.entries {
            if *at as usize >= end {
                *at -= gap;
            }
        }
    }
}

/// The bit of a hash among those that have been seen.
#[inline]
fn bit(hash: u32) -> u64 {
    1 << (hash % u64::BITS)
}

/// A cheap hash of a key's ends and length; equal keys hash alike, others are told apart by bytes.
#[inline]
pub(crate) fn hash(key: &[u8]) -> u32 {
    let (head, tail) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => key.iter().fold((0, 0), |(head, _), byte| {
            ((head << 8) | u64::from(*byte), 0)
        }),
    };
    let mixed = (head ^ tail.rotate_left(23) ^ ((key.len() as u64) << 56))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::attribute::append;

    #[test]
    fn a_removed_key_leaves_the_others_findable() {
        let (mut index, mut body) = (KeyIndex::default(), Buf::default());
        for key in ["a", "bb", "a long key with many bytes", "d"] {
            assert!(index.push(hash(key.as_bytes()), body.len()));
            assert!(append(&mut body, 0x4a, key.as_bytes(), &1i64));
        }
        let place = index.find(hash(b"bb"), b"bb", body.as_slice()).unwrap();
        index.remove(place, &mut body);
        assert_eq!(index.find(hash(b"bb"), b"bb", body.as_slice()), None);
        for key in ["a", "a long key with many bytes", "d"] {
            let found = index.find(hash(key.as_bytes()), key.as_bytes(), body.as_slice());
            assert!(found.is_some(), "{key}");
        }
        assert_eq!(index.len(), 3);
    }
}
