//! Proxies: which is used, how it is asked, and what it is told.

use super::{
    Client, Proxies, Reply, SECOND, Server, Target, Tls,
    secure::{Authority, Folder, TlsServer, server_config},
    target,
};
use http::Uri;
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

/// A proxy that leads every connection to one address, and tells what it was asked.
struct Tunnel {
    address: SocketAddr,
    asked: Receiver<Vec<String>>,
}

impl Tunnel {
    fn start(
        upstream: SocketAddr,
        greet: impl Fn(&mut TcpStream) -> io::Result<Vec<String>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asked) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                sender.send(greet(&mut stream).unwrap()).unwrap();
                pipe(stream, TcpStream::connect(upstream).unwrap());
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn pipe(one: TcpStream, other: TcpStream) {
    for (mut from, mut to) in [
        (one.try_clone().unwrap(), other.try_clone().unwrap()),
        (other, one),
    ] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    }
}

/// HTTP CONNECT: the head of the request.
fn connect(stream: &mut TcpStream) -> io::Result<Vec<String>> {
    let mut input = BufReader::with_capacity(1, stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    Ok(lines)
}

/// SOCKS 5 with name and password (RFC 1928, RFC 1929): name, password, host and port.
fn socks(stream: &mut TcpStream) -> io::Result<Vec<String>> {
    let mut bytes = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let methods = bytes(2)?[1];
    assert!(bytes(methods.into())?.contains(&2));
    stream.write_all(&[5, 2])?;
    let mut text = |skip: usize| {
        let mut head = vec![0; skip + 1];
        stream.read_exact(&mut head)?;
        let mut text = vec![0; head[skip].into()];
        stream.read_exact(&mut text)?;
        io::Result::Ok(String::from_utf8(text).unwrap())
    };
    let (name, password) = (text(1)?, text(0)?);
    stream.write_all(&[1, 0])?;
    let mut text = |skip: usize| {
        let mut head = vec![0; skip + 1];
        stream.read_exact(&mut head)?;
        let mut text = vec![0; head[skip].into()];
        stream.read_exact(&mut text)?;
        io::Result::Ok(String::from_utf8(text).unwrap())
    };
    let host = text(4)?;
    let mut port = [0; 2];
    stream.read_exact(&mut port)?;
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
    Ok(vec![
        name,
        password,
        host,
        u16::from_be_bytes(port).to_string(),
    ])
}

fn https(url: String) -> Proxies {
    Proxies {
        https: url,
        ..Proxies::default()
    }
}

/// A TLS server for `collector.test`, and settings that trust it.
fn collector(folder: &Folder) -> (TlsServer, Target) {
    let authority = Authority::new("ours");
    let server = TlsServer::start(server_config(&authority.leaf("collector.test"), None));
    let tls = Tls::new().ca_file(folder.put("ca.pem", &authority.pem()));
    let target = target("https://collector.test/v1/traces", 10 * SECOND);
    (server, target.tls(&tls).unwrap())
}

#[test]
fn https_goes_through_a_tunnel_that_sees_no_header_of_ours() {
    let folder = Folder::new("tunnel");
    let (server, target) = collector(&folder);
    let proxy = Tunnel::start(server.address, connect);
    let url = format!("http://Aladdin:open%20sesame@{}", proxy.address);
    let target = target.proxies(&https(url));
    Client::of(&target).post(b"body").unwrap();
    assert_eq!(server.next().unwrap(), b"body");
    let asked = proxy.asked();
    assert_eq!(asked[0], "CONNECT collector.test:443 HTTP/1.1");
    let authorization = "proxy-authorization: basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    assert!(
        asked
            .iter()
            .any(|line| line.eq_ignore_ascii_case(authorization)),
        "{asked:?}"
    );
    assert!(
        asked.iter().all(|line| !line.contains("s3cret")),
        "{asked:?}"
    );
}

#[test]
fn socks_5_is_spoken_with_name_and_password() {
    let folder = Folder::new("socks");
    let (server, target) = collector(&folder);
    let proxy = Tunnel::start(server.address, socks);
    let url = format!("socks5h://me:s3cret@{}", proxy.address);
    let target = target.proxies(&https(url));
    Client::of(&target).post(b"body").unwrap();
    assert_eq!(server.next().unwrap(), b"body");
    assert_eq!(proxy.asked(), ["me", "s3cret", "collector.test", "443"]);
    assert!(!format!("{target:?}").contains("s3cret"));
}

#[test]
fn a_proxy_for_plain_http_is_sent_the_request() {
    let proxy = Server::start(|_| Reply::ok());
    let proxies = Proxies {
        http: proxy.url("").replace("http://", "http://me:s3cret@"),
        ..Proxies::default()
    };
    let target = target("http://collector.test:4318/v1/traces?a=b", 10 * SECOND);
    Client::of(&target.proxies(&proxies)).post(b"body").unwrap();
    let request = proxy.request();
    assert_eq!(
        request.line,
        "POST http://collector.test:4318/v1/traces?a=b HTTP/1.1"
    );
    assert_eq!(request.header("host"), Some("collector.test:4318"));
    assert_eq!(
        request.header("proxy-authorization"),
        Some("Basic bWU6czNjcmV0")
    );
    assert_eq!(request.body, b"body");
}

