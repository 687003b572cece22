//! The options of OTLP, from code and environment.

use super::{error, load, names};
use crate::config::Config;
use crate::config::endpoint::Protocol;
use crate::config::otlp::Settings;
use crate::export::{Compression, Signal, Tls};
use std::sync::Arc;
use std::time::Duration;

fn settings(config: &Config, signal: Signal) -> Settings {
    config.otlp.settings(signal).unwrap()
}

fn traces(config: &Config) -> Settings {
    settings(config, Signal::Traces)
}

#[test]
fn conf_106_a_signals_own_variable_wins_over_the_general_one() {
    for (signal, word, path) in [
        (Signal::Traces, "TRACES", "v1/traces"),
        (Signal::Logs, "LOGS", "v1/logs"),
        (Signal::Metrics, "METRICS", "v1/metrics"),
    ] {
        let general = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:1/base"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=general,b=general"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/general/ca"),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/general/me"),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/general/key"),
        ];
        let found = settings(&load(&general), signal);
        assert_eq!(found.url, format!("http://general:1/base/{path}"));
        assert_eq!(found.protocol, Protocol::HttpJson);
        assert_eq!(found.headers.len(), 2);
        assert_eq!(found.timeout, Duration::from_millis(100));
        assert_eq!(found.compression, Compression::Gzip);
        let tls = |place: &str, prefix: &str| {
            Tls::new()
                .named_ca(&format!("{prefix}CERTIFICATE"), format!("/{place}/ca"))
                .named_certificate(
                    &format!("{prefix}CLIENT_CERTIFICATE"),
                    format!("/{place}/me"),
                )
                .named_key(&format!("{prefix}CLIENT_KEY"), format!("/{place}/key"))
        };
        assert_eq!(found.tls, tls("general", "OTEL_EXPORTER_OTLP_"));

        let own = [
            ("ENDPOINT", "http://own:2"),
            ("PROTOCOL", "http/protobuf"),
            ("HEADERS", "a=own"),
            ("TIMEOUT", "200"),
            ("COMPRESSION", "none"),
            ("CERTIFICATE", "/own/ca"),
            ("CLIENT_CERTIFICATE", "/own/me"),
            ("CLIENT_KEY", "/own/key"),
        ];
        let prefix = format!("OTEL_EXPORTER_OTLP_{word}_");
        let own = own.map(|(option, value)| (format!("{prefix}{option}"), value));
        let own = own.iter().map(|(name, value)| (name.as_str(), *value));
        let all: Vec<_> = general.iter().copied().chain(own).collect();
        let config = load(&all);
        let found = settings(&config, signal);
        assert_eq!(found.url, "http://own:2/");
        assert_eq!(found.protocol, Protocol::HttpProtobuf);
        assert_eq!(found.headers, [("a".to_owned(), "own".to_owned())]);
        assert_eq!(found.timeout, Duration::from_millis(200));
        assert_eq!(found.compression, Compression::None);
        assert_eq!(found.tls, tls("own", &prefix));
        assert_eq!(config.take_warnings(), Vec::<String>::new());
    }
}

#[test]
fn conf_106_code_wins_over_the_environment() {
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own:2"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=env"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/env"),
    ])
    .otlp("http://code:3")
    .otlp_protocol("http/json")
    .otlp_header("c", "code")
    .otlp_compression("none")
    .otlp_certificate("/code/ca")
    .otlp_client_certificate("/code/me", "/code/key")
    .otlp_timeout(Duration::ZERO);
    let found = traces(&config);
    assert_eq!(found.url, "http://code:3/v1/traces");
    assert_eq!(found.protocol, Protocol::HttpJson);
    assert_eq!(found.headers.len(), 2);
    assert_eq!(found.timeout, Duration::ZERO);
    assert_eq!(found.compression, Compression::None);
    let tls = Tls::new().ca_file("/code/ca");
    assert_eq!(found.tls, tls.client_certificate("/code/me", "/code/key"));
}

#[test]
fn conf_072_protobuf_over_http_to_this_machine_is_the_default() {
    let found = traces(&load(&[]));
    assert_eq!(found.protocol, Protocol::HttpProtobuf);
    assert_eq!(found.url, "http://localhost:4318/v1/traces");
    assert_eq!(found.compression, Compression::None);
    assert_eq!(found.tls, Tls::new());
}

#[test]
fn conf_077_the_default_time_out_is_ten_seconds() {
    assert_eq!(traces(&load(&[])).timeout, Duration::from_secs(10));
}

