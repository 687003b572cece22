//! A tracer about to be made (trace API, "Get a Tracer").

use super::Tracer;
use crate::finished::OwnedValue;
use crate::pipeline::diagnose;
use crate::provider::Provider;
use crate::runtime::runtime;
use crate::scope::ScopeParts;
use std::sync::atomic::{AtomicBool, Ordering};

/// A tracer about to be made.
///
/// ```
/// use libtracer::tracer_builder;
///
/// let tracer = tracer_builder("shop.checkout")
///     .version("1.2.3")
///     .schema_url("https://opentelemetry.io/schemas/1.37.0")
///     .attribute("team", "payments")
///     .build();
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct TracerBuilder<'a> {
    provider: Option<&'static Provider>,
    name: &'a str,
    version: &'a str,
    schema_url: &'a str,
    attributes: Vec<(String, OwnedValue)>,
}

impl<'a> TracerBuilder<'a> {
    pub(super) fn new(provider: Option<&'static Provider>, name: &'a str) -> Self {
        Self {
            provider,
            name,
            version: "",
            schema_url: "",
            attributes: Vec::new(),
        }
    }

    /// The version of the library that makes the spans.
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
        match self.attributes.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((key, value)),
        }
        self
    }

    /// Makes the tracer; one without a name works too, and is said once. One for the same scope made before is the same.
    #[must_use]
    pub fn build(self) -> Tracer {
        if self.name.is_empty() {
            say_that_a_name_is_missing();
        }
        let parts = ScopeParts {
            name: self.name,
            version: self.version,
            schema_url: self.schema_url,
            attributes: &self.attributes,
        };
        let scopes = &runtime().scopes;
        let ruled = self
            .provider
            .filter(|provider| provider.scope_rule.is_some());
        Tracer {
            provider: self.provider,
            scope: match ruled {
                Some(owner) => scopes.get(&parts, owner.id, owner.scope_rule.as_ref()),
                None => scopes.unowned(&parts),
            },
        }
    }
}

/// Once: a program may make such tracers at any rate.
#[cold]
fn say_that_a_name_is_missing() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Ordering::Relaxed) {
        diagnose::warn("a tracer has no name: give it that of the library or module it is for");
    }
}
