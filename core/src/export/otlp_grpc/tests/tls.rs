//! The way to the collector: TLS with authorities and certificates from files, and proxies.

use super::{Client, SECOND, collector::Collector, settings};
use crate::export::{
    Accepted, ExportError, OTLP_PRODUCT, Tls,
    http::{Target, proxy::Proxies},
    otlp_grpc::OtlpGrpc,
};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::mpsc,
    thread,
};
use tonic::transport::{Identity, ServerTlsConfig};

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for this host, and its key.
    fn signed(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn server(&self) -> ServerTlsConfig {
        let (certificate, key) = self.signed("localhost");
        ServerTlsConfig::new().identity(Identity::from_pem(certificate, key))
    }
}

/// A directory of this test's own, removed at its end.
struct Files(PathBuf);

impl Files {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("libtracer-grpc-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn collector(tls: ServerTlsConfig) -> (Collector, String) {
    let set_up = super::Settings {
        tls: Some(tls),
        ..super::Settings::default()
    };
    let collector = Collector::with(set_up, |_| Ok((0, String::new())));
    let url = format!("https://localhost:{}", collector.address.port());
    (collector, url)
}

fn send(url: &str, tls: &Tls) -> Result<Accepted, ExportError> {
    Client::new(settings(url, 10 * SECOND).tls(tls).unwrap()).send_sample()
}

#[test]
fn conf_077_the_authority_in_the_ca_file_decides_whom_to_trust() {
    let files = Files::new("ca");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (collector, url) = collector(ours.server());
    let trusting = |authority: &Authority| {
        Tls::new().ca_file(files.write("ca.pem", &authority.certificate.pem()))
    };
    assert_eq!(send(&url, &trusting(&ours)), Ok(Accepted::default()));
    assert_eq!(*collector.arrival().traces(), super::reference());

    let outcome = send(&url, &trusting(&theirs));
    let Err(ExportError::Retryable { message, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        message.starts_with("no connection to https://localhost"),
        "{message}"
    );
    assert!(message.contains("invalid peer certificate"), "{message}");
    assert!(collector.has_no_arrival());
}

#[test]
fn conf_077_a_collector_that_asks_who_we_are_is_shown_the_certificate() {
    let files = Files::new("client");
    let authority = Authority::new();
    let roots = authority.certificate.pem();
    let asking = tonic::transport::Certificate::from_pem(&roots);
    let (collector, url) = collector(authority.server().client_ca_root(asking));
    let anonymous = Tls::new().ca_file(files.write("ca.pem", &roots));
    let outcome = send(&url, &anonymous);
    assert!(super::is_retryable(&outcome), "{outcome:?}");
    assert!(collector.has_no_arrival());

    let (certificate, key) = authority.signed("me.example");
    let (certificate, key) = (
        files.write("me.pem", &certificate),
        files.write("me.key", &key),
    );
    let known = anonymous.client_certificate(certificate, key);
    assert_eq!(send(&url, &known), Ok(Accepted::default()));
    assert_eq!(*collector.arrival().traces(), super::reference());
}

/// A proxy that makes one tunnel to `destination`, whoever is asked for; tells the head it was sent.
fn proxy(destination: SocketAddr) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heads) = mpsc::channel();
    thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut input = BufReader::new(client.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            input.read_line(&mut head).unwrap();
        }
        tell.send(head).unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut server = TcpStream::connect(destination).unwrap();
        let mut up = server.try_clone().unwrap();
        thread::spawn(move || io::copy(&mut input, &mut up));
        let _ = io::copy(&mut server, &mut client);
    });
    (address, heads)
}

#[test]
fn conf_077_a_proxy_of_the_environment_makes_a_tunnel() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let (proxy, heads) = proxy(collector.address);
    let proxies = Proxies {
        http: format!("http://me:s3cret-pw@{proxy}"),
        ..Proxies::default()
    };
    let headers = [("x-api-key", "s3cret-key")];
    let endpoint = "http://collector.example:4317";
    let target = Target::new(OTLP_PRODUCT, endpoint, headers, 10 * SECOND).unwrap();
    let settings = OtlpGrpc::to(target.proxies(&proxies)).unwrap();
    assert_eq!(Client::new(settings).send_sample(), Ok(Accepted::default()));
    assert_eq!(*collector.arrival().traces(), super::reference());
    let head = heads.recv().unwrap().to_ascii_lowercase();
    assert!(
        head.starts_with("connect collector.example:4317 http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nproxy-authorization: basic "), "{head}");
    assert!(!head.contains("s3cret"), "{head}");
}
