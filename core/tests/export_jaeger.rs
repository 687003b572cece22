//! From a span's end to a Jaeger collector, by Thrift and by OTLP.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "otlp-http")]

mod common;

use common::receiver::{Reply, Server};
use libtracer::{Config, TracerProvider};
use std::{process::Command, time::Duration};
use thrift::protocol::{TBinaryInputProtocol, TInputProtocol, TType};

const SOON: Duration = Duration::from_secs(10);

fn send(config: &Config) {
    let provider = TracerProvider::new(config).unwrap();
    provider.tracer("t").start("work").end();
    provider.flush(SOON).unwrap();
    assert_eq!(provider.stats().remove(0).exported, 1);
}

/// The service and the name of the only span: fields 1.1 and 2[0].5 of `Batch`.
fn names(mut body: &[u8]) -> (String, String) {
    let mut input = TBinaryInputProtocol::new(&mut body, true);
    let mut field = |field, name| {
        let mut found = String::new();
        let head = input.read_field_begin().unwrap();
        assert_eq!(head.id, Some(field));
        if head.field_type == TType::List {
            assert_eq!(input.read_list_begin().unwrap().size, 1);
        }
        loop {
            let head = input.read_field_begin().unwrap();
            if head.field_type == TType::Stop {
                break;
            }
            if head.id == Some(name) {
                found = input.read_string().unwrap();
            } else {
                input.skip(head.field_type).unwrap();
            }
        }
        found
    };
    let names = (field(1, 1), field(2, 5));
    assert_eq!(input.read_field_begin().unwrap().field_type, TType::Stop);
    names
}

#[test]
fn a_path_of_jaegers_means_thrift() {
    let server = Server::start(|_| Reply::status("202 Accepted", "", b""));
    let url = server.url("/api/traces");
    send(&Config::new().service_name("shop").jaeger(url));
    let request = server.request();
    assert_eq!(request.line, "POST /api/traces HTTP/1.1");
    let content = request.header("content-type");
    assert_eq!(content, Some("application/vnd.apache.thrift.binary"));
    assert_eq!(names(&request.body), ("shop".into(), "work".into()));
}

#[test]
fn any_other_url_means_otlp() {
    let server = Server::start(|_| Reply::ok());
    send(&Config::new().jaeger(server.url("")));
    let request = server.request();
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    let content = request.header("content-type");
    assert_eq!(content, Some("application/x-protobuf"));
}

/// The process that [`the_environment_says_where_and_who`] looks at.
#[test]
#[ignore = "run by another test, as a process of its own"]
fn child() {
    send(&Config::from_env());
}

#[test]
fn the_environment_says_where_and_who() {
    let server = Server::start(|_| Reply::ok());
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored"])
        .env("OTEL_TRACES_EXPORTER", "jaeger")
        .env("OTEL_SERVICE_NAME", "shop")
        .env("OTEL_EXPORTER_JAEGER_ENDPOINT", server.url("/api/traces"))
        .env("OTEL_EXPORTER_JAEGER_USER", "aladdin")
        .env("OTEL_EXPORTER_JAEGER_PASSWORD", "opensesame")
        .output();
    assert!(ran.unwrap().status.success());
    let request = server.request();
    // The credentials and their form are RFC 2617's example.
    let expected = Some("Basic YWxhZGRpbjpvcGVuc2VzYW1l");
    assert_eq!(request.header("authorization"), expected);
    assert_eq!(names(&request.body), ("shop".into(), "work".into()));
}
