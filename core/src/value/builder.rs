//! Nested values, built as a stream and encoded without recursion.
//!
//! The stream is kept as a list of steps. Encoding walks it twice: once to know every length, once
//! to write; depth costs a stack entry, never a stack frame. The invariant: `steps` and `bytes` grow
//! together, and a step's range always lies within `bytes`.

use super::plain::plain_entries;
use super::plan::Plan;
use super::{Value, cut_bytes, cut_text};
use crate::wire::attribute::{Encoded, Raw, Scalar, Text};
use crate::wire::buf::{Buf, MODEST};
use std::ops::Range;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Range<usize>),
    Bytes(Range<usize>),
    Key(Range<usize>),
    Array,
    Map,
    End,
}

/// What limits a value: the length of texts (characters) and bytes, and the depth of nesting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) length: usize,
    pub(crate) depth: usize,
}

/// How many entries of a map are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) count: usize,
    /// The last of them, not the first.
    pub(crate) newest: bool,
}

/// An array, map or scalar built piece by piece.
///
/// Begin a container, add its elements (in a map: `key`, then the value), end it. What is not ended
/// is ended by use; a value without a key in a map gets an empty key. After a refused allocation the
/// rest is left out. Not for use by several threads at once.
#[derive(Clone, Debug, Default)]
pub struct ValueBuilder {
    steps: Vec<Step>,
    bytes: Vec<u8>,
    incomplete: bool,
}

