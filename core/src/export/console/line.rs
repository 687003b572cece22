//! One span in words: its line, and the lines below it for what does not fit or happened inside.

use crate::{
    export::text::one_line,
    finished::{FinishedEvent, FinishedSpan, FinishedStatus, OwnedValue},
    span::SpanKind,
};
use std::fmt::Write;

/// A longer line gives its attributes lines of their own.
const MAX_LINE: usize = 100;
/// Characters of a value that are shown.
const MAX_VALUE: usize = 120;
/// Characters of a name that are shown.
const MAX_NAME: usize = 80;
/// Characters of an error's description that are shown.
const MAX_DESCRIPTION: usize = 200;

/// Writes a span: `lead` begins its own line, `below` the lines that belong to it.
pub(super) fn write(out: &mut String, span: &FinishedSpan, lead: &str, below: &str, is_top: bool) {
    let mut line = format!("{lead}{}  {}", label(&span.name), duration(nanos(span)));
    if let Some(role) = role(span.kind) {
        push(&mut line, &format!("[{role}]"));
    }
    if let FinishedStatus::Error(description) = &span.status {
        let colon = if description.is_empty() { "" } else { ": " };
        push(
            &mut line,
            &format!("ERROR{colon}{}", one_line(description, MAX_DESCRIPTION)),
        );
    }
    if is_top && let Some(parent) = &span.parent_span_id {
        let place = if span.parent_is_remote {
            "in another process"
        } else {
            "not shown"
        };
        push(&mut line, &format!("(parent {} {place})", hex(parent)));
    }
    let attributes = pairs(&span.attributes);
    let inline = attributes.join("  ");
    let fits = line.chars().count() + 2 + inline.chars().count() <= MAX_LINE;
    if fits && !inline.is_empty() {
        push(&mut line, &inline);
    }
    out.push_str(&line);
    out.push('\n');
    if !fits {
        for pair in attributes {
            put(out, below, &pair);
        }
    }
    for event in &span.events {
        put(out, below, &event_text(event, span.start_unix_ns));
    }
    for link in &span.links {
        let place = format!(
            "→ link to span {} of trace {}",
            hex(&link.span_id),
            hex(&link.trace_id)
        );
        put(out, below, &with_pairs(place, &link.attributes));
    }
    if let Some(lost) = lost(span) {
        put(out, below, &lost);
    }
}

fn push(line: &mut String, part: &str) {
    line.push_str("  ");
    line.push_str(part);
}

fn put(out: &mut String, lead: &str, text: &str) {
    out.push_str(lead);
    out.push_str(text);
    out.push('\n');
}

/// `! ValueError: no such term` for an exception, else `• name  +1.2 ms  key=value`.
fn event_text(event: &FinishedEvent, start: u64) -> String {
    let kind = event.attribute("exception.type");
    let message = event.attribute("exception.message");
    if event.name != "exception" || (kind.is_none() && message.is_none()) {
        let after = duration(event.unix_ns.saturating_sub(start));
        return with_pairs(
            format!("• {}  +{after}", label(&event.name)),
            &event.attributes,
        );
    }
    let shown = |value: &OwnedValue| one_line(&value.to_string(), MAX_DESCRIPTION);
    let words: Vec<String> = [kind, message].into_iter().flatten().map(shown).collect();
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    format!("! {}", words.join(": "))
}

fn with_pairs(mut text: String, attributes: &[(String, OwnedValue)]) -> String {
    for pair in pairs(attributes) {
        push(&mut text, &pair);
    }
    text
}

/// `key=value`, fit for a terminal.
pub(crate) fn pairs(attributes: &[(String, OwnedValue)]) -> Vec<String> {
    attributes
        .iter()
        .map(|(key, value)| format!("{}={}", label(key), shown(value)))
        .collect()
}

/// A value as code would write it: text stands in quotes where it would be mistaken for something
/// else.
fn shown(value: &OwnedValue) -> String {
    let mut text = String::new();
    let written = match value {
        OwnedValue::String(plain) if is_plain(plain) => text.write_str(plain),
        OwnedValue::Bytes(bytes) => write!(text, "<{}>", count(bytes.len(), "byte")),
        OwnedValue::Double(_) => write!(text, "{value}"),
        _ => value.write_json(&mut text),
    };
    // Writing to a String cannot fail.
    let _ = written;
    one_line(&text, MAX_VALUE)
}

fn is_plain(text: &str) -> bool {
    let is_word = |symbol: char| symbol.is_alphanumeric() || "_-./:@+%#?&".contains(symbol);
    let literal = matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok();
    !text.is_empty() && text.chars().all(is_word) && !literal
}

/// A name, of which an empty one would not be seen.
pub(super) fn label(name: &str) -> String {
    if name.is_empty() {
        "(no name)".into()
    } else {
        one_line(name, MAX_NAME)
    }
}

fn role(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Internal => None,
        SpanKind::Server => Some("server"),
        SpanKind::Client => Some("client"),
        SpanKind::Producer => Some("producer"),
        SpanKind::Consumer => Some("consumer"),
    }
}

/// What the limits took away.
fn lost(span: &FinishedSpan) -> Option<String> {
    let kinds = [
        (span.dropped_attributes, "attribute"),
        (span.dropped_events, "event"),
        (span.dropped_links, "link"),
    ];
    let lost = kinds.iter().filter(|(number, _)| *number > 0);
    let lost: Vec<String> = lost.map(|(number, noun)| count(*number, noun)).collect();
    (!lost.is_empty()).then(|| format!("(dropped by limits: {})", lost.join(", ")))
}

/// `1 span`, `2 spans`.
pub(super) fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

pub(super) fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn nanos(span: &FinishedSpan) -> u64 {
    span.end_unix_ns.saturating_sub(span.start_unix_ns)
}

/// Three digits and the unit that a person would choose.
pub(super) fn duration(nanos: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")];
    let seconds = nanos / 1_000_000_000;
    if seconds >= 3600 {
        return format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
    }
    if seconds >= 60 {
        return format!("{} min {:02} s", seconds / 60, seconds % 60);
    }
    let unit = UNITS.iter().rev().find(|(size, _)| nanos >= *size);
    let Some((size, unit)) = unit else {
        return format!("{nanos} ns");
    };
    let (whole, rest) = (nanos / size, nanos % size * 100 / size);
    match whole {
        0..10 => format!("{whole}.{rest:02} {unit}"),
        10..100 => format!("{whole}.{} {unit}", rest / 10),
        _ => format!("{whole} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (12_345, "12.3 µs"),
            (999_999, "999 µs"),
            (1_200_000, "1.20 ms"),
            (59_990_000_000, "59.9 s"),
            (60_000_000_000, "1 min 00 s"),
            (3_725_000_000_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }

    #[test]
    fn values_are_not_mistaken_for_others() {
        let text = |value: &str| shown(&OwnedValue::String(value.into()));
        assert_eq!(text("/search?q=1"), "\"/search?q=1\"");
        assert_eq!(text("/search"), "/search");
        assert_eq!(text("42"), "\"42\"");
        assert_eq!(text("true"), "\"true\"");
        assert_eq!(text(""), "\"\"");
        assert_eq!(text("to be"), "\"to be\"");
        assert_eq!(shown(&OwnedValue::Int(42)), "42");
        assert_eq!(shown(&OwnedValue::Null), "null");
        assert_eq!(shown(&OwnedValue::Bytes(vec![1])), "<1 byte>");
        assert_eq!(text(&"x".repeat(500)).chars().count(), MAX_VALUE + 1);
    }
}
