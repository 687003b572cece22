//! The context value: a span and what travels beside it (OpenTelemetry context API).

use super::SpanContext;
use crate::baggage::Baggage;
use crate::current::{Attachment, Current, attach_value, current_value};
use crate::span::SpanHandle;
use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// What is current, as a value: a span's context, baggage, and values of the program's own.
///
/// Immutable: what changes it gives a new one. A copy costs two counters at most. Any thread may
/// hold one and make it current; a span started there is a child of its span.
///
/// ```
/// use libtracer::{Baggage, Context};
///
/// struct Tenant(&'static str);
///
/// let context = Context::current()
///     .with_baggage(Baggage::new().with("tenant", "blue"))
///     .with_value(Tenant("blue"));
/// std::thread::spawn(move || {
///     let _attached = context.attach(); // until dropped
///     let here = Context::current();
///     assert_eq!(here.baggage().get("tenant"), Some("blue"));
///     assert_eq!(here.value::<Tenant>().map(|tenant| tenant.0), Some("blue"));
/// })
/// .join()
/// .unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Context {
    pub(crate) current: Current,
    pub(crate) extras: Option<Arc<Extras>>,
}

/// What a context carries beside its span; most carry none.
#[derive(Clone, Default)]
pub(crate) struct Extras {
    baggage: Baggage,
    values: Vec<(TypeId, Arc<dyn Any + Send + Sync>)>,
}

impl Extras {
    fn find<T: Any>(&self) -> Option<&(dyn Any + Send + Sync)> {
        let of_type = self.values.iter().find(|(id, _)| *id == TypeId::of::<T>());
        of_type.map(|(_, value)| &**value)
    }
}

impl fmt::Debug for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extras")
            .field("baggage", &self.baggage)
            .field("values", &self.values.len())
            .finish()
    }
}

impl Context {
    /// The context without span, baggage and values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is current on this thread; empty if nothing is.
    #[must_use]
    pub fn current() -> Self {
        current_value()
    }

    /// The context of its span; the invalid one if it has none.
    #[must_use]
    pub fn span_context(&self) -> &SpanContext {
        &self.current.context
    }

    /// The handle of its span; [`SpanHandle::NONE`] if it has none or one of another process.
    #[must_use]
    pub fn span(&self) -> SpanHandle {
        self.current.handle
    }

    /// This context with another span, given by its context.
    #[must_use]
    pub fn with_span_context(&self, context: SpanContext) -> Self {
        self.with_current(Current {
            context,
            handle: SpanHandle::NONE,
        })
    }

    /// This context with a span of this process; one that has ended leaves it as it is.
    #[must_use]
    pub fn with_span(&self, handle: SpanHandle) -> Self {
        let context = handle.context();
        if !context.is_valid() {
            return self.clone();
        }
        self.with_current(Current { context, handle })
    }

    fn with_current(&self, current: Current) -> Self {
        Self {
            current,
            extras: self.extras.clone(),
        }
    }

    /// Its baggage; empty if it has none.
    #[must_use]
    pub fn baggage(&self) -> &Baggage {
        static EMPTY: Baggage = Baggage::EMPTY;
        self.extras
            .as_ref()
            .map_or(&EMPTY, |extras| &extras.baggage)
    }

    /// This context with other baggage; an empty one removes all, as before calling someone who is
    /// not to see it.
    #[must_use]
    pub fn with_baggage(&self, baggage: Baggage) -> Self {
        if baggage.is_empty() && self.baggage().is_empty() {
            return self.clone();
        }
        self.with_extras(|extras| extras.baggage = baggage)
    }

    /// The value of a type; its owner may keep the type private.
    #[must_use]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.extras.as_ref()?.find::<T>()?.downcast_ref()
    }

    /// This context with a value, found by its type; it replaces another of that type.
    #[must_use]
    pub fn with_value<T: Any + Send + Sync>(&self, value: T) -> Self {
        self.with_extras(|extras| {
            extras.values.retain(|(id, _)| *id != TypeId::of::<T>());
            extras.values.push((TypeId::of::<T>(), Arc::new(value)));
        })
    }

    /// This context without the value of a type.
    #[must_use]
    pub(crate) fn without_value<T: Any>(&self) -> Self {
        if self.value::<T>().is_none() {
            return self.clone();
        }
        self.with_extras(|extras| extras.values.retain(|(id, _)| *id != TypeId::of::<T>()))
    }

    fn with_extras(&self, change: impl FnOnce(&mut Extras)) -> Self {
        let mut extras = self.extras.as_deref().cloned().unwrap_or_default();
        change(&mut extras);
        let empty = extras.baggage.is_empty() && extras.values.is_empty();
        Self {
            current: self.current.clone(),
            extras: (!empty).then(|| Arc::new(extras)),
        }
    }

    /// Makes this context current on this thread until the attachment is dropped.
    #[must_use = "dropping the attachment ends it"]
    pub fn attach(&self) -> Attachment {
        attach_value(self.clone())
    }
}

impl From<SpanContext> for Context {
    fn from(context: SpanContext) -> Self {
        Self::new().with_span_context(context)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("span_context", self.span_context())
            .field("baggage", self.baggage())
            .finish_non_exhaustive()
    }
}
