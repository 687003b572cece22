//! A provider that exports by OTLP to a receiver of the test's own, and what both know afterwards.

use crate::receiver::{Reply, Request, Server};
use crate::told::balanced;
use libtracer::{BatchSettings, Config, Stats, TracerProvider};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Full batches of 5, others after a moment, and one attempt takes at most a second.
pub(crate) fn config() -> Config {
    Config::new()
        .batch(BatchSettings {
            max_export_batch_size: 5,
            schedule_delay: Duration::from_millis(10),
            ..BatchSettings::default()
        })
        .otlp_timeout(Duration::from_secs(1))
}

pub(crate) fn provider(url: impl AsRef<str>) -> TracerProvider {
    TracerProvider::new(&config().otlp(url)).unwrap()
}

/// The account of the first pipeline, in balance.
pub(crate) fn account(provider: &TracerProvider) -> Stats {
    balanced(provider).remove(0)
}

/// A receiver that keeps the spans which it said yes to.
pub(crate) struct Receiver {
    pub(crate) server: Server,
    taken: Arc<Mutex<Vec<Span>>>,
}

impl Receiver {
    /// Answers the n-th request with `reply(n)`; `None` takes it.
    pub(crate) fn start(reply: impl Fn(usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::on(
            TcpListener::bind("127.0.0.1:0").unwrap(),
            move |number, _| reply(number),
        )
    }

    /// Takes everything.
    pub(crate) fn good() -> Self {
        Self::start(|_| None)
    }

    pub(crate) fn on(
        listener: TcpListener,
        reply: impl Fn(usize, &Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let taken = Arc::<Mutex<Vec<Span>>>::default();
        let keep = Arc::clone(&taken);
        let server = Server::listen(listener, move |number, request| {
            reply(number, request).unwrap_or_else(|| {
                keep.lock().unwrap().extend(spans_in(&request.body));
                Reply::ok()
            })
        });
        Self { server, taken }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("/v1/traces")
    }

    /// The names of the spans that it took, sorted, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.spans().into_iter().map(|span| span.name).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap().clone()
    }
}

/// Held by tests that wait for room, which has the whole process send what it has, full batches or
/// not, and by those that count batches.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The spans of a request.
pub(crate) fn spans_in(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// A success that refuses some of the spans.
pub(crate) fn partial(rejected_spans: i64, error_message: &str) -> Reply {
    let answer = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans,
            error_message: error_message.into(),
        }),
    };
    let kind = "content-type: application/x-protobuf\r\n";
    Reply::status("200 OK", kind, &answer.encode_to_vec())
}
