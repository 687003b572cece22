//! See `libtracer::fuzzing::exporters`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| libtracer::fuzzing::exporters(data));