#[test]
fn a_proxy_may_be_reached_by_tls() {
    let folder = Folder::new("tls-proxy");
    let authority = Authority::new("ours");
    let proxy = TlsServer::start(server_config(&authority.leaf("localhost"), None));
    let proxies = Proxies {
        all: proxy.url(),
        ..Proxies::default()
    };
    let tls = Tls::new().ca_file(folder.put("ca.pem", &authority.pem()));
    let target = target("http://collector.test/", 10 * SECOND).tls(&tls);
    Client::of(&target.unwrap().proxies(&proxies))
        .post(b"body")
        .unwrap();
    assert_eq!(proxy.next().unwrap(), b"body");
}

#[cfg(feature = "otlp-grpc")]
#[test]
fn conf_073_grpc_without_tls_goes_through_a_tunnel_too() {
    use tower_service::Service;
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Tunnel::start(upstream.local_addr().unwrap(), connect);
    let proxies = Proxies {
        all: proxy.address.to_string(),
        ..Proxies::default()
    };
    let target = target("http://collector.test:4317", 10 * SECOND).proxies(&proxies);
    let runtime = super::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connector = target.connector(super::Version::Http2).unwrap();
        assert!(connector.call(target.uri().clone()).await.is_ok());
    });
    assert_eq!(proxy.asked()[0], "CONNECT collector.test:4317 HTTP/1.1");
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_credentials() {
    let proxy = Server::start(|_| Reply::Close(b"HTTP/1.1 407 No\r\n\r\n".to_vec()));
    let url = proxy.url("").replace("http://", "http://me:s3cret@");
    let target = target("https://collector.test/v1/traces", SECOND).proxies(&https(url));
    let tls = Folder::new("refused");
    let ca = tls.put("ca.pem", &Authority::new("any").pem());
    let target = target.tls(&Tls::new().ca_file(ca)).unwrap();
    let error = Client::of(&target).post(b"body").map(|_| ()).unwrap_err();
    let expected = format!(
        "no connection to https://collector.test/v1/traces (through the proxy {}): ",
        proxy.url("")
    );
    assert!(error.message().starts_with(&expected), "{error}");
    assert!(
        matches!(error, super::ExportError::Retryable { .. }),
        "{error:?}"
    );
    assert!(!error.message().contains("s3cret"), "{error}");
}

#[test]
fn what_a_proxy_repeats_of_its_credentials_is_cut_out() {
    let body = b"who is Basic bWU6czNjcmV0?";
    let proxy = Server::start(|_| Reply::status("407 Proxy Authentication Required", "", body));
    let proxies = Proxies {
        all: proxy.url("").replace("http://", "http://me:s3cret@"),
        ..Proxies::default()
    };
    let target = target("http://collector.test/", 10 * SECOND).proxies(&proxies);
    let error = Client::of(&target).post(b"body").map(|_| ()).unwrap_err();
    assert!(
        matches!(error, super::ExportError::Denied { .. }),
        "{error:?}"
    );
    assert!(error.message().ends_with(": who is ***?"), "{error}");
}

#[test]
fn the_environment_says_which_destinations_have_a_proxy() {
    let proxies = Proxies {
        https: "http://secure:1".into(),
        http: "http://plain:2".into(),
        all: "http://all:3".into(),
        no: "direct.test, 10.0.0.0/8,.inner.test".into(),
    };
    let all = Proxies {
        all: "all:3".into(),
        ..Proxies::default()
    };
    let none = Proxies {
        no: "x.test, *".into(),
        ..all.clone()
    };
    for (proxies, destination, proxy) in [
        (&none, "https://h/", None),
        (&none, "https://10.0.0.1/", None),
        (&proxies, "https://h/", Some("http://secure:1/")),
        (&proxies, "http://h/", Some("http://plain:2/")),
        (&all, "https://h/", Some("http://all:3/")),
        (&all, "http://h/", Some("http://all:3/")),
        (&proxies, "http://direct.test/", None),
        (&proxies, "http://sub.direct.test/", None),
        (&proxies, "http://a.inner.test/", None),
        (&proxies, "http://notdirect.test/", Some("http://plain:2/")),
        (&proxies, "http://10.1.2.3:4318/", None),
        // This machine itself, whatever the environment says.
        (&all, "http://localhost:4318/", None),
        (&all, "http://127.0.0.1:4318/", None),
        (&all, "http://127.7.7.7/", None),
        (&all, "http://[::1]:4318/", None),
        (&Proxies::default(), "http://h/", None),
    ] {
        let destination: Uri = destination.parse().unwrap();
        let found = proxies
            .of(&destination)
            .map(|proxy| proxy.uri().to_string());
        assert_eq!(found.as_deref(), proxy, "{destination}");
    }
    for (value, usable) in [
        ("http://p:1", true),
        ("p:1", true),
        ("https://u:p@p", true),
        ("socks5://p", true),
        ("socks4://p", false),
        ("ftp://p", false),
        ("", false),
        ("http://", false),
    ] {
        assert_eq!(Proxies::is_usable(value), usable, "{value}");
    }
}
