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
