//! What the targets hand over: texts that may lack their end, their encoding or themselves.

use arbitrary::Arbitrary;
use libtracer_abi::{tracer_attribute, tracer_attribute_value, tracer_stats, tracer_text};
use std::ffi::{CString, c_char};
use std::ptr::null;
use tracer::stats::tracer_read_stats;

/// A text with or without its NUL, or none.
#[derive(Arbitrary, Clone, Debug, Default)]
pub struct Text(Option<Vec<u8>>);

impl Text {
    pub fn named(&self) -> Option<CString> {
        let text = self.0.as_ref()?;
        let text = text
            .iter()
            .copied()
            .filter(|byte| *byte != 0)
            .collect::<Vec<_>>();
        CString::new(text).ok()
    }

    pub fn parts(&self) -> (*const c_char, usize) {
        self.0
            .as_ref()
            .map_or((null(), 7), |text| (text.as_ptr().cast(), text.len()))
    }
}

pub fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

pub fn attribute(
    key: *const c_char,
    r#type: i32,
    (data, len): (*const c_char, usize),
) -> tracer_attribute {
    // A nested value's pointer must be one; any other type may say what it likes.
    let r#type = if r#type == libtracer_abi::TRACER_NESTED {
        0
    } else {
        r#type
    };
    tracer_attribute {
        key,
        r#type,
        value: tracer_attribute_value {
            text: tracer_text { data, len },
        },
    }
}

/// The account adds up, and nothing has panicked.
pub fn check() {
    // SAFETY: plain numbers, all zero is a value.
    let mut now: tracer_stats = unsafe { std::mem::zeroed() };
    now.struct_size = size_of::<tracer_stats>();
    // SAFETY: a struct of the size that it says.
    unsafe { tracer_read_stats(&raw mut now) };
    assert_eq!(now.panics, 0);
    let known = now.exported + now.dropped + now.queued + now.spooled + now.open;
    assert_eq!(now.started, known, "{now:?}");
}
