//! What is said about the process that spans come from.

use super::Config;
use super::env::Env;
use crate::finished::OwnedValue;
use crate::resource::{Detector, EncodedResource, Resource, SERVICE_NAME};

impl Config {
    /// What to find out about the process and where it runs; nothing unless asked for. What is
    /// configured, here or in the environment, wins.
    ///
    /// ```
    /// use libtracer::{Config, Detector};
    ///
    /// let config = Config::new().detect_resource([Detector::Host, Detector::Process]);
    /// ```
    pub fn detect_resource(mut self, detectors: impl IntoIterator<Item = Detector>) -> Self {
        for detector in detectors {
            self.detectors.add(detector);
        }
        self
    }

    /// The schema URL of the resource's attributes; the first one set counts.
    pub fn resource_schema_url(mut self, url: impl AsRef<str>) -> Self {
        self.resource.set_schema_url(url.as_ref());
        self
    }

    /// Takes over a resource that was made elsewhere.
    #[cfg(feature = "otel")]
    pub(crate) fn merge_resource(mut self, resource: &Resource) -> Self {
        self.resource.merge(resource);
        self
    }

    /// The whole resource: nothing is added to it, neither by this library nor from the environment
    /// nor by other options. For bindings whose language makes resources itself.
    pub fn whole_resource(
        mut self,
        attributes: impl IntoIterator<Item = (String, OwnedValue)>,
        schema_url: impl AsRef<str>,
    ) -> Self {
        let mut whole = Resource::default();
        for (key, value) in attributes {
            whole.set(&key, value);
        }
        whole.set_schema_url(schema_url.as_ref());
        self.whole_resource = Some(whole);
        self
    }

    pub(crate) fn encoded_resource(&self) -> EncodedResource {
        if let Some(whole) = &self.whole_resource {
            return EncodedResource::whole(whole);
        }
        let mut configured = self.env.resource.clone();
        configured.merge(&self.resource);
        if let Some(name) = self.service_name.as_deref().filter(|name| !name.is_empty()) {
            configured.set(SERVICE_NAME, name.into());
        }
        let language = self.language.as_deref().unwrap_or("rust");
        let chosen = !self.detectors.is_empty();
        let detectors = if chosen {
            &self.detectors
        } else {
            &self.env.detectors
        };
        EncodedResource::new(language, detectors, configured)
    }
}

/// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`.
pub(super) fn from_env(env: &mut Env) -> Resource {
    let wrong = "the whole list is discarded; use key=value,key=value with \",\", \"=\" and \"%\" \
                 in percent form";
    let resource = env.read("OTEL_RESOURCE_ATTRIBUTES", wrong, Resource::parse);
    let mut resource = resource.unwrap_or_default();
    if let Some(name) = env.text("OTEL_SERVICE_NAME") {
        resource.set(SERVICE_NAME, name.into());
    }
    resource
}
