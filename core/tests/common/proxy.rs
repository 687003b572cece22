//! A TCP proxy that does to a connection what networks do: cut, reset, slow, silent.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What is done to one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    None,
    /// Reset after so many bytes of the client.
    ResetRequest(usize),
    /// Reset after so many bytes of the server.
    ResetResponse(usize),
    /// One byte of the answer each time that so much has passed.
    Slow(Duration),
    /// Takes everything, answers nothing, ends nothing.
    Silent,
    /// Neither reads nor answers.
    Deaf,
}

/// A proxy in front of a server.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Does `fault(n)` to the n-th connection, from 0.
    pub(crate) fn start(
        server: SocketAddr,
        fault: impl Fn(usize) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming() {
                let fault = fault(count.fetch_add(1, Ordering::Relaxed));
                let client = client.unwrap();
                // Whichever end goes away first ends the connection, not the test.
                thread::spawn(move || drop(connect(client, server, fault)));
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a connection that ends here")]
fn connect(client: TcpStream, server: SocketAddr, fault: Fault) -> std::io::Result<()> {
    if matches!(fault, Fault::Deaf) {
        wait_for_ever();
    }
    let server = TcpStream::connect(server)?;
    let (up, down) = (client.try_clone()?, server.try_clone()?);
    let request = thread::spawn(move || {
        let most = match fault {
            Fault::ResetRequest(bytes) => bytes,
            _ => usize::MAX,
        };
        let whole = copy(&up, &down, most, Duration::ZERO)?;
        if whole {
            return down.shutdown(std::net::Shutdown::Write);
        }
        reset(&up)
    });
    match fault {
        Fault::Silent => wait_for_ever(),
        Fault::ResetResponse(bytes) if !copy(&server, &client, bytes, Duration::ZERO)? => {
            reset(&client)?;
        }
        Fault::Slow(pause) => drop(copy(&server, &client, usize::MAX, pause)?),
        _ => drop(copy(&server, &client, usize::MAX, Duration::ZERO)?),
    }
    let _ = client.shutdown(std::net::Shutdown::Write);
    let _ = request.join();
    Ok(())
}

/// Copies up to `most` bytes, false if there were more; with a pause, one by one.
fn copy(
    mut from: &TcpStream,
    mut to: &TcpStream,
    most: usize,
    pause: Duration,
) -> std::io::Result<bool> {
    let mut buffer = [0; 4096];
    let mut left = most;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(true);
        }
        let passed = &buffer[..read.min(left)];
        if pause.is_zero() {
            to.write_all(passed)?;
        } else {
            for byte in passed {
                to.write_all(&[*byte])?;
                thread::sleep(pause);
            }
        }
        left -= passed.len();
        if left == 0 {
            return Ok(false);
        }
    }
}

/// Closes with a reset: lingering for no time drops what is under way.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let len = libc::socklen_t::try_from(size_of::<libc::linger>()).unwrap();
    // SAFETY: the socket is open, and the option is read from one live struct of that length.
    let set = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            len,
        )
    };
    assert_eq!(set, 0);
    stream.shutdown(std::net::Shutdown::Both)
}

fn wait_for_ever() -> ! {
    loop {
        thread::park();
    }
}
