//! What `libtracer.init` has put on the spans of `traced`, `start_span` and its provider: a scope of
//! their own and attributes that win over the program's at the start.
//!
//! There is one set for ever, made once: finding it is one load.

use crate::runtime::{Builder, Handle, Plain, Scope};
use pyo3::{PyResult, pyfunction};
use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What marked spans get.
pub(crate) struct Marks {
    /// The scope of spans that name none.
    pub(crate) scope: Scope,
    /// That of the log records of traced calls, with the attributes.
    pub(crate) log_scope: Scope,
    /// Keys and texts.
    pub(crate) attributes: Vec<(String, String)>,
}

static MARKS: AtomicPtr<Marks> = AtomicPtr::new(ptr::null_mut());

/// What marked spans get, once `init` has said so.
#[inline]
pub(crate) fn marks() -> Option<&'static Marks> {
    // SAFETY: null, or leaked by `set_marks`; the acquire pairs with its release.
    unsafe { MARKS.load(Ordering::Acquire).as_ref() }
}

/// The attributes that fit one call.
const MOST: usize = 4;

impl Marks {
    /// Sets the attributes on a span.
    pub(crate) fn write(&self, span: Handle) {
        for some in self.attributes.chunks(MOST) {
            let mut plain = [Plain::NONE; MOST];
            for (place, (key, text)) in plain.iter_mut().zip(some) {
                *place = Plain::text(key, text);
            }
            if let Some(plain) = plain.get(..some.len()) {
                span.set_plain(plain);
            }
        }
    }
}

/// Marks the spans that start from now on. What is replaced stays in memory: spans may read it.
#[pyfunction]
pub(crate) fn set_marks(scope: &str, attributes: Vec<(String, String)>) -> PyResult<()> {
    let name = CString::new(scope)?;
    let log_scope = Builder::with(|map| {
        map.begin_map();
        for (key, text) in &attributes {
            map.key(key);
            map.add_string(text);
        }
        map.end();
        Scope::new_in(None, &name, None, None, Some(map))
    });
    let scope = Scope::new(&name, None, None);
    let made = Box::into_raw(Box::new(Marks {
        scope,
        log_scope: log_scope.unwrap_or(scope),
        attributes,
    }));
    MARKS.store(made, Ordering::Release);
    Ok(())
}
