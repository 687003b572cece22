//! Certificates and TLS servers for tests.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

pub(super) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(super) struct Leaf {
    pub(super) certificate: Certificate,
    pub(super) key: KeyPair,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    pub(super) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for `host`.
    pub(super) fn leaf(&self, host: &str) -> Leaf {
        self.sign(&CertificateParams::new([host.to_owned()]).unwrap())
    }

    /// One whose time is over.
    pub(super) fn expired(&self, host: &str) -> Leaf {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { certificate, key }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        Arc::new(roots)
    }
}

/// A server with this certificate, that wants one of `clients` if given.
pub(super) fn server_config(leaf: &Leaf, clients: Option<&Authority>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(clients.roots(), provider)
                .build()
                .unwrap(),
        ),
    };
    let key = PrivatePkcs8KeyDer::from(leaf.key.serialize_der());
    let chain: Vec<CertificateDer<'static>> = vec![leaf.certificate.der().clone()];
    builder.with_single_cert(chain, key.into()).unwrap()
}

/// A server that answers one request a connection and then closes it.
pub(super) struct TlsServer {
    pub(super) address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    bodies: Receiver<io::Result<Vec<u8>>>,
}

impl TlsServer {
    pub(super) fn start(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(Mutex::new(Arc::new(config)));
        let (sender, bodies) = channel();
        let configs = Arc::clone(&config);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let config = Arc::clone(&configs.lock().unwrap());
                let sender: Sender<_> = sender.clone();
                thread::spawn(move || sender.send(serve(stream.unwrap(), config)));
            }
        });
        Self {
            address,
            config,
            bodies,
        }
    }

    /// What the next connections see.
    pub(super) fn change(&self, config: ServerConfig) {
        *self.config.lock().unwrap() = Arc::new(config);
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}/v1/traces", self.address.port())
    }

    /// The body of the next connection, or what went wrong with it.
    pub(super) fn next(&self) -> io::Result<Vec<u8>> {
        self.bodies.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<Vec<u8>> {
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(tls, stream);
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
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(body)
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

/// A directory for the files of one test; gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("libtracer-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Puts a file in place at once, as tools that rotate certificates do.
    pub(super) fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        let new = self.0.join(format!("{name}.new"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &path).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
