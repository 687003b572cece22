//! The fields of a span or event of `tracing`, read once and kept until they are recorded.
//!
//! One value per thread is used again and again: reading allocates only while it grows.

use super::span::Recorded;
use crate::span::{SpanKind, Status};
use crate::value::{Value, ValueBuilder};
use std::borrow::Cow;
use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::ops::Range;
use tracing_core::field::{Field, Visit};

/// So many fields are handed on without an allocation; `tracing` itself allows 32.
const INLINE: usize = 16;

/// More text than this is not kept for the next span.
const MODEST: usize = 16 * 1024;

#[derive(Debug)]
enum Held {
    Bool(bool),
    Int(i64),
    Double(f64),
    Static(&'static str),
    Text(Range<usize>),
    Built(ValueBuilder),
}

/// What was read; see the module.
#[derive(Debug, Default)]
pub(super) struct Fields {
    text: String,
    entries: Vec<(Cow<'static, str>, Held)>,
    /// `otel.name`, or an event's message.
    name: Option<Range<usize>>,
    kind: Option<SpanKind>,
    /// `otel.status_code`: true for `ok`.
    status: Option<bool>,
    description: Option<Range<usize>>,
    /// An event's field `error`, if it is a text.
    error: Option<Range<usize>>,
    /// What errors among the fields say.
    exceptions: Vec<Range<usize>>,
}

thread_local! {
    static SPARE: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
}

impl Fields {
    /// An empty value, the thread's own if it is not in use.
    pub(super) fn take() -> Box<Self> {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        spare.unwrap_or_default()
    }

    /// Keeps it for the next span.
    pub(super) fn give_back(mut self: Box<Self>) {
        if self.text.capacity() > MODEST {
            return;
        }
        self.text.clear();
        self.entries.clear();
        self.exceptions.clear();
        (self.name, self.description, self.error) = (None, None, None);
        (self.kind, self.status) = (None, None);
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }

    pub(super) fn of_span(&mut self) -> OfSpan<'_> {
        OfSpan(self)
    }

    pub(super) fn of_event(&mut self) -> OfEvent<'_> {
        OfEvent(self)
    }

    pub(super) fn add(&mut self, key: &'static str, value: &'static str) {
        self.push(key, Held::Static(value));
    }

    pub(super) fn add_int(&mut self, key: &'static str, value: i64) {
        self.push(key, Held::Int(value));
    }

