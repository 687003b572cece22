//! See `libtracer::fuzzing::jaeger`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::jaeger(data));
