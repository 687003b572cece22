//! Contexts between processes: in headers, in the environment, in carriers of any kind.

use crate::boundary::guard;
use crate::context::{or_current, tracer_context};
use crate::{pool, ptr};
use libtracer::binding::current_pair;
use libtracer::{Baggage, Context, Environment, Extractor, Injector, SpanContext, propagator};
use std::cell::OnceCell;
use std::ffi::{CString, c_char, c_void};

/// Reads a field of a carrier: its value, NUL-terminated, or NULL if there is none. Keys are lower
/// case; a carrier of HTTP headers ignores case and joins several values with commas. The value is
/// copied before the next call. Called within the call that it is passed to, on that thread.
pub type tracer_carrier_get =
    Option<unsafe extern "C" fn(carrier: *mut c_void, key: *const c_char) -> *const c_char>;

/// Names a carrier's fields one by one: the one at `index`, NUL-terminated, NULL behind the last.
/// Called as above.
pub type tracer_carrier_key =
    Option<unsafe extern "C" fn(carrier: *mut c_void, index: usize) -> *const c_char>;

/// Sets a field of a carrier, in place of what it was; copy both texts. Called as above.
pub type tracer_carrier_set =
    Option<unsafe extern "C" fn(carrier: *mut c_void, key: *const c_char, value: *const c_char)>;

/// Names that are asked for: a carrier that never ends must not hold up anybody.
const MOST_KEYS: usize = 4096;

/// Texts that a carrier gave, kept while it is read.
#[derive(Default)]
struct Kept {
    text: String,
    next: OnceCell<Box<Kept>>,
}

impl Kept {
    fn keep(&self, text: String) -> &str {
        let mut last = self;
        while let Some(next) = last.next.get() {
            last = next;
        }
        let made = Box::new(Self {
            text,
            next: OnceCell::new(),
        });
        &last.next.get_or_init(|| made).text
    }
}

/// A carrier of the caller's.
struct Carrier {
    get: tracer_carrier_get,
    key: tracer_carrier_key,
    set: tracer_carrier_set,
    data: *mut c_void,
    kept: Kept,
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        let (get, key) = (self.get?, CString::new(key).ok()?);
        // SAFETY: the caller's own function and data, as the header says.
        let value = unsafe { get(self.data, key.as_ptr()) };
        if value.is_null() {
            return None;
        }
        // SAFETY: as the header says.
        Some(self.kept.keep(unsafe { ptr::text(value) }.into_owned()))
    }

    fn keys(&self) -> Vec<&str> {
        let Some(name) = self.key else {
            return Vec::new();
        };
        let mut keys = Vec::new();
        for index in 0..MOST_KEYS {
            // SAFETY: the caller's own function and data, as the header says.
            let key = unsafe { name(self.data, index) };
            if key.is_null() {
                break;
            }
            // SAFETY: as the header says.
            keys.push(self.kept.keep(unsafe { ptr::text(key) }.into_owned()));
        }
        keys
    }
}

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: &str) {
        let (Some(set), Ok(key), Ok(value)) = (self.set, CString::new(key), CString::new(value))
        else {
            return;
        };
        // SAFETY: the caller's own function and data, as the header says.
        unsafe { set(self.data, key.as_ptr(), value.as_ptr()) };
    }
}

/// Reads what is current on this thread, with what a carrier holds in the formats of
/// `tracer_config_set_propagators`. Caller frees it. Any thread. `key` may be NULL where no format
/// needs the names of fields (jaeger's baggage does); a NULL `get` finds nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_extract(
    get: tracer_carrier_get,
    key: tracer_carrier_key,
    carrier: *mut c_void,
) -> *mut tracer_context {
    pool::give(|| {
        let carrier = Carrier {
            get,
            key,
            set: None,
            data: carrier,
            kept: Kept::default(),
        };
        let current = tracer_context::current();
        let read = propagator().extract(current.value(), &carrier);
        current.with(read)
    })
}

/// Writes a context into a carrier, in the formats of `tracer_config_set_propagators`; nothing
/// before a default provider is configured. Any thread. NULL context: what is current.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_inject(
    context: Option<&tracer_context>,
    set: tracer_carrier_set,
    carrier: *mut c_void,
) {
    guard((), || {
        let mut carrier = Carrier {
            get: None,
            key: None,
            set,
            data: carrier,
            kept: Kept::default(),
        };
        or_current(context, |context| {
            propagator().inject(context.value(), &mut carrier);
        });
    });
}

/// Writes the fields that `tracer_context_inject` may set, with commas between them: at most `len`
/// bytes with the NUL. Returns the length of all. Thread-safe. `buf` may be NULL: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_propagator_fields(buf: *mut c_char, len: usize) -> usize {
    guard(0, || {
        let fields = propagator().fields().join(",");
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(&fields, buf, len) }
    })
}

