//! Nested values, built as a stream: arrays, maps and null.

use crate::boundary::{contain, record};
use crate::pool::{self, Object, Pool};
use crate::ptr;
use crate::value_view::Read;
use libtracer::binding::{MisuseKind, count_misuse};
use libtracer::{Value, ValueBuilder};
use libtracer_abi::tracer_value;
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

/// What a `tracer_value *` points to.
#[derive(Default)]
pub(crate) struct Built {
    builder: ValueBuilder,
    /// What C was shown of it since it last changed.
    read: OnceLock<Read>,
    /// Whether C made it: what was freed, or is only lent to C, is not written to.
    is_writable: bool,
}

static VALUES: Pool<Built> = Pool::new();

impl Object for Built {
    const POOL: &'static Pool<Self> = &VALUES;

    fn empty(&mut self) {
        *self = Self::default();
    }
}

impl Built {
    pub(crate) fn of(builder: ValueBuilder) -> Self {
        Self {
            builder,
            ..Self::default()
        }
    }

    pub(crate) fn read(&self) -> &Read {
        self.read.get_or_init(|| Read::of(&self.builder))
    }
}

/// What a pointer points to.
///
/// # Safety
/// As for [`built`].
pub(crate) unsafe fn kept<'a>(value: *const tracer_value) -> Option<&'a Built> {
    // SAFETY: as the caller vouches.
    unsafe { value.cast::<Built>().as_ref() }
}

/// The builder behind a pointer.
///
/// # Safety
/// `value` is NULL, or came from `tracer_value_new`, freed or not, or is of a view that
/// lives; nobody writes it for `'a`.
pub(crate) unsafe fn built<'a>(value: *const tracer_value) -> Option<&'a ValueBuilder> {
    // SAFETY: as the caller vouches.
    unsafe { kept(value) }.map(|value| &value.builder)
}

/// Runs `work` on the builder behind a pointer, unless it was freed or is only lent to C.
///
/// # Safety
/// As for [`built`], and nobody else uses it now.
unsafe fn with(value: *mut tracer_value, work: impl FnOnce(&mut ValueBuilder)) {
    record(|| {
        // SAFETY: as the caller vouches.
        if let Some(value) = unsafe { value.cast::<Built>().as_mut() } {
            if !value.is_writable {
                return count_misuse(MisuseKind::Stale);
            }
            if value.read.get().is_some() {
                value.read = OnceLock::new();
            }
            work(&mut value.builder);
        }
    });
}

/// Makes an empty value: null until something is added. Caller frees it. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_value_new() -> *mut tracer_value {
    let made = || {
        pool::hand(Built {
            is_writable: true,
            ..Built::default()
        })
    };
    contain(null_mut(), made).cast()
}

/// Frees a value. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_free(value: *mut tracer_value) {
    pool::free(value.cast::<Built>());
}

/// Empties a value and keeps its memory. NULL is allowed, here and below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_clear(value: *mut tracer_value) {
    // SAFETY: as the header says.
    unsafe { with(value, ValueBuilder::clear) };
}

/// Begins an array; its elements follow, then `tracer_value_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_begin_array(value: *mut tracer_value) {
    // SAFETY: as the header says.
    unsafe { with(value, ValueBuilder::begin_array) };
}

/// Begins a map; keys and values follow by turns, then `tracer_value_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_begin_map(value: *mut tracer_value) {
    // SAFETY: as the header says.
    unsafe { with(value, ValueBuilder::begin_map) };
}

/// Ends the innermost array or map; what is not ended is ended by use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_end(value: *mut tracer_value) {
    // SAFETY: as the header says.
    unsafe { with(value, ValueBuilder::end) };
}

/// Names the next value of a map: `len` bytes of UTF-8, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_key(
    value: *mut tracer_value,
    key: *const c_char,
    len: usize,
) {
    // SAFETY: as the header says.
    let key = unsafe { ptr::text_of(key, len) };
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.key(&key)) };
}

/// Adds a null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_null(value: *mut tracer_value) {
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.add(Value::Null)) };
}

/// Adds a boolean.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_bool(value: *mut tracer_value, boolean: bool) {
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.add(Value::Bool(boolean))) };
}

/// Adds an integer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_int(value: *mut tracer_value, integer: i64) {
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.add(Value::Int(integer))) };
}

/// Adds a double.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_double(value: *mut tracer_value, number: f64) {
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.add(Value::Double(number))) };
}

/// Adds a text of `len` bytes, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_string(
    value: *mut tracer_value,
    text: *const c_char,
    len: usize,
) {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text_of(text, len) };
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.add(Value::String(&text))) };
}

/// Adds `len` bytes, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_bytes(
    value: *mut tracer_value,
    data: *const c_void,
    len: usize,
) {
    // SAFETY: as the header says.
    let bytes = unsafe { ptr::bytes(data.cast(), len) };
    // SAFETY: as the header says.
    unsafe { with(value, |value| value.add(Value::Bytes(bytes))) };
}

/// Adds a copy of another value: an array, map or null. NULL is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_add_value(
    value: *mut tracer_value,
    added: *const tracer_value,
) {
    if std::ptr::eq(value, added) {
        return;
    }
    // SAFETY: as the header says.
    let added = unsafe { built(added) };
    // SAFETY: as the header says.
    unsafe {
        with(value, |value| {
            value.add(added.map_or(Value::Null, Value::Built));
        });
    };
}