#[test]
fn conf_106_grpc_has_its_own_default_endpoint_and_takes_a_host_alone() {
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let own = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "true");
    for (variables, url) in [
        (vec![grpc], "http://localhost:4317"),
        (
            vec![grpc, ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://h:1/x")],
            "https://h:1",
        ),
        (
            vec![grpc, ("OTEL_EXPORTER_OTLP_ENDPOINT", "h:1")],
            "https://h:1",
        ),
        (
            vec![grpc, insecure, ("OTEL_EXPORTER_OTLP_ENDPOINT", "h:1")],
            "http://h:1",
        ),
        (vec![grpc, insecure, (own, "https://h:1")], "https://h:1"),
        (vec![(own, "collector:4317")], "https://collector:4317"),
        (
            vec![
                grpc,
                insecure,
                (own, "h:2"),
                ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false"),
            ],
            "https://h:2",
        ),
        (
            vec![(own, "h:1"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")],
            "https://h:1",
        ),
    ] {
        let config = load(&variables);
        let found = traces(&config);
        assert_eq!(
            (found.url.as_str(), found.protocol),
            (url, Protocol::Grpc),
            "{variables:?}"
        );
        assert_eq!(
            config.take_warnings(),
            Vec::<String>::new(),
            "{variables:?}"
        );
    }
}

#[test]
fn conf_106_one_signal_by_grpc_is_enough_for_a_host_alone() {
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "h:1"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
    ]);
    assert_eq!(traces(&config).url, "https://h:1");
    // The others say what is wrong.
    let error = config.otlp.settings(Signal::Logs).map(|_| ()).unwrap_err();
    assert!(
        error.to_string().contains("has no http:// or https://"),
        "{error}"
    );
    // Code may say so later.
    let config = load(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]);
    assert_eq!(
        traces(&config.otlp_protocol("grpc")).url,
        "https://collector:4317"
    );
}

#[test]
fn environment_values_that_cannot_be_used_are_warned_about_and_ignored() {
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "b ad=s3cret"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("HTTPS_PROXY", "ftp://user:s3cret@proxy"),
    ]);
    assert_eq!(traces(&config).url, "http://localhost:4318/v1/traces");
    let mut warnings = config.take_warnings();
    warnings.sort_unstable();
    let starts = [
        "HTTPS_PROXY: the value is ignored: use a URL such as http://proxy.example:3128",
        "OTEL_EXPORTER_OTLP_COMPRESSION=\"brotli\" is ignored: use gzip, zstd or none",
        "OTEL_EXPORTER_OTLP_HEADERS: header name \"b ad\" is not valid",
        "OTEL_EXPORTER_OTLP_PROTOCOL=\"http\" is ignored: use grpc, http/protobuf or http/json",
        "OTEL_EXPORTER_OTLP_TIMEOUT=\"soon\" is ignored: use whole milliseconds, 0 or more",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT \"collector:4318\" has no http:// or https://: give",
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
fn the_proxies_of_the_environment_lead_to_the_endpoint() {
    let proxy = ("HTTPS_PROXY", "http://user:s3cret@proxy:3128");
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://h:4318");
    let shown = |variables: &[(&str, &str)]| {
        let settings = traces(&load(variables));
        settings.target("test/1").unwrap().shown()
    };
    assert_eq!(
        shown(&[proxy, endpoint]),
        "https://h:4318/v1/traces (through the proxy http://proxy:3128)"
    );
    assert_eq!(shown(&[endpoint]), "https://h:4318/v1/traces");
    assert_eq!(
        shown(&[proxy, endpoint, ("no_proxy", "h")]),
        "https://h:4318/v1/traces"
    );
    // A CGI program's caller decides what HTTP_PROXY says.
    let plain = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4318");
    let header = ("HTTP_PROXY", "http://proxy:3128");
    assert!(shown(&[plain, header]).contains("through"));
    assert!(!shown(&[plain, header, ("REQUEST_METHOD", "GET")]).contains("through"));
}

#[test]
fn what_code_cannot_mean_is_refused_with_a_cure() {
    for (config, text) in [
        (
            Config::new().otlp_protocol("http"),
            "protocol \"http\" is not a protocol: use grpc,",
        ),
        (
            Config::new().otlp_compression("br"),
            "compression \"br\" is not a compression: use gzip,",
        ),
        (
            Config::new().otlp("localhost:4318"),
            "endpoint \"localhost:4318\" has no http://",
        ),
    ] {
        let error = config.check().unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
    // A file is read when it is needed; the message names the option that named it.
    let config = load(&[("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem")]);
    let text = error(&config);
    assert!(
        text.starts_with(
            "OTEL_EXPORTER_OTLP_CERTIFICATE \"/nowhere/ca.pem\" cannot be read (No such file"
        ),
        "{text}"
    );
    assert_eq!(names(&config.console()), ["console"]);
    let config = load(&[("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/nowhere/key.pem")]);
    let text = error(&config);
    assert!(
        text.contains("has no client certificate beside it"),
        "{text}"
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
fn an_exporter_is_named_as_the_conventions_name_it() {
    let components = |config: &Config| {
        let pipelines = config.build_pipelines().unwrap();
        let components = pipelines.into_iter().map(|pipeline| pipeline.component);
        components.collect::<Vec<_>>()
    };
    let environment = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let json = components(&load(&environment));
    assert_eq!(json, ["otlp_http_json_span_exporter"]);
    let several = Config::new()
        .otlp("http://one:4317")
        .otlp("http://two:4318")
        .zipkin("http://three:9411/api/v2/spans")
        .console();
    let wanted = [
        "otlp_grpc_span_exporter",
        "otlp_http_span_exporter",
        "zipkin_http_span_exporter",
        "console",
    ];
    assert_eq!(components(&several), wanted);
}
