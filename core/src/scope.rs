//! The instrumentation scope: who made a span (OpenTelemetry common, Instrumentation Scope).

use crate::finished::{FinishedScope, OwnedValue, scope_header};
use crate::resource::key_value;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
use prost::Message;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Says whether tracers of a scope record (trace SDK, `TracerConfigurator`).
#[derive(Clone)]
pub(crate) struct ScopeRule(pub(crate) Arc<dyn Fn(&FinishedScope) -> bool + Send + Sync>);

impl fmt::Debug for ScopeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopeRule")
    }
}

/// What a tracer is asked for with. Empty texts are left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScopeParts<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) schema_url: &'a str,
    pub(crate) attributes: &'a [(String, OwnedValue)],
}

impl ScopeParts<'_> {
    /// The fields of OTLP `ScopeSpans` that stand before the spans.
    fn header(&self) -> Vec<u8> {
        let attributes = self
            .attributes
            .iter()
            .map(|(key, value)| key_value(key, value));
        let head = ScopeSpans {
            scope: Some(InstrumentationScope {
                name: self.name.to_owned(),
                version: self.version.to_owned(),
                attributes: attributes.collect(),
                ..InstrumentationScope::default()
            }),
            schema_url: self.schema_url.to_owned(),
            ..ScopeSpans::default()
        };
        head.encode_to_vec()
    }

    fn finished(&self) -> FinishedScope {
        FinishedScope {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            schema_url: self.schema_url.to_owned(),
            attributes: self.attributes.to_vec(),
        }
    }
}

/// A scope whose `ScopeSpans` header is encoded once, when the tracer is made.
///
/// Scopes are never freed, so that chunks can point to them; equal ones are shared.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The fields of OTLP `ScopeSpans` that stand before the spans: `scope` and `schema_url`.
    pub(crate) header: Vec<u8>,
    /// What it was made of.
    parts: FinishedScope,
    /// The provider whose rule it follows; 0 = the default one's.
    owner: u32,
    off: AtomicBool,
}

impl Scope {
    /// A scope with this header, for tests.
    #[cfg(test)]
    pub(crate) const fn of_header(header: Vec<u8>) -> Self {
        Self {
            header,
            parts: FinishedScope {
                name: String::new(),
                version: String::new(),
                schema_url: String::new(),
                attributes: Vec::new(),
            },
            owner: 0,
            off: AtomicBool::new(false),
        }
    }

    fn owned(
        parts: &ScopeParts<'_>,
        header: Vec<u8>,
        owner: u32,
        rule: Option<&ScopeRule>,
    ) -> Self {
        let parts = parts.finished();
        Self {
            header,
            off: AtomicBool::new(is_off(rule, &parts)),
            parts,
            owner,
        }
    }

    /// Whether a rule says that it does not record.
    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.off.load(Ordering::Relaxed)
    }
}

fn is_off(rule: Option<&ScopeRule>, scope: &FinishedScope) -> bool {
    rule.is_some_and(|rule| crate::provider::hooks::asked(|| (rule.0)(scope)) == Some(false))
}

/// The scopes of a process.
#[derive(Debug, Default)]
pub(crate) struct ScopeTable {
    scopes: Mutex<Vec<&'static Scope>>,
}

impl ScopeTable {
    /// The one scope of these parts, for tracers of `owner` (0: of the default provider, and of all
    /// that have no rule).
    pub(crate) fn get(
        &self,
        parts: &ScopeParts<'_>,
        owner: u32,
        rule: Option<&ScopeRule>,
    ) -> &'static Scope {
        let header = parts.header();
        let find = |scopes: &Vec<&'static Scope>| {
            let known = |scope: &&&Scope| scope.owner == owner && scope.header == header;
            scopes.iter().find(known).copied()
        };
        if let Some(known) = find(&self.lock()) {
            return known;
        }
        // Made without the lock: the rule is the program's own code and may make tracers itself.
        let made = Scope::owned(parts, header.clone(), owner, rule);
        let mut scopes = self.lock();
        find(&scopes).unwrap_or_else(|| {
            let scope: &'static Scope = Box::leak(Box::new(made));
            scopes.push(scope);
            scope
        })
    }

    /// The one scope of these parts that no provider owns: the default one's rule switches it, other
    /// providers do not look.
    pub(crate) fn unowned(&self, parts: &ScopeParts<'_>) -> &'static Scope {
        let rule = crate::provider::default_provider();
        self.get(
            parts,
            0,
            rule.and_then(|provider| provider.scope_rule.as_ref()),
        )
    }

    /// The one scope that stands before spans in OTLP `ScopeSpans` as these bytes; none if they are
    /// something else.
    pub(crate) fn of_header(&self, header: &[u8]) -> Option<&'static Scope> {
        let is_it = |scope: &&&Scope| scope.owner == 0 && scope.header == header;
        if let Some(known) = self.lock().iter().find(is_it) {
            return Some(known);
        }
        let scope = scope_header(header)?;
        Some(self.unowned(&ScopeParts {
            name: &scope.name,
            version: &scope.version,
            schema_url: &scope.schema_url,
            attributes: &scope.attributes,
        }))
    }

    /// There is a new default provider: its tracers that exist already follow its rule.
    pub(crate) fn follow(&self, rule: Option<&ScopeRule>) {
        let scopes = self.lock().clone();
        for scope in scopes.iter().filter(|scope| scope.owner == 0) {
            scope
                .off
                .store(is_off(rule, &scope.parts), Ordering::Relaxed);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<&'static Scope>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
