//! A growable byte buffer and a bounded writer over raw memory.
//!
//! Growth is fallible: recording must survive a refused allocation. The writer checks each write
//! against its end, so that a wrong length computed elsewhere loses bytes, never memory safety.

use crate::errno::Saved;
use crate::memory::dispensable;
use std::marker::PhantomData;

/// Writes forward through a piece of memory, never past its end; one that is not `CHECKED` leaves
/// that to who made it.
#[derive(Debug)]
pub(crate) struct Writer<'a, const CHECKED: bool = true> {
    at: *mut u8,
    end: *mut u8,
    memory: PhantomData<&'a mut [u8]>,
}

impl<const CHECKED: bool> Writer<'_, CHECKED> {
    /// A writer over `len` bytes from `start`.
    ///
    /// # Safety
    /// The bytes must be writable, initialised or not, and used by nobody else for `'a`. If it is not
    /// `CHECKED`, no more than `len` bytes are written.
    pub(crate) unsafe fn new(start: *mut u8, len: usize) -> Self {
        // SAFETY: the caller vouches for `len` bytes from `start`, so the end is in bounds.
        let end = unsafe { start.add(len) };
        Self {
            at: start,
            end,
            memory: PhantomData,
        }
    }

    /// Claims the next `count` bytes.
    #[inline]
    fn take(&mut self, count: usize) -> Option<*mut u8> {
        let start = self.at;
        let fits = self.end as usize - start as usize >= count;
        debug_assert!(fits, "a length was computed too short");
        if !CHECKED || fits {
            // SAFETY: at least `count` bytes remain before `end` of the same piece of memory.
            self.at = unsafe { start.add(count) };
            Some(start)
        } else {
            None
        }
    }

    /// Bytes not yet written.
    #[inline]
    pub(crate) fn remaining(&self) -> usize {
        self.end as usize - self.at as usize
    }

    /// Some bytes at once.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(to) = self.take(N) {
            // SAFETY: `take` gave N writable bytes, which `[u8; N]` needs without any alignment.
            unsafe { to.cast::<[u8; N]>().write(bytes) };
        }
    }

    /// One byte.
    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.array([byte]);
    }

    /// A protobuf `fixed32`.
    #[inline]
    pub(crate) fn fixed32(&mut self, value: u32) {
        self.array(value.to_le_bytes());
    }

    /// A protobuf `fixed64` or, by its bits, a `double`.
    #[inline]
    pub(crate) fn fixed64(&mut self, value: u64) {
        self.array(value.to_le_bytes());
    }

    /// A protobuf varint.
    #[inline]
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte((value & 0x7f) as u8);
    }

    /// A tag of one byte and a varint, mostly of one or two.
    #[expect(
        clippy::inline_always,
        reason = "a call would keep the writer in memory"
    )]
    #[inline(always)]
    pub(crate) fn head(&mut self, tag: u8, value: u64) {
        let [low, high, ..] = value.to_le_bytes();
        match value {
            0..0x80 => self.array([tag, low]),
            0x80..0x4000 => self.array([tag, low | 0x80, (high << 1) | (low >> 7)]),
            _ => {
                self.byte(tag);
                self.varint(value);
            }
        }
    }

    /// A tag of one byte and the length of what follows.
    #[inline]
    pub(crate) fn open(&mut self, tag: u8, payload: usize) {
        self.head(tag, payload as u64);
    }

    /// A length-delimited field with a tag of one byte.
    #[inline]
    pub(crate) fn field(&mut self, tag: u8, payload: &[u8]) {
        self.open(tag, payload.len());
        self.bytes(payload);
    }

    /// Raw bytes. Short texts are the rule: two overlapping moves beat a call of memcpy.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes_here(bytes);
    }

    /// [`Self::bytes`] on the way of every span: a call would keep the writer in memory.
    #[expect(clippy::inline_always, reason = "as it says")]
    #[inline(always)]
    pub(crate) fn bytes_here(&mut self, bytes: &[u8]) {
        match bytes.len() {
            16..=32 => self.overlapping::<16>(bytes),
            8..16 => self.overlapping::<8>(bytes),
            4..8 => self.overlapping::<4>(bytes),
            1..4 => self.few(bytes),
            _ => self.many(bytes),
        }
    }

    /// Raw bytes, mostly more than a few dozens.
    #[inline]
    pub(crate) fn many(&mut self, bytes: &[u8]) {
        if let Some(to) = self.take(bytes.len()) {
            // SAFETY: `take` gave as many writable bytes; a borrowed slice is not among them.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
    }

    /// One to three bytes: the first, the last, the one in the middle.
    #[inline]
    fn few(&mut self, bytes: &[u8]) {
        let len = bytes.len();
        if let (Some(first), Some(middle), Some(last), Some(to)) = (
            bytes.first(),
            bytes.get(len / 2),
            bytes.last(),
            self.take(len),
        ) {
            // SAFETY: `take` gave as many bytes as there are, which is one at least.
            unsafe { to.write(*first) };
            // SAFETY: half of the length is below it.
            let half = unsafe { to.add(len / 2) };
            // SAFETY: one of those bytes.
            unsafe { half.write(*middle) };
            // SAFETY: the place of the last of them.
            let end = unsafe { to.add(len - 1) };
            // SAFETY: one of those bytes.
            unsafe { end.write(*last) };
        }
    }

    /// N to 2 N bytes, as their first and their last N.
    #[inline]
    fn overlapping<const N: usize>(&mut self, bytes: &[u8]) {
        if let (Some(first), Some(last), Some(to)) = (
            bytes.first_chunk::<N>(),
            bytes.last_chunk::<N>(),
            self.take(bytes.len()),
        ) {
            // SAFETY: `take` gave at least N bytes: `bytes` has a first chunk of N.
            unsafe { to.cast::<[u8; N]>().write(*first) };
            // SAFETY: in bounds for the same reason.
            let tail = unsafe { to.add(bytes.len() - N) };
            // SAFETY: the last N of the bytes that `take` gave.
            unsafe { tail.cast::<[u8; N]>().write(*last) };
        }
    }
}

