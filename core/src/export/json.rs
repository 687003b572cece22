//! OTLP in JSON (OTLP specification, "JSON Protobuf Encoding"), from the bytes that are there already.
//!
//! A table says what each field of the messages is; one loop follows the bytes along it, with a stack
//! of its own, so that neither depth nor size of a value matters, and makes no tree. What is absent
//! from the bytes is absent from the text. (The serde support of opentelemetry-proto needs the whole
//! batch decoded, loses numbers that JSON lacks and writes `null` for absent messages.)

mod schema;
mod wire;

use super::{Batch, Signal};
use crate::finished::{Base64, number_word};
use schema::{Field, Kind, Schema, Shape};
use std::io::Write;
use wire::{Fields, Wire};

impl Batch {
    /// The batch as one OTLP request in JSON, on one line; empty if there is nothing in the batch.
    pub(crate) fn to_otlp_json(&self) -> Vec<u8> {
        let request = self.to_otlp();
        if request.is_empty() {
            return request;
        }
        let schema = match self.signal() {
            Signal::Traces => schema::TRACES,
            Signal::Logs => schema::LOGS,
            Signal::Metrics => schema::METRICS,
        };
        // Names and quotes make it about twice as long.
        let mut out = Vec::with_capacity(request.len() * 2);
        write(&mut out, &request, schema);
        out
    }
}

/// A message that is being written.
struct Frame<'a> {
    schema: Schema,
    bytes: &'a [u8],
    /// Which field of the schema comes next.
    next: usize,
    /// The elements that are left of a repeated field, with the field.
    elements: Option<(&'static Field, Fields<'a>)>,
    /// Whether something was written in this object, or in the list that is open.
    in_object: bool,
    in_list: bool,
}

impl<'a> Frame<'a> {
    fn new(schema: Schema, bytes: &'a [u8]) -> Self {
        Self {
            schema,
            bytes,
            next: 0,
            elements: None,
            in_object: false,
            in_list: false,
        }
    }

    /// Writes on until a message within this one begins, or all is written.
    fn advance(&mut self, out: &mut Vec<u8>) -> Option<Frame<'a>> {
        loop {
            if let Some((field, mut elements)) = self.elements.take() {
                let Some((_, value)) = elements.find(|(number, _)| *number == field.number) else {
                    out.push(b']');
                    continue;
                };
                self.elements = Some((field, elements));
                separate(out, &mut self.in_list);
                if let Some(inner) = put(out, field.kind, value) {
                    return Some(inner);
                }
                continue;
            }
            let field = self.schema.get(self.next)?;
            self.next += 1;
            let found = Fields(self.bytes).filter(|(number, _)| *number == field.number);
            let Some((_, value)) = found.last() else {
                continue;
            };
            separate(out, &mut self.in_object);
            put_text(out, field.name.as_bytes());
            out.push(b':');
            match (field.shape, value) {
                (Shape::Many, _) => {
                    out.push(b'[');
                    self.in_list = false;
                    self.elements = Some((field, Fields(self.bytes)));
                }
                (Shape::Packed, Wire::Bytes(packed)) => put_packed(out, field.kind, packed),
                (_, value) => {
                    if let Some(inner) = put(out, field.kind, value) {
                        return Some(inner);
                    }
                }
            }
        }
    }
}

fn write(out: &mut Vec<u8>, message: &[u8], schema: Schema) {
    let mut open = vec![Frame::new(schema, message)];
    out.push(b'{');
    while let Some(frame) = open.last_mut() {
        if let Some(inner) = frame.advance(out) {
            out.push(b'{');
            open.push(inner);
        } else {
            out.push(b'}');
            open.pop();
        }
    }
}

fn separate(out: &mut Vec<u8>, begun: &mut bool) {
    if std::mem::replace(begun, true) {
        out.push(b',');
    }
}

/// Writes a value; gives back a message, whose fields follow.
fn put<'a>(out: &mut Vec<u8>, kind: Kind, value: Wire<'a>) -> Option<Frame<'a>> {
    match (kind, value) {
        (Kind::Message(schema), Wire::Bytes(message)) => return Some(Frame::new(schema, message)),
        (Kind::Text, Wire::Bytes(text)) => put_text(out, text),
        (Kind::Hex, Wire::Bytes(id)) => put_hex(out, id),
        (Kind::Base64, Wire::Bytes(bytes)) => {
            put_display(out, &format_args!("\"{}\"", Base64(bytes)));
        }
        (Kind::Bool, Wire::Int(value)) => put_display(out, &(value != 0)),
        (Kind::Int32, Wire::Int(value)) => put_display(out, &value.cast_signed()),
        (Kind::Sint32, Wire::Int(value)) => {
            let zigzag = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
            put_display(out, &zigzag);
        }
        (Kind::Int64, Wire::Int(value)) => {
            put_display(out, &format_args!("\"{}\"", value.cast_signed()));
        }
        (Kind::Uint64 | Kind::Fixed64, Wire::Int(value)) => {
            put_display(out, &format_args!("\"{value}\""));
        }
        (Kind::Double, Wire::Int(bits)) => put_double(out, f64::from_bits(bits)),
        // Not what the table says: nobody wrote it.
        _ => out.extend_from_slice(b"null"),
    }
    None
}

/// A list of numbers in one field: 8 bytes each, but for plain integers.
fn put_packed(out: &mut Vec<u8>, kind: Kind, packed: &[u8]) {
    out.push(b'[');
    let mut begun = false;
    let mut number = |out: &mut Vec<u8>, value| {
        separate(out, &mut begun);
        put(out, kind, Wire::Int(value));
    };
    if matches!(kind, Kind::Uint64) {
        for value in wire::varints(packed) {
            number(out, value);
        }
    } else {
        for word in packed.as_chunks::<8>().0 {
            number(out, u64::from_le_bytes(*word));
        }
    }
    out.push(b']');
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, &String::from_utf8_lossy(text));
}

fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in bytes {
        let digits = [byte >> 4, byte & 15].map(|digit| DIGITS.get(usize::from(digit)));
        out.extend(digits.into_iter().flatten());
    }
    out.push(b'"');
}

fn put_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        let _ = serde_json::to_writer(out, &value);
    } else {
        put_text(out, number_word(value).as_bytes());
    }
}

fn put_display(out: &mut Vec<u8>, value: &dyn std::fmt::Display) {
    let _ = write!(out, "{value}");
}

#[cfg(test)]
mod tests;
