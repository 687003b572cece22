//! A resource that `opentelemetry_sdk`'s detectors, or others for it, have made.

use super::owned::owned;
use crate::config::Config;
use crate::resource::Resource;

/// Adds an `opentelemetry_sdk` resource to a configuration, as if its attributes were set one by one.
///
/// ```
/// use opentelemetry_sdk::Resource;
///
/// let detected = Resource::builder_empty().with_service_name("checkout").build();
/// let config = libtracer::otel::with_resource(libtracer::Config::new(), &detected);
/// ```
pub fn with_resource(config: Config, resource: &opentelemetry_sdk::Resource) -> Config {
    let mut ours = Resource::default();
    let mut attributes: Vec<_> = resource.iter().collect();
    // Theirs are in the order of a hash table, which differs from run to run.
    attributes.sort_by_key(|(key, _)| key.as_str());
    for (key, value) in attributes {
        ours.set(key.as_str(), owned(value.clone()));
    }
    ours.set_schema_url(resource.schema_url().unwrap_or_default());
    config.merge_resource(&ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::KeyValue;
    use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
    use prost::Message;

    fn attributes(config: &Config) -> Vec<String> {
        let head = ResourceSpans::decode(&config.encoded_resource().here()[..]).unwrap();
        assert_eq!(head.schema_url, "https://example.com/1.0");
        let attributes = head.resource.unwrap().attributes.into_iter();
        attributes.map(|attribute| attribute.key).collect()
    }

    #[test]
    fn conf_093_a_detected_resource_is_taken_over_with_its_schema() {
        let detected = opentelemetry_sdk::Resource::builder_empty()
            .with_schema_url(
                [
                    KeyValue::new("host.name", "h"),
                    KeyValue::new("container.id", "c"),
                ],
                "https://example.com/1.0",
            )
            .build();
        let config = with_resource(Config::new().resource_attribute("own", 1), &detected);
        let keys = attributes(&config);
        let all = [
            "telemetry.sdk.name",
            "telemetry.sdk.language",
            "telemetry.sdk.version",
            "service.name",
            "own",
            "container.id",
            "host.name",
        ];
        assert_eq!(keys, all);
    }
}
