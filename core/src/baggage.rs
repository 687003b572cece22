//! Baggage: name/value pairs of the application that travel with a context (OpenTelemetry baggage
//! API). How it is written into headers is `propagate/baggage`'s business.

use std::fmt;
use std::sync::Arc;

/// Name/value pairs that travel with a [`Context`](crate::Context), immutable; copies share them.
///
/// Names and values are any text, case-sensitive; a propagator may leave out names that it cannot
/// carry. Nothing is added to spans by itself. Changing costs a copy of the list, not of its texts.
///
/// ```
/// use libtracer::Baggage;
///
/// let baggage = Baggage::new().with("tenant", "blue").with("user", "B% 💼");
/// assert_eq!(baggage.get("user"), Some("B% 💼"));
/// assert_eq!(baggage.to_header(), "tenant=blue,user=B%25%20%F0%9F%92%BC");
/// assert_eq!(Baggage::from_header(&baggage.to_header()), baggage);
/// assert_eq!(baggage.without("user").len(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Baggage(Option<Arc<[Entry]>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) value: Arc<str>,
    /// Properties as they stand in the header, `;` between them; empty = none.
    pub(crate) metadata: Arc<str>,
}

impl Baggage {
    pub(crate) const EMPTY: Self = Self(None);

    /// No pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::EMPTY
    }

    /// The pairs of a list; of a name that comes twice the last one.
    pub(crate) fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut unique: Vec<Entry> = Vec::new();
        for entry in entries {
            match unique.iter_mut().find(|known| known.name == entry.name) {
                Some(known) => *known = entry,
                None => unique.push(entry),
            }
        }
        Self((!unique.is_empty()).then(|| unique.into()))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.name == name)
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|entry| &*entry.value)
    }

    /// The metadata of a name: opaque properties with `;` between them, empty if it has none.
    #[must_use]
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|entry| &*entry.metadata)
    }

    /// Names and values; their order means nothing.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries()
            .iter()
            .map(|entry| (&*entry.name, &*entry.value))
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// This baggage with a pair added or replaced; an empty name changes nothing.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        self.with_metadata(name, value, "")
    }

    /// As [`Baggage::with`], with metadata such as `"ttl=30;secret"`.
    #[must_use]
    pub fn with_metadata(&self, name: &str, value: &str, metadata: &str) -> Self {
        if name.is_empty() {
            return self.clone();
        }
        let entry = Entry {
            name: name.into(),
            value: value.into(),
            metadata: metadata.trim().into(),
        };
        let known = self.entries().iter().cloned();
        Self::of(known.chain(std::iter::once(entry)))
    }

    /// This baggage without a name.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let others = self.entries().iter().filter(|entry| &*entry.name != name);
        Self::of(others.cloned())
    }
}

impl PartialEq for Baggage {
    /// The same names with the same values and metadata, in any order.
    fn eq(&self, other: &Self) -> bool {
        let known = |entry: &Entry| other.entry(&entry.name) == Some(entry);
        self.len() == other.len() && self.entries().iter().all(known)
    }
}

impl Eq for Baggage {}

impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
