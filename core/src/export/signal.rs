//! The kinds of telemetry that share pipelines, transport and wire shape.

/// What a batch holds. The three requests of OTLP have one shape; only the path, the gRPC method and
/// the names in JSON differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Spans.
    #[default]
    Traces,
    /// Log records.
    Logs,
    /// Metrics.
    Metrics,
}

impl Signal {
    /// What is counted, for a person.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Logs => "log records",
            Self::Metrics => "metrics",
        }
    }
}
