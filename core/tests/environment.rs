//! A whole process configured by its environment: what it says, what it exports, how it exits.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{Config, TracerProvider};
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

/// The process that the tests look at. It neither flushes nor shuts down.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn child() {
    let config = Config::from_env();
    for _ in 0..2 {
        match TracerProvider::new(&config.clone()) {
            Ok(provider) => provider.tracer("t").start("work").end(),
            Err(error) => println!("error: {error}"),
        }
    }
}

struct Ran {
    out: String,
    err: String,
    took: Duration,
}

fn run(variables: &[(&str, &str)]) -> Ran {
    let begin = Instant::now();
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran {
        out: text(output.stdout),
        err: text(output.stderr),
        took: begin.elapsed(),
    };
    assert!(output.status.success(), "{}{}", ran.out, ran.err);
    ran
}

#[test]
fn spans_leave_at_exit_without_being_asked() {
    let ran = run(&[
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_SERVICE_NAME", "shop"),
    ]);
    assert_eq!(ran.out.matches("work").count(), 2, "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn conf_101_bad_values_are_warned_about_once_and_ignored() {
    let ran = run(&[
        ("OTEL_TRACES_EXPORTER", "console,zipkn"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
    ]);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("libtracer: OTEL_")),
        "{lines:?}"
    );
    assert_eq!(ran.out.matches("work").count(), 2, "{}", ran.out);
}

#[test]
fn conf_100_a_disabled_sdk_is_silent() {
    let ran = run(&[
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "console"),
    ]);
    assert!(!ran.out.contains("work"), "{}", ran.out);
    let ran = run(&[("OTEL_TRACES_EXPORTER", "none")]);
    assert!(!ran.out.contains("work"), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn a_certificate_that_is_not_there_is_an_error_that_says_so() {
    let name = "OTEL_EXPORTER_OTLP_CERTIFICATE";
    let ran = run(&[(name, "/nowhere/ca.pem")]);
    let said = format!("{name} \"/nowhere/ca.pem\" cannot be read");
    assert_eq!(ran.out.matches(&said).count(), 2, "{}", ran.out);
}

#[test]
fn an_endpoint_that_never_answers_delays_exit_by_the_budget_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let ran = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    // Two seconds for all exporters, and what starting a process takes.
    assert!(ran.took < Duration::from_secs(4), "{:?}", ran.took);
    assert!(ran.err.contains("dropped (shutdown)"), "{}", ran.err);
}

#[test]
fn an_endpoint_that_is_not_there_hardly_delays_exit() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{unused}"))]);
    assert!(ran.took < Duration::from_secs(4), "{:?}", ran.took);
}

#[cfg(feature = "config-file")]
#[test]
fn conf_110_a_configuration_file_stands_in_for_the_environment() {
    let name = format!("libtracer-process-{}.yaml", std::process::id());
    let path = std::env::temp_dir().join(name);
    let text = "file_format: \"1.0\"
colour: red
tracer_provider: {processors: [{batch: {exporter: {console: }}}]}
";
    std::fs::write(&path, text).unwrap();
    let ran = run(&[
        ("OTEL_CONFIG_FILE", path.to_str().unwrap()),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
    ]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ran.out.matches("work").count(), 2, "{}", ran.out);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with(".yaml:2: colour is not known here: it is ignored"));

    let ran = run(&[("OTEL_CONFIG_FILE", "/nowhere/otel.yaml")]);
    let said = "error: configuration file \"/nowhere/otel.yaml\" ";
    assert_eq!(ran.out.matches(said).count(), 2, "{}", ran.out);
}
