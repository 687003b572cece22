//! Connections to one destination: TCP, perhaps through a proxy, perhaps with TLS on top.
//!
//! One type for every client: HTTP/1.1 for the destinations over plain HTTP, HTTP/2 for gRPC.

use super::proxy::Proxy;
use crate::export::tls::TlsSource;
use http::{Uri, uri::Scheme};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{
        Connected, Connection, HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use std::{
    error::Error,
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::net::TcpStream;
use tower_service::Service;

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, agreed on by ALPN where there is TLS: gRPC.
    #[cfg_attr(
        not(feature = "otlp-grpc"),
        expect(dead_code, reason = "gRPC is what speaks it")
    )]
    Http2,
}

impl Version {
    /// Its name in ALPN.
    pub(super) fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;
type Tcp = TokioIo<TcpStream>;
/// A connection to the destination itself.
pub(crate) type Stream = MaybeHttpsStream<Way>;

/// Makes connections to one destination.
#[derive(Clone)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    tls: Option<Arc<TlsSource>>,
    proxy: Option<Arc<Proxy>>,
    version: Version,
}

impl Connector {
    /// `tls` must be there if the destination or the proxy is `https`.
    pub(super) fn new(
        tls: Option<Arc<TlsSource>>,
        proxy: Option<Arc<Proxy>>,
        version: Version,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Self {
            tcp,
            tls,
            proxy,
            version,
        }
    }

    async fn connect(self, destination: Uri) -> Result<Stream, BoxError> {
        let is_https = destination.scheme() == Some(&Scheme::HTTPS);
        let way = self.clone().way(with_port(&destination)?, is_https).await?;
        if !is_https {
            return Ok(MaybeHttpsStream::Http(way));
        }
        let tls = self.tls.ok_or("no settings for TLS")?.current();
        // The way is there already; this only puts TLS on top of it.
        HttpsConnector::from((Ready(Some(way)), tls))
            .call(destination)
            .await
    }

    /// The bytes' way to the destination.
    async fn way(mut self, destination: Uri, is_https: bool) -> Result<Way, BoxError> {
        let Some(proxy) = self.proxy.take() else {
            let tcp = self.tcp.call(destination).await?;
            return Ok(Way::direct(MaybeHttpsStream::Http(tcp)));
        };
        let address = proxy.uri().clone();
        if proxy.is_socks() {
            // The proxy looks the name up, also for socks5: doing so here would block the worker.
            let mut socks = SocksV5::new(with_port(&address)?, self.tcp);
            if let Some((name, password)) = proxy.login() {
                socks = socks.with_auth(name.to_owned(), password.to_owned());
            }
            let tcp = socks.call(destination).await?;
            return Ok(Way::direct(MaybeHttpsStream::Http(tcp)));
        }
        let hop = Hop {
            tcp: self.tcp,
            tls: self.tls,
        };
        if !is_https && self.version == Version::Http1 {
            // A proxy for plain HTTP is sent the request itself, with its whole URL.
            let hop = { hop }.call(address).await?;
            return Ok(Way {
                hop,
                forwarded: true,
            });
        }
        let mut tunnel = Tunnel::new(address, hop);
        if let Some(authorization) = proxy.authorization() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        Ok(Way::direct(tunnel.call(destination).await?))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        Box::pin(self.clone().connect(destination))
    }
}

/// A URL whose port is spelled out: proxies are told host and port.
fn with_port(uri: &Uri) -> Result<Uri, BoxError> {
    if uri.port().is_some() {
        return Ok(uri.clone());
    }
    let port = match uri.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => 1080,
    };
    let mut parts = uri.clone().into_parts();
    let host = uri.host().ok_or("no host")?;
    parts.authority = Some(format!("{host}:{port}").parse()?);
    Ok(Uri::from_parts(parts)?)
}

/// The first hop: to the proxy, with TLS if that is how it is reached.
#[derive(Clone)]
struct Hop {
    tcp: HttpConnector,
    tls: Option<Arc<TlsSource>>,
}

impl Service<Uri> for Hop {
    type Response = MaybeHttpsStream<Tcp>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, proxy: Uri) -> Self::Future {
        let Hop { mut tcp, tls } = self.clone();
        Box::pin(async move {
            match tls.filter(|_| proxy.scheme() == Some(&Scheme::HTTPS)) {
                Some(tls) => {
                    HttpsConnector::from((tcp, tls.for_proxy()))
                        .call(proxy)
                        .await
                }
                None => Ok(MaybeHttpsStream::Http(tcp.call(proxy).await?)),
            }
        })
    }
}

/// Gives out a connection that is made already.
struct Ready(Option<Way>);

impl Service<Uri> for Ready {
    type Response = Way;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Way>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.take().ok_or_else(|| io::Error::other("used twice")))
    }
}

/// An open way to a destination; what is spoken over it is not its affair.
pub(crate) struct Way {
    hop: MaybeHttpsStream<Tcp>,
    /// Whether a proxy reads the requests and passes them on.
    forwarded: bool,
}

impl Way {
    fn direct(hop: MaybeHttpsStream<Tcp>) -> Self {
        Self {
            hop,
            forwarded: false,
        }
    }
}

impl Connection for Way {
    fn connected(&self) -> Connected {
        self.hop.connected().proxy(self.forwarded)
    }
}

impl Read for Way {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.hop).poll_read(context, buffer)
    }
}

impl Write for Way {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.hop).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.hop).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.hop).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.hop.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.hop).poll_write_vectored(context, pieces)
    }
}
