//! What the functions of spans have in common: starting with options, writing with a key. The usual
//! way of each is in registers, and the rest out of its way.

use crate::attribute;
use crate::boundary::record;
use crate::context::{handle, tracer_context};
use crate::options::{
    self, TRACER_SPAN_ROOT, TRACER_SPAN_SHARED, tracer_link, tracer_span_options,
};
use crate::provider::{tracer_of, tracer_scope};
use crate::ptr;
use libtracer::binding::{Parent, UsualSpan};
use libtracer::{SpanHandle, SpanKind, Status, Tracer, Value};
use libtracer_abi::{
    TRACER_KIND_CLIENT, TRACER_KIND_CONSUMER, TRACER_KIND_PRODUCER, TRACER_KIND_SERVER,
    TRACER_STATUS_ERROR, TRACER_STATUS_OK, tracer_attribute, tracer_span, tracer_span_kind,
    tracer_span_status,
};
use std::ffi::c_char;

pub(crate) fn kind(kind: tracer_span_kind) -> SpanKind {
    match kind {
        TRACER_KIND_SERVER => SpanKind::Server,
        TRACER_KIND_CLIENT => SpanKind::Client,
        TRACER_KIND_PRODUCER => SpanKind::Producer,
        TRACER_KIND_CONSUMER => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// Starts a span with no more than a name and a parent, if that is quickly done. `None`, and nothing
/// done, if not.
///
/// # Safety
/// The arguments are as the header says of `tracer_span_start`.
#[expect(clippy::inline_always, reason = "its parts stay in registers")]
#[inline(always)]
pub(crate) unsafe fn start_quickly(
    scope: Option<&tracer_scope>,
    name: *const c_char,
    options: *const tracer_span_options,
) -> Option<SpanHandle> {
    // SAFETY: as the caller vouches.
    let options = unsafe { options::whole(options) }?;
    // SAFETY: as the caller vouches.
    let parent = unsafe { options.parent.as_ref() }?;
    let special = TRACER_SPAN_ROOT | TRACER_SPAN_SHARED;
    let more = options.attribute_count | options.link_count != 0;
    if options.flags & special != 0 || more {
        return None;
    }
    // SAFETY: as the caller vouches.
    let name = unsafe { ptr::plain_text(name) }?;
    let (kind, at_ns) = (kind(options.kind), options.start_unix_ns);
    tracer_of(scope).start_quickly(name, parent.value(), kind, at_ns)
}

/// The context as a parent.
#[inline]
fn parent_of(context: &tracer_context) -> Parent<'_> {
    Parent::from(context.value())
}

/// Starts a span of any kind.
///
/// # Safety
/// The arguments are as the header says of `tracer_span_start`.
#[inline(never)]
pub(crate) unsafe fn start_fully(
    scope: Option<&tracer_scope>,
    name: *const c_char,
    options: *const tracer_span_options,
) -> SpanHandle {
    // SAFETY: as the caller vouches.
    let options = unsafe { options::read(options) };
    // SAFETY: as the caller vouches.
    let name = unsafe { ptr::text(name) };
    // SAFETY: as the caller vouches.
    unsafe { start(tracer_of(scope), &name, &options) }
}

/// # Safety
/// What `options` points to is as the header says.
unsafe fn start(tracer: Tracer, name: &str, options: &tracer_span_options) -> SpanHandle {
    // SAFETY: as the caller vouches.
    let given = unsafe { options.parent.as_ref() };
    // The context of a span that had ended: counted as stale, and what is current takes its place.
    let parent = given.filter(|given| !given.is_stale()).map(parent_of);
    let parent = if options.flags & TRACER_SPAN_ROOT == 0 {
        parent
    } else {
        Some(Parent::NONE)
    };
    let builder = tracer.span_of(
        name,
        parent,
        kind(options.kind),
        options.start_unix_ns,
        options.flags & TRACER_SPAN_SHARED != 0,
    );
    let more = options.attribute_count | options.link_count != 0;
    if more && tracer.is_asking() {
        // SAFETY: as the caller vouches.
        return unsafe { options::start_with_all(builder, options) };
    }
    let started = builder.start_unowned();
    if started.recording && more {
        // SAFETY: as the caller vouches.
        unsafe { set_all(started.handle, options.attributes, options.attribute_count) };
        // SAFETY: as the caller vouches.
        for link in unsafe { ptr::elements(options.links, options.link_count) } {
            // SAFETY: as the caller vouches.
            unsafe { add_link(started.handle, link) };
        }
    }
    started.handle
}

/// Runs `work`, which writes to the span, unless nothing is recorded: then nothing is looked at.
#[inline]
pub(crate) fn write(span: tracer_span, work: impl FnOnce(SpanHandle)) {
    let handle = handle(span);
    if !handle.is_quiet() {
        record(|| work(handle));
    }
}

/// Runs `work` with the key; a value stays in registers on its way.
///
/// # Safety
/// The key is as the header says.
#[inline]
pub(crate) unsafe fn set(
    span: tracer_span,
    key: *const c_char,
    work: impl FnOnce(SpanHandle, &str),
) {
    write(span, |span| {
        // SAFETY: as the header says.
        let key = unsafe { ptr::text(key) };
        work(span, &key);
    });
}

/// Sets an attribute by `quickly`, which leaves nothing half done, if it can; else by `work`, out of
/// its way.
///
/// # Safety
/// The key is as the header says.
#[expect(clippy::inline_always, reason = "the closures are its only content")]
#[inline(always)]
pub(crate) unsafe fn set_short(
    span: tracer_span,
    key: *const c_char,
    quickly: impl FnOnce(UsualSpan, &str) -> bool,
    work: impl FnOnce(SpanHandle, &str),
) {
    record(|| {
        let handle = handle(span);
        if let Some(usual) = handle.usual() {
            // SAFETY: as the header says.
            let plain = unsafe { ptr::plain_text(key) };
            if plain.is_some_and(|key| quickly(usual, key)) {
                return;
            }
        }
        if !handle.is_quiet() {
            // SAFETY: as the header says.
            unsafe { set_long(handle, key, work) };
        }
    });
}

/// # Safety
/// As for [`set`].
#[cold]
#[inline(never)]
unsafe fn set_long(span: SpanHandle, key: *const c_char, work: impl FnOnce(SpanHandle, &str)) {
    // SAFETY: as the caller vouches.
    let key = unsafe { ptr::text(key) };
    work(span, &key);
}

/// # Safety
/// As for [`attribute::each`].
pub(crate) unsafe fn set_all(span: SpanHandle, first: *const tracer_attribute, count: usize) {
    // SAFETY: as the caller vouches.
    unsafe { attribute::each(first, count, |key, value| span.set(key, value)) };
}

/// # Safety
/// What the link points to is as the header says.
pub(crate) unsafe fn add_link(span: SpanHandle, link: &tracer_link) {
    // SAFETY: as the caller vouches.
    if let Some(other) = unsafe { link.context.as_ref() } {
        // SAFETY: as the caller vouches.
        let map = unsafe { attribute::map(link.attributes, link.attribute_count) };
        span.add_link(other.span(), &Value::Built(&map));
    }
}

pub(crate) fn status_of(status: tracer_span_status, description: &str) -> Status<'_> {
    match status {
        TRACER_STATUS_OK => Status::Ok,
        TRACER_STATUS_ERROR => Status::Error(description),
        _ => Status::Unset,
    }
}
