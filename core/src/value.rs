//! Attribute values: the full OpenTelemetry `AnyValue` (common, "attribute value").

mod builder;
mod entries;
mod plain;
mod plan;

pub use builder::ValueBuilder;
pub(crate) use builder::{Cut, Most};

/// A borrowed attribute value; copied when it is recorded.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value; kept as such.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A 64-bit float.
    Double(f64),
    /// Text.
    String(&'a str),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// Values of any kinds, in order.
    Array(&'a [Value<'a>]),
    /// Named values; the last of equal keys counts.
    Map(&'a [(&'a str, Value<'a>)]),
    /// A value built piece by piece.
    Built(&'a ValueBuilder),
}

macro_rules! value_from {
    ($($from:ty => |$name:ident| $to:expr;)*) => {$(
        impl<'a> From<$from> for Value<'a> {
            #[inline]
            fn from($name: $from) -> Self {
                $to
            }
        }
    )*};
}

value_from! {
    bool => |value| Value::Bool(value);
    i64 => |value| Value::Int(value);
    i32 => |value| Value::Int(i64::from(value));
    u32 => |value| Value::Int(i64::from(value));
    u16 => |value| Value::Int(i64::from(value));
    u8 => |value| Value::Int(i64::from(value));
    f64 => |value| Value::Double(value);
    f32 => |value| Value::Double(f64::from(value));
    &'a str => |value| Value::String(value);
    &'a String => |value| Value::String(value);
    &'a [u8] => |value| Value::Bytes(value);
    &'a [Value<'a>] => |value| Value::Array(value);
    &'a [(&'a str, Value<'a>)] => |value| Value::Map(value);
    &'a ValueBuilder => |value| Value::Built(value);
}

/// A text cut to `limit` characters.
#[inline]
pub(crate) fn cut_text(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    text.char_indices()
        .nth(limit)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

/// Bytes cut to `limit`.
#[inline]
pub(crate) fn cut_bytes(bytes: &[u8], limit: usize) -> &[u8] {
    bytes.get(..limit).unwrap_or(bytes)
}
