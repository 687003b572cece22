//! The messages of OTLP, as its JSON names and writes their fields. Enumerations are numbers, 64-bit
//! integers text, ids hexadecimal and other bytes base64.

/// The fields of a message, in the order in which they are written.
pub(super) type Schema = &'static [Field];

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
}

/// How often a field may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    Many,
    /// Many numbers in one piece.
    Packed,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Bool,
    /// Any integer of 32 bits, and enumerations.
    Int32,
    /// A zigzag integer.
    Sint32,
    /// A signed integer of 64 bits.
    Int64,
    Uint64,
    /// An unsigned integer in 8 bytes.
    Fixed64,
    Double,
    Hex,
    Base64,
    /// A message; a reference to its table, since tables refer to each other.
    Message(&'static Schema),
}

impl Field {
    const fn one(number: u32, name: &'static str, kind: Kind) -> Self {
        Self {
            number,
            name,
            kind,
            shape: Shape::One,
        }
    }

    const fn many(number: u32, name: &'static str, kind: Kind) -> Self {
        Self {
            shape: Shape::Many,
            ..Self::one(number, name, kind)
        }
    }

    const fn packed(number: u32, name: &'static str, kind: Kind) -> Self {
        Self {
            shape: Shape::Packed,
            ..Self::one(number, name, kind)
        }
    }
}

pub(super) static TRACES: &[Field] = &[Field::many(
    1,
    "resourceSpans",
    Kind::Message(&RESOURCE_TRACES),
)];

static RESOURCE_TRACES: &[Field] = &[
    Field::one(1, "resource", Kind::Message(&RESOURCE)),
    Field::many(2, "scopeSpans", Kind::Message(&SCOPE_TRACES)),
    Field::one(3, "schemaUrl", Kind::Text),
];

static SCOPE_TRACES: &[Field] = &[
    Field::one(1, "scope", Kind::Message(&SCOPE)),
    Field::many(2, "spans", Kind::Message(&SPAN)),
    Field::one(3, "schemaUrl", Kind::Text),
];

pub(super) static LOGS: &[Field] = &[Field::many(
    1,
    "resourceLogs",
    Kind::Message(&RESOURCE_LOGS),
)];

static RESOURCE_LOGS: &[Field] = &[
    Field::one(1, "resource", Kind::Message(&RESOURCE)),
    Field::many(2, "scopeLogs", Kind::Message(&SCOPE_LOGS)),
    Field::one(3, "schemaUrl", Kind::Text),
];

static SCOPE_LOGS: &[Field] = &[
    Field::one(1, "scope", Kind::Message(&SCOPE)),
    Field::many(2, "logRecords", Kind::Message(&LOG_RECORD)),
    Field::one(3, "schemaUrl", Kind::Text),
];

pub(super) static METRICS: &[Field] = &[Field::many(
    1,
    "resourceMetrics",
    Kind::Message(&RESOURCE_METRICS),
)];

