//! What the settings accept, and that they keep secrets.

use super::{Client, OtlpHttp, Reply, SECOND, Server};

fn error(endpoint: &str) -> String {
    OtlpHttp::new(endpoint, [("a", "b")], SECOND)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_bad_endpoint_is_named_with_its_cure() {
    for (endpoint, part) in [
        ("localhost:4318", "\"localhost:4318\""),
        ("/v1/traces", "has no scheme"),
        ("ftp://host/", "use http or https"),
        ("grpc://host:4317", "use http or https"),
        ("http://", "endpoint: \"http://\""),
        ("http://host:99999/", "port"),
        ("http://host:0/", "port"),
        ("http://host:/", "port"),
        ("http://ho st/", "is not a URL"),
        ("", "endpoint: \"\""),
    ] {
        let error = error(endpoint);
        assert!(error.contains(part), "{endpoint}: {error}");
        assert!(
            error.ends_with("as in http://localhost:4318/v1/traces"),
            "{error}"
        );
    }
}

#[test]
fn good_endpoints_are_taken_as_they_are() {
    for endpoint in [
        "http://localhost:4318/v1/traces",
        "https://otlp.example.com",
        "http://[::1]:4318/",
        "http://10.0.0.1/x?y=z",
        " http://padded:80/ ",
    ] {
        let _ = OtlpHttp::new(endpoint, [("a", "b")], SECOND).unwrap();
    }
}

#[test]
fn a_bad_header_is_named_without_its_value() {
    for (name, value, part) in [
        (
            "bad name",
            "s3cret",
            "\"bad name\" is not the name of a header",
        ),
        ("", "s3cret", "\"\" is not the name of a header"),
        (
            "x-key",
            "s3cret\r\nx-evil: 1",
            "\"x-key\" has a value with a control character",
        ),
        ("Content-Length", "s3cret", "is set by the exporter itself"),
        ("host", "s3cret", "is set by the exporter itself"),
    ] {
        let error = OtlpHttp::new("http://h/", [(name, value)], SECOND)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part) && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn nothing_shows_a_secret() {
    let url = "http://user:s3cret@host/v1/traces?token=s3cret#s3cret";
    let settings = OtlpHttp::new(url, [("authorization", "Bearer s3cret")], SECOND).unwrap();
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("http://host/v1/traces") && shown.contains("authorization"),
        "{shown}"
    );
    assert!(
        !shown.contains("s3cret") && !shown.contains("user:"),
        "{shown}"
    );
    assert!(!settings.target.uri().to_string().contains("user:"));
    for bad in [
        "ftp://user:s3cret@host/",
        "user:s3cret@host",
        "ht!tp://u:s3cret@h/?k=s3cret",
    ] {
        assert!(!error(bad).contains("s3cret"), "{}", error(bad));
    }
}

#[test]
fn a_server_that_repeats_the_headers_cannot_leak_them() {
    let body = b"unknown key s3cret in Bearer s3cret";
    let server = Server::start(|_| Reply::status("401 Unauthorized", "", body));
    let headers = [("authorization", "Bearer s3cret")];
    let error = Client::new(&server.url("/"), &headers, SECOND)
        .send_sample()
        .unwrap_err();
    assert!(
        error
            .message()
            .ends_with("401 Unauthorized: unknown key *** in ***"),
        "{error}"
    );
}

#[test]
fn a_secret_is_found_before_the_text_is_cut() {
    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    // What is left of an answer of 2 KiB is short.
    let body = format!("{SECRET} ").repeat(100);
    let server = Server::start(move |_| Reply::status("400 Bad Request", "", body.as_bytes()));
    let error = Client::new(&server.url("/"), &[("x-key", SECRET)], SECOND)
        .send_sample()
        .unwrap_err();
    assert!(!error.message().contains("012345"), "{error}");
}

#[test]
fn a_secret_that_begins_with_another_is_cut_out_whole() {
    let body = b"keys abcd1234 and abcd1234efgh5678";
    let server = Server::start(|_| Reply::status("400 Bad Request", "", body));
    let headers = [("x-key", "abcd1234"), ("x-longer", "abcd1234efgh5678")];
    let error = Client::new(&server.url("/"), &headers, SECOND)
        .send_sample()
        .unwrap_err();
    assert!(error.message().ends_with("keys *** and ***"), "{error}");
}

#[test]
fn credentials_of_the_url_become_a_header() {
    let server = Server::start(|_| Reply::ok());
    let url = server
        .url("/")
        .replace("http://", "http://Aladdin:open%20sesame@");
    Client::new(&url, &[], 10 * SECOND).send_sample().unwrap();
    let request = server.request();
    assert_eq!(
        request.header("authorization"),
        Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    );
    assert_eq!(request.header("host"), Some(&*server.address.to_string()));
}
