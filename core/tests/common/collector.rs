//! A collector for OTLP/gRPC: the server that opentelemetry-proto generates, on a real socket, with
//! answers that a test gives. It shares no code with the client.

use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;
use tonic::{
    Request, Response, Status,
    codec::CompressionEncoding,
    metadata::MetadataMap,
    transport::{Server, ServerTlsConfig, server::TcpIncoming},
};

/// What a receiver says of a request: how many it refused, and why; or that it did not take it.
pub(crate) type Verdict = Result<(i64, String), Status>;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Traces(ExportTraceServiceRequest),
    Logs(ExportLogsServiceRequest),
    Metrics(ExportMetricsServiceRequest),
}

#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) metadata: MetadataMap,
    pub(crate) peer: SocketAddr,
    pub(crate) body: Body,
}

impl Arrival {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.metadata
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    pub(crate) fn traces(&self) -> &ExportTraceServiceRequest {
        match &self.body {
            Body::Traces(request) => request,
            other => panic!("not traces: {other:?}"),
        }
    }

    pub(crate) fn spans(&self) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
        let resources = self.traces().resource_spans.iter();
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }
}

/// How a collector is set up.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) tls: Option<ServerTlsConfig>,
    /// Longest message, if not the usual 4 MiB.
    pub(crate) limit: Option<usize>,
    /// Compression of the answers.
    pub(crate) answers: Option<CompressionEncoding>,
    /// Where to listen, if not anywhere.
    pub(crate) address: Option<SocketAddr>,
}

/// A running collector; ends, with its connections, when dropped.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    arrivals: Receiver<Arrival>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// Answers the n-th request (from 0) with `verdict(n)`.
    pub(crate) fn start(verdict: impl Fn(usize) -> Verdict + Send + Sync + 'static) -> Self {
        Self::with(Settings::default(), verdict)
    }

    pub(crate) fn with(
        settings: Settings,
        verdict: impl Fn(usize) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        let (sender, arrivals) = channel();
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = channel();
        let desk = Desk {
            arrivals: sender,
            count: Arc::default(),
            verdict: Arc::new(verdict),
        };
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let at = settings.address.unwrap_or(([127, 0, 0, 1], 0).into());
                let incoming = TcpIncoming::bind(at).unwrap();
                ready.send(incoming.local_addr().unwrap()).unwrap();
                tokio::select! {
                    served = serve(settings, desk, incoming) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: address.recv().unwrap(),
            arrivals,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request, in order of arrival.
    pub(crate) fn arrival(&self) -> Arrival {
        let wait = Duration::from_secs(10);
        self.arrivals.recv_timeout(wait).expect("a request in time")
    }

    pub(crate) fn has_no_arrival(&self) -> bool {
        self.arrivals.try_recv().is_err()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    settings: Settings,
    desk: Desk,
    incoming: TcpIncoming,
) -> Result<(), tonic::transport::Error> {
    let limit = settings.limit.unwrap_or(4 * 1024 * 1024);
    let mut traces = TraceServiceServer::new(desk.clone())
        .max_decoding_message_size(limit)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd);
    if let Some(answers) = settings.answers {
        traces = traces.send_compressed(answers);
    }
    let mut server = Server::builder();
    if let Some(tls) = settings.tls {
        server = server.tls_config(tls)?;
    }
    server
        .add_service(traces)
        .add_service(LogsServiceServer::new(desk.clone()))
        .add_service(MetricsServiceServer::new(desk))
        .serve_with_incoming(incoming)
        .await
}

/// Where requests of all signals arrive.
#[derive(Clone)]
struct Desk {
    arrivals: Sender<Arrival>,
    count: Arc<AtomicUsize>,
    verdict: Arc<dyn Fn(usize) -> Verdict + Send + Sync>,
}

impl Desk {
    fn take<T>(&self, request: Request<T>, body: fn(T) -> Body) -> Verdict {
        let peer = request.remote_addr().unwrap();
        let (metadata, _, message) = request.into_parts();
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let _ = self.arrivals.send(Arrival {
            metadata,
            peer,
            body: body(message),
        });
        (self.verdict)(number)
    }
}

#[tonic::async_trait]
impl TraceService for Desk {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (rejected_spans, error_message) = self.take(request, Body::Traces)?;
        let partial = ExportTracePartialSuccess {
            rejected_spans,
            error_message,
        };
        let partial_success = (partial != ExportTracePartialSuccess::default()).then_some(partial);
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}

#[tonic::async_trait]
impl LogsService for Desk {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.take(request, Body::Logs)?;
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Desk {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.take(request, Body::Metrics)?;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
