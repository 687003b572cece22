//! Which library this is.

use libtracer_abi::TRACER_ABI_VERSION;
use std::ffi::c_char;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// The version of the library, "1.2.3". Static. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// The version of the ABI, the number in the SONAME. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_abi_version() -> u32 {
    TRACER_ABI_VERSION
}
