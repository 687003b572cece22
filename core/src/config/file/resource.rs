//! `resource`: attributes, their list form, and what is to be detected.

use super::node::{At, Fields, Read};
use super::pattern::Patterns;
use crate::finished::OwnedValue;
use crate::resource::{Detector, Detectors, Resource};

pub(super) fn read(at: &At<'_>) -> Read<(Resource, Detectors)> {
    let mut fields = at.fields()?;
    let mut resource = Resource::default();
    if let Some(list) = fields.get("attributes_list") {
        let text = list.text()?.unwrap_or_default();
        let wrong =
            "is no list such as key=value,key=value, with \",\", \"=\" and \"%\" in percent form";
        resource = Resource::parse(text).ok_or_else(|| list.error(wrong))?;
    }
    if let Some(attributes) = fields.get("attributes") {
        for attribute in attributes.list()? {
            read_attribute(&mut attribute.fields()?, &mut resource)?;
        }
    }
    if let Some(url) = fields.get("schema_url") {
        resource.set_schema_url(url.text()?.unwrap_or_default());
    }
    let detection = ["detection/development", "detection"];
    let detection = detection.iter().find_map(|name| fields.get(name));
    let detectors = match detection {
        Some(detection) => detectors(&mut detection.fields()?)?,
        None => Detectors::default(),
    };
    Ok((resource, detectors))
}

fn read_attribute(fields: &mut Fields<'_>, resource: &mut Resource) -> Read<()> {
    let name = fields.need("name")?;
    let key = name.text()?.unwrap_or_default();
    if key.is_empty() {
        return Err(name.error("is empty: name the attribute"));
    }
    let kind = fields.get("type");
    let kind = match &kind {
        Some(kind) => kind.text()?.unwrap_or("string"),
        None => "string",
    };
    let value = fields.need("value")?;
    if !value.is_null() {
        resource.set(key, typed(&value, kind)?);
    }
    Ok(())
}

fn typed(at: &At<'_>, kind: &str) -> Read<OwnedValue> {
    if let Some(kind) = kind.strip_suffix("_array") {
        let items = at.list()?;
        let items: Read<Vec<_>> = items.iter().map(|item| typed(item, kind)).collect();
        return items.map(OwnedValue::Array);
    }
    match kind {
        "string" => Ok(at.text()?.unwrap_or_default().into()),
        "bool" => Ok(at.switch()?.map_or(OwnedValue::Null, OwnedValue::Bool)),
        "int" => Ok(at.integer()?.map_or(OwnedValue::Null, OwnedValue::Int)),
        "double" => Ok(at.number()?.map_or(OwnedValue::Null, OwnedValue::Double)),
        _ => Err(at.error(&format!(
            "has the type {kind:?}: use string, bool, int, double, or one of these with _array"
        ))),
    }
}

fn detectors(fields: &mut Fields<'_>) -> Read<Detectors> {
    let mut detectors = Detectors::default();
    if let Some(list) = fields.get("detectors") {
        for entry in list.list()? {
            let (name, options) = entry.kind()?;
            options.fields()?;
            match Detector::from_name(name) {
                Some(detector) => detectors.add(detector),
                None => options.warn(
                    "is no detector here: it is ignored; there are container, host, process, \
                     process_command and service",
                ),
            }
        }
    }
    if let Some(attributes) = fields.get("attributes") {
        let patterns = Patterns::read(&mut attributes.fields()?)?;
        detectors.keep_only(move |key| patterns.matches(key));
    }
    Ok(detectors)
}
