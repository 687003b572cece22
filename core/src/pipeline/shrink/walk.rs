//! Finds the long texts and byte strings of an encoded span or log record, with all that encloses
//! them: an explicit stack walks the messages of OTLP that hold values.

use crate::export::Signal;
use std::ops::Range;

/// A length-delimited field that is cut, or that encloses one.
#[derive(Debug)]
pub(super) struct Node {
    /// Where its length stands.
    pub(super) len_at: usize,
    pub(super) payload: Range<usize>,
    /// The node around it; none if that is the record itself.
    pub(super) parent: Option<usize>,
    leaf: bool,
    /// A leaf that is UTF-8.
    pub(super) is_text: bool,
    /// Of a leaf: where the key of its attribute stands, and whose attribute it is.
    pub(super) key: Range<usize>,
    pub(super) owner: Owner,
}

/// Whose attribute a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Record,
    Event(usize),
    Link(usize),
    /// No attribute: the body of a log record.
    Body,
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.leaf
    }

    pub(super) fn len(&self) -> usize {
        self.payload.len()
    }
}

/// The messages that hold values, or hold what holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Span,
    Log,
    Event,
    Link,
    KeyValue,
    AnyValue,
    Array,
    Map,
}

/// What a length-delimited field is to us.
enum Field {
    Message(Kind),
    Key,
    Text,
    Bytes,
    Other,
}

impl Kind {
    fn field(self, number: u64) -> Field {
        match (self, number) {
            (Self::Span, 9) | (Self::Event, 3) | (Self::Link, 4) | (Self::Log, 6) => {
                Field::Message(Self::KeyValue)
            }
            (Self::Span, 11) => Field::Message(Self::Event),
            (Self::Span, 13) => Field::Message(Self::Link),
            (Self::Log, 5) | (Self::KeyValue, 2) | (Self::Array, 1) => {
                Field::Message(Self::AnyValue)
            }
            (Self::Map, 1) => Field::Message(Self::KeyValue),
            (Self::AnyValue, 5) => Field::Message(Self::Array),
            (Self::AnyValue, 6) => Field::Message(Self::Map),
            (Self::KeyValue, 1) => Field::Key,
            (Self::AnyValue, 1) => Field::Text,
            (Self::AnyValue, 7) => Field::Bytes,
            _ => Field::Other,
        }
    }
}

/// A message that the walk is in.
struct Level {
    kind: Kind,
    len_at: usize,
    payload: Range<usize>,
    /// Its node, once something in it turned out to be long.
    node: Option<usize>,
    key: Range<usize>,
    owner: Owner,
    events: usize,
    links: usize,
}

impl Level {
    fn new(kind: Kind, len_at: usize, payload: Range<usize>, owner: Owner) -> Self {
        Self {
            kind,
            len_at,
            payload,
            node: None,
            key: 0..0,
            owner,
            events: 0,
            links: 0,
        }
    }

    /// Whose attributes are in a message of `kind` in this one.
    fn owner_within(&mut self, kind: Kind) -> Owner {
        let next = |count: &mut usize| {
            *count += 1;
            *count - 1
        };
        match kind {
            Kind::Event => Owner::Event(next(&mut self.events)),
            Kind::Link => Owner::Link(next(&mut self.links)),
            Kind::AnyValue if self.kind == Kind::Log => Owner::Body,
            _ => self.owner,
        }
    }
}

/// The leaves of more than `least` bytes and what encloses them, in the order of their bytes; `None`
/// if the record cannot be read.
pub(super) fn walk(message: &[u8], signal: Signal, least: usize) -> Option<Vec<Node>> {
    let root = if signal == Signal::Logs {
        Kind::Log
    } else {
        Kind::Span
    };
    let mut nodes = Vec::new();
    let mut levels = vec![Level::new(root, 0, 0..message.len(), Owner::Record)];
    let mut at = 0;
    while let Some(level) = levels.last_mut() {
        if at >= level.payload.end {
            levels.pop();
            continue;
        }
        let (tag, after) = varint(message, at)?;
        match tag & 7 {
            0 => at = varint(message, after)?.1,
            1 => at = after + 8,
            5 => at = after + 4,
            2 => {
                let (len, start) = varint(message, after)?;
                let end = start.checked_add(usize::try_from(len).ok()?)?;
                let payload = Some(start..end).filter(|_| end <= level.payload.end)?;
                at = end;
                match level.kind.field(tag >> 3) {
                    Field::Message(kind) => {
                        at = start;
                        let owner = level.owner_within(kind);
                        levels.push(Level::new(kind, after, payload, owner));
                    }
                    Field::Key => level.key = payload,
                    Field::Text if payload.len() > least => {
                        add(&mut nodes, &mut levels, after, payload, true);
                    }
                    Field::Bytes if payload.len() > least => {
                        add(&mut nodes, &mut levels, after, payload, false);
                    }
                    Field::Text | Field::Bytes | Field::Other => {}
                }
            }
            _ => return None,
        }
    }
    Some(nodes)
}

/// Adds a leaf, after those around it that are not there yet.
fn add(
    nodes: &mut Vec<Node>,
    levels: &mut [Level],
    len_at: usize,
    payload: Range<usize>,
    is_text: bool,
) {
    let mut parent = None;
    let mut key = None;
    let mut owner = Owner::Record;
    // The record itself is no field of anything here.
    for level in levels.iter_mut().skip(1) {
        let place = *level.node.get_or_insert_with(|| {
            nodes.push(Node {
                len_at: level.len_at,
                payload: level.payload.clone(),
                parent,
                leaf: false,
                is_text: false,
                key: 0..0,
                owner: level.owner,
            });
            nodes.len() - 1
        });
        parent = Some(place);
        owner = level.owner;
        if level.kind == Kind::KeyValue {
            // The outermost key names the attribute.
            key.get_or_insert(level.key.clone());
        }
    }
    nodes.push(Node {
        len_at,
        payload,
        parent,
        leaf: true,
        is_text,
        key: key.unwrap_or_default(),
        owner,
    });
}

/// The number at `at`, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (place, byte) in bytes.get(at..)?.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, at + place + 1));
        }
    }
    None
}
