//! Futures that keep their span or context wherever they are polled.
//!
//! A task of an asynchronous runtime may move to another thread at each `.await`, and its thread
//! polls other tasks in between. So nothing stays current on a thread across an `.await`: these
//! futures make their span current for the time of each poll only, and for the time in which what is
//! in them is dropped.

use crate::context::Context;
use crate::span::Span;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

/// Gives a future a span or context that is current whenever it is polled.
///
/// Each poll costs one attach and detach, some 20 ns; nothing is allocated.
pub trait FutureExt: Future + Sized {
    /// Runs the future in `span`, which ends when the future completes or is dropped.
    ///
    /// What the future holds is dropped before, while the span is still current. In the future the
    /// span is [`current_span`](crate::current_span).
    ///
    /// ```
    /// use libtracer::{Config, FutureExt, MemoryExporter, TracerProvider, current_span};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), libtracer::ConfigError> {
    /// let finished = MemoryExporter::new();
    /// let provider = TracerProvider::new(&Config::new().memory(&finished))?;
    /// let tracer = provider.tracer("shop");
    ///
    /// let pay = async {
    ///     tokio::task::yield_now().await;
    ///     current_span().set("amount", 9.5.into());
    ///     tracer.start("charge").end(); // a child of "pay"
    /// };
    /// pay.in_span(tracer.start("pay")).await;
    ///
    /// let [charge, pay] = finished.spans().try_into().unwrap();
    /// assert_eq!(charge.parent_span_id, Some(pay.span_id));
    /// # Ok(())
    /// # }
    /// ```
    fn in_span(self, span: Span) -> InSpan<Self> {
        InSpan {
            inner: Some(self),
            span: Some(span),
        }
    }

    /// Runs the future with `context` current: span, baggage and values.
    ///
    /// A span of this process in it must still be open only if it is to be written to; as a parent it
    /// serves after its end too.
    ///
    /// ```
    /// use libtracer::{FutureExt, SpanContext, current_context};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let caller = SpanContext::from_traceparent(header, "").unwrap();
    /// let found = async { current_context() }.with_context(caller.clone().into()).await;
    /// assert_eq!(found, caller);
    /// # }
    /// ```
    fn with_context(self, context: Context) -> WithContext<Self> {
        WithContext {
            inner: Some(self),
            context,
        }
    }

    /// Runs the future with what is current here and now, in a spawned task for instance.
    ///
    /// ```
    /// use libtracer::{Config, FutureExt, TracerProvider, current_context};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), libtracer::ConfigError> {
    /// let provider = TracerProvider::new(&Config::new())?;
    /// let order = provider.tracer("shop").start("order").enter();
    /// let context = order.context();
    /// let task = tokio::spawn(async { current_context() }.with_current_context());
    /// drop(order); // nothing is to be current on this thread across an await
    /// assert_eq!(task.await.unwrap(), context);
    /// # Ok(())
    /// # }
    /// ```
    fn with_current_context(self) -> WithContext<Self> {
        self.with_context(Context::current())
    }
}

impl<F: Future> FutureExt for F {}

pin_project! {
    /// A future in its span; see [`FutureExt::in_span`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InSpan<F> {
        #[pin]
        inner: Option<F>,
        span: Option<Span>,
    }

    impl<F> PinnedDrop for InSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _current = this.span.as_ref().map(Span::attach);
            this.inner.set(None);
        }
    }
}

impl<F> InSpan<F> {
    /// The span, until the future has completed.
    pub fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let current = this.span.as_ref().map(Span::attach);
        let polled = poll_once(this.inner, task);
        drop(current);
        if polled.is_ready() {
            *this.span = None;
        }
        polled
    }
}

pin_project! {
    /// A future with its context; see [`FutureExt::with_context`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WithContext<F> {
        #[pin]
        inner: Option<F>,
        context: Context,
    }

    impl<F> PinnedDrop for WithContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                let _current = this.context.attach();
                this.inner.set(None);
            }
        }
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _current = this.context.attach();
        poll_once(this.inner, task)
    }
}

/// Polls what is there; once complete it is dropped at once, where it was polled. A future that is
/// polled again after that stays pending.
fn poll_once<F: Future>(
    mut inner: Pin<&mut Option<F>>,
    task: &mut TaskContext<'_>,
) -> Poll<F::Output> {
    let Some(future) = inner.as_mut().as_pin_mut() else {
        return Poll::Pending;
    };
    let polled = future.poll(task);
    if polled.is_ready() {
        inner.set(None);
    }
    polled
}
