//! One attempt: the request on a kept-alive connection, and what went wrong with it.

use super::{OtlpHttp, answer};
use crate::export::{Accepted, Batch, ExportError, ExportFuture, Exporter, text::one_line};
use bytes::Bytes;
use http::{Extensions, Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{
        Client, Error,
        connect::{Connect, HttpConnector, HttpInfo},
    },
    rt::{TokioExecutor, TokioTimer},
};
use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The largest request that is sent: the limit that OTLP sets for clients.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// What is read at once, and the longest head of an answer. Small, because all that a server has
/// sent ahead is parsed before a timeout is looked at again.
const READ_BUFFER: usize = 16 * 1024;

/// Opens the exporter for these settings; called in the exporter thread, inside its runtime.
pub(super) fn open(settings: &OtlpHttp) -> Result<Box<dyn Exporter>, ExportError> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    if !settings.endpoint.is_https() {
        return Ok(Box::new(Sender::new(settings.clone(), tcp)));
    }
    tcp.enforce_http(false);
    let tls = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(Arc::new(rustls::crypto::ring::default_provider()))
        .map_err(|error| ExportError::permanent(no_roots(&error)))?;
    let tls = tls.https_only().enable_http1().wrap_connector(tcp);
    Ok(Box::new(Sender::new(settings.clone(), tls)))
}

fn no_roots(error: &io::Error) -> String {
    format!("no trust roots for https: {error}; install ca-certificates or set SSL_CERT_FILE")
}

struct Sender<C> {
    settings: OtlpHttp,
    client: Client<C, Frames>,
    /// Our end of the connection that answered last: an error on it may only mean that the server
    /// closed it while it was idle.
    connection: Option<SocketAddr>,
}

impl<C: Connect + Clone + Send + Sync + 'static> Sender<C> {
    fn new(settings: OtlpHttp, connector: C) -> Self {
        // Calls never overlap, so one connection is all that can be kept busy.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(1)
            .http1_read_buf_exact_size(READ_BUFFER)
            .build(connector);
        Self {
            settings,
            client,
            connection: None,
        }
    }

    async fn send(&mut self, batch: &Batch) -> Result<Accepted, ExportError> {
        let (frames, len) = batch.otlp_frames();
        if frames.is_empty() {
            return Ok(Accepted::default());
        }
        if len > MAX_REQUEST_BYTES {
            let message =
                format!("a request of {len} bytes is over the limit of {MAX_REQUEST_BYTES}");
            let limit = Some(MAX_REQUEST_BYTES);
            return Err(ExportError::TooLarge { message, limit });
        }
        let timeout = self.settings.timeout;
        let attempt = self.attempt(&frames, len, batch.span_count());
        if timeout.is_zero() {
            return attempt.await;
        }
        match tokio::time::timeout(timeout, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ExportError::retryable(format!(
                "{} did not answer within {timeout:?}",
                self.settings.endpoint.shown()
            ))),
        }
    }

    async fn attempt(
        &mut self,
        frames: &[Bytes],
        len: usize,
        spans: usize,
    ) -> Result<Accepted, ExportError> {
        let outcome = match self.request(frames, len).await {
            // At once, for the connection's fault and not the server's; a new one decides.
            Err(error) if self.was_stale(&error) => self.request(frames, len).await,
            outcome => outcome,
        };
        let response = outcome.map_err(|error| self.failed(&error, error.is_connect()))?;
        self.connection = response
            .extensions()
            .get::<HttpInfo>()
            .map(HttpInfo::local_addr);
        let answer = answer::read(response).await;
        answer.map_err(|error| self.told(error)).and_then(|answer| {
            answer.judge(spans, &self.settings.endpoint.shown(), |text| {
                self.without_secrets(text)
            })
        })
    }

    fn request(
        &self,
        frames: &[Bytes],
        len: usize,
    ) -> impl Future<Output = Result<Response<Incoming>, Error>> + use<C> {
        let mut request = Request::new(Frames {
            left: len,
            frames: frames.to_vec().into(),
        });
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.settings.endpoint.uri().clone();
        request.headers_mut().clone_from(&self.settings.headers);
        self.client.request(request)
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
                self.settings.endpoint.shown(),
                answer::MAX_BYTES
            )),
            answer::Failure::Cut(error) => self.failed(&*error, false),
        }
    }

    /// What a failed exchange means: retry, unless the other side does not speak HTTP.
    fn failed(&self, error: &(dyn std::error::Error + 'static), connecting: bool) -> ExportError {
        let endpoint = self.settings.endpoint.shown();
        let cause = self.without_secrets(&root_cause(error));
        if connecting {
            ExportError::retryable(format!("no connection to {endpoint}: {cause}"))
        } else if is_malformed(error) {
            ExportError::permanent(format!(
                "{endpoint} does not answer in HTTP/1.1 ({cause}); is this the port for OTLP/HTTP?"
            ))
        } else {
            ExportError::retryable(format!("the connection to {endpoint} broke: {cause}"))
        }
    }

    /// Foreign text in one line; a server may repeat what it was sent, so header values are cut out.
    fn without_secrets(&self, text: &str) -> String {
        let secrets = self
            .settings
            .headers
            .values()
            .filter(|value| value.is_sensitive());
        let secrets = secrets.filter_map(|value| value.to_str().ok());
        let parts = secrets.flat_map(|value| {
            // Of "Bearer token", the token alone is as secret.
            [value, value.rsplit(' ').next().unwrap_or(value)]
        });
        let clean = parts
            .filter(|value| value.len() >= 4)
            .fold(text.to_owned(), |clean, value| clean.replace(value, "***"));
        one_line(&clean, 300)
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Exporter for Sender<C> {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.send(batch))
    }
}

/// The innermost reason, which names the fact rather than the layer.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Whether what came back is not HTTP, as opposed to cut off.
fn is_malformed(error: &(dyn std::error::Error + 'static)) -> bool {
    chain(error).any(|error| {
        let http = error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse);
        let text = error.downcast_ref::<io::Error>().map(io::Error::kind);
        http || matches!(
            text,
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        )
    })
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// The frames of a batch as a body of known length: hyper hands them to the socket as they are.
struct Frames {
    left: usize,
    frames: VecDeque<Bytes>,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.frames.pop_front();
        self.left -= next.as_ref().map_or(0, Bytes::len);
        Poll::Ready(next.map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}
