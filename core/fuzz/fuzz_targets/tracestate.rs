//! See `libtracer::fuzzing::tracestate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::tracestate(data));
