//! For language bindings: starting spans by raw parts, and a language's own idea of what is current.
//!
//! Rust programs do not need this. It follows the C ABI, not semantic versioning.

pub use crate::current::{CurrentHook, Foreign, Parent, Task, current_native, set_current_hook};
pub use crate::current::{
    attach_span_context, attach_whole, current_pair, current_with_base, detach,
};
pub use crate::errno::{Saved as SavedErrno, place as errno_place};
pub use crate::logs::with_encoded_body;
pub use crate::memory::is_dispensable;
pub use crate::span::{Decided, Started, UsualSpan};
pub use crate::stats::{MisuseKind, count_misuse};
pub use crate::tracer::{default_provider, nameless_tracer};
