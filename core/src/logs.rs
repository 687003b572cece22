//! Log records (OpenTelemetry logs API and SDK): written as OTLP bytes into the thread's chunks, like
//! spans, and sent by the same worker through pipelines of their own.
//!
//! A record is complete when it is emitted: `record` has its bytes, `emit` brings them into the chunk.
//! `state` is what a provider keeps for its records, with an account of their own. Nothing here fails
//! or waits; what cannot be kept is counted.

mod account;
mod builder;
pub(crate) mod console;
mod emit;
mod finished;
mod record;
mod severity;
pub(crate) mod state;

pub use account::LogStats;
pub use builder::LoggerBuilder;
pub(crate) use emit::Scratch;
pub use finished::FinishedLog;
pub use severity::Severity;
pub(crate) use state::LogRecords;

use crate::context::SpanContext;
use crate::provider::{Provider, default_provider};
use crate::scope::Scope;
use crate::tracer::{Tracer, TracerProvider};
use crate::value::{Value, ValueBuilder};

/// Records log records of one instrumentation scope. Cheap to copy, safe from any thread.
///
/// ```
/// use libtracer::{Config, MemoryExporter, Severity, TracerProvider};
///
/// let kept = MemoryExporter::new();
/// let provider = TracerProvider::new(&Config::new().logs_memory(&kept))?;
/// let logger = provider.logger("checkout");
/// logger.record(Severity::Warn, "stock is low").attribute("sku", 4711).emit();
///
/// let logs = kept.logs();
/// assert_eq!(logs[0].body.as_str(), Some("stock is low"));
/// assert_eq!(logs[0].severity, Severity::Warn);
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Logger {
    provider: Option<&'static Provider>,
    scope: &'static Scope,
}

impl TracerProvider {
    /// A logger named after the library or module that logs; the name may be empty. Records go where
    /// [`crate::Config::otlp_logs`] and its like say; without any they are counted only.
    #[must_use]
    pub fn logger(&self, name: &str) -> Logger {
        self.logger_with(name, "", "")
    }

    /// A logger with the version and schema URL of its library; empty = none.
    #[must_use]
    pub fn logger_with(&self, name: &str, version: &str, schema_url: &str) -> Logger {
        let builder = self.logger_builder(name);
        builder.version(version).schema_url(schema_url).build()
    }

    /// A logger to be made with more than a name.
    pub fn logger_builder<'a>(&self, name: &'a str) -> LoggerBuilder<'a> {
        LoggerBuilder::new(Some(self.inner()), name)
    }

    /// The account of log records for each pipeline in this process; one without a name if there is
    /// none.
    #[must_use]
    pub fn log_stats(&self) -> Vec<LogStats> {
        self.inner().log_stats()
    }
}

/// A logger of the default provider, whichever that is when a record is emitted.
#[must_use]
pub fn logger(name: &str) -> Logger {
    logger_builder(name).build()
}

/// A logger of the default provider, to be made with more than a name.
pub fn logger_builder(name: &str) -> LoggerBuilder<'_> {
    LoggerBuilder::new(None, name)
}

impl Tracer {
    /// A logger of the same provider and scope.
    #[must_use]
    pub fn logger(&self) -> Logger {
        let (provider, scope) = self.parts();
        Logger { provider, scope }
    }
}

/// The account of log records of the default provider's pipelines; empty if none is configured.
#[must_use]
pub fn log_stats() -> Vec<LogStats> {
    default_provider()
        .map(Provider::log_stats)
        .unwrap_or_default()
}

