//! `https` with the system's trust roots.
//!
//! They come from where the system's come from, which `SSL_CERT_FILE` moves; each case
//! therefore runs in a process of its own.

use super::{
    Client, SECOND,
    secure::{Authority, TlsServer, server_config},
};
use std::{env, process::Command, thread};

/// Where the child process finds the server.
const URL: &str = "LIBTRACER_TEST_HTTPS_URL";

#[test]
#[ignore = "the child process of the tests in this file"]
fn child() {
    let url = env::var(URL).unwrap();
    match Client::to(&url, 10 * SECOND).post(b"body") {
        Ok(_) => println!("outcome: taken"),
        Err(error) => println!("outcome: {error:?}"),
    }
}

/// The outcome of an export by a process that trusts `roots`.
fn post(url: &str, roots: &Authority) -> String {
    let name = format!(
        "libtracer-roots-{}-{:?}.pem",
        std::process::id(),
        thread::current().id()
    );
    let file = env::temp_dir().join(name);
    std::fs::write(&file, roots.pem()).unwrap();
    let (_, module) = module_path!().split_once("::").unwrap();
    let run = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("{module}::child"),
            "--ignored",
            "--nocapture",
        ])
        .env("SSL_CERT_FILE", &file)
        .env_remove("SSL_CERT_DIR")
        .env(URL, url)
        .output()
        .unwrap();
    std::fs::remove_file(file).unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let outcome = text.split_once("outcome: ").expect(&text).1;
    outcome.lines().next().unwrap().to_owned()
}

#[test]
fn a_server_of_a_trusted_authority_gets_the_body() {
    let authority = Authority::new("ours");
    let server = TlsServer::start(server_config(&authority.leaf("localhost"), None));
    assert_eq!(post(&server.url(), &authority), "taken");
    assert_eq!(server.next().unwrap(), b"body");
}

#[test]
fn a_server_that_proves_nothing_gets_nothing() {
    let (trusted, other) = (Authority::new("ours"), Authority::new("theirs"));
    for (signer, host, reason) in [
        (&other, "localhost", "UnknownIssuer"),
        (&trusted, "other.example", "not valid for name"),
    ] {
        let server = TlsServer::start(server_config(&signer.leaf(host), None));
        let outcome = post(&server.url(), &trusted);
        assert!(
            outcome.starts_with("Retryable") && outcome.contains(reason),
            "{outcome}"
        );
        assert!(
            outcome.contains("no connection to https://localhost"),
            "{outcome}"
        );
        server.next().unwrap_err();
    }
}