/// Reads the context in a W3C `traceparent` header and its `tracestate` (or NULL). Caller frees it.
/// Thread-safe. A malformed or NULL header gives an invalid context: spans below it are roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_from_traceparent(
    traceparent: *const c_char,
    tracestate: *const c_char,
) -> *mut tracer_context {
    pool::give(|| {
        // SAFETY: as the header says.
        let context = unsafe { span_in(traceparent, tracestate) };
        tracer_context::of_span(context)
    })
}

/// Reads the context in W3C `traceparent`, `tracestate` and `baggage` headers, each may be NULL,
/// whatever the configured formats are. Caller frees it. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_from_headers(
    traceparent: *const c_char,
    tracestate: *const c_char,
    baggage: *const c_char,
) -> *mut tracer_context {
    pool::give(|| {
        // SAFETY: as the header says.
        let context = unsafe { span_in(traceparent, tracestate) };
        // SAFETY: as the header says.
        let baggage = Baggage::from_header(&unsafe { ptr::text(baggage) });
        let value = Context::from(context).with_baggage(baggage);
        tracer_context::whole(value)
    })
}

/// # Safety
/// Both are NULL or NUL-terminated.
unsafe fn span_in(traceparent: *const c_char, tracestate: *const c_char) -> SpanContext {
    // SAFETY: as the caller vouches.
    let traceparent = unsafe { ptr::text(traceparent) };
    // SAFETY: as the caller vouches.
    let tracestate = unsafe { ptr::text(tracestate) };
    SpanContext::from_traceparent(&traceparent, &tracestate).unwrap_or_default()
}

/// Reads the context that the parent process left in the environment (`TRACEPARENT`, `TRACESTATE`,
/// `BAGGAGE`), in the formats of `tracer_config_set_propagators`. Caller frees it. Not while another
/// thread changes the environment.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_from_env() -> *mut tracer_context {
    pool::give(|| {
        let value = propagator().extract(&Context::new(), &Environment::of_process());
        tracer_context::whole(value)
    })
}

/// Writes the W3C `traceparent` of a context to 56 bytes: 55 characters and NUL. False, and an empty
/// text, if the context is invalid or NULL. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_traceparent(
    context: Option<&tracer_context>,
    out: *mut c_char,
) -> bool {
    guard(false, || {
        let none = SpanContext::default();
        // SAFETY: as the header says.
        unsafe { write_traceparent(context.map_or(&none, tracer_context::span), out) }
    })
}

/// Writes the W3C `traceparent` of what is current on this thread; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_traceparent(out: *mut c_char) -> bool {
    // SAFETY: as the header says.
    guard(false, || unsafe {
        write_traceparent(&current_pair().0, out)
    })
}

/// # Safety
/// `out` is NULL or has 56 writable bytes.
unsafe fn write_traceparent(context: &SpanContext, out: *mut c_char) -> bool {
    let mut buffer = [0; SpanContext::TRACEPARENT_LEN];
    let text = if context.is_valid() {
        context.write_traceparent(&mut buffer)
    } else {
        ""
    };
    // SAFETY: a `traceparent` has 55 characters.
    let written = unsafe { ptr::write_text(text, out) };
    written && !text.is_empty()
}

/// Writes the W3C `tracestate` of a context: at most `len` bytes with the NUL. Returns the length of
/// all of it, 0 if there is none. Thread-safe. NULL context: what is current; NULL `buf`: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_tracestate(
    context: Option<&tracer_context>,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        or_current(context, |context| {
            // SAFETY: as the header says.
            unsafe { ptr::write_cut(context.span().trace_state.as_str(), buf, len) }
        })
    })
}

/// Makes a copy of a context with an entry of its `tracestate` set, or removed where `value` is NULL.
/// What W3C Trace Context does not allow is left out. Caller frees it. Thread-safe. NULL context:
/// what is current.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_with_tracestate(
    context: Option<&tracer_context>,
    key: *const c_char,
    value: *const c_char,
) -> *mut tracer_context {
    pool::give(|| {
        // SAFETY: as the header says.
        let key = unsafe { ptr::text(key) };
        let given = !value.is_null();
        // SAFETY: as the header says.
        let value = unsafe { ptr::text(value) };
        or_current(context, |context| {
            let mut span = context.span().clone();
            span.trace_state = if given {
                span.trace_state.insert(&key, &value)
            } else {
                Ok(span.trace_state.remove(&key))
            }
            .unwrap_or(span.trace_state);
            let changed = context.value().with_span_context(span);
            context.with(changed)
        })
    })
}
