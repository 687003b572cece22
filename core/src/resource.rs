//! The resource: what process the spans come from (OpenTelemetry resource SDK). Immutable, encoded
//! once into the head of every OTLP `ResourceSpans`.
//!
//! `opentelemetry_sdk`'s own detectors are not used for the environment: its `EnvResourceDetector`
//! does not percent-decode and keeps what is left of a malformed list, and its
//! `SdkProvidedResourceDetector` reads the environment when the program asked for none. A resource
//! that other detectors made comes in through `otel::resource`.

mod detect;
mod encoded;

pub use detect::Detector;
pub(crate) use detect::Detectors;
pub(crate) use encoded::EncodedResource;

use crate::config::percent;
use crate::finished::OwnedValue;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource as Message;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;
use std::sync::Arc;

pub(crate) const SERVICE_NAME: &str = "service.name";

/// Attributes in order, with unique keys, and the schema they follow.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource {
    attributes: Vec<(String, OwnedValue)>,
    schema: Schema,
}

/// The schema of the attributes, as the merge rules see it.
#[derive(Clone, Debug, Default, PartialEq)]
enum Schema {
    #[default]
    None,
    Url(String),
    /// Two resources disagreed.
    Conflict,
}

impl Resource {
    /// What every resource has: the SDK's name, language and version, and a service name.
    pub(crate) fn of_process(language: &str) -> Self {
        let mut resource = Self::default();
        resource.set("telemetry.sdk.name", "libtracer".into());
        resource.set("telemetry.sdk.language", language.into());
        resource.set("telemetry.sdk.version", env!("CARGO_PKG_VERSION").into());
        resource.set(SERVICE_NAME, unknown_service().into());
        resource
    }

    /// Sets an attribute; the last value of a key wins.
    pub(crate) fn set(&mut self, key: &str, value: OwnedValue) {
        match self.attributes.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((key.to_owned(), value)),
        }
    }

    /// Sets the schema, where the resource has none.
    pub(crate) fn set_schema_url(&mut self, url: &str) {
        if !url.is_empty() && self.schema == Schema::None {
            self.schema = Schema::Url(url.to_owned());
        }
    }

    /// Takes over `updating`, which wins (resource SDK, "Merge").
    pub(crate) fn merge(&mut self, updating: &Self) {
        for (key, value) in &updating.attributes {
            self.set(key, value.clone());
        }
        self.schema = match (&self.schema, &updating.schema) {
            (known, Schema::None) => known.clone(),
            (Schema::None, new) => new.clone(),
            (known, new) if known == new => known.clone(),
            _ => Schema::Conflict,
        };
    }

    /// The value of `OTEL_RESOURCE_ATTRIBUTES`; nothing if any part of it is malformed.
    pub(crate) fn parse(list: &str) -> Option<Self> {
        let mut resource = Self::default();
        for member in list.split(',').filter(|member| !member.trim().is_empty()) {
            let (key, value) = member.split_once('=')?;
            let key = percent::decode(key.trim()).filter(|key| !key.is_empty())?;
            resource.set(&key, percent::decode(value.trim())?.into());
        }
        Some(resource)
    }

    /// The fields of `ResourceSpans` that stand before its spans.
    pub(crate) fn encode(&self) -> Arc<[u8]> {
        let attributes = self
            .attributes
            .iter()
            .map(|(key, value)| key_value(key, value));
        let head = ResourceSpans {
            resource: Some(Message {
                attributes: attributes.collect(),
                ..Message::default()
            }),
            scope_spans: Vec::new(),
            schema_url: match &self.schema {
                Schema::Url(url) => url.clone(),
                Schema::None | Schema::Conflict => String::new(),
            },
        };
        head.encode_to_vec().into()
    }
}

/// `unknown_service:` and the name of the program, as the specification wants it.
fn unknown_service() -> String {
    let program = std::env::current_exe().ok();
    match program.as_deref().and_then(std::path::Path::file_name) {
        Some(name) => format!("unknown_service:{}", name.to_string_lossy()),
        None => "unknown_service".to_owned(),
    }
}

pub(crate) fn key_value(key: &str, value: &OwnedValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(any_value(value)),
        ..KeyValue::default()
    }
}

fn any_value(value: &OwnedValue) -> AnyValue {
    use any_value::Value;
    let value = match value {
        OwnedValue::Null => None,
        OwnedValue::Bool(value) => Some(Value::BoolValue(*value)),
        OwnedValue::Int(value) => Some(Value::IntValue(*value)),
        OwnedValue::Double(value) => Some(Value::DoubleValue(*value)),
        OwnedValue::String(text) => Some(Value::StringValue(text.clone())),
        OwnedValue::Bytes(bytes) => Some(Value::BytesValue(bytes.clone())),
        OwnedValue::Array(values) => {
            let values = values.iter().map(any_value).collect();
            Some(Value::ArrayValue(ArrayValue { values }))
        }
        OwnedValue::Map(entries) => {
            let values = entries
                .iter()
                .map(|(key, value)| key_value(key, value))
                .collect();
            Some(Value::KvlistValue(KeyValueList { values }))
        }
    };
    AnyValue { value }
}

#[cfg(test)]
mod tests;
