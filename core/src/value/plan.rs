//! The encoding of a built value: measured once, then written, without recursion.
//!
//! Every length is known before the first byte is written. Of equal keys in a map the last one
//! counts, at every depth. Memory is taken before writing starts and may be refused.

use super::builder::{Cut, Step, ValueBuilder};
use super::plain::keys_differ;
use crate::memory::dispensable;
use crate::wire::attribute::Encode;
use crate::wire::buf::Writer;
use crate::wire::field_len;

/// The length of every value in a stream.
pub(super) struct Plan<'a> {
    builder: &'a ValueBuilder,
    cut: Cut,
    /// For each step.
    sizes: Vec<Size>,
    /// Keys that a later entry of their map repeats, in order.
    overwritten: Vec<usize>,
    /// The most containers inside each other.
    depth: usize,
}

/// The bytes of what begins at a step.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Of its `AnyValue`, if it is a value.
    len: usize,
    /// Of the content of an array or map.
    content: usize,
}

/// A container that is being measured.
struct Measured {
    step: usize,
    is_map: bool,
    content: usize,
    key: usize,
}

/// A container that is being written.
#[derive(Clone, Copy)]
pub(super) struct Written {
    is_map: bool,
    /// Too deep, or inside something that is: nothing of it is written.
    is_hidden: bool,
}

/// A vector with room for `count` elements; `None` if memory is refused.
fn reserved<T>(count: usize) -> Option<Vec<T>> {
    let mut vector = Vec::new();
    dispensable(|| vector.try_reserve_exact(count)).ok()?;
    Some(vector)
}

impl<'a> Plan<'a> {
    /// Measures a value; `None` if memory is refused.
    pub(super) fn of(builder: &'a ValueBuilder, cut: Cut) -> Option<Self> {
        let steps = builder.steps();
        let (depth, keys) = extent(steps);
        let mut sizes = reserved(steps.len())?;
        sizes.resize(steps.len(), Size::default());
        let mut plan = Self {
            builder,
            cut,
            sizes,
            overwritten: Vec::new(),
            depth,
        };
        if keys > 1 && !keys_differ(builder) {
            plan.overwritten = plan.find_overwritten(keys)?;
        }
        plan.measure()?;
        Some(plan)
    }

