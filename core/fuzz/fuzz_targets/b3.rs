//! See `libtracer::fuzzing::b3`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::b3(data));
