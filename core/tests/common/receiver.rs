//! A small HTTP server on a real socket that answers as a test tells it, also wrongly.
//!
//! It reads HTTP itself, so that it checks what a client sends independently of the client's library.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What to do with a request, after it was read.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Write these bytes and keep the connection.
    Keep(Vec<u8>),
    /// Write these bytes and close the connection.
    Close(Vec<u8>),
    /// Write the first bytes, then the second ones for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Write nothing and keep the connection.
    Silence,
}

impl Reply {
    /// A well-formed answer.
    pub(crate) fn status(status: &str, headers: &str, body: &[u8]) -> Self {
        let len = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {len}\r\n{headers}\r\n");
        Self::Keep([head.as_bytes(), body].concat())
    }

    pub(crate) fn ok() -> Self {
        Self::status("200 OK", "content-type: application/x-protobuf\r\n", b"")
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Receiver<Request>,
}

impl Server {
    /// Answers the n-th request (from 0, over all connections) with `reply(n)`.
    pub(crate) fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listen(listener, move |number, _| reply(number))
    }

    /// Answers the n-th request on this listener with `reply(n, request)`.
    pub(crate) fn listen(
        listener: TcpListener,
        reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        thread::spawn(move || {
            let count = std::sync::atomic::AtomicUsize::new(0);
            let next = move || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let next: &(dyn Fn() -> usize + Sync) = &next;
            thread::scope(|scope| {
                for (number, stream) in listener.incoming().enumerate() {
                    let (sender, reply) = (sender.clone(), &reply);
                    scope.spawn(move || {
                        // A client that goes away ends the connection, not the test.
                        let _ = serve(stream.unwrap(), number, &sender, |request| {
                            reply(next(), request)
                        });
                    });
                }
            });
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, in order of arrival.
    pub(crate) fn request(&self) -> Request {
        self.requests
            .recv_timeout(Duration::from_secs(10))
            .expect("a request in time")
    }

    pub(crate) fn has_no_request(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn serve(
    stream: TcpStream,
    connection: usize,
    requests: &Sender<Request>,
    reply: impl Fn(&Request) -> Reply,
) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = read(&mut input, connection)? {
        let reply = reply(&request);
        let _ = requests.send(request);
        match reply {
            Reply::Keep(bytes) => out.write_all(&bytes)?,
            Reply::Close(bytes) => {
                out.write_all(&bytes)?;
                return out.shutdown(std::net::Shutdown::Both);
            }
            Reply::Endless(head, part) => {
                out.write_all(&head)?;
                loop {
                    out.write_all(&part)?;
                }
            }
            Reply::Silence => {}
        }
    }
    Ok(())
}

fn read(input: &mut impl BufRead, connection: usize) -> std::io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end_matches("\r\n");
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let line = lines.remove(0);
    let pair = |line: String| {
        line.split_once(": ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    let headers = lines
        .into_iter()
        .map(|line| pair(line).expect("a header"))
        .collect();
    let mut request = Request {
        connection,
        line,
        headers,
        body: Vec::new(),
    };
    let len = request
        .header("content-length")
        .expect("a content-length")
        .parse()
        .unwrap();
    request.body.resize(len, 0);
    input.read_exact(&mut request.body)?;
    Ok(Some(request))
}
