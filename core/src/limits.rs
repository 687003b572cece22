//! Span limits (OpenTelemetry trace SDK, "Span Limits"): how much one span may hold.

use crate::config::env::Env;

/// How much one span may hold; what is over is dropped and counted on the span.
///
/// ```
/// use libtracer::SpanLimits;
///
/// let limits = SpanLimits { attribute_value_length: 4096, ..SpanLimits::default() };
/// assert_eq!(limits.attributes, 128);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanLimits {
    /// Attributes of a span.
    pub attributes: usize,
    /// Characters of a string value, bytes of a bytes value, in spans, events and links.
    pub attribute_value_length: usize,
    /// The same in events and links, where it is another than in spans.
    pub event_value_length: Option<usize>,
    /// Events of a span.
    pub events: usize,
    /// Links of a span.
    pub links: usize,
    /// Attributes of an event.
    pub attributes_per_event: usize,
    /// Attributes of a link.
    pub attributes_per_link: usize,
    /// Arrays and maps inside each other; what is deeper becomes an empty value.
    pub depth: usize,
    /// Over a count the oldest gives way to the newest, as opentelemetry-python has it. The
    /// specification, and the default, discard what comes too late.
    pub keep_newest: bool,
}

impl SpanLimits {
    /// Default of every count (specification: 128).
    pub const DEFAULT_COUNT: usize = 128;
    /// Default of `depth` (specification: 64).
    pub const DEFAULT_DEPTH: usize = 64;
    /// No limit.
    pub const UNLIMITED: usize = usize::MAX;
    /// The specification's defaults.
    pub const DEFAULT: Self = Self {
        attributes: Self::DEFAULT_COUNT,
        attribute_value_length: Self::UNLIMITED,
        event_value_length: None,
        events: Self::DEFAULT_COUNT,
        links: Self::DEFAULT_COUNT,
        attributes_per_event: Self::DEFAULT_COUNT,
        attributes_per_link: Self::DEFAULT_COUNT,
        depth: Self::DEFAULT_DEPTH,
        keep_newest: false,
    };
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl SpanLimits {
    /// Limits from the environment; a limit of its own wins over a general one.
    pub(crate) fn from_env(env: &mut Env) -> Self {
        let attributes = env
            .count("OTEL_ATTRIBUTE_COUNT_LIMIT")
            .unwrap_or(Self::DEFAULT_COUNT);
        let length = env
            .count("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
            .unwrap_or(Self::UNLIMITED);
        let mut count = |name, general| env.count(name).unwrap_or(general);
        Self {
            attributes: count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributes),
            attribute_value_length: count("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length),
            events: count("OTEL_SPAN_EVENT_COUNT_LIMIT", Self::DEFAULT_COUNT),
            links: count("OTEL_SPAN_LINK_COUNT_LIMIT", Self::DEFAULT_COUNT),
            attributes_per_event: count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", attributes),
            attributes_per_link: count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", attributes),
            ..Self::DEFAULT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conf_107_limits_come_from_the_environment() {
        let mut env = Env::of(&[
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "3"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "0"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "6"),
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "7"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8"),
        ]);
        let limits = SpanLimits::from_env(&mut env);
        let expected = SpanLimits {
            attributes: 1,
            attribute_value_length: 2,
            events: 3,
            links: 0,
            attributes_per_event: 5,
            attributes_per_link: 6,
            ..SpanLimits::DEFAULT
        };
        assert_eq!(limits, expected);
        assert_eq!(env.into_warnings(), Vec::<String>::new());
    }

    #[test]
    fn conf_107_general_limits_fill_in_for_special_ones() {
        let mut env = Env::of(&[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "7"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "many"),
        ]);
        let limits = SpanLimits::from_env(&mut env);
        assert_eq!((limits.attributes, limits.attribute_value_length), (7, 8));
        assert_eq!(
            (limits.attributes_per_event, limits.attributes_per_link),
            (7, 7)
        );
        assert_eq!((limits.events, limits.links), (128, 128));
        assert_eq!(env.into_warnings().len(), 1);
    }

    #[test]
    fn without_an_environment_limits_are_the_defaults() {
        assert_eq!(
            SpanLimits::from_env(&mut Env::default()),
            SpanLimits::default()
        );
    }
}
