//! A request body in pieces that are shared, not copied.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

/// Pieces that follow each other as a body of known length: hyper hands them to the socket as they
/// are.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    left: usize,
    frames: VecDeque<Bytes>,
}

impl Frames {
    pub(crate) fn new(frames: &[Bytes]) -> Self {
        Self {
            left: frames.iter().map(Bytes::len).sum(),
            frames: frames.to_vec().into(),
        }
    }
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
