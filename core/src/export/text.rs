//! Foreign text made fit for a person's eyes: one line, no control characters, not endless.

use std::fmt::Write;

/// `text` with control characters escaped, cut to `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit + 3));
    for (place, symbol) in text.chars().enumerate() {
        if place >= limit {
            out.push('…');
            break;
        }
        push_visible(&mut out, symbol);
    }
    out
}

fn push_visible(out: &mut String, symbol: char) {
    // Besides control characters: what reorders or hides the text around it on a terminal.
    let unseen = matches!(symbol, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    match symbol {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if symbol.is_control() || unseen => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(symbol));
        }
        _ => out.push(symbol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_no_control_character() {
        assert_eq!(
            one_line("a\nb\u{1b}[2J\u{202e}é", 100),
            "a\\nb\\u{1b}[2J\\u{202e}é"
        );
    }

    #[test]
    fn the_limit_counts_characters() {
        assert_eq!(one_line("ééééé", 3), "ééé…");
        assert_eq!(one_line("ééé", 3), "ééé");
    }
}