/// Memory that a buffer for passing use may keep.
pub(crate) const MODEST: usize = 64 * 1024;

/// A byte vector that grows without aborting.
#[derive(Debug, Default)]
pub(crate) struct Buf {
    bytes: Vec<u8>,
}

impl Buf {
    /// The bytes written.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes written.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of memory held.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets the bytes and keeps the memory.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Forgets the bytes and gives the memory back.
    pub(crate) fn release(&mut self) {
        self.bytes = Vec::new();
    }

    /// Forgets the bytes, and keeps the memory unless something large has grown it.
    #[inline]
    pub(crate) fn clear_modestly(&mut self) {
        if self.bytes.capacity() > MODEST {
            self.release();
        } else {
            self.clear();
        }
    }

    /// Bytes of memory that `count` more bytes would take beyond what is held; 0 if they fit.
    #[inline]
    pub(crate) fn growth(&self, count: usize) -> usize {
        if self.bytes.capacity() - self.bytes.len() >= count {
            return 0;
        }
        let wanted = (self.bytes.len() + count)
            .max(self.bytes.capacity() * 2)
            .max(256);
        wanted - self.bytes.capacity()
    }

    /// Grows the memory by what [`Buf::growth`] said. False if the system refuses.
    #[cold]
    pub(crate) fn grow(&mut self, growth: usize) -> bool {
        let _errno = Saved::now();
        let spare = self.bytes.capacity() + growth - self.bytes.len();
        dispensable(|| self.bytes.try_reserve_exact(spare)).is_ok()
    }

    /// Appends exactly `count` bytes written by `write`. False if memory is refused.
    #[inline]
    pub(crate) fn append(&mut self, count: usize, write: impl FnOnce(&mut Writer<'_>)) -> bool {
        let growth = self.growth(count);
        if growth > 0 && !self.grow(growth) {
            return false;
        }
        let start = self.bytes.len();
        let spare = self.bytes.spare_capacity_mut();
        // SAFETY: the spare capacity is ours alone and `count` bytes of it are there after `grow`.
        let mut writer = unsafe { Writer::new(spare.as_mut_ptr().cast(), count.min(spare.len())) };
        write(&mut writer);
        let written = count - writer.remaining();
        // SAFETY: the writer has initialised the first `written` bytes of the spare capacity.
        unsafe { self.bytes.set_len(start + written) };
        true
    }

    /// A writer behind the bytes if what is held has room for `count` more; what it has written counts
    /// after [`Buf::advance`].
    ///
    /// # Safety
    /// No more than `count` bytes are written.
    #[inline]
    pub(crate) unsafe fn writer_within(&mut self, count: usize) -> Option<Writer<'_, false>> {
        if self.bytes.capacity() - self.bytes.len() < count {
            return None;
        }
        let spare = self.bytes.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: `count` bytes are spare, and the caller vouches that no more are written.
        Some(unsafe { Writer::new(spare, count) })
    }

    /// Counts `count` more bytes.
    ///
    /// # Safety
    /// They have been written behind the others.
    #[inline]
    pub(crate) unsafe fn advance(&mut self, count: usize) {
        // SAFETY: as the caller vouches.
        unsafe { self.bytes.set_len(self.bytes.len() + count) };
    }

    /// Replaces the bytes. False if memory is refused; then the buffer is empty.
    #[inline]
    pub(crate) fn set(&mut self, bytes: &[u8]) -> bool {
        self.clear();
        self.append(bytes.len(), |writer| writer.bytes(bytes))
    }

    /// Removes the bytes in `range`, moving what follows.
    pub(crate) fn remove(&mut self, range: std::ops::Range<usize>) {
        if range.start <= range.end && range.end <= self.bytes.len() {
            self.bytes.drain(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_are_copied_whole() {
        let source: Vec<u8> = (0..=255).cycle().take(300).collect();
        for len in 0..300 {
            let mut buf = Buf::default();
            assert!(buf.append(len + 2, |writer| {
                writer.byte(7);
                writer.bytes(&source[..len]);
                writer.byte(9);
            }));
            assert_eq!(buf.as_slice()[0], 7);
            assert_eq!(&buf.as_slice()[1..=len], &source[..len]);
            assert_eq!(buf.as_slice()[len + 1], 9);
        }
    }

    #[test]
    fn varints_are_prosts() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut expected = Vec::new();
            prost::encoding::encode_varint(value, &mut expected);
            let mut buf = Buf::default();
            buf.append(expected.len(), |writer| writer.varint(value));
            assert_eq!(buf.as_slice(), expected);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri ends where memory is refused")]
    fn a_refused_growth_keeps_what_is_there() {
        let mut buf = Buf::default();
        assert!(buf.set(b"kept"));
        assert!(!buf.append(usize::MAX / 4, |_| ()));
        assert_eq!(buf.as_slice(), b"kept");
    }
}
