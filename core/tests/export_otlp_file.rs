//! From a span's end to a file of OTLP JSON lines, in whole processes; also on a disk that is full.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "otlp-http")]

use libtracer::{Config, TracerProvider};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    time::Duration,
};

const SOON: Duration = Duration::from_secs(10);

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

fn names(lines: &str) -> Vec<String> {
    let requests = lines.lines().map(|line| {
        let request: Result<ExportTraceServiceRequest, _> = serde_json::from_str(line);
        request.unwrap()
    });
    requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| span.name)
        .collect()
}

/// The process that the tests look at: two batches, then its exit.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn child() {
    let provider = TracerProvider::new(&Config::from_env()).unwrap();
    for name in ["first", "second"] {
        provider.tracer("t").start(name).end();
        provider.flush(SOON).unwrap();
    }
    provider.shutdown(SOON).unwrap();
}

fn run(variables: &[(&str, &str)]) -> Output {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn conf_071_a_process_writes_what_its_environment_says() {
    let path = file("environment.jsonl");
    for _ in 0..2 {
        run(&[
            ("OTEL_TRACES_EXPORTER", "otlp/file"),
            ("OTEL_EXPORTER_OTLP_FILE_PATH", path.to_str().unwrap()),
        ]);
    }
    let expected = ["first", "second", "first", "second"];
    assert_eq!(names(&fs::read_to_string(path).unwrap()), expected);
}

#[test]
fn conf_071_lines_on_the_standard_output() {
    let output = run(&[("OTEL_TRACES_EXPORTER", "otlp/stdout")]);
    let text = String::from_utf8(output.stdout).unwrap();
    // Around them is what the test's own frame prints.
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("{\"resourceSpans\""))
        .collect();
    assert_eq!(names(&lines.join("\n")), ["first", "second"]);
}

/// The process of [`a_full_disk_costs_what_does_not_fit_and_nothing_else`].
#[test]
#[ignore = "run by another test, as a process of its own"]
fn full() {
    let provider = TracerProvider::new(&Config::from_env()).unwrap();
    let tracer = provider.tracer("t");
    tracer.start("fits").end();
    provider.flush(SOON).unwrap();
    tracer.start("large").set("x", &*"x".repeat(64 * 1024));
    let error = loop {
        let flushed = provider.flush(Duration::from_millis(10));
        assert!(flushed.is_err(), "it fits");
        let stats = provider.stats().remove(0);
        if !stats.last_error.is_empty() {
            break stats.last_error;
        }
    };
    assert!(
        error.contains("cannot be written to: File too large"),
        "{error}"
    );
    let _ = provider.shutdown(Duration::from_millis(100));
    let stats = provider.stats().remove(0);
    assert_eq!((stats.exported, stats.dropped_shutdown), (1, 1));
    assert!(stats.is_balanced());
}

#[test]
fn a_full_disk_costs_what_does_not_fit_and_nothing_else() {
    let path = file("full.jsonl");
    let ran = Command::new("sh")
        // A limit on the size of files: writes take what fits, then fail.
        .args(["-c", "ulimit -f 16 && trap '' XFSZ && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full", "--ignored", "--nocapture"])
        .env("OTEL_TRACES_EXPORTER", "otlp/file")
        .env("OTEL_EXPORTER_OTLP_FILE_PATH", &path)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    assert_eq!(names(&text), ["fits"]);
}

#[test]
fn providers_share_a_file() {
    let path = file("shared.jsonl");
    let provider = || TracerProvider::new(&Config::new().otlp_file(&path)).unwrap();
    let providers = [provider(), provider()];
    for number in 0..100 {
        for provider in &providers {
            provider.tracer("t").start(&format!("{number}")).end();
        }
        if number % 10 == 0 {
            for one in &providers {
                one.flush(SOON).unwrap();
            }
        }
    }
    for one in &providers {
        one.shutdown(SOON).unwrap();
    }
    assert_eq!(names(&fs::read_to_string(path).unwrap()).len(), 200);
}
