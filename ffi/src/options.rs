//! What a span starts with.

use crate::attribute;
use crate::context::tracer_context;
use crate::ptr;
use libtracer::{Link, SpanBuilder, SpanHandle, Value, ValueBuilder};
use libtracer_abi::{tracer_attribute, tracer_span_kind};

/// Several threads may use the span at once; costs a lock of some nanoseconds a call.
pub const TRACER_SPAN_SHARED: u32 = 1;
/// No parent: a new trace.
pub const TRACER_SPAN_ROOT: u32 = 2;

/// A link to another span.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "borrowed C pointers")]
pub struct tracer_link {
    /// The other span; borrowed.
    pub context: *const tracer_context,
    /// Attributes of the link or NULL.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
}

/// Options of `tracer_span_start`, zero meaning the usual. Begin with `TRACER_SPAN_OPTIONS_INIT`.
/// Everything it points to is borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "borrowed C pointers")]
pub struct tracer_span_options {
    /// `sizeof(tracer_span_options)` as the caller knows it.
    pub struct_size: usize,
    /// `TRACER_SPAN_*` bits.
    pub flags: u32,
    /// `TRACER_KIND_*`, 0 = internal.
    pub kind: tracer_span_kind,
    /// The parent; NULL = what is current.
    pub parent: *const tracer_context,
    /// Unix nanoseconds, 0 = now.
    pub start_unix_ns: u64,
    /// Attributes known at the start: preferred, samplers see these only.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// Links or NULL.
    pub links: *const tracer_link,
    /// Their number.
    pub link_count: usize,
}

const NONE: tracer_span_options = tracer_span_options {
    struct_size: size_of::<tracer_span_options>(),
    flags: 0,
    kind: 0,
    parent: std::ptr::null(),
    start_unix_ns: 0,
    attributes: std::ptr::null(),
    attribute_count: 0,
    links: std::ptr::null(),
    link_count: 0,
};

/// The options of a caller who has at least our version of them; no copy is made.
///
/// # Safety
/// As for [`read`], for `'a`.
#[inline]
pub(crate) unsafe fn whole<'a>(
    options: *const tracer_span_options,
) -> Option<&'a tracer_span_options> {
    if options.is_null() {
        return Some(&NONE);
    }
    // SAFETY: the size is the struct's first member in every version.
    let size = unsafe { options.cast::<usize>().read() };
    if size < size_of::<tracer_span_options>() {
        return None;
    }
    // SAFETY: the caller has at least our version of the struct.
    unsafe { options.as_ref() }
}

/// The options as this library knows them; what an older caller does not have is as usual.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes.
pub(crate) unsafe fn read(options: *const tracer_span_options) -> tracer_span_options {
    // SAFETY: as the caller vouches.
    unsafe { prefix(options, NONE) }
}

/// A struct of options that begins with its size as the caller knows it; the rest is `usual`.
///
/// # Safety
/// `options` is NULL or points to as many readable bytes as it begins with; every bit pattern of a
/// prefix of it is an `O`.
#[inline]
pub(crate) unsafe fn prefix<O: Copy>(options: *const O, usual: O) -> O {
    if options.is_null() {
        return usual;
    }
    // SAFETY: the size is the struct's first member in every version.
    let size = unsafe { options.cast::<usize>().read() };
    if size >= size_of::<O>() {
        // SAFETY: the caller has at least our version of the struct.
        return unsafe { options.read() };
    }
    let mut known = usual;
    // Every version ends between members; anything else must not leave half of a pointer.
    let size = size - size % align_of::<O>();
    // SAFETY: an older, shorter struct is a prefix of ours.
    unsafe {
        (&raw mut known)
            .cast::<u8>()
            .copy_from_nonoverlapping(options.cast(), size);
    };
    known
}

/// Attributes that are kept while something is started with them.
type Kept = Vec<(String, ValueBuilder)>;

/// # Safety
/// As for [`attribute::each`].
unsafe fn keep(first: *const tracer_attribute, count: usize) -> Kept {
    let mut kept = Kept::new();
    // SAFETY: as the caller vouches.
    unsafe {
        attribute::each(first, count, |key, value| {
            let mut built = ValueBuilder::new();
            built.add(value);
            kept.push((key.to_owned(), built));
        });
    }
    kept
}

fn lent(kept: &Kept) -> Vec<(&str, Value<'_>)> {
    let pairs = kept.iter();
    pairs
        .map(|(key, value)| (key.as_str(), Value::Built(value)))
        .collect()
}

/// Starts a span with all attributes and links at once, as code of the program's own is to see them.
///
/// # Safety
/// What `options` points to is as the header says.
#[cold]
pub(crate) unsafe fn start_with_all(
    builder: SpanBuilder<'_>,
    options: &tracer_span_options,
) -> SpanHandle {
    // SAFETY: as the caller vouches.
    let attributes = unsafe { keep(options.attributes, options.attribute_count) };
    // SAFETY: as the caller vouches.
    let given = unsafe { ptr::elements(options.links, options.link_count) };
    let linked = given.iter().filter_map(|link| {
        // SAFETY: as the caller vouches.
        let other = unsafe { link.context.as_ref() }?;
        // SAFETY: as the caller vouches.
        Some((other.span(), unsafe {
            keep(link.attributes, link.attribute_count)
        }))
    });
    let linked: Vec<_> = linked.collect();
    let link_attributes: Vec<_> = linked.iter().map(|(_, kept)| lent(kept)).collect();
    let links = linked.iter().zip(&link_attributes);
    let links: Vec<Link<'_>> = links
        .map(|((context, _), attributes)| Link {
            context,
            attributes,
        })
        .collect();
    let attributes = lent(&attributes);
    builder.attributes(&attributes).links(&links).start_handle()
}
