//! What a metrics endpoint's form means.

use super::At;
use crate::config::Config;
use crate::config::env::Env;
use crate::config::signals::metrics::MetricTemporality;

/// What is spoken, and where.
fn read(url: &str) -> (&'static str, String) {
    let at = At::parse(url).unwrap();
    let endpoint = match &at {
        At::Otlp(endpoint, _) | At::Prometheus(endpoint) | At::Pushgateway(endpoint) => endpoint,
    };
    (at.name(), endpoint.url_or(""))
}

const FORMS: &str = "\
http://c:4318/v1/metrics otlp http://c:4318/v1/metrics
http://c:80/base/v1/metrics/ otlp http://c:80/base/v1/metrics/
http://c:9090/v1/metrics?a=b otlp http://c:9090/v1/metrics?a=b
http://c:4318 otlp http://c:4318/v1/metrics
http://c:4318/ otlp http://c:4318/v1/metrics
http://c:4317 otlp http://c:4317/
http://p:9090 prometheus http://p:9090/api/v1/otlp/v1/metrics
https://p prometheus https://p/api/v1/otlp/v1/metrics
http://u:w@p:1/ prometheus http://u:w@p:1/api/v1/otlp/v1/metrics
http://p/x/api/v1/otlp prometheus http://p/x/api/v1/otlp/v1/metrics
http://p/api/v1/otlp/v1/metrics prometheus http://p/api/v1/otlp/v1/metrics
http://g:9091/metrics/job/j pushgateway http://g:9091/metrics/job/j
http://g/x/metrics/job/j/instance/i pushgateway http://g/x/metrics/job/j/instance/i
http://g/metrics/job@base64/ag pushgateway http://g/metrics/job@base64/ag";

#[test]
fn the_form_of_a_url_says_what_is_spoken_there() {
    for row in FORMS.lines() {
        let (url, expected) = row.split_once(' ').unwrap();
        let (name, at) = read(url);
        assert_eq!(
            format!("{name} {at}").trim_end_matches('/'),
            expected.trim_end_matches('/')
        );
    }
    assert_eq!(kind("http://c:4317", &[]), "grpc");
}

#[test]
fn what_has_no_known_form_is_refused_with_the_forms() {
    let urls = [
        "http://h/metrics",
        "http://h/metrics/job/",
        "http://h/metrics/job//instance/i",
        "http://h/v1/traces",
        "prometheus:9090",
        "ftp://h",
        "",
    ];
    for url in urls {
        let error = Config::new().metrics_endpoint(url).check().unwrap_err();
        let error = error.to_string();
        for part in [
            "metrics endpoint",
            "http://prometheus:9090",
            "/metrics/job/NAME",
        ] {
            assert!(error.contains(part), "{url}: {error}");
        }
    }
    let secret = Config::new().metrics_endpoint("http://user:secret@host/x?token=secret");
    assert!(!secret.check().unwrap_err().to_string().contains("secret"));
}

/// How OTLP is spoken to `url` with these variables.
fn kind(url: &str, variables: &[(&str, &str)]) -> &'static str {
    use crate::config::endpoint::Protocol;
    let config = Config::new().load(Env::of(variables));
    let Ok(At::Otlp(endpoint, protocol)) = At::parse(url) else {
        return "no OTLP";
    };
    let otlp = config.otlp.to(&endpoint).spoken(protocol);
    match otlp.settings(crate::Signal::Metrics).unwrap().protocol {
        Protocol::Grpc => "grpc",
        Protocol::HttpJson => "json",
        Protocol::HttpProtobuf => "protobuf",
    }
}

#[test]
fn the_form_wins_over_the_protocol_but_for_json() {
    let all = |protocol| [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
    let path = "http://c:9999/v1/metrics";
    assert_eq!(kind(path, &all("grpc")), "protobuf");
    assert_eq!(kind(path, &all("http/json")), "json");
    assert_eq!(kind("http://c:4317", &all("http/protobuf")), "grpc");
}

#[test]
fn an_endpoint_in_code_takes_the_place_of_the_variables() {
    let of = |config: Config| {
        let env = Env::of(&[
            ("OTEL_METRICS_EXPORTER", "console"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ]);
        let built = config.load(env).build_metrics().unwrap();
        let names: Vec<_> = built
            .exporters
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        (names.join(","), built.temporality, built.prometheus)
    };
    let (cumulative, delta) = (MetricTemporality::Cumulative, MetricTemporality::Delta);
    let at = |url| of(Config::new().metrics_endpoint(url));
    assert_eq!(of(Config::new()), ("console".to_owned(), delta, false));
    assert_eq!(at("http://c/v1/metrics"), ("otlp".to_owned(), delta, false));
    // Deltas mean nothing to these.
    assert_eq!(at("http://p"), ("prometheus".to_owned(), cumulative, false));
    let gateway = at("http://g/metrics/job/j");
    assert_eq!(gateway, ("pushgateway".to_owned(), cumulative, true));
}
