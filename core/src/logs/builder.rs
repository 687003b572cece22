//! A logger about to be made (logs API, "get a logger").

use super::Logger;
use crate::finished::OwnedValue;
use crate::provider::Provider;
use crate::runtime::runtime;
use crate::scope::ScopeParts;

/// A logger about to be made.
///
/// ```
/// use libtracer::logger_builder;
///
/// let logger = logger_builder("shop.checkout")
///     .version("1.2.3")
///     .attribute("team", "payments")
///     .build();
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct LoggerBuilder<'a> {
    provider: Option<&'static Provider>,
    name: &'a str,
    version: &'a str,
    schema_url: &'a str,
    attributes: Vec<(String, OwnedValue)>,
}

impl<'a> LoggerBuilder<'a> {
    pub(super) fn new(provider: Option<&'static Provider>, name: &'a str) -> Self {
        Self {
            provider,
            name,
            version: "",
            schema_url: "",
            attributes: Vec::new(),
        }
    }

    /// The version of the library that logs.
    pub fn version(self, version: &'a str) -> Self {
        Self { version, ..self }
    }

    /// The schema that its attributes follow.
    pub fn schema_url(self, schema_url: &'a str) -> Self {
        Self { schema_url, ..self }
    }

    /// An attribute of the scope; the last value of a key counts.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<OwnedValue>) -> Self {
        let (key, value) = (key.into(), value.into());
        self.attributes.retain(|(known, _)| *known != key);
        self.attributes.push((key, value));
        self
    }

    /// Makes the logger; its name may be empty. Which scopes trace has no bearing on logs.
    #[must_use]
    pub fn build(self) -> Logger {
        Logger {
            provider: self.provider,
            scope: runtime().scopes.unowned(&ScopeParts {
                name: self.name,
                version: self.version,
                schema_url: self.schema_url,
                attributes: &self.attributes,
            }),
        }
    }
}
