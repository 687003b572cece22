//! How much what the library says by itself matters.

/// How much a message of the library matters.
pub type tracer_level = i32;
/// Nothing at all is said.
pub const TRACER_LEVEL_NONE: tracer_level = 0;
/// Tracing does not work.
pub const TRACER_LEVEL_ERROR: tracer_level = 1;
/// Spans are lost or cannot be delivered; a setting is ignored.
pub const TRACER_LEVEL_WARN: tracer_level = 2;
/// What was wrong works again; the default.
pub const TRACER_LEVEL_INFO: tracer_level = 3;
/// Each export.
pub const TRACER_LEVEL_DEBUG: tracer_level = 4;
