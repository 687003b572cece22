//! `composite/development`: a sampler of composable ones.

use super::node::{At, Fields, Read};
use super::pattern::{Patterns, texts};
use super::sampler::ratio;
use crate::finished::OwnedValue;
use crate::sampler::{Composable, Predicate, SamplingInput};
use crate::span::SpanKind;
use std::sync::Arc;

pub(super) fn read(at: &At<'_>) -> Read<Composable> {
    let (kind, options) = at.kind()?;
    let mut fields = options.fields()?;
    match kind {
        "always_on" => Ok(Composable::AlwaysOn),
        "always_off" => Ok(Composable::AlwaysOff),
        "probability" => Ok(Composable::Probability(ratio(
            fields.get("ratio").as_ref(),
        )?)),
        "parent_threshold" => Ok(Composable::parent_threshold(read(&fields.need("root")?)?)),
        "rule_based" => {
            let Some(rules) = fields.get("rules") else {
                return Ok(Composable::AlwaysOff);
            };
            let rules: Read<Vec<_>> = rules.list()?.iter().map(rule).collect();
            Ok(Composable::rules(rules?))
        }
        _ => Err(options.error(
            "is no composable sampler here: use always_on, always_off, probability, \
             parent_threshold or rule_based",
        )),
    }
}

/// A sampler, and when it is asked: if all conditions are met.
fn rule(at: &At<'_>) -> Read<(Predicate, Composable)> {
    let mut fields = at.fields()?;
    let sampler = read(&fields.need("sampler")?)?;
    let mut conditions: Vec<Predicate> = Vec::new();
    if let Some(values) = fields.get("attribute_values") {
        conditions.push(attribute_values(&mut values.fields()?)?);
    }
    if let Some(patterns) = fields.get("attribute_patterns") {
        conditions.push(attribute_patterns(&mut patterns.fields()?)?);
    }
    if let Some(kinds) = fields.get("span_kinds") {
        let kinds: Read<Vec<_>> = kinds.list()?.iter().map(span_kind).collect();
        let kinds = kinds?;
        conditions.push(Composable::when(move |span| kinds.contains(&span.kind)));
    }
    if let Some(parents) = fields.get("parent") {
        let parents: Read<Vec<_>> = parents.list()?.iter().map(parent).collect();
        let parents = parents?;
        conditions.push(Composable::when(move |span| {
            parents.contains(&span.parent.map(|parent| parent.is_remote))
        }));
    }
    let all = move |span: &SamplingInput<'_>| conditions.iter().all(|meets| meets(span));
    Ok((Arc::new(all), sampler))
}

fn key(fields: &mut Fields<'_>) -> Read<String> {
    let key = fields.need("key")?;
    Ok(key.text()?.unwrap_or_default().to_owned())
}

fn attribute_values(fields: &mut Fields<'_>) -> Read<Predicate> {
    let (key, values) = (key(fields)?, texts(&fields.need("values")?)?);
    Ok(on_attribute(key, move |text| {
        values.iter().any(|value| value == text)
    }))
}

fn attribute_patterns(fields: &mut Fields<'_>) -> Read<Predicate> {
    let (key, patterns) = (key(fields)?, Patterns::read(fields)?);
    Ok(on_attribute(key, move |text| patterns.matches(text)))
}

/// Whether an attribute is there and its text, or that of one of its items, is right.
fn on_attribute(key: String, is_right: impl Fn(&str) -> bool + Send + Sync + 'static) -> Predicate {
    Composable::when(move |span| {
        let mut attributes = span.attributes.iter();
        let value = attributes.find_map(|(known, value)| (*known == key).then_some(value));
        match value {
            Some(OwnedValue::Array(items)) => items.iter().any(|item| is_right(&text_of(item))),
            Some(value) => is_right(&text_of(value)),
            None => false,
        }
    })
}

fn text_of(value: &OwnedValue) -> String {
    match value {
        OwnedValue::String(text) => text.clone(),
        OwnedValue::Bool(value) => value.to_string(),
        OwnedValue::Int(value) => value.to_string(),
        OwnedValue::Double(value) => value.to_string(),
        _ => String::new(),
    }
}

fn span_kind(at: &At<'_>) -> Read<SpanKind> {
    match at.text()?.unwrap_or_default() {
        "internal" => Ok(SpanKind::Internal),
        "server" => Ok(SpanKind::Server),
        "client" => Ok(SpanKind::Client),
        "producer" => Ok(SpanKind::Producer),
        "consumer" => Ok(SpanKind::Consumer),
        _ => Err(at.error("is no kind: use internal, server, client, producer or consumer")),
    }
}

/// Whether the parent is remote, if there is one.
fn parent(at: &At<'_>) -> Read<Option<bool>> {
    match at.text()?.unwrap_or_default() {
        "none" => Ok(None),
        "remote" => Ok(Some(true)),
        "local" => Ok(Some(false)),
        _ => Err(at.error("is no parent: use none, remote or local")),
    }
}
