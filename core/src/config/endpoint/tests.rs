//! How endpoints and protocols are read.

use super::*;

fn url(text: &str, reading: Reading) -> Result<String, String> {
    Endpoint::parse("endpoint", text, reading)
        .and_then(|endpoint| endpoint.signal_url(Signal::Traces))
        .map_err(|error| error.to_string())
}

#[test]
fn conf_076_endpoints_follow_the_specification() {
    use Reading::{Base, Code, Signal};
    for (text, reading, expected) in [
        (DEFAULT_HTTP, Base, "http://localhost:4318/v1/traces"),
        ("http://h:4318/", Base, "http://h:4318/v1/traces"),
        ("https://h/otlp", Base, "https://h/otlp/v1/traces"),
        ("https://h/otlp/", Base, "https://h/otlp/v1/traces"),
        ("https://h/v1/traces", Base, "https://h/v1/traces/v1/traces"),
        ("https://h/a?k=v", Base, "https://h/a/v1/traces?k=v"),
        ("http://h:4318", Signal, "http://h:4318/"),
        ("http://h:4318/x", Signal, "http://h:4318/x"),
        ("http://h:4318/v1/traces", Signal, "http://h:4318/v1/traces"),
        ("http://h:4318", Code, "http://h:4318/v1/traces"),
        ("http://h:4318/", Code, "http://h:4318/v1/traces"),
        ("http://h:4318/v1/traces", Code, "http://h:4318/v1/traces"),
        ("http://h:4318/v1/logs", Code, "http://h:4318/v1/traces"),
        ("http://h/custom", Code, "http://h/custom"),
        ("http://[::1]:4318", Code, "http://[::1]:4318/v1/traces"),
        (" HTTP://h ", Code, "http://h/v1/traces"),
        ("http://h:4317/v1/traces", Code, "http://h:4317/v1/traces"),
        ("http://u:p@h:1", Code, "http://u:p@h:1/v1/traces"),
    ] {
        assert_eq!(
            url(text, reading).as_deref(),
            Ok(expected),
            "{text} {reading:?}"
        );
    }
}

#[test]
fn conf_076_each_signal_has_its_path() {
    let signals = [Signal::Traces, Signal::Logs, Signal::Metrics];
    for (text, reading, expected) in [
        (
            "http://h:1/a",
            Reading::Base,
            ["/a/v1/traces", "/a/v1/logs", "/a/v1/metrics"],
        ),
        (
            "http://h:1",
            Reading::Code,
            ["/v1/traces", "/v1/logs", "/v1/metrics"],
        ),
        (
            "http://h:1/v1/traces?k",
            Reading::Code,
            ["/v1/traces?k", "/v1/logs?k", "/v1/metrics?k"],
        ),
        ("http://h:1/own", Reading::Code, ["/own"; 3]),
        ("http://h:1/own", Reading::Signal, ["/own"; 3]),
    ] {
        let endpoint = Endpoint::parse("endpoint", text, reading).unwrap();
        let urls = signals.map(|signal| endpoint.signal_url(signal).unwrap());
        assert_eq!(
            urls,
            expected.map(|path| format!("http://h:1{path}")),
            "{text}"
        );
    }
}

#[test]
fn bad_endpoints_are_named_with_a_cure_and_without_credentials() {
    for (text, wrong) in [
        ("", "has no http:// or https://"),
        ("localhost:4318", "has no http:// or https://"),
        ("ftp://h", "is not an http or https URL"),
        ("http://", "is not a URL"),
        ("http://a b", "is not a URL"),
        ("http://h:99999", "has a port"),
        ("http://h:x", "has a port"),
        ("http://u:s3cret@h:99999", "has a port"),
        ("u:s3cret@h", "has no http://"),
        ("http://u:s3cret@h h?token=s3cret", "is not a URL"),
    ] {
        let error = url(text, Reading::Code).unwrap_err();
        assert!(
            error.starts_with("endpoint \"") && error.contains(wrong),
            "{text}: {error}"
        );
        assert!(error.contains(": give a URL such as "));
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn conf_073_the_port_of_grpc_means_grpc_unless_the_user_says_otherwise() {
    let protocol = |text, said| {
        let endpoint = Endpoint::parse("endpoint", text, Reading::Code).unwrap();
        endpoint.protocol(said)
    };
    assert_eq!(protocol("http://h:4317", None), Protocol::Grpc);
    assert_eq!(
        protocol("http://h:4317/v1/traces", None),
        Protocol::HttpProtobuf
    );
    assert_eq!(protocol("http://h:4318", None), Protocol::HttpProtobuf);
    let said = Some(Protocol::HttpJson);
    assert_eq!(protocol("http://h:4317", said), Protocol::HttpJson);
    assert_eq!(
        protocol("http://h:4318", Some(Protocol::Grpc)),
        Protocol::Grpc
    );
}

#[test]
fn conf_073_grpc_takes_scheme_host_and_port() {
    let url = |text| {
        let endpoint = Endpoint::parse("endpoint", text, Reading::Code).unwrap();
        endpoint.authority_url(true)
    };
    assert_eq!(url("https://h:4317/ignored?x"), "https://h:4317");
    assert_eq!(url("http://h"), "http://h");
    let bare = Endpoint::parse_bare("endpoint", "h:4317").unwrap();
    assert_eq!(bare.authority_url(false), "https://h:4317");
    assert_eq!(bare.authority_url(true), "http://h:4317");
    assert!(bare.signal_url(Signal::Traces).is_err());
    for text in ["", "h:x", ":4317", "h h", "a/b"] {
        assert_eq!(Endpoint::parse_bare("endpoint", text), None, "{text}");
    }
}

#[test]
fn protocols_are_known_by_name() {
    for (name, protocol) in [
        ("grpc", Protocol::Grpc),
        (" GRPC ", Protocol::Grpc),
        ("HTTP/protobuf", Protocol::HttpProtobuf),
        ("http/json", Protocol::HttpJson),
    ] {
        assert_eq!(Protocol::parse("protocol", name), Ok(protocol));
    }
    let error = Protocol::parse("protocol", "http").unwrap_err().to_string();
    assert_eq!(
        error,
        "protocol \"http\" is not a protocol: use grpc, http/protobuf or http/json"
    );
}

#[test]
fn debug_shows_no_credentials() {
    let text = "http://u:s3cret@h/?token=s3cret";
    let endpoint = Endpoint::parse("endpoint", text, Reading::Code).unwrap();
    assert_eq!(format!("{endpoint:?}"), "http://***@h/?...");
}
