//! Where a finished span comes from. Equal by what they say, and hashable: exporters group by them.

use crate::decode;
use opentelemetry_proto::tonic::common::v1 as common;
use pyo3::prelude::PyAnyMethods;
use pyo3::{Bound, Py, PyAny, PyResult, Python, intern, pyclass, pymethods};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

type Object<'py> = PyResult<Bound<'py, PyAny>>;

/// What a span came from: service, process, host.
#[pyclass(frozen, get_all, module = "libtracer")]
pub(crate) struct Resource {
    attributes: Py<PyAny>,
    schema_url: String,
}

impl Resource {
    /// From a read-only mapping.
    pub(crate) fn new(attributes: Bound<'_, PyAny>, schema_url: String) -> Self {
        Self {
            attributes: attributes.unbind(),
            schema_url,
        }
    }
}

#[pymethods]
impl Resource {
    /// The resource as JSON, with opentelemetry-sdk's fields.
    #[pyo3(signature = (indent=Some(4)), text_signature = "($self, indent=4)")]
    fn to_json<'py>(&self, py: Python<'py>, indent: Option<usize>) -> Object<'py> {
        let shapes = py.import(intern!(py, "libtracer._shapes"))?;
        let arguments = (&self.attributes, &self.schema_url, indent);
        shapes.call_method1(intern!(py, "resource_json"), arguments)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast_exact::<Self>() else {
            return Ok(false);
        };
        let (py, other) = (other.py(), other.get());
        Ok(self.schema_url == other.schema_url && self.attributes.bind(py).eq(&other.attributes)?)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        hash_of(py, &[&self.schema_url], &self.attributes)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Resource({})", self.attributes.bind(py))
    }
}

/// Which library made a span.
#[pyclass(frozen, get_all, module = "libtracer")]
pub(crate) struct InstrumentationScope {
    name: String,
    version: String,
    schema_url: String,
    attributes: Py<PyAny>,
}

impl InstrumentationScope {
    /// From its message.
    pub(crate) fn of(
        py: Python<'_>,
        scope: Option<common::InstrumentationScope>,
        schema_url: String,
    ) -> PyResult<Self> {
        let scope = scope.unwrap_or_default();
        let attributes = decode::attributes(py, &scope.attributes)?;
        Ok(Self::new(scope.name, scope.version, schema_url, attributes))
    }

    /// From its fields.
    pub(crate) fn new(
        name: String,
        version: String,
        schema_url: String,
        attributes: Bound<'_, PyAny>,
    ) -> Self {
        Self {
            name,
            version,
            schema_url,
            attributes: attributes.unbind(),
        }
    }
}

#[pymethods]
impl InstrumentationScope {
    /// The scope as JSON, with opentelemetry-sdk's fields.
    #[pyo3(signature = (indent=Some(4)), text_signature = "($self, indent=4)")]
    fn to_json<'py>(&self, py: Python<'py>, indent: Option<usize>) -> Object<'py> {
        let shapes = py.import(intern!(py, "libtracer._shapes"))?;
        let (schema_url, attributes) = (&self.schema_url, &self.attributes);
        let arguments = (&self.name, &self.version, schema_url, attributes, indent);
        shapes.call_method1(intern!(py, "scope_json"), arguments)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast_exact::<Self>() else {
            return Ok(false);
        };
        let (py, other) = (other.py(), other.get());
        let texts = self.name == other.name && self.version == other.version;
        Ok(texts
            && self.schema_url == other.schema_url
            && self.attributes.bind(py).eq(&other.attributes)?)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        let texts = [&self.name, &self.version, &self.schema_url];
        hash_of(py, &texts, &self.attributes)
    }

    fn __repr__(&self) -> String {
        format!("InstrumentationScope({:?}, {:?})", self.name, self.version)
    }
}

/// A hash of the texts and of the number of attributes, whose values need not be hashable.
fn hash_of(py: Python<'_>, texts: &[&String], attributes: &Py<PyAny>) -> PyResult<u64> {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    attributes.bind(py).len()?.hash(&mut hasher);
    Ok(hasher.finish())
}
