//! What the layer keeps with each span of `tracing`.

use crate::context::SpanContext;
use crate::current::Current;
use crate::span::{SpanHandle, Started, Status};
use crate::value::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing_core::Subscriber;
use tracing_core::span::Id;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

#[derive(Debug)]
pub(super) struct Recorded {
    handle: SpanHandle,
    /// Where no span was started, what children continue with.
    instead: Option<Box<SpanContext>>,
    /// The status was told with all that there is to say.
    told: AtomicBool,
    times: Option<Box<Mutex<Times>>>,
}

#[derive(Debug)]
struct Times {
    last: Instant,
    busy: Duration,
    idle: Duration,
    entered: usize,
}

impl Times {
    fn new() -> Self {
        Self {
            last: Instant::now(),
            busy: Duration::ZERO,
            idle: Duration::ZERO,
            entered: 0,
        }
    }

    /// Adds the time since the last call to what it was.
    fn lap(&mut self, busy: bool) {
        let now = Instant::now();
        let since = now.duration_since(self.last);
        self.last = now;
        *(if busy { &mut self.busy } else { &mut self.idle }) += since;
    }
}

impl Recorded {
    pub(super) fn new(
        started: Started,
        timed: bool,
        instead: impl FnOnce() -> SpanContext,
    ) -> Self {
        let nothing = started.handle == SpanHandle::NONE;
        Self {
            handle: started.handle,
            instead: nothing.then(|| Box::new(instead())),
            told: AtomicBool::new(false),
            times: timed.then(|| Box::new(Mutex::new(Times::new()))),
        }
    }

    pub(super) fn handle(&self) -> SpanHandle {
        self.handle
    }

    fn current(&self) -> Current {
        Current {
            context: match &self.instead {
                Some(context) => SpanContext::clone(context),
                None => self.handle.context(),
            },
            handle: self.handle,
        }
    }

    /// A status that the fields name.
    pub(super) fn tell(&self, status: Status<'_>) {
        self.told.store(true, Ordering::Relaxed);
        self.handle.set_status(status);
    }

    /// Something failed: the status, unless more was said about it already.
    pub(super) fn fail(&self, why: &str) {
        let told = if why.is_empty() {
            self.told.load(Ordering::Relaxed)
        } else {
            self.told.swap(true, Ordering::Relaxed)
        };
        if !told {
            self.handle.set_status(Status::Error(why));
        }
    }

    pub(super) fn entered(&self) {
        self.with_times(|times| {
            if times.entered == 0 {
                times.lap(false);
            }
            times.entered += 1;
        });
    }

    pub(super) fn exited(&self) {
        self.with_times(|times| {
            times.entered = times.entered.saturating_sub(1);
            if times.entered == 0 {
                times.lap(true);
            }
        });
    }

    fn with_times(&self, work: impl FnOnce(&mut Times)) {
        if let Some(times) = &self.times {
            work(&mut times.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Ends the span.
    pub(super) fn close(self) {
        self.with_times(|times| {
            times.lap(false);
            for (key, time) in [("busy_ns", times.busy), ("idle_ns", times.idle)] {
                let ns = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
                self.handle.set(key, Value::Int(ns));
            }
        });
        self.handle.end_once();
    }
}

/// Calls `work` with what is kept with a span, which stays locked for reading meanwhile.
pub(super) fn recorded<S, R>(span: &SpanRef<'_, S>, work: impl FnOnce(&Recorded) -> R) -> Option<R>
where
    S: for<'a> LookupSpan<'a>,
{
    span.extensions().get::<Recorded>().map(work)
}

/// The context of a span by its id, or of the nearest around it that the layer sees.
pub(super) fn context<S>(ctx: &Context<'_, S>, id: &Id) -> Option<Current>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut scope = ctx.span_scope(id)?;
    scope.find_map(|span| recorded(&span, Recorded::current))
}
