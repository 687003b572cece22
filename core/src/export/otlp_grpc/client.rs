//! One attempt: the call on the one connection, and what went wrong with it.

use super::{
    call::{Call, End},
    codec::Raw,
    gather::Gather,
    status,
};
use crate::export::{
    Accepted, Batch, ExportError, ExportFuture, Exporter, Signal,
    http::{
        Answer, Connector, Target, Version,
        answer::{Failure, MAX_BYTES},
        body::Frames,
        client::{MAX_REQUEST_BYTES, root_cause},
    },
};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderValue, Uri, uri::PathAndQuery};
use hyper_util::{
    client::legacy::{Client, Error},
    rt::{TokioExecutor, TokioTimer},
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use std::{
    mem,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tonic::{
    Code, Request, Response, Status, client::Grpc, codec::CompressionEncoding,
    metadata::MetadataMap,
};

/// Sends batches of any signal to one destination, one call at a time over one connection.
pub(super) struct Sender {
    target: Target,
    origin: Uri,
    connector: Connector,
    client: Client<Gather, Frames>,
    /// Whether the connection has brought an answer: an error may then only mean that the server
    /// closed it while it was idle.
    answered: bool,
    /// Whether a call was left without waiting for its answer: its connection may be dead.
    left: bool,
}

impl Sender {
    /// Opens no connection yet. In the worker thread, inside its runtime.
    pub(super) fn open(target: Target) -> Result<Self, ExportError> {
        let connector = target.connector(Version::Http2)?;
        Ok(Self {
            origin: origin(target.uri()),
            client: client(connector.clone()),
            target,
            connector,
            answered: false,
            left: false,
        })
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
        let message = self.message(frames, len)?;
        // Also when our caller gave the call up: then this was not set back.
        if mem::replace(&mut self.left, true) {
            self.renew();
        }
        let timeout = self.target.timeout();
        let attempt = self.attempt(&message, batch);
        let outcome = if timeout.is_zero() {
            attempt.await
        } else {
            let ended = tokio::time::timeout(timeout, attempt).await;
            ended.map_err(|_| self.silent())?
        };
        self.left = false;
        outcome
    }

    /// The pieces of one gRPC message: a prefix (whether it is compressed, and its length), then the
    /// request's own bytes.
    fn message(&self, mut frames: Vec<Bytes>, mut len: usize) -> Result<Vec<Bytes>, ExportError> {
        let compression = self.target.compressed_by();
        let compressed = compression.compress(&frames);
        let compressed = compressed
            .map_err(|error| ExportError::permanent(format!("compression failed: {error}")))?;
        let flag = compressed.is_some();
        if let Some(body) = compressed {
            len = body.len();
            frames = vec![body];
        }
        let mut prefix = BytesMut::with_capacity(PREFIX + SMALL);
        prefix.put_u8(flag.into());
        // In range: what is larger was refused.
        prefix.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
        match frames.first_mut() {
            // One frame of HTTP/2 rather than two.
            Some(head) if head.len() <= SMALL => {
                prefix.put_slice(head);
                *head = prefix.freeze();
            }
            _ => frames.insert(0, prefix.freeze()),
        }
        Ok(frames)
    }

    async fn attempt(&mut self, message: &[Bytes], batch: &Batch) -> Result<Accepted, ExportError> {
        let (mut end, mut outcome) = self.call(message, batch.signal()).await;
        if mem::take(&mut self.answered)
            && let Some(End::Unanswered(error)) = end.get()
            && !error.is_connect()
        {
            // At once, for the connection's fault and not the server's; a new one decides.
            self.renew();
            (end, outcome) = self.call(message, batch.signal()).await;
        }
        self.answered = matches!(end.get(), Some(End::Status(_)));
        match (end.get(), outcome) {
            (Some(End::Status(_)), Ok(answer)) => Ok(self.accepted(answer.into_inner(), batch)),
            // Taken, whatever is wrong with the words that came with it.
            (Some(End::Status(Code::Ok)), Err(_)) => Ok(unread(batch)),
            (Some(End::Status(_)), Err(status)) => {
                let len = message.iter().map(Bytes::len).sum();
                Err(status::error(&status, self.said(&status), len))
            }
            (Some(End::Unanswered(error)), _) => Err(self.unanswered(error)),
            (Some(End::Cut(error)), _) => Err(self.broke(error)),
            (Some(End::Plain(answer)), _) => Err(self.plain(answer)),
            (None, Err(status)) => Err(self.unusable(status.message())),
            (None, Ok(_)) => Err(self.unusable("it has no status")),
        }
    }

    /// Makes one call and waits for its end.
    async fn call(
        &self,
        message: &[Bytes],
        signal: Signal,
    ) -> (Arc<OnceLock<End>>, Result<Response<Bytes>, Status>) {
        let end = Arc::default();
        let call = Call {
            client: self.client.clone(),
            body: Frames::new(message),
            end: Arc::clone(&end),
        };
        let mut grpc = Grpc::with_origin(call, self.origin.clone())
            .max_decoding_message_size(MAX_BYTES)
            .accept_compressed(CompressionEncoding::Gzip);
        #[cfg(feature = "zstd")]
        {
            grpc = grpc.accept_compressed(CompressionEncoding::Zstd);
        }
        let path = PathAndQuery::from_static(method(signal));
        let outcome = grpc.unary(self.request(), path, Raw).await;
        (end, outcome)
    }

    /// The head of a request. The message in it is empty: the service puts ours in its place.
    fn request(&self) -> Request<Bytes> {
        let mut headers = self.target.headers().clone();
        if let Some(encoding) = self.target.compressed_by().name() {
            headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
        }
        let mut request = Request::new(Bytes::new());
        *request.metadata_mut() = MetadataMap::from_headers(headers);
        let timeout = self.target.timeout();
        if !timeout.is_zero() {
            request.set_timeout(timeout.min(LONGEST_TIMEOUT));
        }
        request
    }

    /// Forgets the connection: the next call opens another.
    fn renew(&mut self) {
        self.client = client(self.connector.clone());
        self.answered = false;
    }

    /// What the server says about a batch that it took: perhaps that it refused some of it.
    fn accepted(&self, answer: Bytes, batch: &Batch) -> Accepted {
        // The answers of all signals have one shape.
        let Ok(answer) = ExportTraceServiceResponse::decode(answer) else {
            return unread(batch);
        };
        let partial = answer.partial_success.unwrap_or_default();
        let rejected = u64::try_from(partial.rejected_spans).unwrap_or(0);
        Accepted {
            rejected: rejected.min(batch.span_count() as u64),
            message: self.target.without_secrets(&partial.error_message),
        }
    }

    fn said(&self, status: &Status) -> String {
        let words = self.target.without_secrets(status.message());
        let colon = if words.is_empty() { "" } else { ": " };
        let name = status::name(status.code());
        format!("{} answered {name}{colon}{words}", self.target.shown())
    }

    fn unanswered(&self, error: &Error) -> ExportError {
        let endpoint = self.target.shown();
        let cause = self.target.without_secrets(&root_cause(error));
        if error.is_connect() {
            ExportError::retryable(format!("no connection to {endpoint}: {cause}"))
        } else if is_malformed(error) {
            ExportError::permanent(format!(
                "{endpoint} does not answer in HTTP/2 ({cause}); is this the port for gRPC, \
                 usually 4317?"
            ))
        } else {
            self.broke(error)
        }
    }

    fn broke(&self, error: &(dyn std::error::Error + 'static)) -> ExportError {
        let cause = self.target.without_secrets(&root_cause(error));
        let endpoint = self.target.shown();
        ExportError::retryable(format!("the connection to {endpoint} broke: {cause}"))
    }

    fn silent(&self) -> ExportError {
        let (endpoint, timeout) = (self.target.shown(), self.target.timeout());
        ExportError::retryable(format!("{endpoint} did not answer within {timeout:?}"))
    }

    /// An answer in plain HTTP: a proxy's, or that of another kind of server.
    fn plain(&self, answer: &Result<Answer, Failure>) -> ExportError {
        match answer {
            Ok(answer) if answer.status.is_success() => self.unusable("it is not gRPC"),
            Ok(answer) => answer.error(&self.target),
            Err(Failure::TooLong) => self.unusable("it is too long"),
            Err(Failure::Cut(error)) => self.broke(&**error),
        }
    }

    fn unusable(&self, why: &str) -> ExportError {
        let why = self.target.without_secrets(why);
        let endpoint = self.target.shown();
        ExportError::permanent(format!("the answer of {endpoint} cannot be used: {why}"))
    }
}

impl Exporter for Sender {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.send(batch))
    }
}

/// Bytes of the prefix of a gRPC message, and of a piece that is better copied behind it.
const PREFIX: usize = 5;
const SMALL: usize = 1024;

/// The longest timeout that is told to a server; longer ones do not fit into the header.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// A client that has no connection yet.
fn client(connector: Connector) -> Client<Gather, Frames> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .http2_only(true)
        .build(Gather(connector))
}

/// Where calls go: gRPC has paths of its own, so that of the endpoint is not used.
fn origin(endpoint: &Uri) -> Uri {
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    Uri::from_parts(parts).unwrap_or_default()
}

/// The method that takes a signal.
const fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

fn unread(batch: &Batch) -> Accepted {
    let noun = batch.signal().noun();
    Accepted {
        rejected: 0,
        message: format!("the {noun} were taken, with an answer that is not OTLP"),
    }
}

/// Whether what came back is not HTTP/2, as opposed to cut off or refused.
fn is_malformed(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut chain = std::iter::successors(Some(error), |error| error.source());
    chain.any(|error| {
        error.downcast_ref::<h2::Error>().is_some_and(|error| {
            error.is_library() || error.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED)
        })
    })
}
