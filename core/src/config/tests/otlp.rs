//! Endpoint, protocol, headers and time-out, from code and environment.

use super::{error, load, names};
use crate::config::Config;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn conf_106_otlp_options_come_from_the_environment_and_the_traces_own_win() {
    let general = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:1/base"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=general,b=general"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ];
    let config = load(&general);
    assert_eq!(
        config.otlp.traces_url().unwrap(),
        "http://general:1/base/v1/traces"
    );
    assert_eq!(config.otlp.timeout(), Duration::from_millis(100));
    assert_eq!(config.otlp.all_headers().into_pairs().len(), 2);

    let own = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own:2"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=own"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "200"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    let config = load(&[&general[..3], &own].concat());
    assert_eq!(config.otlp.traces_url().unwrap(), "http://own:2/");
    assert_eq!(config.otlp.timeout(), Duration::from_millis(200));
    assert_eq!(
        config.otlp.all_headers().into_pairs(),
        [("a".to_owned(), "own".to_owned())]
    );

    let code = config
        .otlp("http://code:3")
        .otlp_header("c", "code")
        .otlp_timeout(Duration::ZERO);
    assert_eq!(code.otlp.traces_url().unwrap(), "http://code:3/v1/traces");
    assert_eq!(code.otlp.all_headers().into_pairs().len(), 2);
    assert_eq!(code.otlp.timeout(), Duration::ZERO);
}

#[test]
fn environment_values_that_cannot_be_used_are_warned_about_and_ignored() {
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "b ad=s3cret"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
    ]);
    assert_eq!(
        config.otlp.traces_url().unwrap(),
        "http://localhost:4318/v1/traces"
    );
    let warnings = config.take_warnings();
    let starts = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT \"collector:4318\" has no http:// or https://: give",
        "OTEL_EXPORTER_OTLP_PROTOCOL=\"http/json\" is ignored: use http/protobuf",
        "OTEL_EXPORTER_OTLP_TIMEOUT=\"soon\" is ignored: use whole milliseconds, 0 or more",
        "OTEL_EXPORTER_OTLP_HEADERS: header name \"b ad\" is not valid",
    ];
    assert_eq!(warnings.len(), starts.len(), "{warnings:?}");
    for (warning, start) in warnings.iter().zip(starts) {
        assert!(
            warning.starts_with(start) && !warning.contains("s3cret"),
            "{warning}"
        );
    }
}

#[test]
fn grpc_is_refused_wherever_it_comes_from_but_only_if_otlp_is_used() {
    let protocol = load(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
    let text = error(&protocol);
    assert!(
        text.starts_with("OTEL_EXPORTER_OTLP_PROTOCOL \"grpc\" is not supported yet: use http/")
    );
    assert_eq!(names(&protocol.console()), ["console"]);

    let endpoint = load(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")]);
    let text = error(&endpoint);
    assert!(text.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT \"http://collector:4317/\" is a gRPC"));
    let text = error(&Config::new().otlp("http://collector:4317"));
    assert!(
        text.starts_with("endpoint \"http://collector:4317/\" is a gRPC endpoint"),
        "{text}"
    );
    let text = error(&Config::new().otlp("http://h").otlp_protocol("grpc"));
    assert!(
        text.starts_with("protocol \"grpc\" is not supported yet"),
        "{text}"
    );
    assert_eq!(
        names(
            &Config::new()
                .otlp("http://h:4317")
                .otlp_protocol("http/protobuf")
        ),
        ["otlp"]
    );
}

#[test]
fn conf_077_debug_shows_no_secret() {
    let config = load(&[("OTEL_EXPORTER_OTLP_HEADERS", "x-token=s3cret")])
        .otlp("http://user:s3cret@host/?key=s3cret")
        .otlp_header("authorization", "Bearer s3cret")
        .exporter("own", Arc::new(|| unreachable!()));
    let text = format!("{config:?} {:?}", config.build_pipelines().unwrap());
    assert!(text.contains("x-token") && text.contains("authorization") && text.contains("own"));
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn options_that_are_not_supported_yet_say_so() {
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/ca.pem"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ]);
    let expected = [
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: not supported yet; it is ignored",
        "OTEL_EXPORTER_OTLP_COMPRESSION: not supported yet; it is ignored",
    ];
    assert_eq!(config.take_warnings(), expected);
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
    ]);
    assert_eq!(config.take_warnings(), Vec::<String>::new());
}
