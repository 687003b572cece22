//! A receiver that costs little: reads requests of OTLP/HTTP, OTLP/gRPC and ddtrace, counts their
//! bytes and says yes. Prints the port of each, then serves until standard input ends; the bytes counted are
//! its last line.
#![expect(
    clippy::print_stdout,
    reason = "the ports and the sum are for the caller"
)]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
/// A Datadog agent's: all is to be sampled.
const AGENT_ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 22\r\n\r\n{\"rate_by_service\":{}}";
/// An empty message: not compressed, of no bytes.
const GRPC_ANSWER: &[u8] = &[0; 5];

fn serve(stream: &TcpStream, bytes: &AtomicU64) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        let mut answer = ANSWER;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.contains(" /v0.") {
                answer = AGENT_ANSWER;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(("content-length", value)) = line
                .to_ascii_lowercase()
                .split_once(':')
                .map(|(name, value)| (name, value.trim()))
            {
                length = value.parse().unwrap_or(0);
            }
        }
        let read = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        bytes.fetch_add(read, Ordering::Relaxed);
        (&*stream).write_all(answer)?;
    }
}

async fn answer(
    request: Request<Incoming>,
    bytes: Arc<AtomicU64>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, hyper::Error> {
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let read = frame?.data_ref().map_or(0, Bytes::len) as u64;
        bytes.fetch_add(read, Ordering::Relaxed);
    }
    let status = HeaderMap::from_iter([("grpc-status", "0")].map(|(name, value)| {
        (
            http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    }));
    let body = Full::new(Bytes::from_static(GRPC_ANSWER))
        .with_trailers(std::future::ready(Some(Ok(status))));
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

fn serve_grpc(listener: TcpListener, bytes: &Arc<AtomicU64>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    listener.set_nonblocking(true)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let stream = listener.accept().await?.0;
            // As servers for gRPC do; else a short answer waits for the client's delayed ACK.
            stream.set_nodelay(true)?;
            let stream = TokioIo::new(stream);
            let bytes = bytes.clone();
            let service = hyper::service::service_fn(move |it| answer(it, bytes.clone()));
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(stream, service));
        }
    })
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let grpc = TcpListener::bind("127.0.0.1:0")?;
    let port = |of: &TcpListener| of.local_addr().map(|address| address.port());
    println!("{}\t{}", port(&listener)?, port(&grpc)?);
    let bytes = Arc::new(AtomicU64::new(0));
    let counted = bytes.clone();
    std::thread::spawn(move || serve_grpc(grpc, &counted));
    let counted = bytes.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let bytes = counted.clone();
            std::thread::spawn(move || serve(&stream, &bytes));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    println!("{}", bytes.load(Ordering::Relaxed));
    Ok(())
}