impl ValueBuilder {
    /// An empty builder: a null.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.bytes.clear();
        self.incomplete = false;
    }

    /// Forgets everything, and keeps the memory unless something large has grown it.
    pub(crate) fn clear_modestly(&mut self) {
        if self.bytes.capacity() > MODEST || self.steps.capacity() > MODEST / size_of::<Step>() {
            *self = Self::new();
        } else {
            self.clear();
        }
    }

    fn push(&mut self, step: Step) {
        if self.steps.try_reserve(1).is_err() {
            self.incomplete = true;
        } else {
            self.steps.push(step);
        }
    }

    fn store(&mut self, bytes: &[u8], step: impl FnOnce(Range<usize>) -> Step) {
        if self.bytes.try_reserve(bytes.len()).is_err() {
            self.incomplete = true;
            return self.push(Step::Null);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.push(step(start..self.bytes.len()));
    }

    /// Begins an array.
    pub fn begin_array(&mut self) {
        self.push(Step::Array);
    }

    /// Begins a map.
    pub fn begin_map(&mut self) {
        self.push(Step::Map);
    }

    /// Ends the innermost array or map.
    pub fn end(&mut self) {
        self.push(Step::End);
    }

    /// Names the next value of a map.
    pub fn key(&mut self, key: &str) {
        self.store(key.as_bytes(), Step::Key);
    }

    /// Adds a value of any kind.
    pub fn add(&mut self, value: Value<'_>) {
        if !matches!(value, Value::Array(_) | Value::Map(_)) {
            return self.add_scalar(value);
        }
        let mut pending: Vec<Piece<'_>> = vec![Piece::Value(value)];
        while let Some(piece) = pending.pop() {
            match piece {
                Piece::End => self.end(),
                Piece::Entry(key, value) => {
                    self.key(key);
                    pending.push(Piece::Value(value));
                }
                Piece::Value(Value::Array(elements)) => {
                    self.begin_array();
                    pending.push(Piece::End);
                    pending.extend(elements.iter().rev().map(|value| Piece::Value(*value)));
                }
                Piece::Value(Value::Map(entries)) => {
                    self.begin_map();
                    pending.push(Piece::End);
                    let entries = entries.iter().rev();
                    pending.extend(entries.map(|(key, value)| Piece::Entry(key, *value)));
                }
                Piece::Value(scalar) => self.add_scalar(scalar),
            }
        }
    }

    fn add_scalar(&mut self, value: Value<'_>) {
        match value {
            Value::Bool(value) => self.push(Step::Bool(value)),
            Value::Int(value) => self.push(Step::Int(value)),
            Value::Double(value) => self.push(Step::Double(value)),
            Value::String(text) => self.store(text.as_bytes(), Step::String),
            Value::Bytes(bytes) => self.store(bytes, Step::Bytes),
            Value::Built(built) => self.add_built(built),
            Value::Null | Value::Array(_) | Value::Map(_) => self.push(Step::Null),
        }
    }

    fn add_built(&mut self, built: &Self) {
        if built.steps.is_empty() {
            return self.push(Step::Null);
        }
        let mut open = 0usize;
        for step in &built.steps {
            match step {
                Step::Key(range) => self.store(built.slice(range), Step::Key),
                Step::String(range) => self.store(built.slice(range), Step::String),
                Step::Bytes(range) => self.store(built.slice(range), Step::Bytes),
                other => self.push(other.clone()),
            }
            match step {
                Step::Array | Step::Map => open += 1,
                Step::End => open = open.saturating_sub(1),
                Step::Key(_) => continue,
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
        (0..open).for_each(|_| self.end());
    }

    pub(super) fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The scalar a step stands for, cut to size; `None` for the steps that give structure.
    pub(super) fn scalar(&self, step: &Step, cut: Cut) -> Option<Scalar<'_>> {
        Some(match step {
            Step::Null => Scalar::Encoded(Encoded(&[])),
            Step::Bool(value) => Scalar::Bool(*value),
            Step::Int(value) => Scalar::Int(*value),
            Step::Double(value) => Scalar::Double(*value),
            Step::String(range) => {
                let whole = self.slice(range);
                // No text has more characters than bytes.
                if whole.len() <= cut.length {
                    return Some(Scalar::Text(Text(whole)));
                }
                // Texts come in as `&str`; should that ever fail, nothing is better than garbage.
                let text = std::str::from_utf8(whole).unwrap_or_default();
                Scalar::Text(Text(cut_text(text, cut.length).as_bytes()))
            }
            Step::Bytes(range) => Scalar::Raw(Raw(cut_bytes(self.slice(range), cut.length))),
            Step::Key(_) | Step::Array | Step::Map | Step::End => return None,
        })
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Encodes the value as the fields of an `AnyValue`. False if memory is refused.
    pub(crate) fn encode(&self, cut: Cut, out: &mut Buf) -> bool {
        let Some(plan) = Plan::of(self, cut) else {
            return false;
        };
        let Some(mut stack) = plan.stack() else {
            return false;
        };
        out.append(plan.len_at(0), |writer| plan.write(writer, 0, &mut stack)) && !self.incomplete
    }

    /// Calls `each` with the key and the encoded value of every entry of a map, the last of equal
    /// keys only, as `most` allows. Returns how many entries were left out, or `None` if memory is
    /// refused.
    pub(crate) fn entries(
        &self,
        cut: Cut,
        most: Most,
        mut each: impl FnMut(&[u8], Scalar<'_>) -> bool,
    ) -> Option<usize> {
        if !matches!(self.steps.first(), Some(Step::Map)) {
            return Some(0);
        }
        if let Some(plain) = plain_entries(self).filter(|plain| plain.len() / 2 <= most.count) {
            let mut entries = plain.chunks_exact(2);
            let all = entries.all(|entry| match entry {
                [Step::Key(key), value] => self
                    .scalar(value, cut)
                    .is_some_and(|value| each(self.slice(key), value)),
                _ => false,
            });
            return all.then_some(0);
        }
        let depth = cut.depth.saturating_add(1); // the map itself is no value
        let plan = Plan::of(self, Cut { depth, ..cut })?;
        let mut stack = plan.stack()?;
        let usable = || plan.entries().filter(|(key, _)| !key.is_empty());
        let first = if most.newest {
            usable().count().saturating_sub(most.count)
        } else {
            0
        };
        let mut lost = plan.entries().filter(|(key, _)| key.is_empty()).count();
        let mut encoded = Buf::default();
        for (place, (key, value)) in usable().enumerate() {
            if place < first || place - first >= most.count {
                lost += 1;
                continue;
            }
            let step = self.steps.get(value);
            let scalar = if let Some(scalar) = step.and_then(|step| self.scalar(step, cut)) {
                scalar
            } else {
                encoded.clear();
                encoded
                    .append(plan.len_at(value), |writer| {
                        plan.write(writer, value, &mut stack);
                    })
                    .then_some(())?;
                Scalar::Encoded(Encoded(encoded.as_slice()))
            };
            each(key, scalar).then_some(())?;
        }
        Some(lost)
    }
}

enum Piece<'a> {
    Value(Value<'a>),
    Entry(&'a str, Value<'a>),
    End,
}
