//! Formats of the program's own in which contexts travel.

use crate::boundary::{contain, guard};
use crate::callbacks::{Callbacks, read_versioned, tracer_destroy};
use crate::config::{meant, set, tracer_config};
use crate::context::tracer_context;
use crate::last_error::missing;
use crate::propagation::{tracer_carrier_get, tracer_carrier_key, tracer_carrier_set};
use crate::{pool, ptr};
use libtracer::{Context, Extractor, Injector, Propagator};
use libtracer_abi::{TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, tracer_status};
use std::cell::{OnceCell, RefCell};
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

/// A format of the program's own. Called in the thread that injects or extracts, within that call,
/// several at once; neither may throw, longjmp out or end its thread. What is passed is borrowed for
/// the call; `carrier` goes to `set`, `get` and `key`.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "C function pointers")]
pub struct tracer_propagator_callbacks {
    /// `sizeof(tracer_propagator_callbacks)` as the caller knows it.
    pub struct_size: usize,
    /// What the callbacks are called with.
    pub user_data: *mut c_void,
    /// Writes a context, by `set` for each field; or NULL: writes nothing.
    pub inject: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            context: *const tracer_context,
            set: tracer_carrier_set,
            carrier: *mut c_void,
        ),
    >,
    /// Reads a carrier, a field by `get` and names by `key`: returns a new context, `context` with what
    /// was found, which the library frees; NULL if nothing was. Or NULL: reads nothing.
    pub extract: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            context: *const tracer_context,
            get: tracer_carrier_get,
            key: tracer_carrier_key,
            carrier: *mut c_void,
        ) -> *mut tracer_context,
    >,
    /// The fields that `inject` may set, a comma list; or NULL. Copied.
    pub fields: *const c_char,
    /// The configuration is freed and no provider was made from it: those keep their propagators as
    /// long as the process lives.
    pub destroy: tracer_destroy,
}

const NONE: tracer_propagator_callbacks = tracer_propagator_callbacks {
    struct_size: 0,
    user_data: std::ptr::null_mut(),
    inject: None,
    extract: None,
    fields: std::ptr::null(),
    destroy: None,
};

/// Between the program's callbacks and providers; given back when nobody has it any more.
#[derive(Debug)]
struct OwnPropagator {
    callbacks: Callbacks<tracer_propagator_callbacks>,
    fields: Vec<String>,
}

impl Drop for OwnPropagator {
    fn drop(&mut self) {
        self.callbacks.release();
    }
}

/// Where C writes fields.
struct Written<'a>(&'a mut dyn Injector);

/// Where C reads fields, with what it was shown last.
struct Shown<'a> {
    from: &'a dyn Extractor,
    keys: OnceCell<Vec<CString>>,
    value: RefCell<CString>,
}

/// # Safety
/// `carrier` is what `inject` was called with, within that call; the texts are as the header says.
unsafe extern "C" fn set_field(carrier: *mut c_void, key: *const c_char, value: *const c_char) {
    contain((), || {
        // SAFETY: as the caller vouches.
        let key = unsafe { ptr::text(key) };
        // SAFETY: as the caller vouches.
        let value = unsafe { ptr::text(value) };
        // SAFETY: as the caller vouches.
        if let Some(to) = unsafe { carrier.cast::<Written<'_>>().as_mut() } {
            to.0.set(&key, &value);
        }
    });
}

/// # Safety
/// `carrier` is what `extract` was called with, within that call; `key` is as the header says.
unsafe extern "C" fn get_field(carrier: *mut c_void, key: *const c_char) -> *const c_char {
    contain(std::ptr::null(), || {
        // SAFETY: as the caller vouches.
        let Some(shown) = (unsafe { carrier.cast::<Shown<'_>>().as_ref() }) else {
            return std::ptr::null();
        };
        // SAFETY: as the caller vouches.
        let key = unsafe { ptr::text(key) };
        let mut values: Option<String> = None;
        shown.from.visit(&key, &mut |value| match &mut values {
            Some(joined) => {
                joined.push(',');
                joined.push_str(value);
            }
            none => *none = Some(value.to_owned()),
        });
        let Some(found) = values else {
            return std::ptr::null();
        };
        shown.value.replace(ptr::c_text(&found));
        shown.value.borrow().as_ptr()
    })
}

/// # Safety
/// As for [`get_field`].
unsafe extern "C" fn field_key(carrier: *mut c_void, index: usize) -> *const c_char {
    contain(std::ptr::null(), || {
        // SAFETY: as the caller vouches.
        let Some(shown) = (unsafe { carrier.cast::<Shown<'_>>().as_ref() }) else {
            return std::ptr::null();
        };
        let all = || shown.from.keys().into_iter().map(ptr::c_text).collect();
        let key = shown.keys.get_or_init(all).get(index);
        key.map_or(std::ptr::null(), |key| key.as_ptr())
    })
}

impl Propagator for OwnPropagator {
    fn inject(&self, context: &Context, carrier: &mut dyn Injector) {
        let context = tracer_context::whole(context.clone());
        let mut to = Written(carrier);
        self.callbacks.call(|calls, data| {
            if let Some(inject) = calls.inject {
                let carrier = (&raw mut to).cast();
                // SAFETY: the program's own function and data, as the header says.
                unsafe { inject(data, &raw const context, Some(set_field), carrier) };
            }
        });
    }

    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let shown = Shown {
            from: carrier,
            keys: OnceCell::new(),
            value: RefCell::default(),
        };
        let lent = tracer_context::whole(context.clone());
        let made = self.callbacks.call(|calls, data| {
            let (get, key) = (Some(get_field as _), Some(field_key as _));
            let carrier = (&raw const shown).cast_mut().cast();
            // SAFETY: the program's own function and data, as the header says.
            let made = unsafe { calls.extract?(data, &raw const lent, get, key, carrier) };
            if made.is_null() || std::ptr::eq(made, &raw const lent) {
                return None;
            }
            pool::take(made, |made| made.value().clone())
        });
        made.flatten().unwrap_or_else(|| context.clone())
    }

    fn fields(&self) -> Vec<&str> {
        self.fields.iter().map(String::as_str).collect()
    }
}

/// Adds a format of the program's own to those of `tracer_config_set_propagators`, behind them: where
/// both read something, it wins. The struct is copied; its `user_data` stays, see `destroy`. NULL is
/// refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_propagator(
    config: Option<&mut tracer_config>,
    callbacks: *const tracer_propagator_callbacks,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        // SAFETY: as the header says.
        let Some(calls) = (unsafe { read_versioned(callbacks, NONE) }) else {
            return missing("callbacks");
        };
        // SAFETY: as the header says.
        let fields = unsafe { ptr::text(calls.fields) };
        let fields = fields.split(',').map(str::trim);
        let own = Arc::new(OwnPropagator {
            fields: fields
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect(),
            callbacks: Callbacks::new(calls, calls.user_data, calls.destroy),
        });
        set(Some(config), |config| config.add_propagator(own))
    })
}
