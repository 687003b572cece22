//! What the code that `#[traced]` makes calls; not for direct use, and not under semantic versioning.

use crate::current::Attachment;
use crate::span::{Span, SpanHandle, SpanKind, Status};
use crate::tracer::{Tracer, tracer_with};
use crate::value::Value;
use std::any::type_name_of_val;
use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The tracer of a traced function, made at its first call.
#[derive(Debug)]
pub struct Site {
    module: &'static str,
    version: Option<&'static str>,
    /// Set by one thread only, so that no one ever waits: a fork may find any lock taken.
    tracer: OnceLock<Tracer>,
    is_being_set: AtomicBool,
}

impl Site {
    /// A function in this module of a crate with this version.
    #[must_use]
    pub const fn new(module: &'static str, version: Option<&'static str>) -> Self {
        Self {
            module,
            version,
            tracer: OnceLock::new(),
            is_being_set: AtomicBool::new(false),
        }
    }

    /// The tracer of the default provider for it.
    #[inline]
    pub fn tracer(&self) -> Tracer {
        self.tracer.get().copied().unwrap_or_else(|| self.make())
    }

    #[cold]
    fn make(&self) -> Tracer {
        let tracer = tracer_with(self.module, self.version.unwrap_or_default(), "");
        if !self.is_being_set.swap(true, Ordering::Relaxed) {
            let _ = self.tracer.set(tracer);
        }
        tracer
    }
}

/// A value that is about to be recorded.
#[derive(Debug)]
pub enum Held<'a> {
    /// Nothing: no attribute.
    Nothing,
    /// What has a form as a value.
    Value(Value<'a>),
    /// A number of more than 64 bits with a sign.
    Text(String),
}

/// A type whose values can be attributes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no attribute value",
    label = "not a number, text, boolean, bytes or an option of these",
    note = "write `%value` to record what `Display` writes, `?value` for `Debug`"
)]
pub trait Attribute {
    /// The value, borrowed.
    fn held(&self) -> Held<'_>;
}

macro_rules! attribute {
    ($($from:ty => |$name:ident| $to:expr;)*) => {$(
        impl Attribute for $from {
            fn held(&self) -> Held<'_> {
                let $name = self;
                $to
            }
        }
    )*};
}

attribute! {
    bool => |value| Held::Value(Value::Bool(*value));
    i64 => |value| Held::Value(Value::Int(*value));
    i32 => |value| Held::Value(Value::Int(i64::from(*value)));
    i16 => |value| Held::Value(Value::Int(i64::from(*value)));
    i8 => |value| Held::Value(Value::Int(i64::from(*value)));
    u32 => |value| Held::Value(Value::Int(i64::from(*value)));
    u16 => |value| Held::Value(Value::Int(i64::from(*value)));
    u8 => |value| Held::Value(Value::Int(i64::from(*value)));
    isize => |value| wide(*value);
    u64 => |value| wide(*value);
    usize => |value| wide(*value);
    i128 => |value| wide(*value);
    u128 => |value| wide(*value);
    f64 => |value| Held::Value(Value::Double(*value));
    f32 => |value| Held::Value(Value::Double(f64::from(*value)));
    str => |value| Held::Value(Value::String(value));
    String => |value| Held::Value(Value::String(value));
    Cow<'_, str> => |value| Held::Value(Value::String(value));
    [u8] => |value| Held::Value(Value::Bytes(value));
    Vec<u8> => |value| Held::Value(Value::Bytes(value));
    Value<'_> => |value| Held::Value(*value);
}

impl<T: Attribute + ?Sized> Attribute for &T {
    fn held(&self) -> Held<'_> {
        T::held(self)
    }
}

impl<T: Attribute + ?Sized> Attribute for &mut T {
    fn held(&self) -> Held<'_> {
        T::held(self)
    }
}

impl<T: Attribute + ?Sized> Attribute for Box<T> {
    fn held(&self) -> Held<'_> {
        T::held(self)
    }
}

impl<T: Attribute> Attribute for Option<T> {
    fn held(&self) -> Held<'_> {
        self.as_ref().map_or(Held::Nothing, T::held)
    }
}

fn wide(number: impl TryInto<i64> + ToString + Copy) -> Held<'static> {
    match number.try_into() {
        Ok(number) => Held::Value(Value::Int(number)),
        Err(_) => Held::Text(number.to_string()),
    }
}

/// Starts the span of a call.
pub fn start(tracer: Tracer, name: &str, kind: SpanKind, attributes: &[(&str, Held<'_>)]) -> Span {
    const INLINE: usize = 8;
    let mut values = attributes.iter().filter_map(|(key, held)| match held {
        Held::Nothing => None,
        Held::Value(value) => Some((*key, *value)),
        Held::Text(text) => Some((*key, Value::String(text))),
    });
    let builder = tracer.span(name).kind(kind);
    if attributes.is_empty() {
        return builder.start();
    }
    if attributes.len() > INLINE {
        return builder.attributes(&values.collect::<Vec<_>>()).start();
    }
    let mut inline = [("", Value::Null); INLINE];
    let mut count = 0;
    for (place, value) in inline.iter_mut().zip(&mut values) {
        *place = value;
        count += 1;
    }
    builder
        .attributes(inline.get(..count).unwrap_or_default())
        .start()
}

/// Sets an attribute to a text that is written for it.
pub fn write(span: &Span, key: &str, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => span.set(key, text),
        None => span.set(key, &text.to_string()),
    };
}

/// A span that is current until it ends with this.
#[derive(Debug)]
pub struct Running {
    attachment: Option<Attachment>,
    span: Span,
}

impl Running {
    /// The span's handle.
    #[must_use]
    pub fn handle(&self) -> SpanHandle {
        self.span.handle()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Before the span ends, so that nothing starts below an ended span.
        self.attachment = None;
    }
}

/// Makes the span current; where nothing was started, nothing changes.
#[must_use]
pub fn enter(span: Span) -> Running {
    let started = span.handle() != SpanHandle::NONE;
    Running {
        attachment: started.then(|| span.attach()),
        span,
    }
}

/// Records an error that a call returned.
pub fn fail<E: ?Sized>(span: SpanHandle, error: &E, message: fmt::Arguments<'_>) {
    if span.is_recording() {
        let message = message.to_string();
        let attributes = [
            ("exception.type", Value::String(type_name_of_val(error))),
            ("exception.message", Value::String(&message)),
        ];
        span.add_event("exception", 0, &Value::Map(&attributes));
        span.set_status(Status::Error(&message));
    }
}
