use super::*;
use std::path::Path;

#[test]
fn conf_108_every_destination_has_a_name_and_is_there_once() {
    for (list, expected) in [
        ("zipkin", &["zipkin"][..]),
        ("jaeger", &["jaeger"]),
        ("otlp/file", &["otlp/file"]),
        ("OTLP_FILE", &["otlp/file"]),
        ("otlp/stdout", &["otlp/stdout"]),
        (
            "otlp, zipkin,jaeger ,console,otlp/file,otlp/stdout,memory,zipkin,otlp_file",
            &[
                "otlp",
                "zipkin",
                "jaeger",
                "console",
                "otlp/file",
                "otlp/stdout",
                "memory",
            ],
        ),
    ] {
        let environment = load(&[("OTEL_TRACES_EXPORTER", list)]);
        assert_eq!(names(&environment), expected, "{list}");
        assert_eq!(environment.take_warnings(), Vec::<String>::new());
        assert_eq!(names(&Config::new().exporters(list)), expected, "{list}");
    }
}

#[test]
fn each_setter_adds_its_destination() {
    let config = Config::new()
        .zipkin("http://z:9411")
        .jaeger("http://j:14268")
        .otlp_file("a.jsonl")
        .otlp_file("b.jsonl")
        .otlp_stdout();
    let expected = ["zipkin", "jaeger", "otlp/file", "otlp/file", "otlp/stdout"];
    assert_eq!(names(&config), expected);
}

#[test]
fn bad_options_are_named_with_a_cure() {
    for (checked, expected) in [
        (
            Config::new().zipkin("zipkin:9411").check(),
            "zipkin endpoint \"zipkin:9411\" has no http:// or https://: give a URL such as \
             http://localhost:9411/api/v2/spans",
        ),
        (
            Config::new().jaeger("udp://agent:6831").check(),
            "jaeger endpoint \"udp://agent:6831\" is not an http or https URL: give a URL such as \
             http://localhost:4318 or http://localhost:14268/api/traces",
        ),
        (
            Config::new().otlp_file("/var/log/").check(),
            "otlp file \"/var/log/\" does not name a file: give the path of a file, such as \
             /var/log/traces.jsonl",
        ),
        (
            Config::new().otlp_file_rotation(0, 1).check(),
            "otlp file size \"0\" holds nothing: use 1 or more",
        ),
        (
            Config::new().otlp_file_rotation(1, 1001).check(),
            "otlp files kept \"1001\" is too many: use 0 to 1000",
        ),
    ] {
        assert_eq!(checked.unwrap_err().to_string(), expected);
    }
}

#[test]
fn bad_variables_are_warned_about_and_ignored() {
    for (name, value) in [
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "zipkin:9411"),
        ("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_JAEGER_ENDPOINT", "ftp://jaeger"),
        ("OTEL_EXPORTER_JAEGER_TIMEOUT", "-1"),
        ("OTEL_EXPORTER_JAEGER_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_JAEGER_AGENT_HOST", "localhost"),
        ("OTEL_EXPORTER_OTLP_FILE_PATH", "/var/log/"),
        ("OTEL_EXPORTER_OTLP_TRACES_FILE_PATH", "/"),
    ] {
        let all = "zipkin,jaeger,otlp/file";
        let config = load(&[("OTEL_TRACES_EXPORTER", all), (name, value)]);
        let warnings = config.take_warnings();
        assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
        assert!(warnings[0].starts_with(name), "{warnings:?}");
        assert!(warnings[0].contains("ignored"), "{warnings:?}");
        assert_eq!(names(&config).len(), 3);
    }
    let spoken = [("OTEL_EXPORTER_JAEGER_PROTOCOL", "http/thrift.binary")];
    assert_eq!(load(&spoken).take_warnings(), Vec::<String>::new());
}

#[test]
fn the_traces_own_file_wins_over_the_general_one_and_code_over_both() {
    let general = ("OTEL_EXPORTER_OTLP_FILE_PATH", "/tmp/all.jsonl");
    let own = ("OTEL_EXPORTER_OTLP_TRACES_FILE_PATH", "/tmp/traces.jsonl");
    let path = |config: &Config, given: Option<&str>| {
        let file = config.others.otlp_file.settings(given.map(Path::new));
        format!("{:?}", file.unwrap())
    };
    assert!(path(&load(&[general]), None).contains("/tmp/all.jsonl"));
    assert!(path(&load(&[general, own]), None).contains("/tmp/traces.jsonl"));
    assert!(path(&load(&[general, own]), Some("/tmp/code")).contains("/tmp/code"));
    let here = std::env::current_dir().unwrap().join("traces.jsonl");
    assert!(path(&Config::new(), None).contains(here.to_str().unwrap()));
}

#[test]
fn debug_shows_no_credentials() {
    let config = load(&[
        ("OTEL_EXPORTER_JAEGER_USER", "s3cret"),
        ("OTEL_EXPORTER_JAEGER_PASSWORD", "s3cret"),
        (
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
            "http://me:s3cret@zipkin/?key=s3cret",
        ),
    ]);
    assert!(!format!("{config:?}").contains("s3cret"));
}
