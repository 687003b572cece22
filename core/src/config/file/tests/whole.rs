//! What is wrong with a file is named, with its line; and what stands above the file.

use super::*;
use crate::config::Config;
use crate::config::env::Env;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A file as long as it is needed.
struct Written(PathBuf);

impl Written {
    fn new(text: &str) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("libtracer-config-{}-{number}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Below the first line, what is wrong and what is said.
const BAD: &[(&str, &str)] = &[
    ("a: [", "this is no YAML"),
    ("file_format: x", "f.yaml:2: \"file_format\" comes twice"),
    ("---\na: 1", "a second document"),
    (
        "disabled: \"true\"",
        "f.yaml:2: disabled \"true\" is no switch",
    ),
    ("disabled: [1]", "disabled is a list"),
    ("log_level: loud", "log_level is no level"),
    ("resource: secret", "resource is text: use a map"),
    (
        "resource: {attributes_list: a}",
        "attributes_list is no list",
    ),
    (
        "resource: {attributes: [{name: a}]}",
        "attributes[0] lacks value",
    ),
    (
        "resource: {attributes: [{name: a, value: x, type: int}]}",
        "resource.attributes[0].value \"x\" is no whole number",
    ),
    (
        "resource: {attributes: [{name: a, value: x, type: y}]}",
        "has the type \"y\"",
    ),
    (
        "attribute_limits: {attribute_count_limit: -1}",
        "\"-1\" is too low",
    ),
    ("tracer_provider: {}", "tracer_provider lacks processors"),
    ("a: ${A B}", "f.yaml:2: \"${A B}\" is no reference"),
    ("a: *x", "f.yaml:2:"),
    ("? [a]\n: 1", "a list or map as a name"),
];

const BAD_PROCESSORS: &[(&str, &str)] = &[
    ("{batch: {}}", "processors[0].batch lacks exporter"),
    ("{fast: {}}", "processors[0].fast is no processor here"),
    (
        "{simple: {exporter: {x: }}}",
        "exporter.x is no exporter here",
    ),
    (
        "{simple: {exporter: {}}}",
        "exporter is a map: name one thing here",
    ),
    (
        "{batch: {max_queue_size: 0, exporter: {console: }}}",
        "max_queue_size \"0\" is too low: use 1 or more",
    ),
];

const BAD_HTTP: &[(&str, &str)] = &[
    (
        "{endpoint: nowhere}",
        "endpoint is not usable: endpoint \"nowhere\"",
    ),
    ("{encoding: xml}", "encoding is no encoding"),
    ("{compression: rar}", "compression is not usable"),
    ("{tls: {ca_file: x}}", "ca_file is no absolute path"),
    (
        "{tls: {key_file: /x}}",
        "tls has one of cert_file and key_file",
    ),
    (
        "{headers: [{name: a b, value: x}]}",
        "headers[0] is not usable: header name",
    ),
    ("{timeout: soon}", "timeout \"soon\" is no whole number"),
];

fn refused(text: &str, part: &str) -> String {
    let error = load(text).0.err().unwrap_or_default();
    assert!(error.contains(part), "{text}\n{error}");
    error
}

fn processor(text: &str) -> String {
    format!("{HEAD}tracer_provider: {{processors: [{text}]}}")
}

fn http(options: &str) -> String {
    processor(&format!(
        "{{simple: {{exporter: {{otlp_http: {options}}}}}}}"
    ))
}

#[test]
fn conf_110_what_cannot_be_used_is_named_with_its_line() {
    refused("a: 1", "f.yaml:1: the file lacks file_format: add it");
    refused(
        "file_format: 2.0",
        "f.yaml:1: file_format is a format that is not known",
    );
    refused("file_format: \"0.4\"", "file_format is a format");
    for (text, part) in BAD {
        refused(&format!("{HEAD}{text}"), part);
    }
    for (text, part) in BAD_PROCESSORS {
        refused(&processor(text), part);
    }
    for (text, part) in BAD_HTTP {
        refused(&http(text), part);
    }
    let deep = "[".repeat(100) + &"]".repeat(100);
    refused(&format!("{HEAD}a: {deep}"), "inside each other");
    let secret = http("{headers: [{name: a, value: \"sec\\nret\"}]}");
    assert!(!refused(&secret, "the value of header").contains("sec"));
}

#[test]
fn conf_110_what_is_not_known_is_warned_about_by_name() {
    let text = format!(
        "{HEAD}colour: red
meter_provider: {{readers: []}}
tracer_provider:
  processors:
    - simple:
        exporter: {{otlp_http: {{max_request_size: 1, speed: 2}}, }}
        delay: 5
  sampler: {{always_on: {{x: 1}}}}
"
    );
    let (loaded, warnings) = load(&text);
    assert!(loaded.is_ok());
    let expected = [
        "f.yaml:7: tracer_provider.processors[0].simple.exporter.otlp_http.max_request_size is not \
         adjustable here: requests are at most 64 MiB, responses 4 MiB",
        "f.yaml:7: tracer_provider.processors[0].simple.exporter.otlp_http.speed is not known here: \
         it is ignored",
        "f.yaml:8: tracer_provider.processors[0].simple.delay is not known here: it is ignored",
        "f.yaml:9: tracer_provider.sampler.always_on.x is not known here: it is ignored",
        "f.yaml:3: meter_provider is not read from the file: it is ignored",
        "f.yaml:2: colour is not known here: it is ignored",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn conf_110_with_a_file_no_other_variable_counts_and_code_still_wins() {
    let file = Written::new(&format!(
        "{HEAD}tracer_provider:\n  processors: [{{simple: {{exporter: {{console: }}}}}}]\n  sampler: {{always_off: }}\n"
    ));
    for name in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] {
        let env = Env::of(&[
            (name, file.path()),
            ("OTEL_SERVICE_NAME", "unseen"),
            ("OTEL_TRACES_EXPORTER", "otlp,zipkin"),
            ("OTEL_TRACES_SAMPLER", "bad"),
            ("OTEL_PROPAGATORS", "b3"),
        ]);
        let config = Config::new().load(env);
        config.check().unwrap();
        assert_eq!(config.take_warnings(), Vec::<String>::new());
        assert_eq!(config.sampler_in_force().description(), "AlwaysOffSampler");
        assert!(config.propagator_in_force().fields().is_empty());
        let pipelines = config.build_pipelines().unwrap();
        assert_eq!((pipelines.len(), &*pipelines[0].name), (1, "console"));
        assert_eq!(pipelines[0].batch.max_export_batch_size, 1);
        let resource = FinishedResource::of(&config.encoded_resource().here());
        let name = format!("{:?}", resource.attribute("service.name"));
        assert!(name.contains("unknown_service"), "{name}");
    }
    let config = Config::from_file(file.path());
    let config = config
        .sampler(Sampler::AlwaysOn)
        .propagators("b3")
        .exporters("none");
    assert_eq!(config.sampler_in_force().description(), "AlwaysOnSampler");
    assert_eq!(config.propagator_in_force().fields(), ["b3"]);
    assert!(config.build_pipelines().unwrap().is_empty());
}

#[test]
fn conf_110_a_file_that_cannot_be_read_is_an_error() {
    let absent = Config::from_file("/no/such/file.yaml").check().unwrap_err();
    let text = absent.to_string();
    assert!(
        text.starts_with("configuration file \"/no/such/file.yaml\" "),
        "{text}"
    );
    let env = Env::of(&[("OTEL_CONFIG_FILE", "/no/such/file.yaml")]);
    assert!(Config::new().load(env).build_pipelines().is_err());
    for (text, part) in [
        (String::new(), "is empty"),
        ("# only a comment\n".to_owned(), "is empty"),
        (
            format!("{HEAD}# {}", "x".repeat(1 << 20)),
            "is larger than 1 MiB",
        ),
    ] {
        let file = Written::new(&text);
        let error = Config::from_file(file.path()).check().unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn aliases_are_written_out_and_do_not_explode() {
    let loaded = good("resource: {attributes: [&a {name: x, value: 1}, *a]}");
    let head = crate::resource::EncodedResource::new("rust", &loaded.detectors, loaded.resource);
    assert!(FinishedResource::of(&head.here()).attribute("x").is_some());
    let line = |i: i32| {
        let items = vec![format!("*a{}", i - 1); 10].join(", ");
        format!("a{i}: &a{i} [{items}]\n")
    };
    let lines: String = (1..12).map(line).collect();
    let text = format!("{HEAD}a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{lines}");
    refused(&text, "more than 65536 values");
}

#[test]
fn aliases_of_a_long_text_do_not_explode() {
    let long = "x".repeat(1000);
    let text = |times| {
        let aliases = vec!["*a"; times].join(", ");
        format!("{HEAD}a: &a {long}\nb: [{aliases}]\n")
    };
    let count = |times: usize| yaml::parse(&text(times), &|_: &str| None).map(|_| ());
    assert!(count(1000).is_ok());
    let (_, wrong) = count(20_000).unwrap_err();
    assert_eq!(wrong, "more than 16 MiB of text");
    // What a variable stands for counts as well.
    let variables = |_: &str| Some("x".repeat(1 << 20));
    let text = format!("{HEAD}a: [{}]", vec!["${LONG}"; 17].join(", "));
    assert!(yaml::parse(&text, &variables).is_err());
}

/// Pieces that files are made of, in no order that means anything.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("file_format: \"1.0\"\n".to_owned()),
        Just("tracer_provider:\n  processors:\n    - batch:\n".to_owned()),
        Just("resource: {attributes: [{name: a, value: &x 1}]}\n".to_owned()),
        "[a-z_]{1,6}: |- |  |[\\[\\]{},:&*#|>!%@\"'`]|\\$\\{[A-Z]{0,3}(:-)?|\\}|\\PC{0,4}|\\n",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in prop_oneof![any::<String>(), pieces()]) {
        let variables = |name: &str| Some(name.repeat(3));
        if let Ok(Some(tree)) = yaml::parse(&text, &variables) {
            let _ = whole(&At::root(&tree, &Report::default()));
        }
    }
}
