//! `tracer_provider`: processors with their exporters, limits, sampler, tracers to switch off.

use super::exporter;
use super::node::{At, Fields, Read};
use super::pattern::matches;
use super::sampler;
use crate::config::BatchSettings;
use crate::config::env::NO_LIMIT;
use crate::config::load::FromEnv;
use crate::finished::FinishedScope;
use crate::limits::SpanLimits;
use crate::scope::ScopeRule;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn read(at: &At<'_>, general: SpanLimits, loaded: &mut FromEnv) -> Read<()> {
    let mut fields = at.fields()?;
    for processor in fields.need("processors")?.list()? {
        read_processor(&processor, loaded)?;
    }
    let mut limits = general;
    if let Some(own) = fields.get("limits") {
        read_limits(&mut own.fields()?, &mut limits)?;
    }
    loaded.limits = Some(limits);
    if let Some(at) = fields.get("sampler") {
        loaded.sampler = Some(sampler::read(&at)?);
    }
    if let Some(generator) = fields.get("id_generator") {
        let (kind, options) = generator.kind()?;
        options.fields()?;
        if kind != "random" {
            return Err(options.error("is no id generator here: use random"));
        }
    }
    if let Some(rules) = fields.get("tracer_configurator/development") {
        loaded.scope_rule = Some(scope_rule(&mut rules.fields()?)?);
    }
    Ok(())
}

fn read_processor(at: &At<'_>, loaded: &mut FromEnv) -> Read<()> {
    let (kind, options) = at.kind()?;
    let mut fields = options.fields()?;
    let batch = match kind {
        "batch" => batch(&mut fields)?,
        "simple" => Some(BatchSettings::simple()),
        _ => return Err(options.error("is no processor here: use batch or simple")),
    };
    let destination = exporter::read(&fields.need("exporter")?)?;
    if let Some(batch) = batch {
        loaded.own_batches.insert(loaded.destinations.len(), batch);
    }
    loaded.destinations.push(destination);
    Ok(())
}

/// Settings, if the file has any.
fn batch(fields: &mut Fields<'_>) -> Read<Option<BatchSettings>> {
    let mut batch = BatchSettings::default();
    if let Some(delay) = fields.get("schedule_delay") {
        batch.schedule_delay = millis(&delay)?;
    }
    if let Some(longest) = fields.get("export_timeout") {
        batch.export_timeout = timeout(&longest)?;
    }
    if let Some(size) = fields.get("max_queue_size") {
        batch.max_queue_size = size.positive()?;
    }
    if let Some(size) = fields.get("max_export_batch_size")
        && let Some(size) = size.positive()?
    {
        batch.max_export_batch_size = size;
    }
    Ok((batch != BatchSettings::default()).then_some(batch))
}

fn millis(at: &At<'_>) -> Read<Duration> {
    let millis = u32::try_from(at.count()?.unwrap_or_default());
    let millis =
        millis.map_err(|_| at.error("is too long: use milliseconds, at most 4294967295"))?;
    Ok(Duration::from_millis(u64::from(millis)))
}

/// Milliseconds; 0 means no limit.
pub(super) fn timeout(at: &At<'_>) -> Read<Duration> {
    let timeout = millis(at)?;
    Ok(if timeout.is_zero() { NO_LIMIT } else { timeout })
}

/// The limits that `attribute_limits` and `limits` have in common.
pub(super) fn read_attribute_limits(fields: &mut Fields<'_>, limits: &mut SpanLimits) -> Read<()> {
    let mut set = |name, limit: &mut usize| -> Read<()> {
        if let Some(at) = fields.get(name)
            && let Some(count) = at.count()?
        {
            *limit = count;
        }
        Ok(())
    };
    set(
        "attribute_value_length_limit",
        &mut limits.attribute_value_length,
    )?;
    set("attribute_count_limit", &mut limits.attributes)?;
    if let Some(depth) = fields.get("attribute_value_depth_limit") {
        limits.depth = depth.positive()?.unwrap_or(limits.depth);
    }
    Ok(())
}

fn read_limits(fields: &mut Fields<'_>, limits: &mut SpanLimits) -> Read<()> {
    read_attribute_limits(fields, limits)?;
    for (name, limit) in [
        ("event_count_limit", &mut limits.events),
        ("link_count_limit", &mut limits.links),
        (
            "event_attribute_count_limit",
            &mut limits.attributes_per_event,
        ),
        (
            "link_attribute_count_limit",
            &mut limits.attributes_per_link,
        ),
    ] {
        if let Some(at) = fields.get(name) {
            *limit = at.count()?.unwrap_or(*limit);
        }
    }
    Ok(())
}

/// Which tracers record: the first pattern that matches the name says.
fn scope_rule(fields: &mut Fields<'_>) -> Read<ScopeRule> {
    let enabled = |at: Option<At<'_>>| match at {
        Some(config) => enabled(&mut config.fields()?),
        None => Ok(true),
    };
    let default = enabled(fields.get("default_config"))?;
    let mut rules = Vec::new();
    if let Some(tracers) = fields.get("tracers") {
        for tracer in tracers.list()? {
            let mut tracer = tracer.fields()?;
            let name = tracer.need("name")?.text()?.unwrap_or_default().to_owned();
            rules.push((name, enabled(Some(tracer.need("config")?))?));
        }
    }
    Ok(ScopeRule(Arc::new(move |scope: &FinishedScope| {
        let mut rules = rules.iter();
        let rule = rules.find(|(pattern, _)| matches(pattern, &scope.name));
        rule.map_or(default, |(_, enabled)| *enabled)
    })))
}

fn enabled(config: &mut Fields<'_>) -> Read<bool> {
    match config.get("enabled") {
        Some(at) => Ok(at.switch()?.unwrap_or(true)),
        None => Ok(true),
    }
}
