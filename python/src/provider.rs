//! `Provider`: the native side of `libtracer.trace.TracerProvider`.

mod idle;

use crate::config::{delivered, flushed, raised};
use crate::exporter::described;
use crate::runtime::{self, Failure, NewConfig, Scope};
use crate::stats::counts;
use crate::tracer::Tracer;
use crate::value;
use libtracer_abi::{
    TRACER_INVALID_ARGUMENT, TRACER_LIMIT_UNLIMITED, TRACER_LIMIT_ZERO, tracer_limits,
};
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyDict;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};
use std::env;
use std::ffi::{CStr, CString};
use std::sync::Arc;

pub(crate) use idle::Used;

/// Limits in the order of `tracer_limits`; None is no limit.
type Limits = (
    Option<usize>,
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
    native: Option<Arc<Used>>,
}

/// A text for C; characters that C cannot take are left out.
fn c_text(text: &str) -> PyResult<CString> {
    Ok(CString::new(text.replace('\0', ""))?)
}

/// The limits of a provider for Python, where the oldest gives way.
fn limits_of(limits: Limits) -> tracer_limits {
    let number = |limit: Option<usize>| match limit {
        None => TRACER_LIMIT_UNLIMITED,
        Some(0) => TRACER_LIMIT_ZERO,
        Some(limit) => limit,
    };
    let (attributes, length, events, links, per_event, per_link, event_length) = limits;
    tracer_limits {
        struct_size: size_of::<tracer_limits>(),
        attributes: number(attributes),
        attribute_value_length: number(length),
        events: number(events),
        links: number(links),
        attributes_per_event: number(per_event),
        attributes_per_link: number(per_link),
        event_value_length: number(event_length),
        keep_newest: 1,
        depth: 0,
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
    sampler: &[(i32, f64)],
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
    if let Some(((sampler, ratio), below_parents)) = sampler.split_first() {
        config.sampler(*sampler, *ratio)?;
        for (parent, (sampler, ratio)) in (0..).zip(below_parents) {
            config.parent_sampler(parent, *sampler, *ratio)?;
        }
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
        sampler: Option<Vec<(i32, f64)>>,
        limits: Option<Limits>,
    ) -> PyResult<Self> {
        let sampler = sampler.unwrap_or_default();
        let shown = resource.map(PyAnyMethods::repr).transpose()?;
        // What is not given is the environment's.
        let environment = [
            "OTEL_SDK_DISABLED",
            "OTEL_CONFIG_FILE",
            "OTEL_TRACES_SAMPLER",
            "OTEL_TRACES_SAMPLER_ARG",
        ]
        .map(env::var_os);
        let key = format!("{shown:?} {schema_url:?} {sampler:?} {limits:?} {environment:?}");
        let schema_url = c_text(schema_url)?;
        let resource = resource.map(|attributes| (attributes, schema_url.as_c_str()));
        match Used::new(key, || configuration(resource, &sampler, limits)) {
            Ok(used) => Ok(Self {
                native: Some(Arc::new(used)),
            }),
            Err(failure) => Err(raised(py, failure)),
        }
    }

    /// What stands for the default provider, whichever that is when a span starts.
    #[staticmethod]
    fn default() -> Self {
        Self { native: None }
    }

    /// A tracer of this provider; without name and version that of the default scope. `settings`
    /// answers for it in Python.
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
        let shown = attributes.map(PyAnyMethods::repr).transpose()?;
        let key = format!("{text:?} {version:?} {schema:?} {shown:?}");
        let make = |provider: Option<&runtime::Provider>| {
            value::with_map(attributes, value::Rules::Own, |attributes| {
                let (version, schema) = (version.as_deref(), schema.as_deref());
                Scope::new_in(provider, &text, version, schema, attributes)
            })
        };
        let scope = match &self.native {
            // What spans without a tracer name, which is nobody's mistake.
            _ if name.is_empty() && version.is_none() => Scope::DEFAULT,
            Some(native) => native.scope(&key, make),
            None => make(None),
        };
        let native = self.native.clone();
        Ok(Tracer::of_provider(name, scope, native, settings))
    }

    /// Exports what ends from now on to what `options` describe, too; see `libtracer.trace.export`.
    fn add_exporter(&self, options: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = options.py();
        let config = described(options)?;
        let outcome = config.environment().and_then(|()| match &self.native {
            Some(used) => used.add_exporter(&config),
            None => runtime::Provider::add_exporter_to_default(&config),
        });
        outcome.map_err(|failure| raised(py, failure))
    }

    /// Exports what is finished; False when `timeout_ms` passed first. A signal may end the wait.
    fn force_flush(&self, py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
        flushed(py, timeout_ms, |slice| match &self.native {
            Some(used) if !used.is_changed() => Ok(()),
            Some(used) => used.native().map_or(Ok(()), |native| native.flush(slice)),
            None => runtime::flush(slice),
        })
    }

    /// Exports what is finished and stops; False when `timeout_ms` passed first.
    fn shutdown(&self, py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
        let outcome = py.detach(|| match &self.native {
            Some(used) if !used.is_changed() => Ok(()),
            Some(used) => used
                .native()
                .map_or(Ok(()), |native| native.shutdown(timeout_ms)),
            None => runtime::shutdown(timeout_ms),
        });
        delivered(py, outcome)
    }

    /// The account of what it exports natively.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match &self.native {
            Some(used) => counts(py, &used.stats(), &used.log_stats()),
            None => counts(py, &runtime::account(), &runtime::log_account()),
        }
    }

    /// Makes it the default one: spans of C and of `libtracer.start_span` go to it.
    fn set_default(&self, py: Python<'_>) -> PyResult<()> {
        let outcome = py.detach(|| match &self.native {
            Some(used) => used.change().map_or(Ok(()), runtime::Provider::set_default),
            None => Err(no_provider("it is the default one already")),
        });
        outcome.map_err(|failure| raised(py, failure))
    }
}
