//! What the copies of this library in a process ask of each other. Functions are only ever appended;
//! a change of what is there is another [`VERSION`].

use super::answer;
use crate::context::{SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use crate::provider::hooks::contained;
use std::fmt;
use std::slice;

/// The meaning of the fields; copies of different versions do not speak with each other.
pub(super) const VERSION: u32 = 1;

/// What every table has behind its address.
const MAGIC: [u8; 8] = *b"tracer\x00\x01";

/// The longest `tracestate` that is handed over: all that the specification lets through.
const STATE: usize = 512;

/// One copy, as the others see it.
#[repr(C)]
pub(crate) struct Table {
    /// By this, others find it.
    this: &'static Table,
    magic: [u8; 8],
    pub(super) version: u32,
    /// Bytes of this structure: a later copy has more.
    size: u32,
    /// What this copy is in the process: [`Standing`]'s bits.
    standing: extern "C" fn() -> u32,
    /// Something has changed among these copies: work out again who leads.
    reconsider: unsafe extern "C" fn(copies: *const &'static Table, count: usize),
    current: extern "C" fn(out: &mut RawContext),
    attach: extern "C" fn(context: &RawContext) -> u64,
    detach: extern "C" fn(token: u64),
    sample: unsafe extern "C" fn(question: &Question, answer: &mut Answer),
    publish: unsafe extern "C" fn(scope: Bytes, span: Bytes),
    flush: extern "C" fn(timeout_ms: u64) -> bool,
}

/// This copy.
pub(crate) static TABLE: Table = Table {
    this: &TABLE,
    magic: MAGIC,
    version: VERSION,
    #[expect(clippy::cast_possible_truncation, reason = "some words")]
    size: size_of::<Table>() as u32,
    standing,
    reconsider,
    current,
    attach,
    detach,
    sample,
    publish,
    flush,
};

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a copy is in the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing(u32);

impl Standing {
    const SPEAKS: u32 = 1;
    const CONFIGURED: u32 = 2;

    /// `speaks`: a language answers to it what is current; `configured`: it knows where spans go.
    pub(super) fn new(speaks: bool, configured: bool) -> Self {
        let bit = |on: bool, bit: u32| if on { bit } else { 0 };
        Self(bit(speaks, Self::SPEAKS) | bit(configured, Self::CONFIGURED))
    }

    pub(super) fn speaks(self) -> bool {
        self.0 & Self::SPEAKS != 0
    }

    pub(super) fn is_configured(self) -> bool {
        self.0 & Self::CONFIGURED != 0
    }
}

/// A context by value.
#[repr(C)]
#[derive(Debug)]
pub(super) struct RawContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
    is_remote: bool,
    state_len: u16,
    state: [u8; STATE],
}

impl RawContext {
    fn none() -> Self {
        Self::of(&SpanContext::default())
    }

    fn of(context: &SpanContext) -> Self {
        let text = context.trace_state.as_str().as_bytes();
        let mut raw = Self {
            trace_id: context.trace_id.0,
            span_id: context.span_id.0,
            flags: context.trace_flags.0,
            is_remote: context.is_remote,
            state_len: 0,
            state: [0; STATE],
        };
        if let (Some(place), Ok(len)) = (raw.state.get_mut(..text.len()), text.len().try_into()) {
            place.copy_from_slice(text);
            raw.state_len = len;
        }
        raw
    }

    fn context(&self) -> SpanContext {
        SpanContext {
            trace_id: TraceId(self.trace_id),
            span_id: SpanId(self.span_id),
            trace_flags: TraceFlags(self.flags),
            is_remote: self.is_remote,
            trace_state: self.trace_state().unwrap_or_default(),
        }
    }

    fn trace_state(&self) -> Option<TraceState> {
        let text = self.state.get(..self.state_len.into())?;
        std::str::from_utf8(text).ok().map(TraceState::from_header)
    }
}

/// Bytes that are there during a call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Bytes {
    start: *const u8,
    len: usize,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        Self {
            start: bytes.as_ptr(),
            len: bytes.len(),
        }
    }

    /// # Safety
    /// They are there as long as the result is used.
    unsafe fn get<'a>(self) -> &'a [u8] {
        // SAFETY: another copy made it of a slice that it holds during the call.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

/// A span that is about to start.
#[repr(C)]
#[derive(Debug)]
struct Question {
    /// Invalid for a root.
    parent: RawContext,
    trace_id: [u8; 16],
    kind: u8,
    name: Bytes,
}

/// What is to become of it.
#[repr(C)]
#[derive(Debug)]
struct Answer {
    /// 0 drop, 1 record, 2 record and sample.
    decision: u8,
    has_state: bool,
    /// Its `tracestate` if it has one of its own.
    state: RawContext,
}

extern "C" fn standing() -> u32 {
    contained(|| super::standing().0).unwrap_or(0)
}

unsafe extern "C" fn reconsider(copies: *const &'static Table, count: usize) {
    // SAFETY: the copy that tells holds so many during the call.
    let copies = unsafe { slice::from_raw_parts(copies, count) };
    contained(|| super::told(copies));
}

extern "C" fn current(out: &mut RawContext) {
    if let Some(context) = contained(crate::current::current_context) {
        *out = RawContext::of(&context);
    }
}

extern "C" fn attach(context: &RawContext) -> u64 {
    contained(|| answer::attach(context.context())).unwrap_or(0)
}

extern "C" fn detach(token: u64) {
    contained(|| crate::current::detach(token));
}

unsafe extern "C" fn sample(question: &Question, out: &mut Answer) {
    // SAFETY: the asking copy holds it during the call.
    let name = unsafe { question.name.get() };
    let sampled = contained(|| {
        let parent = question.parent.context();
        let name = String::from_utf8_lossy(name);
        answer::sample(&parent, question.trace_id, &name, question.kind)
    });
    let Some((decision, state)) = sampled else {
        return;
    };
    out.decision = decision;
    if let Some(trace_state) = state {
        out.has_state = true;
        out.state = RawContext::of(&SpanContext {
            trace_state,
            ..SpanContext::default()
        });
    }
}

unsafe extern "C" fn publish(scope: Bytes, span: Bytes) {
    // SAFETY: the copy that hands it over holds it during the call.
    let (scope, span) = (unsafe { scope.get() }, unsafe { span.get() });
    contained(|| answer::publish(scope, span));
}

extern "C" fn flush(timeout_ms: u64) -> bool {
    contained(|| answer::flush(timeout_ms)).unwrap_or(false)
}

/// The other side: what this copy asks of another.
impl Table {
    pub(super) fn is_this_copy(&self) -> bool {
        std::ptr::eq(self, &raw const TABLE)
    }

    /// Whether it is what a note led to.
    #[cfg(all(target_os = "linux", not(miri), not(loom)))]
    pub(super) fn is_one(&self) -> bool {
        self.magic == MAGIC
    }

    /// Whether this copy knows what the functions of that one mean.
    pub(super) fn is_known(&self) -> bool {
        self.version == VERSION && self.size >= TABLE.size
    }

    pub(super) fn standing(&self) -> Standing {
        Standing((self.standing)())
    }

    pub(super) fn reconsider(&self, copies: &[&'static Self]) {
        // SAFETY: a table of this version takes these; they are there during the call.
        unsafe { (self.reconsider)(copies.as_ptr(), copies.len()) };
    }

    pub(super) fn current(&self) -> SpanContext {
        let mut out = RawContext::none();
        (self.current)(&mut out);
        out.context()
    }

    pub(super) fn attach(&self, context: &SpanContext) -> u64 {
        (self.attach)(&RawContext::of(context))
    }

    pub(super) fn detach(&self, token: u64) {
        (self.detach)(token);
    }

    /// What a span is to become: 0 drop, 1 record, 2 record and sample, and its own `tracestate`.
    pub(super) fn sample(
        &self,
        parent: Option<&SpanContext>,
        trace_id: TraceId,
        name: &str,
        kind: u8,
    ) -> (u8, Option<TraceState>) {
        let question = Question {
            parent: parent.map_or_else(RawContext::none, RawContext::of),
            trace_id: trace_id.0,
            kind,
            name: Bytes::of(name.as_bytes()),
        };
        let mut answer = Answer {
            decision: 0,
            has_state: false,
            state: RawContext::none(),
        };
        // SAFETY: a table of this version takes these; the name is there during the call.
        unsafe { (self.sample)(&question, &mut answer) };
        let state = answer.has_state.then(|| answer.state.trace_state());
        (answer.decision, state.flatten())
    }

    /// Hands over a finished span (OTLP `Span`) of a scope (what stands before the spans in OTLP
    /// `ScopeSpans`).
    pub(super) fn publish(&self, scope: &[u8], span: &[u8]) {
        // SAFETY: a table of this version takes these; both are there during the call.
        unsafe { (self.publish)(Bytes::of(scope), Bytes::of(span)) };
    }

    pub(super) fn flush(&self, timeout_ms: u64) -> bool {
        (self.flush)(timeout_ms)
    }
}