    fn steps(&self) -> &'a [Step] {
        self.builder.steps()
    }

    /// Bytes of the value at a step.
    pub(super) fn len_at(&self, step: usize) -> usize {
        self.sizes.get(step).map_or(0, |size| size.len)
    }

    /// What writing needs; `None` if memory is refused.
    pub(super) fn stack(&self) -> Option<Vec<Written>> {
        reserved(self.depth)
    }

    fn is_overwritten(&self, step: usize) -> bool {
        self.overwritten.binary_search(&step).is_ok()
    }

    fn find_overwritten(&self, keys: usize) -> Option<Vec<usize>> {
        let mut maps: Vec<usize> = reserved(self.depth)?;
        let mut entries: Vec<(usize, &[u8], usize)> = reserved(keys)?;
        for (at, step) in self.steps().iter().enumerate() {
            match step {
                Step::Array | Step::Map => maps.push(at),
                Step::End => drop(maps.pop()),
                // A key without a value is no entry.
                Step::Key(range) if is_value(self.steps().get(at + 1)) => {
                    let map = maps.last().copied().unwrap_or(usize::MAX);
                    entries.push((map, self.builder.slice(range), at));
                }
                _ => {}
            }
        }
        entries.sort_unstable();
        let repeated = entries.windows(2).filter_map(|pair| match pair {
            [(map, key, at), (next_map, next_key, _)] if (map, key) == (next_map, next_key) => {
                Some(*at)
            }
            _ => None,
        });
        let count = repeated.clone().count();
        let mut overwritten = reserved(count)?;
        overwritten.extend(repeated);
        overwritten.sort_unstable();
        Some(overwritten)
    }

    /// The step behind the value that starts at `start`.
    fn after_value(&self, start: usize) -> usize {
        let mut open = 0usize;
        for (at, step) in self.steps().iter().enumerate().skip(start) {
            match step {
                Step::Array | Step::Map => open += 1,
                Step::End => open = open.saturating_sub(1),
                Step::Key(_) => continue,
                _ => {}
            }
            if open == 0 {
                return at + 1;
            }
        }
        self.steps().len()
    }

    fn measure(&mut self) -> Option<()> {
        let mut open: Vec<Measured> = reserved(self.depth)?;
        let mut at = 0;
        while let Some(step) = self.steps().get(at) {
            match step {
                Step::Key(_) if self.is_overwritten(at) => {
                    at = self.after_value(at + 1);
                    continue;
                }
                Step::Key(range) => {
                    if let Some(container) = open.last_mut() {
                        container.key = range.len();
                    }
                }
                Step::Array | Step::Map => open.push(Measured {
                    step: at,
                    is_map: matches!(step, Step::Map),
                    content: 0,
                    key: 0,
                }),
                Step::End => self.close(&mut open),
                scalar => {
                    let value = self.builder.scalar(scalar, self.cut);
                    self.note(at, value.map_or(0, |value| value.len()), &mut open);
                }
            }
            if open.is_empty() && !matches!(step, Step::Key(_)) {
                break;
            }
            at += 1;
        }
        while !open.is_empty() {
            self.close(&mut open);
        }
        Some(())
    }

    fn close(&mut self, open: &mut Vec<Measured>) {
        let depth = open.len();
        let Some(done) = open.pop() else { return };
        if let Some(size) = self.sizes.get_mut(done.step) {
            size.content = done.content;
        }
        let is_hidden = depth > self.cut.depth;
        let len = if is_hidden {
            0
        } else {
            field_len(done.content)
        };
        self.note(done.step, len, open);
    }

    /// Notes a value's length with itself and in the container around it.
    fn note(&mut self, at: usize, len: usize, open: &mut [Measured]) {
        if let Some(size) = self.sizes.get_mut(at) {
            size.len = len;
        }
        if let Some(container) = open.last_mut() {
            container.content += if container.is_map {
                field_len(field_len(container.key) + field_len(len))
            } else {
                field_len(len)
            };
            container.key = 0;
        }
    }

    /// Writes the value at step `start` and all below it, [`Plan::len_at`] bytes, with a
    /// [`Plan::stack`].
    pub(super) fn write(&self, writer: &mut Writer<'_>, start: usize, open: &mut Vec<Written>) {
        let end = writer.remaining().saturating_sub(self.len_at(start));
        let mut key: &[u8] = &[];
        let mut at = start;
        open.clear();
        while let Some(step) = self.steps().get(at).filter(|_| writer.remaining() != end) {
            let is_hidden = open.last().is_some_and(|container| container.is_hidden);
            match step {
                Step::Key(_) if self.is_overwritten(at) => {
                    at = self.after_value(at + 1);
                    continue;
                }
                Step::Key(range) if !is_hidden => key = self.builder.slice(range),
                Step::Key(_) => {}
                Step::End => {
                    key = &[];
                    open.pop();
                }
                Step::Array | Step::Map => {
                    self.prefix(writer, open, at, std::mem::take(&mut key));
                    let is_map = matches!(step, Step::Map);
                    let is_hidden = is_hidden || self.len_at(at) == 0;
                    if !is_hidden {
                        let content = self.sizes.get(at).map_or(0, |size| size.content);
                        writer.open(if is_map { 0x32 } else { 0x2a }, content);
                    }
                    open.push(Written { is_map, is_hidden });
                }
                _ if is_hidden => {}
                scalar => {
                    self.prefix(writer, open, at, std::mem::take(&mut key));
                    if let Some(value) = self.builder.scalar(scalar, self.cut) {
                        value.write(writer);
                    }
                }
            }
            at += 1;
        }
    }

    /// What stands before a value inside a container.
    fn prefix(&self, writer: &mut Writer<'_>, open: &[Written], at: usize, key: &[u8]) {
        let Some(container) = open.last().filter(|container| !container.is_hidden) else {
            return;
        };
        let len = self.len_at(at);
        if container.is_map {
            writer.open(0x0a, field_len(key.len()) + field_len(len));
            writer.field(0x0a, key);
            writer.open(0x12, len);
        } else {
            writer.open(0x0a, len);
        }
    }

    /// The entries of the outermost map: the key, and the step of the value.
    pub(super) fn entries(&self) -> Entries<'a, '_> {
        Entries { plan: self, at: 1 }
    }
}

/// See [`Plan::entries`].
pub(super) struct Entries<'a, 'p> {
    plan: &'p Plan<'a>,
    at: usize,
}

impl<'a> Iterator for Entries<'a, '_> {
    type Item = (&'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let steps = self.plan.steps();
            let key = self.at;
            let Step::Key(range) = steps.get(key)? else {
                // A value without a key, or the end of the map.
                if matches!(steps.get(key), Some(Step::End)) {
                    return None;
                }
                self.at = self.plan.after_value(key);
                continue;
            };
            if !is_value(steps.get(key + 1)) {
                self.at = key + 1;
                continue;
            }
            self.at = self.plan.after_value(key + 1);
            if !self.plan.is_overwritten(key) {
                return Some((self.plan.builder.slice(range), key + 1));
            }
        }
    }
}

fn is_value(step: Option<&Step>) -> bool {
    !matches!(step, None | Some(Step::Key(_) | Step::End))
}

/// The most containers inside each other, and the number of keys.
fn extent(steps: &[Step]) -> (usize, usize) {
    let (mut open, mut deepest, mut keys) = (0usize, 0, 0);
    for step in steps {
        match step {
            Step::Array | Step::Map => {
                open += 1;
                deepest = deepest.max(open);
            }
            Step::End => open = open.saturating_sub(1),
            Step::Key(_) => keys += 1,
            _ => {}
        }
    }
    (deepest, keys)
}
