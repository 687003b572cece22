//! Configuration files, from their text to what is in force.

use super::*;
use crate::finished::OwnedValue;
use crate::sampler::{Decision, SamplingInput};
use crate::span::SpanKind;
use crate::{FinishedResource, Sampler, TraceId};
use std::time::Duration;

mod whole;

const HEAD: &str = "file_format: \"1.0\"\n";

/// What a text says, or what is wrong with it; and the warnings.
fn load(text: &str) -> (Result<FromEnv, String>, Vec<String>) {
    let report = Report {
        file: "f.yaml".to_owned(),
        ..Report::default()
    };
    let variables = |name: &str| match name {
        "COUNT" => Some("7".to_owned()),
        "KEY" => Some("secret\nname: x".to_owned()),
        _ => None,
    };
    let tree = yaml::parse(text, &variables);
    let tree = tree.map_err(|(line, wrong)| report.error(line, &wrong));
    let loaded = tree.and_then(|tree| whole(&At::root(&tree.unwrap(), &report)));
    let loaded = loaded.map_err(|error| error.to_string());
    (loaded, report.warnings.into_inner())
}

fn good(text: &str) -> FromEnv {
    let (loaded, warnings) = load(&format!("{HEAD}{text}"));
    assert_eq!(warnings, Vec::<String>::new(), "{text}");
    loaded.unwrap()
}

fn sampler(text: &str) -> Sampler {
    let text = format!("tracer_provider: {{processors: [], sampler: {text}}}");
    good(&text).sampler.unwrap()
}

