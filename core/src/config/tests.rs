use super::*;
use crate::config::env::Env;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;

mod hostile;
#[cfg(feature = "otlp-http")]
mod others;
mod otlp;

fn load(variables: &[(&str, &str)]) -> Config {
    Config::new().load(Env::of(variables))
}

fn names(config: &Config) -> Vec<String> {
    let pipelines = config.build_pipelines().unwrap();
    pipelines
        .into_iter()
        .map(|pipeline| pipeline.name)
        .collect()
}

fn error(config: &Config) -> String {
    config.build_pipelines().unwrap_err().to_string()
}

fn resource(config: &Config) -> Vec<(String, String)> {
    let head = ResourceSpans::decode(&config.encoded_resource().here()[..]).unwrap();
    let attributes = head.resource.unwrap().attributes.into_iter();
    attributes
        .map(|attribute| match attribute.value.unwrap().value.unwrap() {
            opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text) => {
                (attribute.key, text)
            }
            other => (attribute.key, format!("{other:?}")),
        })
        .collect()
}

fn attribute(config: &Config, key: &str) -> String {
    let all = resource(config);
    all.into_iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value)
        .unwrap()
}

#[test]
fn code_alone_reads_no_environment_and_exports_nothing() {
    let config = Config::new();
    assert_eq!(names(&config), Vec::<String>::new());
    assert_eq!(
        config.sampler_in_force().description(),
        Sampler::default().description()
    );
    assert_eq!(config.limits_in_force(), SpanLimits::default());
    assert_eq!(config.batch_in_force(), BatchSettings::default());
    assert_eq!(config.chosen_memory_limit(), None);
    assert_eq!(config.exit_timeout_in_force(), Duration::from_secs(2));
    assert_eq!(attribute(&config, "telemetry.sdk.language"), "rust");
}

#[test]
fn conf_102_the_service_name_comes_from_code_then_its_variable_then_the_list() {
    let list = (
        "OTEL_RESOURCE_ATTRIBUTES",
        "service.name=list,service.version=1%2E0",
    );
    let both = load(&[list, ("OTEL_SERVICE_NAME", "variable")]);
    assert_eq!(attribute(&load(&[list]), "service.name"), "list");
    assert_eq!(attribute(&both, "service.name"), "variable");
    assert_eq!(attribute(&both, "service.version"), "1.0");
    let code = both
        .service_name("code")
        .resource_attribute("service.version", 2);
    assert_eq!(attribute(&code, "service.name"), "code");
    assert_eq!(attribute(&code, "service.version"), "IntValue(2)");
    assert_eq!(
        attribute(&code.sdk_language("python"), "telemetry.sdk.language"),
        "python"
    );
    let unknown = attribute(&load(&[("OTEL_SERVICE_NAME", "")]), "service.name");
    assert!(unknown.starts_with("unknown_service:"), "{unknown}");
}

#[test]
fn conf_092_a_malformed_list_is_discarded_with_a_warning() {
    let config = load(&[("OTEL_RESOURCE_ATTRIBUTES", "a=1,b=%zz")]);
    assert!(resource(&config).iter().all(|(key, _)| key != "a"));
    let warnings = config.take_warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("the whole list is discarded"),
        "{warnings:?}"
    );
    assert_eq!(config.take_warnings(), Vec::<String>::new());
}

#[test]
fn conf_100_a_disabled_sdk_records_and_exports_nothing() {
    let config = load(&[("OTEL_SDK_DISABLED", "true")]).console();
    assert!(config.is_disabled());
    assert_eq!(names(&config), Vec::<String>::new());
    assert_eq!(config.sampler_in_force().description(), "AlwaysOffSampler");
    let tracer = crate::TracerProvider::new(&config).unwrap().tracer("off");
    assert!(!tracer.start("root").context().is_valid());
    let parent = crate::SpanContext::from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "",
    );
    let parent = parent.unwrap();
    let child = tracer.span("child").parent(&parent).start();
    assert_eq!(child.context().span_id, parent.span_id);
    let enabled = config.disabled(false);
    assert_eq!(names(&enabled), ["console"]);
    assert!(!load(&[("OTEL_SDK_DISABLED", "1")]).is_disabled());
}

