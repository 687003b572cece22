//! Files of our own: authorities, client certificates, and their replacement.

use super::{
    Client, ExportError, SECOND, Tls,
    secure::{Authority, Folder, TlsServer, server_config},
    target,
};

fn client(server: &TlsServer, tls: &Tls) -> Client {
    Client::of(&target(&server.url(), 10 * SECOND).tls(tls).unwrap())
}

fn why(outcome: Result<super::Answer, ExportError>) -> String {
    let error = outcome.map(|_| ()).unwrap_err();
    assert!(matches!(error, ExportError::Retryable { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn conf_077_a_ca_file_is_trusted_instead_of_the_system() {
    let folder = Folder::new("ca");
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let tls = Tls::new().ca_file(folder.put("ca.pem", &ours.pem()));
    let server = TlsServer::start(server_config(&ours.leaf("localhost"), None));
    client(&server, &tls).post(b"body").unwrap();
    assert_eq!(server.next().unwrap(), b"body");

    for (leaf, reason) in [
        (theirs.leaf("localhost"), "UnknownIssuer"),
        (ours.leaf("other.example"), "not valid for name"),
        (ours.expired("localhost"), "certificate expired"),
    ] {
        let server = TlsServer::start(server_config(&leaf, None));
        let message = why(client(&server, &tls).post(b"body"));
        assert!(
            message.starts_with("no connection to https://localhost:"),
            "{message}"
        );
        assert!(message.contains(reason), "{message}");
        server.next().unwrap_err();
    }
}

#[test]
fn conf_077_a_client_certificate_is_shown_to_a_server_that_asks() {
    let folder = Folder::new("mtls");
    let authority = Authority::new("ours");
    let server = TlsServer::start(server_config(
        &authority.leaf("localhost"),
        Some(&authority),
    ));
    let ca = Tls::new().ca_file(folder.put("ca.pem", &authority.pem()));
    let me = authority.leaf("me");
    let certificate = folder.put("me.pem", &me.certificate.pem());
    let key = folder.put("me.key", &me.key.serialize_pem());
    let tls = ca.clone().client_certificate(certificate, key);
    client(&server, &tls).post(b"body").unwrap();
    assert_eq!(server.next().unwrap(), b"body");

    let message = why(client(&server, &ca).post(b"body"));
    assert!(message.contains("CertificateRequired"), "{message}");
    server.next().unwrap_err();
}

#[test]
fn conf_106_certificates_of_the_configuration_are_used() {
    let folder = Folder::new("config");
    let authority = Authority::new("ours");
    let server = TlsServer::start(server_config(
        &authority.leaf("localhost"),
        Some(&authority),
    ));
    let me = authority.leaf("me");
    let config = crate::Config::new()
        .otlp(server.url())
        .otlp_certificate(folder.put("ca.pem", &authority.pem()))
        .otlp_client_certificate(
            folder.put("me.pem", &me.certificate.pem()),
            folder.put("me.key", &me.key.serialize_pem()),
        );
    let provider = crate::TracerProvider::new(&config).unwrap();
    drop(provider.tracer("tls").start("span"));
    provider.flush(10 * SECOND).unwrap();
    assert!(!server.next().unwrap().is_empty());
    assert_eq!(provider.stats()[0].exported, 1);
}

#[test]
fn certificates_that_are_replaced_are_used_for_the_next_connection() {
    let folder = Folder::new("rotated");
    let put = |authority: &Authority| {
        let me = authority.leaf("me");
        let ca = folder.put("ca.pem", &authority.pem());
        let certificate = folder.put("me.pem", &me.certificate.pem());
        let key = folder.put("me.key", &me.key.serialize_pem());
        Tls::new().ca_file(ca).client_certificate(certificate, key)
    };
    let config =
        |authority: &Authority| server_config(&authority.leaf("localhost"), Some(authority));
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let tls = put(&old);
    let server = TlsServer::start(config(&old));
    let mut client = client(&server, &tls);
    client.post(b"old").unwrap();
    assert_eq!(server.next().unwrap(), b"old");

    server.change(config(&new));
    let message = why(client.post(b"refused"));
    assert!(
        message.contains("UnknownIssuer") || message.contains("BadSignature"),
        "{message}"
    );
    server.next().unwrap_err();

    let _ = put(&new);
    client.post(b"new").unwrap();
    assert_eq!(server.next().unwrap(), b"new");

    // Half of a replacement: what fitted together last is used.
    folder.put("me.key", "nothing yet");
    client.post(b"still").unwrap();
    assert_eq!(server.next().unwrap(), b"still");
}

#[test]
fn a_handshake_that_is_cut_is_retryable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let folder = Folder::new("cut");
    let ca = folder.put("ca.pem", &Authority::new("any").pem());
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        std::io::Read::read(&mut stream, &mut [0; 64]).unwrap()
    });
    let target = target(&url, 10 * SECOND)
        .tls(&Tls::new().ca_file(ca))
        .unwrap();
    let message = why(Client::of(&target).post(b"body"));
    assert!(
        message.starts_with("no connection to https://127.0.0.1:"),
        "{message}"
    );
    assert!(server.join().unwrap() > 0);
}

#[test]
fn files_that_cannot_be_used_are_named_at_set_up() {
    let folder = Folder::new("wrong");
    let (authority, other) = (Authority::new("a"), Authority::new("b"));
    let (me, them) = (authority.leaf("me"), other.leaf("them"));
    let certificate = folder.put("me.pem", &me.certificate.pem());
    let key = folder.put("me.key", &me.key.serialize_pem());
    let their_key = folder.put("their.key", &them.key.serialize_pem());
    let empty = folder.put("empty", "");
    let broken = folder.put(
        "broken",
        "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
    );
    let locked = folder.put(
        "locked",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cret==\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let tls = Tls::new();
    let with = |certificate: &std::path::Path, key: &std::path::Path| {
        tls.clone().client_certificate(certificate, key)
    };
    for (tls, part) in [
        (
            tls.clone().ca_file("/nowhere/ca"),
            "certificate \"/nowhere/ca\" cannot be read",
        ),
        (tls.clone().ca_file(&empty), "has no certificate in it"),
        (tls.clone().ca_file(&key), "has no certificate in it"),
        (tls.clone().ca_file(&broken), "is not PEM"),
        (with(&certificate, &their_key), "is not usable with its key"),
        (
            with(&certificate, &certificate),
            "has no private key that can be used",
        ),
        (
            with(&certificate, &locked),
            "has no private key that can be used",
        ),
        (with(&empty, &key), "client certificate \""),
        (
            tls.clone()
                .named_certificate("client certificate", &certificate),
            "has no client key",
        ),
        (
            tls.clone().named_key("client key", &key),
            "has no client certificate beside it",
        ),
    ] {
        let error = target("https://h/", SECOND)
            .tls(&tls)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{part}: {error}");
        assert!(error.ends_with("give the path of a PEM file"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    target("https://h/", SECOND)
        .tls(&with(&certificate, &key))
        .unwrap();
}
