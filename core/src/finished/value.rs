//! A value that owns itself, and its text.

use std::fmt::{self, Write};

/// An attribute value read back: the full OpenTelemetry `AnyValue`.
///
/// It displays as OpenTelemetry represents values outside of OTLP: text as it is, bytes as base64,
/// null as nothing, arrays and maps as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum OwnedValue {
    /// No value.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A 64-bit float.
    Double(f64),
    /// Text.
    String(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Values of any kinds, in order.
    Array(Vec<OwnedValue>),
    /// Named values, in order.
    Map(Vec<(String, OwnedValue)>),
}

impl OwnedValue {
    /// The text of a string value.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let held = match self {
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Array(values) => values.iter().map(Self::weight).sum(),
            Self::Map(entries) => entries_weight(entries),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Double(_) => 0,
        };
        size_of::<Self>() + held
    }

    /// Writes the value as JSON: numbers that JSON lacks and bytes (base64) as strings.
    pub(crate) fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) => write!(out, "{value}"),
            Self::Double(value) if value.is_finite() => write!(out, "{value:?}"),
            Self::Double(value) => write_json_text(out, number_word(*value)),
            Self::String(text) => write_json_text(out, text),
            Self::Bytes(bytes) => write!(out, "\"{}\"", Base64(bytes)),
            Self::Array(values) => {
                write_list(out, ['[', ']'], values, |out, value| value.write_json(out))
            }
            Self::Map(entries) => write_list(out, ['{', '}'], entries, |out, (key, value)| {
                write_json_text(out, key)?;
                out.write_char(':')?;
                value.write_json(out)
            }),
        }
    }
}

impl fmt::Display for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::String(text) => f.write_str(text),
            Self::Bytes(bytes) => write!(f, "{}", Base64(bytes)),
            Self::Double(value) if !value.is_finite() => f.write_str(number_word(*value)),
            _ => self.write_json(f),
        }
    }
}

/// About how many bytes of memory named values take.
pub(crate) fn entries_weight(entries: &[(String, OwnedValue)]) -> usize {
    entries
        .iter()
        .map(|(key, value)| size_of::<String>() + key.len() + value.weight())
        .sum()
}

/// OpenTelemetry's words for the doubles that have no digits.
pub(crate) fn number_word(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn write_list<W: Write, T>(
    out: &mut W,
    [open, close]: [char; 2],
    items: &[T],
    mut write: impl FnMut(&mut W, &T) -> fmt::Result,
) -> fmt::Result {
    out.write_char(open)?;
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.write_char(',')?;
        }
        write(out, item)?;
    }
    out.write_char(close)
}

/// Writes `text` as a JSON string.
pub(crate) fn write_json_text(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for symbol in text.chars() {
        match symbol {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(symbol))?,
            _ => out.write_char(symbol)?,
        }
    }
    out.write_char('"')
}

/// Bytes that display as base64 (RFC 4648, padded).
pub(crate) struct Base64<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for group in self.0.chunks(3) {
            let word = (0..3).fold(0u32, |word, place| {
                word << 8 | u32::from(group.get(place).copied().unwrap_or(0))
            });
            for place in 0..4 {
                let digit = DIGITS.get((word >> (18 - 6 * place) & 63) as usize);
                let digit = if place > group.len() { None } else { digit };
                f.write_char(digit.map_or('=', |digit| char::from(*digit)))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> OwnedValue {
        OwnedValue::String(value.into())
    }

    #[test]
    fn a_value_displays_as_outside_of_otlp() {
        let map = OwnedValue::Map(vec![
            ("quote\"".into(), text("line\n\u{1}")),
            (
                "list".into(),
                OwnedValue::Array(vec![OwnedValue::Null, OwnedValue::Double(1.0)]),
            ),
            ("nan".into(), OwnedValue::Double(f64::NAN)),
            ("raw".into(), OwnedValue::Bytes(vec![255, 0])),
        ]);
        assert_eq!(
            map.to_string(),
            r#"{"quote\"":"line\n\u0001","list":[null,1.0],"nan":"NaN","raw":"/wA="}"#
        );
        assert_eq!(OwnedValue::Null.to_string(), "");
        assert_eq!(text("as \"it\" is").to_string(), "as \"it\" is");
        assert_eq!(
            OwnedValue::Double(f64::NEG_INFINITY).to_string(),
            "-Infinity"
        );
        assert_eq!(OwnedValue::Double(0.1).to_string(), "0.1");
        assert_eq!(
            OwnedValue::Int(i64::MIN).to_string(),
            "-9223372036854775808"
        );
    }

    #[test]
    fn base64_has_the_vectors_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(Base64(plain.as_bytes()).to_string(), coded);
        }
    }
}
