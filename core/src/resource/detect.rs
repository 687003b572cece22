//! Resource detectors: what can be found out about the process and where it runs (resource SDK,
//! "Detecting resource information from the environment"; semantic conventions, resource).
//!
//! `opentelemetry-resource-detectors` is not used: it starts a program to learn the host's name,
//! reports the command line without being asked, and sets no schema URL.

mod container;
mod host;
mod process;
mod service;

use super::Resource;
use std::fmt;
use std::sync::Arc;

/// The semantic conventions that the attributes follow.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// What to find out for the resource, for [`Config::detect_resource`](crate::Config::detect_resource).
///
/// Detection reads a few small files and starts nothing; what it cannot find it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detector {
    /// `container`: `container.id`, from the control groups or mounts of Linux.
    Container,
    /// `host`: `host.name`, `host.id`, `host.arch`; `os.type`, `os.name`, `os.version`,
    /// `os.description`.
    Host,
    /// `process`: `process.pid`, `process.parent_pid`, `process.executable.name` and `.path`; for
    /// Rust programs `process.runtime.name`.
    Process,
    /// `process_command`: `process.command` and `process.command_args`, which may hold secrets.
    ProcessCommand,
    /// `service`: `service.name` from `OTEL_SERVICE_NAME`, and a random `service.instance.id`.
    Service,
}

impl Detector {
    /// The detector of a name as declarative configuration has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "container" => Some(Self::Container),
            "host" => Some(Self::Host),
            "process" => Some(Self::Process),
            "process_command" => Some(Self::ProcessCommand),
            "service" => Some(Self::Service),
            _ => None,
        }
    }

    /// What it finds, in a process whose spans are recorded in `language`.
    fn detect(self, language: &str) -> Resource {
        let mut found = Resource::default();
        match self {
            Self::Container => container::detect(&mut found),
            Self::Host => host::detect(&mut found),
            Self::Process => process::detect(&mut found, language),
            Self::ProcessCommand => process::detect_command(&mut found),
            Self::Service => service::detect(&mut found),
        }
        if !found.attributes.is_empty() {
            found.set_schema_url(SCHEMA_URL);
        }
        found
    }
}

/// Whether the attribute of a key is wanted.
type Keep = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Detectors to be asked, and what of their answers is wanted.
#[derive(Clone, Default)]
pub(crate) struct Detectors {
    list: Vec<Detector>,
    keep: Option<Keep>,
}

impl Detectors {
    /// Adds a detector that is not there yet.
    pub(crate) fn add(&mut self, detector: Detector) {
        if !self.list.contains(&detector) {
            self.list.push(detector);
        }
    }

    /// Leaves out attributes whose keys are not wanted.
    #[cfg(feature = "config-file")]
    pub(crate) fn keep_only(&mut self, keep: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.keep = Some(Arc::new(keep));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether a forked child has other answers.
    pub(super) fn are_of_process(&self) -> bool {
        let of_process = |known| matches!(known, &Detector::Process | &Detector::Service);
        self.list.iter().any(of_process)
    }

    /// What they find, in their order.
    pub(super) fn detect(&self, language: &str) -> Resource {
        let mut all = Resource::default();
        for detector in &self.list {
            let mut found = detector.detect(language);
            if let Some(keep) = &self.keep {
                found.attributes.retain(|(key, _)| keep(key));
            }
            all.merge(&found);
        }
        all
    }
}

impl fmt::Debug for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.fmt(f)
    }
}

#[cfg(test)]
mod tests;
