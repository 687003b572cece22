//! The instrumentation scope: who made a span (OpenTelemetry common, Instrumentation Scope).

use crate::wire::buf::Buf;
use crate::wire::field_len;
use std::sync::{Mutex, PoisonError};

/// A scope whose `ScopeSpans` header is encoded once, when the tracer is made.
///
/// Scopes are never freed, so that chunks can point to them; equal ones are shared.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The fields of OTLP `ScopeSpans` that stand before the spans: `scope` and `schema_url`.
    pub(crate) header: Vec<u8>,
}

impl Scope {
    /// Encodes a scope. Empty texts are left out.
    pub(crate) fn new(name: &str, version: &str, schema_url: &str) -> Self {
        let optional = |text: &str| {
            if text.is_empty() {
                0
            } else {
                field_len(text.len())
            }
        };
        let scope_len = optional(name) + optional(version);
        let mut buf = Buf::default();
        buf.append(field_len(scope_len) + optional(schema_url), |writer| {
            writer.open(0x0a, scope_len);
            for (tag, text) in [(0x0a, name), (0x12, version), (0x1a, schema_url)] {
                if !text.is_empty() {
                    writer.field(tag, text.as_bytes());
                }
            }
        });
        Self {
            header: buf.as_slice().to_vec(),
        }
    }
}

/// The scopes of a process.
#[derive(Debug, Default)]
pub(crate) struct ScopeTable {
    scopes: Mutex<Vec<&'static Scope>>,
}

impl ScopeTable {
    /// The one scope with this name, version and schema.
    pub(crate) fn get(&self, name: &str, version: &str, schema_url: &str) -> &'static Scope {
        let wanted = Scope::new(name, version, schema_url);
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = scopes.iter().find(|scope| scope.header == wanted.header);
        known.copied().unwrap_or_else(|| {
            let scope: &'static Scope = Box::leak(Box::new(wanted));
            scopes.push(scope);
            scope
        })
    }
}