#[test]
fn conf_110_resources_come_from_the_file() {
    let loaded = good(
        "resource:
  schema_url: https://example.com/1
  attributes_list: a=list,b=list%2Cb
  attributes:
    - {name: a, value: own}
    - {name: s, value: 12}
    - {name: i, value: 0x10, type: int}
    - {name: d, value: 1, type: double}
    - {name: t, value: true, type: bool}
    - {name: none, value: }
    - name: list
      value:
        - 1
        - ${COUNT}
      type: int_array
    - {name: key, value: \"${KEY}\"}
",
    );
    let head = crate::resource::EncodedResource::new("rust", &loaded.detectors, loaded.resource);
    let resource = FinishedResource::of(&head.here());
    assert_eq!(resource.schema_url, "https://example.com/1");
    let own = |value: &str| OwnedValue::String(value.to_owned());
    let list = OwnedValue::Array(vec![OwnedValue::Int(1), OwnedValue::Int(7)]);
    for (key, value) in [
        ("a", Some(own("own"))),
        ("b", Some(own("list,b"))),
        ("s", Some(own("12"))),
        ("i", Some(OwnedValue::Int(16))),
        ("d", Some(OwnedValue::Double(1.0))),
        ("t", Some(OwnedValue::Bool(true))),
        ("none", None),
        ("list", Some(list)),
        ("key", Some(own("secret\nname: x"))),
    ] {
        assert_eq!(resource.attribute(key), value.as_ref(), "{key}");
    }
}

#[test]
fn conf_110_detectors_and_their_filter_come_from_the_file() {
    let (loaded, warnings) = load(&format!(
        "{HEAD}resource:
  detection/development:
    attributes: {{included: [process.*, os.*], excluded: [\"*.parent_pid\"]}}
    detectors: [{{process: }}, {{host: }}, {{gcp: }}]
"
    ));
    let loaded = loaded.unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("detectors[2].gcp is no detector"),
        "{warnings:?}"
    );
    let head = crate::resource::EncodedResource::new("rust", &loaded.detectors, loaded.resource);
    let resource = FinishedResource::of(&head.here());
    let has = |key| resource.attribute(key).is_some();
    assert!(has("process.pid") && has("os.type"));
    assert!(!has("process.parent_pid") && !has("host.arch"));
}

#[test]
fn conf_110_propagators_come_from_the_file() {
    let fields = |text: &str| {
        let propagator = good(text).propagator.unwrap();
        propagator.fields().join(" ")
    };
    assert_eq!(fields(""), "");
    assert_eq!(
        fields("propagator: {composite: [{b3: }, {baggage: {}}]}"),
        "b3 baggage"
    );
    let both = "propagator: {composite: [{baggage: }], composite_list: \"tracecontext,baggage\"}";
    assert_eq!(fields(both), "baggage traceparent tracestate");
    let (loaded, _) = load(&format!("{HEAD}propagator: {{composite: [{{xray: }}]}}"));
    assert!(
        loaded
            .unwrap_err()
            .contains("propagator \"xray\" is not usable")
    );
}

#[test]
fn conf_110_limits_come_from_the_file() {
    let loaded = good(
        "attribute_limits: {attribute_value_length_limit: 10, attribute_count_limit: 20}
tracer_provider:
  processors: []
  limits:
    attribute_count_limit: 0
    attribute_value_depth_limit: 3
    event_count_limit: 1
    link_count_limit: 2
    event_attribute_count_limit: 4
    link_attribute_count_limit:
",
    );
    let expected = SpanLimits {
        attributes: 0,
        attribute_value_length: 10,
        events: 1,
        links: 2,
        attributes_per_event: 4,
        attributes_per_link: 128,
        depth: 3,
        ..SpanLimits::DEFAULT
    };
    assert_eq!(loaded.limits, Some(expected));
    let general = good("attribute_limits:\n  attribute_count_limit: ${COUNT}");
    assert_eq!(general.limits.unwrap().attributes, 7);
}

#[test]
fn conf_110_samplers_come_from_the_file() {
    for (text, description) in [
        ("{always_on: }", "AlwaysOnSampler"),
        ("{always_off: {}}", "AlwaysOffSampler"),
        (
            "{trace_id_ratio_based: {ratio: 0.25}}",
            "TraceIdRatioBased{0.25}",
        ),
        ("{trace_id_ratio_based: }", "TraceIdRatioBased{1}"),
    ] {
        assert_eq!(sampler(text).description(), description, "{text}");
    }
    let text = "{parent_based: {root: {always_off: }, remote_parent_not_sampled: {always_on: }}}";
    let Sampler::ParentBased(rules) = sampler(text) else {
        panic!("{text}");
    };
    let all = [
        &rules.root,
        &rules.remote_sampled,
        &rules.remote_not_sampled,
        &rules.local_sampled,
        &rules.local_not_sampled,
    ];
    let on = all.map(|sampler| matches!(sampler, Sampler::AlwaysOn));
    assert_eq!(on, [false, true, true, true, false]);
    let record = sampler("{always_record: {root: {always_off: }}}");
    assert!(matches!(record, Sampler::AlwaysRecord(_)));
}

#[test]
fn conf_110_composite_samplers_come_from_the_file() {
    let sampler = sampler(
        "{composite/development: {rule_based: {rules: [
  {attribute_values: {key: code, values: [\"404\", \"500\"]}, sampler: {always_off: }},
  {attribute_patterns: {key: path, included: [/health*]}, sampler: {always_off: }},
  {span_kinds: [server, consumer], parent: [none], sampler: {always_on: }},
  {sampler: {probability: {ratio: 0}}}]}}}",
    );
    let decide = |kind, key: &str, value: OwnedValue| {
        let attributes = [(key.to_owned(), value)];
        let output = sampler.ask(&SamplingInput {
            parent: None,
            trace_id: TraceId([1; 16]),
            name: "",
            kind,
            attributes: &attributes,
            links: &[],
        });
        output.decision == Decision::RecordAndSample
    };
    assert!(decide(SpanKind::Server, "code", OwnedValue::Int(200)));
    assert!(!decide(SpanKind::Server, "code", OwnedValue::Int(404)));
    assert!(!decide(SpanKind::Server, "path", "/healthz".into()));
    assert!(!decide(SpanKind::Client, "path", "/".into()));
}

#[test]
fn conf_110_pipelines_have_their_own_settings() {
    let loaded = good(
        "tracer_provider:
  processors:
    - batch:
        schedule_delay: 1
        export_timeout: 0
        max_queue_size: 30
        max_export_batch_size: ${COUNT}
        exporter: {console: }
    - simple: {exporter: {console: }}
    - batch: {exporter: {console: }}
",
    );
    assert_eq!(loaded.destinations.len(), 3);
    let first = loaded.own_batches[&0];
    assert_eq!(first.schedule_delay, Duration::from_millis(1));
    assert!(first.export_timeout > Duration::from_secs(1_000_000));
    assert_eq!(
        (first.max_queue_size, first.max_export_batch_size),
        (Some(30), 7)
    );
    assert_eq!(loaded.own_batches[&1].max_export_batch_size, 1);
    assert_eq!(loaded.own_batches.len(), 2);
}

#[test]
fn conf_110_tracers_are_switched_off_by_name() {
    let loaded = good(
        "tracer_provider:
  processors: []
  id_generator: {random: }
  tracer_configurator/development:
    default_config: {enabled: true}
    tracers:
      - {name: io.good.*, config: {enabled: true}}
      - {name: io.*, config: {enabled: false}}
",
    );
    let rule = loaded.scope_rule.unwrap();
    for (name, enabled) in [("io.good.a", true), ("io.bad", false), ("other", true)] {
        let scope = crate::FinishedScope {
            name: name.to_owned(),
            ..crate::FinishedScope::default()
        };
        assert_eq!((rule.0)(&scope), enabled, "{name}");
    }
}

#[test]
fn conf_110_the_file_may_switch_off_and_be_quiet() {
    let loaded = good("disabled: true\nlog_level: warn2");
    assert!(loaded.disabled);
    assert_eq!(loaded.diagnostic_level, Some(Some(DiagnosticLevel::Warn)));
    let loaded = good("disabled:\nlog_level:\nresource:\ntracer_provider:");
    assert!(!loaded.disabled && loaded.destinations.is_empty());
}
