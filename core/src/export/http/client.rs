//! One attempt: the request on a kept-alive connection, and what went wrong with it.

use super::{Connector, Target, Version, answer, answer::Answer, body::Frames};
use crate::export::ExportError;
use bytes::Bytes;
use http::{
    Extensions, HeaderValue, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_TYPE, PROXY_AUTHORIZATION},
};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as Pool, Error, connect::HttpInfo},
    rt::{TokioExecutor, TokioTimer},
};
use std::{borrow::Cow, io, net::SocketAddr};

/// The largest request that is sent: the limit that OTLP sets for clients.
pub(crate) const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// What is read at once, and the longest head of an answer. Small, because all that a server has
/// sent ahead is parsed before a timeout is looked at again.
const READ_BUFFER: usize = 16 * 1024;

/// Posts to one destination, one request at a time, and keeps the connection.
pub(crate) struct Client {
    target: Target,
    pool: Pool<Connector, Frames>,
    /// Our end of the connection that answered last: an error on it may only mean that the server
    /// closed it while it was idle.
    connection: Option<SocketAddr>,
}

impl Client {
    pub(super) fn open(target: Target) -> Result<Self, ExportError> {
        let connector = target.connector(Version::Http1)?;
        // Calls never overlap, so one connection is all that can be kept busy.
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(1)
            .http1_read_buf_exact_size(READ_BUFFER)
            .build(connector);
        Ok(Self {
            target,
            pool,
            connection: None,
        })
    }

    /// What it posts to.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Sends one body in pieces. An answer is a success; everything else is judged here.
    pub(crate) async fn post(
        &mut self,
        frames: &[Bytes],
        content_type: &'static str,
    ) -> Result<Answer, ExportError> {
        let len: usize = frames.iter().map(Bytes::len).sum();
        if len > MAX_REQUEST_BYTES {
            let message =
                format!("a request of {len} bytes is over the limit of {MAX_REQUEST_BYTES}");
            let limit = Some(MAX_REQUEST_BYTES);
            return Err(ExportError::TooLarge { message, limit });
        }
        let timeout = self.target.timeout;
        let attempt = self.attempt(frames, content_type);
        if timeout.is_zero() {
            return attempt.await;
        }
        match tokio::time::timeout(timeout, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ExportError::retryable(format!(
                "{} did not answer within {timeout:?}",
                self.target.shown()
            ))),
        }
    }

    async fn attempt(
        &mut self,
        frames: &[Bytes],
        content_type: &'static str,
    ) -> Result<Answer, ExportError> {
        let compressed = self.target.compression.compress(frames);
        let compressed = compressed
            .map_err(|error| ExportError::permanent(format!("compression failed: {error}")))?;
        let encoding = compressed.as_ref().and(self.target.compression.name());
        let body = match compressed {
            Some(body) => Cow::Owned(vec![body]),
            None => Cow::Borrowed(frames),
        };
        let outcome = match self.request(&body, content_type, encoding).await {
            // At once, for the connection's fault and not the server's; a new one decides.
            Err(error) if self.was_stale(&error) => {
                self.request(&body, content_type, encoding).await
            }
            outcome => outcome,
        };
        let response = outcome.map_err(|error| self.failed(&error, error.is_connect()))?;
        self.connection = response
            .extensions()
            .get::<HttpInfo>()
            .map(HttpInfo::local_addr);
        let answer = answer::read(response).await;
        answer
            .map_err(|error| self.told(error))?
            .judge(&self.target)
    }

    fn request(
        &self,
        body: &[Bytes],
        content_type: &'static str,
        encoding: Option<&'static str>,
    ) -> impl Future<Output = Result<Response<Incoming>, Error>> + use<> {
        let mut request = Request::new(Frames::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.target.uri().clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.target.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        // Where a proxy reads the request itself; through a tunnel it never sees it.
        if !self.target.endpoint.is_https()
            && let Some(proxy) = &self.target.proxy
            && let Some(authorization) = proxy.authorization()
        {
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        self.pool.request(request)
    }

    /// Whether the request failed on a connection that had answered before.
    fn was_stale(&self, error: &Error) -> bool {
        let mut details = Extensions::new();
        if let Some(connected) = error.connect_info() {
            connected.get_extras(&mut details);
        }
        let failed = details.get::<HttpInfo>().map(HttpInfo::local_addr);
        failed.is_some() && failed == self.connection && !is_malformed(error)
    }

    fn told(&self, failure: answer::Failure) -> ExportError {
        match failure {
            answer::Failure::TooLong => ExportError::permanent(format!(
                "the answer of {} is longer than {} bytes",
                self.target.shown(),
                answer::MAX_BYTES
            )),
            answer::Failure::Cut(error) => self.failed(&*error, false),
        }
    }

    /// What a failed exchange means: retry, unless the other side does not speak HTTP.
    fn failed(&self, error: &(dyn std::error::Error + 'static), connecting: bool) -> ExportError {
        let endpoint = self.target.shown();
        let cause = self.target.without_secrets(&root_cause(error));
        if connecting {
            ExportError::retryable(format!("no connection to {endpoint}: {cause}"))
        } else if is_malformed(error) {
            ExportError::permanent(format!(
                "{endpoint} does not answer in HTTP/1.1 ({cause}); is this the port for HTTP?"
            ))
        } else {
            ExportError::retryable(format!("the connection to {endpoint} broke: {cause}"))
        }
    }
}

/// The innermost reason, which names the fact rather than the layer.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Whether what came back is not HTTP, as opposed to cut off or refused by TLS.
fn is_malformed(error: &(dyn std::error::Error + 'static)) -> bool {
    chain(error).any(|error| {
        let http = error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse);
        let text = error.downcast_ref::<io::Error>().is_some_and(|error| {
            let tls = error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
            let kind = error.kind();
            !tls && matches!(
                kind,
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            )
        });
        http || text
    })
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