impl Logger {
    fn provider(&self) -> Option<&'static Provider> {
        self.provider.or_else(default_provider)
    }

    /// Whether a record would reach anyone (logs API, "Enabled"): worth asking before an expensive
    /// body is made. Costs a few loads.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.provider().is_some_and(Provider::keeps_logs)
    }

    /// A record to be emitted: its severity and its body, a value of any kind. What is borrowed is
    /// copied by [`LogRecord::emit`].
    pub fn record<'a>(&self, severity: Severity, body: impl Into<Value<'a>>) -> LogRecord<'a> {
        LogRecord {
            logger: *self,
            kept: self.is_enabled(),
            severity,
            severity_text: "",
            body: body.into(),
            encoded: None,
            attributes: &[],
            more: Vec::new(),
            map: None,
            lost: 0,
            unix_ns: 0,
            observed_ns: 0,
            event_name: "",
            context: ContextChoice::Current,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum ContextChoice<'a> {
    Current,
    None,
    Given(&'a SpanContext),
}

/// The record with a body that a binding has encoded: the fields of an OTLP `AnyValue`.
pub fn with_encoded_body<'a>(record: LogRecord<'a>, body: &'a [u8]) -> LogRecord<'a> {
    LogRecord {
        encoded: Some(body),
        ..record
    }
}

/// A log record about to be emitted (logs data model).
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded before `emit`"]
pub struct LogRecord<'a> {
    logger: Logger,
    /// Whether anyone takes it; if not, nothing is collected.
    kept: bool,
    severity: Severity,
    severity_text: &'a str,
    body: Value<'a>,
    /// The body in place of `body`: the fields of an OTLP `AnyValue`.
    encoded: Option<&'a [u8]>,
    attributes: &'a [(&'a str, Value<'a>)],
    /// Given after `attributes`.
    more: Vec<(&'a str, Value<'a>)>,
    /// A map of more of them.
    map: Option<&'a ValueBuilder>,
    /// Attributes that memory was refused for.
    lost: u32,
    unix_ns: u64,
    observed_ns: u64,
    event_name: &'a str,
    context: ContextChoice<'a>,
}

impl<'a> LogRecord<'a> {
    /// Adds an attribute; the last value of a key counts. An empty key is refused and counted.
    pub fn attribute(mut self, key: &'a str, value: impl Into<Value<'a>>) -> Self {
        self.push(&[(key, value.into())]);
        self
    }

    /// Adds attributes.
    pub fn attributes(mut self, attributes: &'a [(&'a str, Value<'a>)]) -> Self {
        if self.attributes.is_empty() && self.more.is_empty() {
            self.attributes = attributes;
        } else {
            self.push(attributes);
        }
        self
    }

    /// Adds the entries of a map; what is no map has none. Called again, it replaces that map.
    pub fn attributes_of(mut self, map: &'a ValueBuilder) -> Self {
        self.map = Some(map);
        self
    }

    fn push(&mut self, attributes: &[(&'a str, Value<'a>)]) {
        if !self.kept {
            return;
        }
        if self.more.try_reserve(attributes.len()).is_ok() {
            self.more.extend_from_slice(attributes);
        } else {
            let lost = u32::try_from(attributes.len()).unwrap_or(u32::MAX);
            self.lost = self.lost.saturating_add(lost);
        }
    }

    /// When it happened, in Unix nanoseconds; now unless said.
    pub fn at(self, unix_ns: u64) -> Self {
        Self { unix_ns, ..self }
    }

    /// When it was noticed, in Unix nanoseconds; now unless said.
    pub fn observed_at(self, unix_ns: u64) -> Self {
        Self {
            observed_ns: unix_ns,
            ..self
        }
    }

    /// The severity as its source spells it, where that differs from OpenTelemetry's names.
    pub fn severity_text(self, severity_text: &'a str) -> Self {
        Self {
            severity_text,
            ..self
        }
    }

    /// Makes it an event: the name of its kind, of which all records have the same shape.
    pub fn event_name(self, event_name: &'a str) -> Self {
        Self { event_name, ..self }
    }

    /// The span it belongs to, instead of the current one; an invalid context means none.
    pub fn context(self, context: &'a SpanContext) -> Self {
        Self {
            context: ContextChoice::Given(context),
            ..self
        }
    }

    /// It belongs to no span.
    pub fn without_context(self) -> Self {
        Self {
            context: ContextChoice::None,
            ..self
        }
    }
}
