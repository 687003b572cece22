//! What the fuzz targets in `core/fuzz` run: readers of foreign bytes, and what must hold of what
//! they make of them. Each body takes any bytes; a panic is a broken promise.
//!
//! Not part of the interface: behind the feature `fuzzing`, and hidden. Without fuzzing, a test here
//! runs the targets' seeds and everything that fuzzing has found so far.

mod answers;
mod environment;
mod exporters;
mod propagation;

pub use answers::{otlp_response, retry_after};
pub use environment::environment;
pub use exporters::exporters;
pub use propagation::{b3, baggage, jaeger, traceparent, tracestate};

/// The body of a target.
pub type Target = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Target); 9] = [
    ("b3", b3),
    ("baggage", baggage),
    ("environment", environment),
    ("exporters", exporters),
    ("jaeger", jaeger),
    ("otlp_response", otlp_response),
    ("retry_after", retry_after),
    ("traceparent", traceparent),
    ("tracestate", tracestate),
];

/// Lines `name` `separator` `value` as pairs.
fn pairs(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter_map(move |line| line.split_once(separator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        panic::{AssertUnwindSafe, catch_unwind},
        path::{Path, PathBuf},
    };

    fn files(folder: &str, target: &str) -> Vec<PathBuf> {
        let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let entries = fs::read_dir(crate_root.join(folder).join(target));
        let entries = entries.into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn seeds_and_what_fuzzing_has_found_hold() {
        for (name, run) in TARGETS {
            let seeds = files("fuzz/seeds", name);
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for file in seeds.into_iter().chain(files("../tests/regressions", name)) {
                let bytes = fs::read(&file).unwrap();
                let ran = catch_unwind(AssertUnwindSafe(|| run(&bytes)));
                assert!(ran.is_ok(), "{}", file.display());
            }
        }
    }

    #[test]
    fn every_target_is_fuzzed() {
        let mut found: Vec<String> = files("fuzz", "fuzz_targets")
            .into_iter()
            .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        found.sort();
        assert_eq!(found, TARGETS.map(|(name, _)| name));
    }
}
