//! The Rust in the middle of a C program: it knows the `opentelemetry` API only, and calls back to C.
//! One static library holds it and the C ABI; `nested.c` is the program.

// For its exported functions.
extern crate tracer_abi as _;

use libtracer::otel;
use opentelemetry::trace::{TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};

/// What C wants to be called back for.
pub type Callback = extern "C" fn();

/// Makes the program's default provider the one of the `opentelemetry` API.
#[unsafe(no_mangle)]
pub extern "C" fn nested_set_up() {
    global::set_tracer_provider(otel::TracerProvider::default());
}

/// Calls back within a span of the API.
#[unsafe(no_mangle)]
pub extern "C" fn nested_rust(callback: Callback) {
    global::tracer("rust").in_span("rust", |context| {
        context.span().set_attribute(KeyValue::new("by", "rust"));
        callback();
    });
}

/// Calls back on another thread, to which the API's context goes along.
#[unsafe(no_mangle)]
pub extern "C" fn nested_rust_thread(callback: Callback) {
    global::tracer("rust").in_span("rust thread", |_| {
        let context = Context::current();
        let thread = std::thread::spawn(move || {
            let _attached = context.attach();
            callback();
        });
        let _ = thread.join();
    });
}
