//! `https` against a real TLS server, trusted or not.
//!
//! Trust roots come from where the system's come from, which `SSL_CERT_FILE` moves; each case
//! therefore runs in a process of its own.

use super::{Client, SECOND};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivatePkcs8KeyDer};
use std::{
    env,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener},
    process::Command,
    sync::Arc,
    thread::{self, JoinHandle},
};

/// Where the child process finds the server.
const URL: &str = "LIBTRACER_TEST_HTTPS_URL";

#[test]
#[ignore = "the child process of the tests in this file"]
fn child() {
    let url = env::var(URL).unwrap();
    match Client::new(&url, &[("x-key", "s3cret")], 10 * SECOND).send_sample() {
        Ok(_) => println!("outcome: taken"),
        Err(error) => println!("outcome: {error:?}"),
    }
}

/// The outcome of an export by a process that trusts `roots`.
fn export(url: &str, roots: &Certificate) -> String {
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

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Authority {
        certificate,
        issuer: Issuer::new(params, key),
    }
}

/// A server of one connection, for `host`; its thread returns the body that it received.
fn serve(authority: &Authority, host: &str) -> (SocketAddr, JoinHandle<io::Result<Vec<u8>>>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([host.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        let tls = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, listener.accept()?.0);
        let mut received = Vec::new();
        let body = loop {
            let mut part = [0; 1024];
            let len = stream.read(&mut part)?;
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            received.extend_from_slice(&part[..len]);
            if let Some(body) = whole_body(&received) {
                break body;
            }
        };
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        Ok(body)
    };
    (address, thread::spawn(serve))
}

fn whole_body(received: &[u8]) -> Option<Vec<u8>> {
    let end = received.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..end]).unwrap();
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let body = &received[end..];
    (body.len() == len.parse::<usize>().unwrap()).then(|| body.to_vec())
}

#[test]
fn a_server_of_a_trusted_authority_gets_the_batch() {
    let authority = authority("ours");
    let (address, server) = serve(&authority, "localhost");
    let url = format!("https://localhost:{}/v1/traces", address.port());
    assert_eq!(export(&url, &authority.certificate), "taken");
    let body = server.join().unwrap().unwrap();
    let (_, reference) = crate::export::samples::batch();
    assert_eq!(
        ExportTraceServiceRequest::decode(&*body).unwrap(),
        reference
    );
}

#[test]
fn a_server_that_proves_nothing_gets_nothing() {
    let (trusted, other) = (authority("ours"), authority("theirs"));
    for (signer, host, reason) in [
        (&other, "localhost", "UnknownIssuer"),
        (&trusted, "other.example", "not valid for name"),
    ] {
        let (address, server) = serve(signer, host);
        let url = format!("https://localhost:{}/v1/traces", address.port());
        let outcome = export(&url, &trusted.certificate);
        assert!(
            outcome.starts_with("Retryable") && outcome.contains(reason),
            "{outcome}"
        );
        assert!(
            outcome.contains("no connection to https://localhost"),
            "{outcome}"
        );
        server.join().unwrap().unwrap_err();
    }
}
