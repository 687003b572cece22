//! What set-up can fail with. Recording never fails.

use std::fmt;

/// An option that cannot be used: names the option, the value and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    /// An error whose text names the option, the value and the cure, in lower case, no full stop.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// The usual text: `option "value" is wrong: cure`. The value must not be a secret.
    pub(crate) fn value(option: &str, value: &str, wrong: &str, cure: &str) -> Self {
        Self::new(format!("{option} {} {wrong}: {cure}", quoted(value)))
    }
}

/// A value as shown to a person: quoted, without control characters, not endless.
pub(crate) fn quoted(value: &str) -> String {
    const LONGEST: usize = 120; // characters: a line on a terminal
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", value.get(..end).unwrap_or_default()),
        None => format!("{value:?}"),
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// The deadline of a flush or shutdown passed first; what was not exported stays queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout;

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline passed before everything was exported")
    }
}

impl std::error::Error for Timeout {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_on_one_short_line() {
        let long = "é".repeat(1000);
        let error = ConfigError::value("depth", &format!("a\n{long}"), "is not a number", "give 1");
        let text = error.to_string();
        assert!(text.starts_with("depth \"a\\né"), "{text}");
        assert!(text.ends_with("é\"... is not a number: give 1"), "{text}");
        assert!(text.chars().count() < 180);
    }
}
