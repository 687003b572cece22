//! Nested values, built as a stream and encoded without recursion.
//!
//! The stream is kept as a list of steps. Encoding walks it twice: once to know every length, once
//! to write; depth costs a stack entry, never a stack frame. The invariant: `steps` and `bytes` grow
//! together, and a step's range always lies within `bytes`.

use super::{Value, cut_bytes, cut_text};
use crate::wire::attribute::Scalar;
use crate::wire::buf::{Buf, Writer};
use crate::wire::field_len;
use std::ops::Range;

#[derive(Clone, Debug)]
enum Step {
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

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The scalar a step stands for, cut to size; `None` for the steps that give structure.
    fn scalar(&self, step: &Step, cut: Cut) -> Option<Scalar<'_>> {
        Some(match step {
            Step::Null => Scalar::Encoded(&[]),
            Step::Bool(value) => Scalar::Bool(*value),
            Step::Int(value) => Scalar::Int(*value),
            Step::Double(value) => Scalar::Double(*value),
            Step::String(range) => {
                // Texts come in as `&str`; should that ever fail, nothing is better than garbage.
                let text = std::str::from_utf8(self.slice(range)).unwrap_or_default();
                Scalar::String(cut_text(text, cut.length).as_bytes())
            }
            Step::Bytes(range) => Scalar::Bytes(cut_bytes(self.slice(range), cut.length)),
            Step::Key(_) | Step::Array | Step::Map | Step::End => return None,
        })
    }

    /// Encodes the value as the fields of an `AnyValue`. False if memory is refused.
    pub(crate) fn encode(&self, cut: Cut, out: &mut Buf) -> bool {
        let Some(plan) = Plan::of(self, cut) else {
            return false;
        };
        let total = plan.lens.first().map_or(0, |len| *len);
        out.append(total, |writer| plan.write(writer, 0, total)) && !self.incomplete
    }

    /// Calls `each` with the key and the encoded value of every entry of a map, the last of equal
    /// keys only, up to `limit`. Returns how many entries were left out, or `None` if memory is
    /// refused.
    pub(crate) fn entries(
        &self,
        cut: Cut,
        limit: usize,
        mut each: impl FnMut(&[u8], Scalar<'_>) -> bool,
    ) -> Option<usize> {
        let plan = Plan::of(
            self,
            Cut {
                depth: cut.depth.saturating_add(1),
                ..cut
            },
        )?;
        let keys = plan.top_level_keys();
        let (mut kept, mut lost) = (0, 0);
        let mut encoded = Buf::default();
        for (place, at) in keys.iter().enumerate() {
            let key = plan.key_at(*at);
            if plan.is_overwritten(&keys, place) {
                continue;
            }
            if kept == limit || key.is_empty() {
                lost += 1;
                continue;
            }
            kept += 1;
            let value = at + 1;
            if let Some(scalar) = plan
                .steps()
                .get(value)
                .and_then(|step| self.scalar(step, cut))
            {
                each(key, scalar).then_some(())?;
            } else {
                let len = plan.lens.get(value).copied().unwrap_or(0);
                encoded.clear();
                encoded
                    .append(len, |writer| plan.write(writer, value, len))
                    .then_some(())?;
                each(key, Scalar::Encoded(encoded.as_slice())).then_some(())?;
            }
        }
        Some(lost)
    }
}

/// Entries of an event's or link's attributes that are looked at; the default limit keeps 128.
const MAX_ENTRIES: usize = 4096;

enum Piece<'a> {
    Value(Value<'a>),
    Entry(&'a str, Value<'a>),
    End,
}

/// The length of every value in a stream.
struct Plan<'a> {
    builder: &'a ValueBuilder,
    cut: Cut,
    /// For each step that is a value: bytes of its `AnyValue`; for others 0.
    lens: Vec<usize>,
    /// For each array or map: bytes of its content.
    contents: Vec<usize>,
}

/// A container that is being measured or written.
struct Open {
    step: usize,
    is_map: bool,
    content: usize,
    key: usize,
}

impl<'a> Plan<'a> {
    fn of(builder: &'a ValueBuilder, cut: Cut) -> Option<Self> {
        let count = builder.steps.len();
        let (mut lens, mut contents) = (Vec::new(), Vec::new());
        lens.try_reserve_exact(count).ok()?;
        contents.try_reserve_exact(count).ok()?;
        lens.resize(count, 0);
        contents.resize(count, 0);
        let mut plan = Self {
            builder,
            cut,
            lens,
            contents,
        };
        plan.measure();
        Some(plan)
    }