#[test]
fn conf_104_samplers_come_from_the_environment() {
    let parent_based = |root: &str| {
        format!(
            "ParentBased{{root:{root},remoteParentSampled:AlwaysOnSampler,\
             remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,\
             localParentNotSampled:AlwaysOffSampler}}"
        )
    };
    for (name, argument, expected, warnings) in [
        ("always_on", "", "AlwaysOnSampler".to_owned(), 0),
        ("ALWAYS_OFF", "x", "AlwaysOffSampler".to_owned(), 0),
        (
            "traceidratio",
            "0.25",
            "TraceIdRatioBased{0.25}".to_owned(),
            0,
        ),
        ("traceidratio", "", "AlwaysOnSampler".to_owned(), 0),
        ("traceidratio", "2", "AlwaysOnSampler".to_owned(), 1),
        ("traceidratio", "NaN", "AlwaysOnSampler".to_owned(), 1),
        (
            "parentbased_always_on",
            "",
            parent_based("AlwaysOnSampler"),
            0,
        ),
        (
            "parentbased_always_off",
            "",
            parent_based("AlwaysOffSampler"),
            0,
        ),
        (
            "parentbased_traceidratio",
            "0.5",
            parent_based("TraceIdRatioBased{0.5}"),
            0,
        ),
        ("", "0.5", parent_based("AlwaysOnSampler"), 0),
        ("sometimes", "0.5", parent_based("AlwaysOnSampler"), 1),
        ("parentbased_", "", parent_based("AlwaysOnSampler"), 1),
    ] {
        let variables = [
            ("OTEL_TRACES_SAMPLER", name),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ];
        let config = load(&variables);
        assert_eq!(
            config.sampler_in_force().description(),
            expected,
            "{name} {argument}"
        );
        assert_eq!(config.take_warnings().len(), warnings, "{name} {argument}");
        let config = config.sampler(Sampler::AlwaysOff);
        assert_eq!(config.sampler_in_force().description(), "AlwaysOffSampler");
    }
}

#[test]
fn conf_105_batch_settings_come_from_the_environment() {
    let config = load(&[
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "20"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "30"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "15"),
    ]);
    let expected = BatchSettings {
        max_queue_size: Some(30),
        max_export_batch_size: 15,
        schedule_delay: Duration::from_millis(10),
        export_timeout: Duration::from_millis(20),
    };
    assert_eq!(config.batch_in_force(), expected);

    let config = load(&[
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "soon"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"),
    ]);
    assert_eq!(config.batch_in_force(), BatchSettings::default());
    assert_eq!(config.take_warnings().len(), 4);
}

#[test]
fn the_console_does_not_keep_a_person_waiting() {
    let delays = |config: Config| -> Vec<u128> {
        let pipelines = config.build_pipelines().unwrap();
        let delays = pipelines.iter().map(|one| one.batch.schedule_delay);
        delays.map(|delay| delay.as_millis()).collect()
    };
    assert_eq!(
        delays(Config::new().exporters("otlp,console")),
        [5_000, 200]
    );
    let sooner = BatchSettings {
        schedule_delay: Duration::from_millis(10),
        ..BatchSettings::default()
    };
    assert_eq!(delays(Config::new().console().batch(sooner)), [10]);
}

#[test]
fn a_batch_fits_into_its_queue() {
    let config = load(&[("OTEL_BSP_MAX_QUEUE_SIZE", "100")]);
    assert_eq!(config.batch_in_force().max_export_batch_size, 100);
    assert_eq!(config.take_warnings(), Vec::<String>::new());
    let sizes = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "101"),
    ];
    let config = load(&sizes);
    assert_eq!(config.batch_in_force().max_export_batch_size, 100);
    assert_eq!(config.take_warnings().len(), 1);
    let code = BatchSettings {
        max_queue_size: Some(10),
        ..BatchSettings::default()
    };
    assert_eq!(
        config.batch(code).batch_in_force().max_export_batch_size,
        10
    );
}

