//! The attribute macro of libtracer. Use it through the crate `libtracer`, which exports it.