static RESOURCE_METRICS: &[Field] = &[
    Field::one(1, "resource", Kind::Message(&RESOURCE)),
    Field::many(2, "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
    Field::one(3, "schemaUrl", Kind::Text),
];

static SCOPE_METRICS: &[Field] = &[
    Field::one(1, "scope", Kind::Message(&SCOPE)),
    Field::many(2, "metrics", Kind::Message(&METRIC)),
    Field::one(3, "schemaUrl", Kind::Text),
];

static RESOURCE: &[Field] = &[
    Field::many(1, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(2, "droppedAttributesCount", Kind::Int32),
    Field::many(3, "entityRefs", Kind::Message(&ENTITY_REF)),
];

static ENTITY_REF: &[Field] = &[
    Field::one(1, "schemaUrl", Kind::Text),
    Field::one(2, "type", Kind::Text),
    Field::many(3, "idKeys", Kind::Text),
    Field::many(4, "descriptionKeys", Kind::Text),
];

static SCOPE: &[Field] = &[
    Field::one(1, "name", Kind::Text),
    Field::one(2, "version", Kind::Text),
    Field::many(3, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(4, "droppedAttributesCount", Kind::Int32),
];

static KEY_VALUE: &[Field] = &[
    Field::one(1, "key", Kind::Text),
    Field::one(2, "value", Kind::Message(&ANY_VALUE)),
];

pub(super) static ANY_VALUE: &[Field] = &[
    Field::one(1, "stringValue", Kind::Text),
    Field::one(2, "boolValue", Kind::Bool),
    Field::one(3, "intValue", Kind::Int64),
    Field::one(4, "doubleValue", Kind::Double),
    Field::one(5, "arrayValue", Kind::Message(&ARRAY)),
    Field::one(6, "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
    Field::one(7, "bytesValue", Kind::Base64),
];

pub(super) static ARRAY: &[Field] = &[Field::many(1, "values", Kind::Message(&ANY_VALUE))];

static KEY_VALUE_LIST: &[Field] = &[Field::many(1, "values", Kind::Message(&KEY_VALUE))];

static SPAN: &[Field] = &[
    Field::one(1, "traceId", Kind::Hex),
    Field::one(2, "spanId", Kind::Hex),
    Field::one(3, "traceState", Kind::Text),
    Field::one(4, "parentSpanId", Kind::Hex),
    Field::one(16, "flags", Kind::Int32),
    Field::one(5, "name", Kind::Text),
    Field::one(6, "kind", Kind::Int32),
    Field::one(7, "startTimeUnixNano", Kind::Fixed64),
    Field::one(8, "endTimeUnixNano", Kind::Fixed64),
    Field::many(9, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(10, "droppedAttributesCount", Kind::Int32),
    Field::many(11, "events", Kind::Message(&EVENT)),
    Field::one(12, "droppedEventsCount", Kind::Int32),
    Field::many(13, "links", Kind::Message(&LINK)),
    Field::one(14, "droppedLinksCount", Kind::Int32),
    Field::one(15, "status", Kind::Message(&STATUS)),
];

static EVENT: &[Field] = &[
    Field::one(1, "timeUnixNano", Kind::Fixed64),
    Field::one(2, "name", Kind::Text),
    Field::many(3, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(4, "droppedAttributesCount", Kind::Int32),
];

static LINK: &[Field] = &[
    Field::one(1, "traceId", Kind::Hex),
    Field::one(2, "spanId", Kind::Hex),
    Field::one(3, "traceState", Kind::Text),
    Field::many(4, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(5, "droppedAttributesCount", Kind::Int32),
    Field::one(6, "flags", Kind::Int32),
];

static STATUS: &[Field] = &[
    Field::one(2, "message", Kind::Text),
    Field::one(3, "code", Kind::Int32),
];

static LOG_RECORD: &[Field] = &[
    Field::one(1, "timeUnixNano", Kind::Fixed64),
    Field::one(11, "observedTimeUnixNano", Kind::Fixed64),
    Field::one(2, "severityNumber", Kind::Int32),
    Field::one(3, "severityText", Kind::Text),
    Field::one(5, "body", Kind::Message(&ANY_VALUE)),
    Field::many(6, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(7, "droppedAttributesCount", Kind::Int32),
    Field::one(8, "flags", Kind::Int32),
    Field::one(9, "traceId", Kind::Hex),
    Field::one(10, "spanId", Kind::Hex),
    Field::one(12, "eventName", Kind::Text),
];

static METRIC: &[Field] = &[
    Field::one(1, "name", Kind::Text),
    Field::one(2, "description", Kind::Text),
    Field::one(3, "unit", Kind::Text),
    Field::one(5, "gauge", Kind::Message(&GAUGE)),
    Field::one(7, "sum", Kind::Message(&SUM)),
    Field::one(9, "histogram", Kind::Message(&HISTOGRAM)),
    Field::one(10, "exponentialHistogram", Kind::Message(&EXPONENTIAL)),
    Field::one(11, "summary", Kind::Message(&SUMMARY)),
    Field::many(12, "metadata", Kind::Message(&KEY_VALUE)),
];

static GAUGE: &[Field] = &[Field::many(1, "dataPoints", Kind::Message(&NUMBER_POINT))];

static SUM: &[Field] = &[
    Field::many(1, "dataPoints", Kind::Message(&NUMBER_POINT)),
    Field::one(2, "aggregationTemporality", Kind::Int32),
    Field::one(3, "isMonotonic", Kind::Bool),
];

static HISTOGRAM: &[Field] = &[
    Field::many(1, "dataPoints", Kind::Message(&HISTOGRAM_POINT)),
    Field::one(2, "aggregationTemporality", Kind::Int32),
];

static EXPONENTIAL: &[Field] = &[
    Field::many(1, "dataPoints", Kind::Message(&EXPONENTIAL_POINT)),
    Field::one(2, "aggregationTemporality", Kind::Int32),
];

static SUMMARY: &[Field] = &[Field::many(1, "dataPoints", Kind::Message(&SUMMARY_POINT))];

static NUMBER_POINT: &[Field] = &[
    Field::many(7, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(2, "startTimeUnixNano", Kind::Fixed64),
    Field::one(3, "timeUnixNano", Kind::Fixed64),
    Field::one(4, "asDouble", Kind::Double),
    Field::one(6, "asInt", Kind::Int64),
    Field::many(5, "exemplars", Kind::Message(&EXEMPLAR)),
    Field::one(8, "flags", Kind::Int32),
];

static HISTOGRAM_POINT: &[Field] = &[
    Field::many(9, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(2, "startTimeUnixNano", Kind::Fixed64),
    Field::one(3, "timeUnixNano", Kind::Fixed64),
    Field::one(4, "count", Kind::Fixed64),
    Field::one(5, "sum", Kind::Double),
    Field::packed(6, "bucketCounts", Kind::Fixed64),
    Field::packed(7, "explicitBounds", Kind::Double),
    Field::many(8, "exemplars", Kind::Message(&EXEMPLAR)),
    Field::one(10, "flags", Kind::Int32),
    Field::one(11, "min", Kind::Double),
    Field::one(12, "max", Kind::Double),
];

static EXPONENTIAL_POINT: &[Field] = &[
    Field::many(1, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(2, "startTimeUnixNano", Kind::Fixed64),
    Field::one(3, "timeUnixNano", Kind::Fixed64),
    Field::one(4, "count", Kind::Fixed64),
    Field::one(5, "sum", Kind::Double),
    Field::one(6, "scale", Kind::Sint32),
    Field::one(7, "zeroCount", Kind::Fixed64),
    Field::one(8, "positive", Kind::Message(&BUCKETS)),
    Field::one(9, "negative", Kind::Message(&BUCKETS)),
    Field::one(10, "flags", Kind::Int32),
    Field::many(11, "exemplars", Kind::Message(&EXEMPLAR)),
    Field::one(12, "min", Kind::Double),
    Field::one(13, "max", Kind::Double),
    Field::one(14, "zeroThreshold", Kind::Double),
];

static BUCKETS: &[Field] = &[
    Field::one(1, "offset", Kind::Sint32),
    Field::packed(2, "bucketCounts", Kind::Uint64),
];

static SUMMARY_POINT: &[Field] = &[
    Field::many(7, "attributes", Kind::Message(&KEY_VALUE)),
    Field::one(2, "startTimeUnixNano", Kind::Fixed64),
    Field::one(3, "timeUnixNano", Kind::Fixed64),
    Field::one(4, "count", Kind::Fixed64),
    Field::one(5, "sum", Kind::Double),
    Field::many(6, "quantileValues", Kind::Message(&QUANTILE)),
    Field::one(8, "flags", Kind::Int32),
];

static QUANTILE: &[Field] = &[
    Field::one(1, "quantile", Kind::Double),
    Field::one(2, "value", Kind::Double),
];

static EXEMPLAR: &[Field] = &[
    Field::many(7, "filteredAttributes", Kind::Message(&KEY_VALUE)),
    Field::one(2, "timeUnixNano", Kind::Fixed64),
    Field::one(3, "asDouble", Kind::Double),
    Field::one(6, "asInt", Kind::Int64),
    Field::one(4, "spanId", Kind::Hex),
    Field::one(5, "traceId", Kind::Hex),
];