    fn steps(&self) -> &'a [Step] {
        &self.builder.steps
    }

    fn measure(&mut self) {
        let mut open: Vec<Open> = Vec::new();
        for (at, step) in self.steps().iter().enumerate() {
            match step {
                Step::Key(range) => {
                    if let Some(container) = open.last_mut() {
                        container.key = range.len();
                    }
                }
                Step::Array | Step::Map => {
                    let is_map = matches!(step, Step::Map);
                    open.push(Open {
                        step: at,
                        is_map,
                        content: 0,
                        key: 0,
                    });
                }
                Step::End => self.close(&mut open),
                scalar => {
                    let len = self
                        .builder
                        .scalar(scalar, self.cut)
                        .map_or(0, |value| value.len());
                    self.note(at, len, &mut open);
                }
            }
            if open.is_empty() && !matches!(step, Step::Key(_)) {
                break;
            }
        }
        while !open.is_empty() {
            self.close(&mut open);
        }
    }

    fn close(&mut self, open: &mut Vec<Open>) {
        let depth = open.len();
        let Some(done) = open.pop() else { return };
        if let Some(content) = self.contents.get_mut(done.step) {
            *content = done.content;
        }
        let len = if depth > self.cut.depth {
            0
        } else {
            field_len(done.content)
        };
        self.note(done.step, len, open);
    }

    /// Notes a value's length with itself and in the container around it.
    fn note(&mut self, at: usize, len: usize, open: &mut [Open]) {
        if let Some(noted) = self.lens.get_mut(at) {
            *noted = len;
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

    /// Writes the value at step `start` and all below it: `len` bytes.
    fn write(&self, writer: &mut Writer<'_>, start: usize, len: usize) {
        let end = writer.remaining().saturating_sub(len);
        let mut open: Vec<Open> = Vec::new();
        let mut key: &[u8] = &[];
        for (at, step) in self.steps().iter().enumerate().skip(start) {
            if writer.remaining() == end {
                return;
            }
            match step {
                Step::Key(range) => key = self.builder.slice(range),
                Step::End => drop(open.pop()),
                Step::Array | Step::Map => {
                    self.prefix(writer, &open, at, key);
                    key = &[];
                    let is_map = matches!(step, Step::Map);
                    let shown = self.lens.get(at).is_some_and(|len| *len > 0);
                    let content = self.contents.get(at).copied().unwrap_or(0);
                    if shown {
                        writer.open(if is_map { 0x32 } else { 0x2a }, content);
                    }
                    let hidden = usize::from(!shown || open.last().is_some_and(|o| o.key > 0));
                    open.push(Open {
                        step: at,
                        is_map,
                        content,
                        key: hidden,
                    });
                }
                scalar => {
                    if open.last().is_some_and(|container| container.key > 0) {
                        continue;
                    }
                    self.prefix(writer, &open, at, key);
                    key = &[];
                    if let Some(value) = self.builder.scalar(scalar, self.cut) {
                        value.write(writer);
                    }
                }
            }
        }
    }

    /// What stands before a value inside a container (`Open::key` > 0: too deep, left out).
    fn prefix(&self, writer: &mut Writer<'_>, open: &[Open], at: usize, key: &[u8]) {
        let Some(container) = open.last().filter(|container| container.key == 0) else {
            return;
        };
        let len = self.lens.get(at).copied().unwrap_or(0);
        if container.is_map {
            writer.open(0x0a, field_len(key.len()) + field_len(len));
            writer.field(0x0a, key);
            writer.open(0x12, len);
        } else {
            writer.open(0x0a, len);
        }
    }

    /// The steps of the keys of the outermost map, at most [`MAX_ENTRIES`].
    fn top_level_keys(&self) -> Vec<usize> {
        let mut keys = Vec::new();
        let mut depth = 0usize;
        for (at, step) in self.steps().iter().enumerate() {
            match step {
                Step::Array | Step::Map => depth += 1,
                Step::End => depth = depth.saturating_sub(1),
                Step::Key(_) if depth == 1 => keys.push(at),
                _ => {}
            }
            if depth == 0 || keys.len() == MAX_ENTRIES {
                break;
            }
        }
        keys
    }

    /// Whether a later entry has the same key.
    fn is_overwritten(&self, keys: &[usize], place: usize) -> bool {
        let key = keys.get(place).map_or(&[] as &[u8], |at| self.key_at(*at));
        let later = keys.get(place + 1..).unwrap_or_default();
        later.iter().any(|at| self.key_at(*at) == key)
    }

    fn key_at(&self, at: usize) -> &'a [u8] {
        match self.steps().get(at) {
            Some(Step::Key(range)) => self.builder.slice(range),
            _ => &[],
        }
    }
}
