//! The stable C ABI of libtracer: `libtracer.so.1`, `include/tracer.h`.
//!
//! One file a noun; each function is a few lines over the core crate. Set-up returns a status and
//! leaves its reason with `last_error`; recording returns a handle or nothing and never fails. No
//! panic crosses (`boundary`), pointers are read in one place (`ptr`). Types are in `libtracer-abi`.
#![expect(non_camel_case_types, reason = "C and Rust spell each ABI type alike")]
#![expect(
    clippy::missing_safety_doc,
    reason = "one contract for all, at the top of the header: each pointer is NULL or valid for the call"
)]

mod allocator;
mod attribute;
mod boundary;
mod callbacks;
mod pool;
mod ptr;
mod recording;

// The order of the header.
pub mod last_error;

pub mod version;

pub mod config;

pub mod provider;

pub mod options;

pub mod span;

pub mod value;

pub mod value_view;

pub mod context;

pub mod task;

pub mod propagation;

pub mod baggage;

pub mod metrics;

pub mod log;

pub mod sampler;

pub mod propagator;

pub mod own;

pub mod processor;

pub mod exporter;

pub mod stats;

pub mod capture;

pub mod capture_view;

pub mod log_view;

pub mod view;

pub mod table;
