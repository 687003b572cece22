//! See `libtracer::fuzzing::otlp_response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::otlp_response(data));
