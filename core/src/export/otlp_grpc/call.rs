//! One call as tonic sees it: a service that passes one request on to hyper's client.
//!
//! tonic writes the head and reads the answer. The body is ours, because tonic's would copy the spans
//! into one buffer and compress them at a level of its own. How the call ended is noted on the way:
//! tonic's status alone does not tell a server's words from tonic's own, and what it makes of a
//! broken connection depends on the features it was built with.

use super::gather::Gather;
use crate::export::http::{Answer, answer, body::Frames};
use http::{HeaderMap, HeaderName, Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::{Client, Error};
use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};
use tonic::{Code, metadata::MetadataMap};
use tower_service::Service;

const STATUS: &str = "grpc-status";
const DETAILS: &str = "grpc-status-details-bin";

/// How a call ended, as far as tonic was not the one who ended it.
#[derive(Debug)]
pub(super) enum End {
    /// With a status of the server.
    Status(Code),
    /// Without an answer: there is no connection, or it broke.
    Unanswered(Error),
    /// Within the answer: the connection broke.
    Cut(hyper::Error),
    /// With an answer in plain HTTP, or with less than that.
    Plain(Result<Answer, answer::Failure>),
}

/// The one request of a call, and how it ended.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) client: Client<Gather, Frames>,
    pub(super) body: Frames,
    pub(super) end: Arc<OnceLock<End>>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Reply>, NotGrpc>> + Send>>;

impl Service<Request<tonic::body::Body>> for Call {
    type Response = Response<Reply>;
    type Error = NotGrpc;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotGrpc>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Answering {
        let body = mem::take(&mut self.body);
        let answering = self.client.request(request.map(|_| body));
        let end = Arc::clone(&self.end);
        Box::pin(async move {
            match answering.await {
                Ok(mut response) if is_grpc(&response) => {
                    note_status(response.headers_mut(), &end);
                    Ok(response.map(|body| Reply { body, end }))
                }
                Ok(response) => Err(note(&end, End::Plain(answer::read(response).await))),
                Err(error) => Err(note(&end, End::Unanswered(error))),
            }
        })
    }
}

/// Whether an answer comes from a server for gRPC, rather than from a proxy or another server.
fn is_grpc(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let declared = headers.get(CONTENT_TYPE);
    let declared = declared.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    headers.contains_key(STATUS) || (declared && response.status() == StatusCode::OK)
}

/// Notes the server's status in headers or trailers. Takes out details that are not what they are
/// declared to be: tonic panics on them.
fn note_status(headers: &mut HeaderMap, end: &OnceLock<End>) {
    if let Some(code) = headers.get(STATUS) {
        note(end, End::Status(Code::from_bytes(code.as_bytes())));
    }
    let Some(details) = headers.remove(DETAILS) else {
        return;
    };
    let alone = HeaderMap::from_iter([(HeaderName::from_static(DETAILS), details.clone())]);
    let alone = MetadataMap::from_headers(alone);
    if alone
        .get_bin(DETAILS)
        .is_some_and(|value| value.to_bytes().is_ok())
    {
        headers.insert(DETAILS, details);
    }
}

fn note(end: &OnceLock<End>, how: End) -> NotGrpc {
    // A call ends once; what follows the end is of no interest.
    let _ = end.set(how);
    NotGrpc
}

/// What tonic is told of an answer that is not for it.
#[derive(Debug)]
pub(super) struct NotGrpc;

impl fmt::Display for NotGrpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer in gRPC")
    }
}

impl std::error::Error for NotGrpc {}

/// The body of an answer in gRPC.
#[derive(Debug)]
pub(super) struct Reply {
    body: Incoming,
    end: Arc<OnceLock<End>>,
}

impl Body for Reply {
    type Data = bytes::Bytes;
    type Error = NotGrpc;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, NotGrpc>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(match frame {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    note_status(trailers, &self.end);
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(note(&self.end, End::Cut(error)))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
