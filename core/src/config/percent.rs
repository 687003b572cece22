//! Percent-decoding of lists in environment variables.

use percent_encoding::percent_decode_str;

/// `text` with `%XX` decoded; nothing if an escape is malformed or the result is not UTF-8.
///
/// The `percent-encoding` crate alone would keep a malformed escape as it stands.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut escapes = text.split('%').skip(1);
    let well_formed = escapes.all(|after| {
        after.len() >= 2 && after.bytes().take(2).all(|digit| digit.is_ascii_hexdigit())
    });
    if !well_formed {
        return None;
    }
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_characters_and_malformed_ones_are_refused() {
        for (text, decoded) in [
            ("", Some("")),
            ("a b+c", Some("a b+c")),
            ("%41%2c%3D", Some("A,=")),
            ("%C3%A9", Some("é")),
            ("100%25", Some("100%")),
            ("%", None),
            ("%4", None),
            ("%4é", None),
            ("%zz", None),
            ("%C3", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
        }
    }
}
