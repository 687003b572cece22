//! See `libtracer::fuzzing::baggage`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::baggage(data));
