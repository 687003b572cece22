//! Few large writes in place of many small ones.
//!
//! HTTP/2 sends a message as frames of 16 KiB, the most that servers allow where nothing else is said,
//! and h2 writes and flushes each one by itself: a batch of 512 spans took eight or nine system calls,
//! each a packet's way through the system. A [`Gathering`] connection holds small writes back until its
//! task has no more to say: a flush asks for one more turn of the task, which begins by reading, and
//! what is held then goes out at once.

use crate::export::http::{Connector, connector::Stream};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// Most bytes that are held back.
const MOST: usize = 128 * 1024;

/// Makes gathering connections.
#[derive(Clone)]
pub(super) struct Gather(pub(super) Connector);

impl Service<Uri> for Gather {
    type Response = Gathering<Stream>;
    type Error = <Connector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let connecting = self.0.call(destination);
        Box::pin(async { Ok(Gathering::over(connecting.await?)) })
    }
}

/// A connection that holds small writes back.
pub(super) struct Gathering<S> {
    stream: S,
    held: Vec<u8>,
    /// How much of it is sent.
    sent: usize,
    /// The stream takes no more for now: it wakes the task when it does.
    blocked: bool,
}

impl<S: Write + Unpin> Gathering<S> {
    fn over(stream: S) -> Self {
        Self {
            stream,
            held: Vec::new(),
            sent: 0,
            blocked: false,
        }
    }

    /// Sends what is held.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.blocked = true;
        while let Some(left) = self.held.get(self.sent..).filter(|left| !left.is_empty()) {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, left))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.held.clear();
        self.sent = 0;
        self.blocked = false;
        Poll::Ready(Ok(()))
    }

    /// Whether to hold `len` more bytes; if they do not fit, what is held is sent before.
    fn holds(&mut self, context: &mut Context<'_>, len: usize) -> Poll<io::Result<bool>> {
        if self.held.len() + len > MOST {
            ready!(self.send(context))?;
        }
        Poll::Ready(Ok(len <= MOST))
    }
}

impl<S: Read + Write + Unpin> Read for Gathering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // Where not all can be sent, the task is woken when it can: it begins here again.
        if !self.held.is_empty()
            && let Poll::Ready(outcome) = self.send(context)
        {
            outcome?;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Read + Write + Unpin> Write for Gathering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !ready!(self.holds(context, bytes.len()))? {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = pieces.iter().map(|piece| piece.len()).sum();
        if !ready!(self.holds(context, len))? {
            return Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        }
        for piece in pieces {
            self.held.extend_from_slice(piece);
        }
        Poll::Ready(Ok(len))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.blocked {
            return self.send(context);
        }
        if !self.held.is_empty() {
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: Connection> Connection for Gathering<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    /// Takes as much at a time as it has room for.
    #[derive(Default)]
    struct Peer {
        room: usize,
        writes: Vec<Vec<u8>>,
        closed: bool,
    }

    impl Read for Peer {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl Write for Peer {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Poll::Pending;
            }
            self.room -= taken;
            self.writes.push(bytes[..taken].to_vec());
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.closed = true;
            Poll::Ready(Ok(()))
        }
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Task {
        connection: Gathering<Peer>,
        wakes: Arc<Wakes>,
    }

    impl Task {
        fn with_room(room: usize) -> Self {
            let peer = Peer {
                room,
                ..Peer::default()
            };
            Self {
                connection: Gathering::over(peer),
                wakes: Arc::default(),
            }
        }

        fn poll<R>(
            &mut self,
            work: impl FnOnce(Pin<&mut Gathering<Peer>>, &mut Context<'_>) -> R,
        ) -> R {
            let waker = Waker::from(self.wakes.clone());
            work(
                Pin::new(&mut self.connection),
                &mut Context::from_waker(&waker),
            )
        }

        fn write(&mut self, bytes: &[u8]) -> Option<usize> {
            let written = self.poll(|connection, context| connection.poll_write(context, bytes));
            match written {
                Poll::Ready(written) => Some(written.unwrap()),
                Poll::Pending => None,
            }
        }

        fn is_flushed(&mut self) -> bool {
            self.poll(|connection, context| connection.poll_flush(context).is_ready())
        }

        fn read(&mut self) {
            let mut memory = [0; 8];
            let mut buffer = hyper::rt::ReadBuf::new(&mut memory);
            let read = self.poll(|connection, context| {
                connection.poll_read(context, buffer.unfilled()).is_ready()
            });
            assert!(!read);
        }

        fn writes(&self) -> &[Vec<u8>] {
            &self.connection.stream.writes
        }
    }

    #[test]
    fn frames_of_one_turn_go_out_together_at_the_next() {
        let mut task = Task::with_room(usize::MAX);
        assert_eq!(task.write(b"one "), Some(4));
        assert!(task.is_flushed());
        let pieces = [IoSlice::new(b"two "), IoSlice::new(b"three")];
        let written = task.poll(|connection, context| {
            connection
                .poll_write_vectored(context, &pieces)
                .map(Result::unwrap)
        });
        assert_eq!(written, Poll::Ready(9));
        assert!(task.is_flushed() && task.writes().is_empty());
        assert!(
            task.wakes.0.load(Ordering::Relaxed) > 0,
            "nobody comes back"
        );
        task.read();
        assert_eq!(task.writes(), [b"one two three"]);
        let wakes = task.wakes.0.load(Ordering::Relaxed);
        assert!(task.is_flushed());
        assert_eq!(task.wakes.0.load(Ordering::Relaxed), wakes);
    }

    #[test]
    fn a_full_socket_is_waited_for_without_turning_round_and_round() {
        let mut task = Task::with_room(3);
        task.write(b"abcdef");
        task.read();
        assert_eq!(task.writes(), [b"abc"]);
        let wakes = task.wakes.0.load(Ordering::Relaxed);
        assert!(!task.is_flushed());
        assert_eq!(task.wakes.0.load(Ordering::Relaxed), wakes);
        assert_eq!(task.write(b"gh"), Some(2));
        task.connection.stream.room = 100;
        assert!(task.is_flushed());
        assert_eq!(task.writes().concat(), b"abcdefgh");
    }

    #[test]
    fn no_more_is_held_than_the_limit() {
        let mut task = Task::with_room(MOST);
        let half = vec![1; MOST / 2 + 1];
        assert!(task.write(&half).is_some());
        assert!(task.write(&half).is_some());
        assert_eq!(task.writes().concat().len(), half.len());
        // Neither room in the connection nor behind it.
        task.connection.stream.room = 0;
        assert_eq!(task.write(&half), None);
        task.connection.stream.room = usize::MAX;
        let large = vec![2; MOST + 1];
        assert_eq!(task.write(&large), Some(large.len()));
        assert_eq!(task.writes().last(), Some(&large));
        assert!(task.connection.held.is_empty());
    }

    #[test]
    fn what_is_held_comes_before_the_end() {
        let mut task = Task::with_room(usize::MAX);
        task.write(b"last words");
        let ended = task.poll(|connection, context| connection.poll_shutdown(context).is_ready());
        assert!(ended && task.connection.stream.closed);
        assert_eq!(task.writes(), [b"last words"]);
    }
}
