//! See `libtracer::fuzzing::traceparent`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::traceparent(data));