    pub(super) fn add_thread(&mut self) {
        if let Some(name) = std::thread::current().name() {
            let name = self.keep(|text| text.write_str(name));
            self.push("thread.name", Held::Text(name));
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.part(self.name.as_ref())
    }

    pub(super) fn kind(&self) -> Option<SpanKind> {
        self.kind
    }

    /// Whether an event says nothing but that something failed.
    pub(super) fn is_bare_failure(&self) -> bool {
        self.name.is_none() && self.error.is_some()
    }

    /// What the error of an event says.
    pub(super) fn failure(&self) -> Option<&str> {
        self.part(self.exceptions.first())
    }

    /// Decides what an event's field `error` is: the message of an exception, or one field of many.
    pub(super) fn name_failure(&mut self) {
        if let Some(error) = self.error.take() {
            if self.name.is_none() {
                self.exceptions.push(error);
            } else {
                self.push("error", Held::Text(error));
            }
        }
        if let Some(first) = self.exceptions.first().cloned() {
            self.push("exception.message", Held::Text(first));
        }
    }

    /// Records what is no attribute of a span: its status, and its errors as events.
    pub(super) fn tell_rest(&self, recorded: &Recorded) {
        let description = self.part(self.description.as_ref());
        match (self.status, description) {
            (Some(true), _) => recorded.tell(Status::Ok),
            (Some(false), text) => recorded.tell(Status::Error(text.unwrap_or_default())),
            (None, Some(text)) => recorded.tell(Status::Error(text)),
            (None, None) => {}
        }
        for exception in &self.exceptions {
            let message = self.part(Some(exception)).unwrap_or_default();
            let message = [("exception.message", Value::String(message))];
            recorded
                .handle()
                .add_event("exception", 0, &Value::Map(&message));
        }
    }

    /// Calls `work` with all attributes.
    pub(super) fn with_values<R>(&self, work: impl FnOnce(&[(&str, Value<'_>)]) -> R) -> R {
        let pairs = self
            .entries
            .iter()
            .map(|(key, held)| (key.as_ref(), self.value(held)));
        let count = self.entries.len();
        if count > INLINE {
            return work(&pairs.collect::<Vec<_>>());
        }
        let mut inline = [("", Value::Null); INLINE];
        for (place, pair) in inline.iter_mut().zip(pairs) {
            *place = pair;
        }
        work(inline.get(..count).unwrap_or_default())
    }

    fn value<'a>(&'a self, held: &'a Held) -> Value<'a> {
        match held {
            Held::Bool(value) => Value::Bool(*value),
            Held::Int(value) => Value::Int(*value),
            Held::Double(value) => Value::Double(*value),
            Held::Static(text) => Value::String(text),
            Held::Text(range) => Value::String(self.part(Some(range)).unwrap_or_default()),
            Held::Built(built) => Value::Built(built),
        }
    }

    fn part(&self, range: Option<&Range<usize>>) -> Option<&str> {
        self.text.get(range?.clone())
    }

    fn push(&mut self, key: &'static str, held: Held) {
        self.entries.push((Cow::Borrowed(key), held));
    }

    /// Keeps what is written; less of it if that fails, which is the writer's own failure.
    fn keep(&mut self, write: impl FnOnce(&mut String) -> fmt::Result) -> Range<usize> {
        let start = self.text.len();
        let _ = write(&mut self.text);
        start..self.text.len()
    }

    fn keep_debug(&mut self, value: &dyn fmt::Debug) -> Range<usize> {
        self.keep(|text| write!(text, "{value:?}"))
    }

    fn push_bytes(&mut self, key: &'static str, bytes: &[u8]) {
        let mut built = ValueBuilder::new();
        built.add(Value::Bytes(bytes));
        self.push(key, Held::Built(built));
    }

    /// An error: its text, those of the errors that caused it, and an exception to be told.
    fn push_error(&mut self, key: &'static str, error: &(dyn Error + 'static)) {
        let message = self.keep(|text| write!(text, "{error}"));
        self.push(key, Held::Text(message.clone()));
        self.exceptions.push(message);
        let mut cause = error.source();
        if cause.is_none() {
            return;
        }
        let mut chain = ValueBuilder::new();
        chain.begin_array();
        while let Some(error) = cause {
            chain.add(Value::String(&error.to_string()));
            cause = error.source();
        }
        chain.end();
        let key = Cow::Owned(format!("{key}.chain"));
        self.entries.push((key, Held::Built(chain)));
    }

    fn set_span_text(&mut self, key: &'static str, range: Range<usize>) {
        let text = self.part(Some(&range)).unwrap_or_default();
        match key {
            "otel.name" => self.name = Some(range),
            "otel.kind" => self.kind = kind(text),
            "otel.status_code" => {
                self.status = if text.eq_ignore_ascii_case("ok") {
                    Some(true)
                } else {
                    text.eq_ignore_ascii_case("error").then_some(false)
                };
            }
            "otel.status_description" => self.description = Some(range),
            _ => self.push(key, Held::Text(range)),
        }
    }

    fn set_event_text(&mut self, key: &'static str, range: Range<usize>) {
        match key {
            "message" => self.name = Some(range),
            "error" => self.error = Some(range),
            _ => self.push(key, Held::Text(range)),
        }
    }
}

fn kind(text: &str) -> Option<SpanKind> {
    let kinds = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    let known = kinds
        .into_iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| kind)
}

/// Reads the fields of a span.
pub(super) struct OfSpan<'a>(&'a mut Fields);

/// Reads the fields of an event.
pub(super) struct OfEvent<'a>(&'a mut Fields);

/// Both read alike but for what a text may mean.
macro_rules! visit {
    ($reader:ident, $set_text:ident) => {
        impl Visit for $reader<'_> {
            fn record_f64(&mut self, field: &Field, value: f64) {
                self.0.push(field.name(), Held::Double(value));
            }

            fn record_i64(&mut self, field: &Field, value: i64) {
                self.0.push(field.name(), Held::Int(value));
            }

            fn record_u64(&mut self, field: &Field, value: u64) {
                self.record_i128(field, i128::from(value));
            }

            fn record_i128(&mut self, field: &Field, value: i128) {
                // Attributes have 64 bits with a sign; larger numbers are texts.
                match i64::try_from(value) {
                    Ok(value) => self.record_i64(field, value),
                    Err(_) => self.record_debug(field, &value),
                }
            }

            fn record_u128(&mut self, field: &Field, value: u128) {
                match i64::try_from(value) {
                    Ok(value) => self.record_i64(field, value),
                    Err(_) => self.record_debug(field, &value),
                }
            }

            fn record_bool(&mut self, field: &Field, value: bool) {
                self.0.push(field.name(), Held::Bool(value));
            }

            fn record_str(&mut self, field: &Field, value: &str) {
                let range = self.0.keep(|text| text.write_str(value));
                self.0.$set_text(field.name(), range);
            }

            fn record_bytes(&mut self, field: &Field, value: &[u8]) {
                self.0.push_bytes(field.name(), value);
            }

            fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
                self.0.push_error(field.name(), value);
            }

            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                let range = self.0.keep_debug(value);
                self.0.$set_text(field.name(), range);
            }
        }
    };
}

visit!(OfSpan, set_span_text);
visit!(OfEvent, set_event_text);
