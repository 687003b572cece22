//! `TraceState`: vendor data beside a `traceparent` (W3C Trace Context level 2, "tracestate header";
//! OpenTelemetry trace API, `TraceState`).
//!
//! Kept as the text of the header, which is valid at all times: no spaces around members, no empty
//! ones, no key twice.

use std::fmt;
use std::sync::Arc;

/// Members that a list may have.
const MAX_MEMBERS: usize = 32;
/// Characters that a key, and a value, may have.
const MAX_TEXT: usize = 256;

/// Vendor data that travels with a trace: the W3C `tracestate`, immutable and always valid.
///
/// At most 32 members with keys and values of at most 256 characters are kept and propagated; no
/// shorter limit applies. Copies share the text.
///
/// ```
/// use libtracer::TraceState;
///
/// let state = TraceState::from_header("rojo=00f067aa0ba902b7, congo=t61rcWkgMzE");
/// assert_eq!(state.get("congo"), Some("t61rcWkgMzE"));
/// let state = state.insert("congo", "ucfJifl5GOE")?; // what changes moves to the front
/// assert_eq!(state.as_str(), "congo=ucfJifl5GOE,rojo=00f067aa0ba902b7");
/// assert!(state.insert("No Key", "1").is_err());
/// # Ok::<(), libtracer::TraceStateError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct TraceState(Option<Arc<str>>);

/// Why a member was not taken into a [`TraceState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceStateError {
    /// The key is not 1 to 256 of `a-z 0-9 _ - * / @`, or begins with none of `a-z 0-9`.
    Key,
    /// The value is not 1 to 256 printable ASCII characters without `,` and `=`, or ends with a space.
    Value,
}

impl fmt::Display for TraceStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => {
                "tracestate key is not usable: begin with a-z or 0-9, go on with those or _-*/@, at \
                 most 256"
            }
            Self::Value => {
                "tracestate value is not usable: 1 to 256 printable ASCII characters without \",\" \
                 and \"=\", the last one not a space"
            }
        })
    }
}

impl std::error::Error for TraceStateError {}

impl TraceState {
    /// The state of a header; one that breaks a rule gives an empty state.
    ///
    /// Several headers are one when joined by commas. Of a key that comes twice the first, newest
    /// value is kept. Linear in the length of `text`; allocates once.
    #[must_use]
    pub fn from_header(text: &str) -> Self {
        if text.is_empty() {
            return Self::default(); // That of almost every span.
        }
        Self::parse(text).unwrap_or_default()
    }

    /// As [`TraceState::from_header`], but `None` for a header that breaks a rule.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut members = [("", ""); MAX_MEMBERS];
        let (mut count, mut len) = (0, 0);
        for member in text.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            if !is_key(key) || !is_value(value) {
                return None;
            }
            if members.iter().take(count).any(|(known, _)| *known == key) {
                continue;
            }
            // No room for a 33rd: the list breaks a rule.
            *members.get_mut(count)? = (key, value);
            count += 1;
            len += member.len() + 1;
        }
        if len == text.len() + 1 {
            return Some(Self(Some(Arc::from(text))));
        }
        Some(Self::of(members.into_iter().take(count)))
    }

    /// The state of members that are valid.
    fn of<'m>(members: impl Iterator<Item = (&'m str, &'m str)>) -> Self {
        let mut text = String::new();
        for (key, value) in members {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(key);
            text.push('=');
            text.push_str(value);
        }
        Self((!text.is_empty()).then(|| Arc::from(text)))
    }

    /// The header's text; empty if there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Keys and values, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_str()
            .split(',')
            .filter_map(|member| member.split_once('='))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// This state with the value of a key added or replaced, at the front; a 33rd member falls off
    /// at the end.
    ///
    /// # Errors
    /// If the key or the value breaks the rules of W3C Trace Context.
    pub fn insert(&self, key: &str, value: &str) -> Result<Self, TraceStateError> {
        if !is_key(key) {
            return Err(TraceStateError::Key);
        }
        if !is_value(value) {
            return Err(TraceStateError::Value);
        }
        let others = self.iter().filter(|(known, _)| *known != key);
        let members = std::iter::once((key, value)).chain(others);
        Ok(Self::of(members.take(MAX_MEMBERS)))
    }

    /// This state without a key.
    #[must_use]
    pub fn remove(&self, key: &str) -> Self {
        if self.get(key).is_none() {
            return self.clone();
        }
        Self::of(self.iter().filter(|(known, _)| *known != key))
    }
}

fn is_key(key: &str) -> bool {
    let first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let later = |byte: &u8| first(byte) || b"_-*/@".contains(byte);
    key.len() <= MAX_TEXT
        && key.as_bytes().first().is_some_and(first)
        && key.as_bytes().iter().all(later)
}

fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b',' && byte != b'=';
    !value.is_empty()
        && value.len() <= MAX_TEXT
        && value.bytes().all(allowed)
        && !value.ends_with(' ')
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
