//! `Provider`: the native side of `libtracer.trace.TracerProvider`.

use crate::config::{delivered, flushed, raised};
use crate::exporter::described;
use crate::runtime::{self, Failure, NewConfig, Scope};
use crate::tracer::Tracer;
use crate::value;
use libtracer_abi::{TRACER_INVALID_ARGUMENT, tracer_limits};
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};
use std::ffi::{CStr, CString};

/// Limits in the order of `tracer_limits`; None is no limit.
type Limits = (
    Option<usize>,
    Option<usize>,
    Option<usize>,
    Option<usize>,
    Option<usize>,
    Option<usize>,
);

/// A native provider that exports nothing until it is given an exporter.
#[pyclass(frozen, module = "libtracer")]
pub(crate) struct Provider {
    /// None stands for the default provider, whichever that is.
    native: Option<runtime::Provider>,
}

/// A text for C; characters that C cannot take are left out.
fn c_text(text: &str) -> PyResult<CString> {
    Ok(CString::new(text.replace('\0', ""))?)
}

fn no_limit() -> tracer_limits {
    tracer_limits {
        struct_size: size_of::<tracer_limits>(),
        attributes: usize::MAX,
        attribute_value_length: usize::MAX,
        events: usize::MAX,
        links: usize::MAX,
        attributes_per_event: usize::MAX,
        attributes_per_link: usize::MAX,
    }
}

fn limits_of(limits: Limits) -> tracer_limits {
    let (attributes, length, events, links, per_event, per_link) = limits;
    let none = no_limit();
    tracer_limits {
        attributes: attributes.unwrap_or(none.attributes),
        attribute_value_length: length.unwrap_or(none.attribute_value_length),
        events: events.unwrap_or(none.events),
        links: links.unwrap_or(none.links),
        attributes_per_event: per_event.unwrap_or(none.attributes_per_event),
        attributes_per_link: per_link.unwrap_or(none.attributes_per_link),
        ..none
    }
}

/// What stands for the default provider was asked for what only a provider can do.
fn no_provider(why: &str) -> Failure {
    Failure {
        status: TRACER_INVALID_ARGUMENT,
        why: format!("this provider stands for the default one: {why}"),
    }
}

/// The configuration of a provider without destinations.
fn configuration(
    resource: Option<(&Bound<'_, PyAny>, &CStr)>,
    sampler: Option<(i32, f64)>,
    limits: Option<Limits>,
) -> Result<NewConfig, Failure> {
    let config = NewConfig::new()?;
    config.exporter(c"none")?;
    config.language(c"python")?;
    if let Some((attributes, schema_url)) = resource {
        let set = |map: Option<&runtime::Builder>| match map {
            Some(map) => config.resource(map, Some(schema_url)),
            None => Ok(()),
        };
        value::with_map(Some(attributes), value::Rules::Own, set)?;
    }
    if let Some((sampler, ratio)) = sampler {
        config.sampler(sampler, ratio)?;
    }
    if let Some(limits) = limits {
        config.limits(limits_of(limits))?;
    }
    config.environment()?;
    Ok(config)
}

#[pymethods]
impl Provider {
    #[new]
    #[pyo3(signature = (*, resource=None, schema_url="", sampler=None, limits=None))]
    fn new(
        py: Python<'_>,
        resource: Option<&Bound<'_, PyAny>>,
        schema_url: &str,
        sampler: Option<(i32, f64)>,
        limits: Option<Limits>,
    ) -> PyResult<Self> {
        let schema_url = c_text(schema_url)?;
        let resource = resource.map(|attributes| (attributes, schema_url.as_c_str()));
        let made = configuration(resource, sampler, limits)
            .and_then(|config| runtime::Provider::new(&config));
        match made {
            Ok(native) => Ok(Self {
                native: Some(native),
            }),
            Err(failure) => Err(raised(py, failure)),
        }
    }

    /// What stands for the default provider, whichever that is when a span starts.
    #[staticmethod]
    fn default() -> Self {
        Self { native: None }
    }

    /// A tracer of this provider. `settings` answers for it in Python.
    #[pyo3(signature = (settings, name, version=None, schema_url=None, attributes=None))]
    fn tracer(
        &self,
        settings: Py<PyAny>,
        name: &str,
        version: Option<&str>,
        schema_url: Option<&str>,
        attributes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Tracer> {
        let version = version.map(c_text).transpose()?;
        let schema = schema_url.map(c_text).transpose()?;
        let text = c_text(name)?;
        let scope = value::with_map(attributes, value::Rules::Own, |attributes| {
            let (version, schema) = (version.as_deref(), schema.as_deref());
            Scope::new_in(self.native.as_ref(), &text, version, schema, attributes)
        });
        Ok(Tracer::of_provider(name, scope, settings))
    }

    /// Exports what ends from now on to what `options` describe, too; see `libtracer.trace.export`.
    fn add_exporter(&self, options: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = options.py();
        let config = described(options)?;
        let outcome = config.environment().and_then(|()| match &self.native {
            Some(native) => native.add_exporter(&config),
            None => Err(no_provider(
                "libtracer.configure_tracing takes its exporters",
            )),
        });
        outcome.map_err(|failure| raised(py, failure))
    }

    /// Exports what is finished; False when `timeout_ms` passed first. A signal may end the wait.
    fn force_flush(&self, py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
        flushed(py, timeout_ms, |slice| match &self.native {
            Some(native) => native.flush(slice),
            None => runtime::flush(slice),
        })
    }

    /// Exports what is finished and stops; False when `timeout_ms` passed first.
    fn shutdown(&self, py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
        let outcome = py.detach(|| match &self.native {
            Some(native) => native.shutdown(timeout_ms),
            None => runtime::shutdown(timeout_ms),
        });
        delivered(py, outcome)
    }

    /// Makes it the default one: spans of C and of `libtracer.start_span` go to it.
    fn set_default(&self, py: Python<'_>) -> PyResult<()> {
        let outcome = py.detach(|| match &self.native {
            Some(native) => native.set_default(),
            None => Err(no_provider("it is the default one already")),
        });
        outcome.map_err(|failure| raised(py, failure))
    }
}
