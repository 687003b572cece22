//! What a span object holds, and how Rust gets at it.

use super::alloc::SPAN_TYPE;
use crate::object::Slot;
use crate::runtime::{Handle, Scope};
use libtracer_abi::tracer_context_value;
use opentelemetry_proto::tonic::trace::v1 as proto;
use pyo3::ffi::{self, PyObject};
use pyo3::{Borrowed, Bound, PyAny, Python};
use std::cell::{Cell, OnceCell};
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;

/// Where a span is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not started yet.
    Pending,
    /// Started and not ended.
    Live,
    /// Ended; can still be read and be a parent.
    Ended,
    /// Asked for before tracing was configured.
    Void,
}

/// Bits of [`SpanBody::options`].
pub(crate) mod option {
    /// An exception that leaves the block becomes an event.
    pub(crate) const RECORD_EXCEPTION: u16 = 1;
    /// An exception that leaves the block sets the status.
    pub(crate) const SET_STATUS: u16 = 2;
    /// Leaving the block ends the span.
    pub(crate) const END_ON_EXIT: u16 = 4;
    /// Void unless tracing is configured.
    pub(crate) const GATED: u16 = 8;
    /// What most spans want.
    pub(crate) const DEFAULT: u16 = RECORD_EXCEPTION | SET_STATUS | END_ON_EXIT;
    /// The runtime records the span (it is sampled and within the bounds).
    pub(crate) const RECORDING: u16 = 16;
    /// The program has described an error itself.
    pub(crate) const DESCRIBED: u16 = 32;
    /// Entering the span does not make it current: OpenTelemetry's `start_span`.
    pub(crate) const PASSIVE: u16 = 64;
    /// Processors of the program's own have seen the span start and are told of its end.
    pub(crate) const WATCHED: u16 = 128;
    /// Made by a provider's tracer: what is written follows opentelemetry-sdk's rules.
    pub(crate) const SDK: u16 = 256;
    /// The span is started because it is to be a parent.
    pub(crate) const STARTING: u16 = 512;
    /// The ids that are not zero are the span's before it starts.
    pub(crate) const OWN_IDS: u16 = 1024;
    /// Its face is the object that was made current, and stands for it.
    pub(crate) const FACED: u16 = 2048;
    /// What `init` puts on spans is put on this one, as on those that are [`GATED`].
    pub(crate) const MARKED: u16 = 4096;
    /// A log record tells of the call that the span stands for.
    pub(crate) const LOGGED: u16 = 8192;
    /// With its arguments.
    pub(crate) const LOG_ARGS: u16 = 16384;
    /// With its result.
    pub(crate) const LOG_RESULT: u16 = 32768;
    /// What a log record tells.
    pub(crate) const LOG: u16 = LOGGED | LOG_ARGS | LOG_RESULT;
    /// The options that a copy inherits.
    pub(crate) const INHERITED: u16 = DEFAULT | GATED | PASSIVE | SDK | MARKED | LOG;
}

/// The identity of a span.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ids {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) trace_flags: u8,
    pub(crate) is_remote: u8,
}

impl Ids {
    /// Whether both ids are non-zero.
    #[inline]
    pub(crate) fn is_valid(&self) -> bool {
        u128::from_ne_bytes(self.trace_id) != 0 && u64::from_ne_bytes(self.span_id) != 0
    }

    /// The context of these ids with a trace state, which the result borrows.
    #[inline]
    pub(crate) fn with_trace_state(&self, trace_state: &str) -> tracer_context_value {
        tracer_context_value {
            trace_id: self.trace_id,
            span_id: self.span_id,
            trace_flags: self.trace_flags,
            is_remote: self.is_remote,
            reserved: [0; 2],
            trace_state_len: u32::try_from(trace_state.len()).unwrap_or(0),
            trace_state: if trace_state.is_empty() {
                ptr::null()
            } else {
                trace_state.as_ptr().cast()
            },
        }
    }
}

impl From<&tracer_context_value> for Ids {
    #[inline]
    fn from(context: &tracer_context_value) -> Self {
        Self {
            trace_id: context.trace_id,
            span_id: context.span_id,
            trace_flags: context.trace_flags,
            is_remote: context.is_remote,
        }
    }
}

/// The memory of a span object.
#[repr(C)]
pub(crate) struct SpanObject {
    base: PyObject,
    /// CPython's list of weak references.
    pub(super) weak: Cell<*mut PyObject>,
    pub(super) body: SpanBody,
}

/// What is ours in a span object. A blank one is what the free list keeps.
pub(crate) struct SpanBody {
    pub(crate) state: Cell<State>,
    pub(crate) options: Cell<u16>,
    /// OTLP's number of the kind.
    pub(crate) kind: Cell<i32>,
    pub(crate) handle: Cell<Handle>,
    pub(crate) ids: Cell<Ids>,
    pub(crate) parent: Cell<Ids>,
    pub(crate) trace_state: OnceCell<Box<str>>,
    pub(crate) scope: Cell<Scope>,
    /// Start time asked for, 0 = when it starts.
    pub(crate) start_unix_ns: Cell<u64>,
    /// End time while processors are told of the end, else 0.
    pub(crate) end_unix_ns: Cell<u64>,
    /// The encoding, once ended.
    pub(crate) bytes: Cell<Vec<u8>>,
    /// The encoding read back, once somebody asked.
    pub(crate) decoded: OnceCell<Box<proto::Span>>,
    pub(crate) name: Slot,
    /// The [`Tracer`](crate::tracer::Tracer) that made the span, if one did.
    pub(crate) tracer: Slot,
    /// Attributes, parent and links to start with.
    pub(crate) attributes: Slot,
    pub(crate) context: Slot,
    pub(crate) links: Slot,
    /// Undoes the entering.
    pub(crate) token: Slot,
    /// Undo the enterings while it was entered: a list.
    pub(crate) more_tokens: Slot,
    /// What was current before: base of the OpenTelemetry context in which this span is current.
    pub(crate) previous: Slot,
    /// That context, once somebody asked for it.
    pub(crate) own_context: Slot,
    /// The `SpanContext`, once somebody asked for it.
    pub(crate) span_context: Slot,
    /// The exception recorded last, until the span ends.
    pub(crate) exception: Slot,
    /// The `libtracer.tracer.Span` that shows this span, while it may be current.
    pub(crate) face: Slot,
}

