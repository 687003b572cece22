//! The resource of a provider as bytes, in each process that uses it.

use super::{Detectors, Resource};
use std::sync::Arc;

/// The parts of a resource, the later above the earlier, and what they encode to.
#[derive(Clone, Debug)]
pub(crate) struct EncodedResource {
    /// The process that `bytes` are of.
    pid: u32,
    bytes: Arc<[u8]>,
    language: String,
    detectors: Detectors,
    configured: Resource,
}

impl EncodedResource {
    /// A resource of what every one has, what is detected, and what was configured.
    pub(crate) fn new(language: &str, detectors: &Detectors, configured: Resource) -> Self {
        let mut encoded = Self {
            pid: std::process::id(),
            bytes: Arc::default(),
            language: language.to_owned(),
            detectors: detectors.clone(),
            configured,
        };
        encoded.bytes = encoded.encode();
        encoded
    }

    /// As a child of the process that made it has it.
    #[cfg(test)]
    pub(crate) fn of_parent(self) -> Self {
        Self { pid: 0, ..self }
    }

    /// A resource of nothing but these attributes.
    pub(crate) fn whole(resource: &Resource) -> Self {
        Self {
            pid: std::process::id(),
            bytes: resource.encode(),
            language: String::new(),
            detectors: Detectors::default(),
            configured: Resource::default(),
        }
    }

    fn encode(&self) -> Arc<[u8]> {
        let mut resource = Resource::of_process(&self.language);
        resource.merge(&self.detectors.detect(&self.language));
        resource.merge(&self.configured);
        resource.encode()
    }

    /// The fields of OTLP `ResourceSpans` that stand before the spans of this process: a forked child
    /// has another id, and is another instance of the service.
    pub(crate) fn here(&self) -> Arc<[u8]> {
        let same = self.pid == std::process::id();
        if same || !self.detectors.are_of_process() {
            return self.bytes.clone();
        }
        self.encode()
    }
}
