//! Any text in any variable: a warning, an error or a value, never a panic.

use super::load;
use crate::resource::Resource;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

const VARIABLES: [&str; 30] = [
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_EXPORT_TIMEOUT",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_INSECURE",
    "HTTPS_PROXY",
    "all_proxy",
    "NO_PROXY",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z%=,;: /@?0-9.\\[\\]-]{0,30}",
        "https?://[a-z0-9.:@/?%\\[\\]]{0,20}",
        "-?[0-9]{0,25}",
        Just("parentbased_traceidratio".to_owned()),
        Just("traceidratio".to_owned()),
        Just("true".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_environment_panics(values in proptest::collection::vec(value(), VARIABLES.len())) {
        let variables: Vec<(&str, &str)> =
            VARIABLES.iter().copied().zip(values.iter().map(String::as_str)).collect();
        let config = load(&variables);
        prop_assert!(config.check().is_ok());
        let _ = config.build_pipelines();
        let _ = (config.encoded_resource(), config.sampler_in_force().description());
        for warning in config.take_warnings() {
            prop_assert!(!warning.contains(char::is_control), "{warning:?}");
        }
    }

    #[test]
    fn what_is_percent_encoded_comes_back(pairs in proptest::collection::btree_map(".{1,9}", ".{0,9}", 0..5)) {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let members = pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value)));
        let list = members.collect::<Vec<_>>().join(",");
        let mut expected = Resource::default();
        for (key, value) in &pairs {
            expected.set(key, value.as_str().into());
        }
        prop_assert_eq!(Resource::parse(&list), Some(expected));
    }
}
