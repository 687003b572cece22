//! See `libtracer::fuzzing::retry_after`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::retry_after(data));