#[test]
fn conf_107_limits_of_code_win() {
    let config = load(&[("OTEL_SPAN_EVENT_COUNT_LIMIT", "3")]);
    assert_eq!(config.limits_in_force().events, 3);
    let limits = SpanLimits {
        links: 1,
        ..SpanLimits::default()
    };
    assert_eq!(config.limits(limits).limits_in_force(), limits);
}

#[test]
fn conf_108_exporters_come_from_the_environment() {
    for (list, expected, warnings) in [
        ("", &["otlp"][..], 0),
        ("otlp", &["otlp"], 0),
        ("console", &["console"], 0),
        (" Console , otlp ,,", &["console", "otlp"], 0),
        ("otlp,otlp", &["otlp"], 0),
        ("none", &[], 0),
        ("none,console", &["console"], 1),
        ("zipkn", &["otlp"], 1),
        ("zipkn,console", &["console"], 1),
    ] {
        let config = load(&[("OTEL_TRACES_EXPORTER", list)]);
        assert_eq!(names(&config), expected, "{list}");
        assert_eq!(config.take_warnings().len(), warnings, "{list}");
    }
    let code = load(&[("OTEL_TRACES_EXPORTER", "otlp")]).console();
    assert_eq!(names(&code), ["console"]);
    assert_eq!(names(&code.exporters("none")), Vec::<String>::new());
}

#[test]
fn bad_options_of_code_are_named_with_their_value_and_a_cure() {
    type Setter = fn(Config) -> Config;
    let cases: [(Setter, &str); 10] = [
        (
            |config| config.exporters("zipkn"),
            "exporter \"zipkn\" is not usable: use otlp, zipkin, jaeger, \
             console, otlp/file, otlp/stdout, memory or none",
        ),
        (
            |config| config.exporters("none,otlp"),
            "exporter \"none\" is not usable: use none alone, or leave it out",
        ),
        (
            |config| config.otlp("localhost"),
            "endpoint \"localhost\" has no http:// or https://: give a URL such as \
             http://localhost:4318 or https://host/v1/traces",
        ),
        (
            |config| config.otlp_header("a b", "s3cret"),
            "header name \"a b\" is not valid: a name has letters, digits and - only, such as \
             x-api-key",
        ),
        (
            |config| config.otlp_header("a", "s3c\nret"),
            "the value of header \"a\" is not valid: remove line breaks and control characters",
        ),
        (
            |config| config.otlp_protocol("carrier pigeon"),
            "protocol \"carrier pigeon\" is not a protocol: use grpc, http/protobuf or http/json",
        ),
        (
            |config| config.sample_ratio(1.5),
            "sampling ratio \"1.5\" is out of range: use a number from 0 to 1",
        ),
        (
            |config| config.memory_limit(1),
            "memory limit \"1\" is too low: use at least 262144 bytes",
        ),
        (
            |config| {
                config.batch(BatchSettings {
                    max_export_batch_size: 0,
                    ..Default::default()
                })
            },
            "batch and queue sizes of 0 are not usable: use 1 or more",
        ),
        (
            |config| config.resource_attribute("", 1),
            "resource attribute without a key: name it",
        ),
    ];
    for (set, expected) in cases {
        let config = set(Config::new());
        assert_eq!(config.check().unwrap_err().to_string(), expected);
        assert_eq!(error(&config.console()), expected);
    }
}

#[test]
fn the_first_of_several_errors_is_reported() {
    let config = Config::new()
        .sample_ratio(2.0)
        .otlp("nowhere")
        .service_name("kept");
    assert!(
        config
            .check()
            .unwrap_err()
            .to_string()
            .starts_with("sampling ratio")
    );
}
