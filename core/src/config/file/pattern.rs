//! Patterns with `*` and `?`, to include and to exclude.

use super::node::{At, Fields, Read};

/// What matches one of `included`, or anything without one, and none of `excluded`.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    included: Vec<String>,
    excluded: Vec<String>,
}

impl Patterns {
    pub(super) fn read(fields: &mut Fields<'_>) -> Read<Self> {
        let mut texts_of = |name| match fields.get(name) {
            Some(list) => texts(&list),
            None => Ok(Vec::new()),
        };
        Ok(Self {
            included: texts_of("included")?,
            excluded: texts_of("excluded")?,
        })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, text));
        (self.included.is_empty() || any(&self.included)) && !any(&self.excluded)
    }
}

/// A list of text.
pub(super) fn texts(at: &At<'_>) -> Read<Vec<String>> {
    let text = |at: &At<'_>| Ok(at.text()?.unwrap_or_default().to_owned());
    at.list()?.iter().map(text).collect()
}

/// `*` is any number of characters, `?` one; the rest is itself. Needs no more than the product of
/// the lengths.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on when the last `*` has to take one character more.
    let mut retry = None;
    loop {
        let here = text.clone();
        let fits = match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = here;
                retry = Some((pattern.clone(), text.clone()));
                true
            }
            (Some(wanted), Some(found)) => wanted == '?' || wanted == found,
            _ => false,
        };
        if fits {
            continue;
        }
        let Some((after, mut from)) = retry.take() else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), from.clone());
        retry = Some((after, from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a", "a", true),
            ("a", "A", false),
            ("a", "ab", false),
            ("?", "é", true),
            ("?", "", false),
            ("host.*", "host.name", true),
            ("host.*", "os.host.name", false),
            ("*.name", "host.name", true),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbx", false),
            ("a**b", "ab", true),
            ("*??", "a", false),
            ("4?4", "404", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        let hostile = "*a".repeat(200) + "b";
        assert!(!matches(&hostile, &"a".repeat(2000)));
    }
}