impl SpanBody {
    pub(super) fn blank() -> Self {
        Self {
            state: Cell::new(State::Pending),
            options: Cell::new(0),
            kind: Cell::new(0),
            handle: Cell::new(Handle::default()),
            ids: Cell::new(Ids::default()),
            parent: Cell::new(Ids::default()),
            trace_state: OnceCell::new(),
            scope: Cell::new(Scope::DEFAULT),
            start_unix_ns: Cell::new(0),
            end_unix_ns: Cell::new(0),
            bytes: Cell::new(Vec::new()),
            decoded: OnceCell::new(),
            name: Slot::empty(),
            tracer: Slot::empty(),
            attributes: Slot::empty(),
            context: Slot::empty(),
            links: Slot::empty(),
            token: Slot::empty(),
            more_tokens: Slot::empty(),
            previous: Slot::empty(),
            own_context: Slot::empty(),
            span_context: Slot::empty(),
            exception: Slot::empty(),
            face: Slot::empty(),
        }
    }

    /// Every reference the object owns.
    pub(super) fn slots(&self) -> [&Slot; 12] {
        [
            &self.name,
            &self.tracer,
            &self.attributes,
            &self.context,
            &self.links,
            &self.token,
            &self.more_tokens,
            &self.previous,
            &self.own_context,
            &self.span_context,
            &self.exception,
            &self.face,
        ]
    }

    /// The body of an object, if that is a span of ours, also without the GIL: what is set when a
    /// span starts may then be read of one that is or was current.
    ///
    /// # Safety
    ///
    /// The object must stay alive for `'a`.
    pub(crate) unsafe fn peek<'a>(object: NonNull<PyObject>) -> Option<&'a Self> {
        // SAFETY: alive, as the caller promises.
        let kind = unsafe { ffi::Py_TYPE(object.as_ptr()) };
        if kind != SPAN_TYPE.load(Ordering::Relaxed) {
            return None;
        }
        let span: *mut SpanObject = object.as_ptr().cast();
        // SAFETY: an object of the type is a `SpanObject`, alive as the caller promises.
        Some(unsafe { &(*span).body })
    }

    /// Whether the span is entered and not left.
    #[inline]
    pub(crate) fn is_entered(&self) -> bool {
        !self.token.is_empty() || !self.more_tokens.is_empty()
    }

    /// Whether an option is on.
    #[inline]
    pub(crate) fn has(&self, bit: u16) -> bool {
        self.options.get() & bit != 0
    }

    /// Turns an option on.
    #[inline]
    pub(crate) fn mark(&self, bit: u16) {
        self.options.set(self.options.get() | bit);
    }

    /// The span's context; it borrows the trace state.
    #[inline]
    pub(crate) fn context_value(&self) -> tracer_context_value {
        self.ids.get().with_trace_state(self.trace_state())
    }

    /// The W3C trace state.
    #[inline]
    pub(crate) fn trace_state(&self) -> &str {
        self.trace_state.get().map_or("", |text| text)
    }
}

/// A Python object known to be a span of ours.
#[derive(Clone, Copy)]
pub(crate) struct Span<'a, 'py> {
    object: Borrowed<'a, 'py, PyAny>,
}

impl<'a, 'py> Span<'a, 'py> {
    /// The object, if it is a span of ours.
    #[inline]
    pub(crate) fn cast(object: Borrowed<'a, 'py, PyAny>) -> Option<Self> {
        // SAFETY: a live object; reading its type is always allowed.
        let kind = unsafe { ffi::Py_TYPE(object.as_ptr()) };
        (kind == SPAN_TYPE.load(Ordering::Relaxed)).then_some(Self { object })
    }

    /// The object of a method of the type.
    ///
    /// # Safety
    ///
    /// `object` must be of the type, as CPython sees to for methods, getters and slots.
    #[inline]
    pub(crate) unsafe fn of_method(object: Borrowed<'a, 'py, PyAny>) -> Self {
        Self { object }
    }

    /// The object itself.
    #[inline]
    pub(crate) fn object(self) -> Borrowed<'a, 'py, PyAny> {
        self.object
    }

    /// A reference of the caller's own.
    #[inline]
    pub(crate) fn to_owned(self) -> Bound<'py, PyAny> {
        self.object.to_owned()
    }

    /// Proof of the GIL.
    #[inline]
    pub(crate) fn py(self) -> Python<'py> {
        self.object.py()
    }
}

impl Deref for Span<'_, '_> {
    type Target = SpanBody;

    #[inline]
    fn deref(&self) -> &SpanBody {
        let object: *mut SpanObject = self.object.as_ptr().cast();
        // SAFETY: the object is of our type, hence a `SpanObject`, and alive for `'a`; all fields
        // are cells, so shared references are all there ever are while it lives.
        unsafe { &(*object).body }
    }
}
