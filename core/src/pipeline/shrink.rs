//! Makes one span or log record smaller that is too large to be taken: its longest texts and byte
//! strings, wherever they are nested, are cut to one length, and an attribute names what was cut.
//!
//! Works on the encoded record, in two passes and without recursion: a record may be 16 MiB of
//! anything. What stays is copied as it is. It does not know of destinations or limits.

use crate::export::Signal;
use crate::wire::varint_len;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use prost::Message;
use prost::encoding::encode_varint;
use std::collections::BTreeSet;
use std::ops::Range;

mod walk;

use walk::{Node, Owner, walk};

/// The attribute that lists what was cut: keys, `events[0].key`, `links[0].key`, or `body` of a log
/// record.
pub(crate) const MARK: &str = "libtracer.truncated";

/// What is not longer is not cut: there is nothing to gain.
const LEAST: usize = 64;

/// Most names in the mark.
const MOST_NAMES: usize = 128;

/// One record on its way to become smaller.
#[derive(Debug)]
pub(super) struct Shrinking {
    signal: Signal,
    /// The message without the mark.
    message: Vec<u8>,
    names: BTreeSet<String>,
}

impl Shrinking {
    /// The record of this field (tag, length, message); `None` if it is not one.
    pub(super) fn new(field: &[u8], signal: Signal) -> Option<Self> {
        let (message, end) = crate::wire::attribute::read_field(field, 0)?;
        let alone = end == field.len() && signal != Signal::Metrics;
        alone.then(|| Self {
            signal,
            message: message.to_vec(),
            names: BTreeSet::new(),
        })
    }

    /// The field with its longest values cut so that it has at most `most` bytes, or as near as it
    /// gets. `None` if nothing is left to cut.
    pub(super) fn to(&mut self, most: usize) -> Option<Vec<u8>> {
        let nodes = walk(&self.message, self.signal, LEAST)?;
        let before = self.message.len() + self.mark(&[]).len();
        // Cut once to learn what the mark will name, and then with room for that.
        let rough = level(&nodes, (field_len(before)).saturating_sub(most));
        let mark = self.mark(&self.names_of(&nodes, rough)).len();
        let excess = field_len(self.message.len() + mark).saturating_sub(most);
        let level = level(&nodes, excess);
        let names = self.names_of(&nodes, level);
        let message = cut(&self.message, &nodes, level);
        if message.len() >= self.message.len() {
            return None;
        }
        self.message = message;
        self.names.extend(names);
        let mark = self.mark(&[]);
        let len = self.message.len() + mark.len();
        let mut field = Vec::with_capacity(field_len(len));
        field.push(0x12);
        encode_varint(len as u64, &mut field);
        field.extend_from_slice(&self.message);
        field.extend_from_slice(&mark);
        Some(field)
    }

    fn names_of(&self, nodes: &[Node], level: usize) -> Vec<String> {
        let leaves = nodes
            .iter()
            .filter(|node| node.is_leaf() && node.len() > level);
        leaves.map(|node| self.name(node)).collect()
    }

    fn name(&self, leaf: &Node) -> String {
        let key = self.message.get(leaf.key.clone()).unwrap_or_default();
        let key: String = String::from_utf8_lossy(key).chars().take(200).collect();
        match leaf.owner {
            Owner::Record => key,
            Owner::Event(place) => format!("events[{place}].{key}"),
            Owner::Link(place) => format!("links[{place}].{key}"),
            Owner::Body => "body".to_owned(),
        }
    }

    /// The field of the mark, with these names too; empty if it names nothing.
    fn mark(&self, more: &[String]) -> Vec<u8> {
        let mut names: BTreeSet<&str> = self.names.iter().map(String::as_str).collect();
        names.extend(more.iter().map(String::as_str));
        if names.is_empty() {
            return Vec::new();
        }
        let rest = names.len().saturating_sub(MOST_NAMES);
        let mut names: Vec<String> = names.into_iter().take(MOST_NAMES).map(Into::into).collect();
        if rest > 0 {
            names.push(format!("and {rest} more"));
        }
        let text = |text| AnyValue {
            value: Some(Value::StringValue(text)),
        };
        let values = names.into_iter().map(text).collect();
        let mark = KeyValue {
            key: MARK.to_owned(),
            value: Some(AnyValue {
                value: Some(Value::ArrayValue(ArrayValue { values })),
            }),
            ..KeyValue::default()
        };
        let tag = if self.signal == Signal::Logs {
            0x32
        } else {
            0x4a
        };
        let mut field = vec![tag];
        encode_varint(mark.encoded_len() as u64, &mut field);
        field.extend(mark.encode_to_vec());
        field
    }
}

/// Bytes of a field with a message of `len` bytes.
fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// The length to which the longest leaves are cut so that `excess` bytes go.
fn level(nodes: &[Node], excess: usize) -> usize {
    let mut lengths: Vec<usize> = nodes
        .iter()
        .filter(|n| n.is_leaf())
        .map(Node::len)
        .collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = 0;
    for (place, length) in lengths.iter().enumerate() {
        sum += length;
        let next = lengths.get(place + 1).copied().unwrap_or(0).max(LEAST);
        let level = sum.saturating_sub(excess) / (place + 1);
        if sum >= excess && level >= next {
            return level;
        }
    }
    LEAST
}

/// The message with all leaves cut to `level`, and every length around them put right.
fn cut(message: &[u8], nodes: &[Node], level: usize) -> Vec<u8> {
    let kept: Vec<usize> = nodes
        .iter()
        .map(|node| keeps(message, node, level))
        .collect();
    let lengths = new_lengths(nodes, &kept);
    let mut out = Vec::with_capacity(message.len());
    let mut at = 0;
    for ((node, length), kept) in nodes.iter().zip(&lengths).zip(&kept) {
        out.extend_from_slice(message.get(at..node.len_at).unwrap_or_default());
        encode_varint(*length as u64, &mut out);
        at = node.payload.start;
        if node.is_leaf() {
            out.extend_from_slice(message.get(at..at + kept).unwrap_or_default());
            at = node.payload.end;
        }
    }
    out.extend_from_slice(message.get(at..).unwrap_or_default());
    out
}

/// What each node's payload becomes: a container loses what its children lose.
fn new_lengths(nodes: &[Node], kept: &[usize]) -> Vec<usize> {
    let mut lengths: Vec<usize> = kept.to_vec();
    for (place, node) in nodes.iter().enumerate().rev() {
        let new = lengths.get(place).copied().unwrap_or_default();
        let header = varint_len(node.len() as u64) - varint_len(new as u64);
        let lost = node.len() - new + header;
        if let Some(parent) = node.parent.and_then(|parent| lengths.get_mut(parent)) {
            *parent -= lost;
        }
    }
    lengths
}

/// How many bytes of the payload stay: of a leaf at most `level`, a text between two characters.
fn keeps(message: &[u8], node: &Node, level: usize) -> usize {
    if !node.is_leaf() || node.len() <= level {
        return node.len();
    }
    let payload: Range<usize> = node.payload.start..node.payload.start + level + 1;
    let Some(bytes) = message.get(payload).filter(|_| node.is_text) else {
        return level;
    };
    let starts_character = |place: &usize| bytes.get(*place).is_some_and(|b| b & 0xc0 != 0x80);
    (0..=level).rev().find(starts_character).unwrap_or(0)
}

#[cfg(test)]
mod tests;
