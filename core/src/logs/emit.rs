//! The way of a record into its thread's chunk (logs SDK, "emit a log record").

use super::record::{ATTRIBUTE_TAG, BODY_TAG, Origin, RECORD_TAG, Record};
use super::{ContextChoice, LogRecord, LogRecords};
use crate::clock;
use crate::context::SpanContext;
use crate::current::current;
use crate::limits::SpanLimits;
use crate::pipeline::producer::Producer;
use crate::provider::Provider;
use crate::provider::hooks::asked;
use crate::scope::Scope;
use crate::thread::{ThreadState, enter};
use crate::value::{Cut, Most, Value, ValueBuilder, cut_bytes, cut_text};
use crate::wire::attribute::{Encode, Encoded, Raw, Scalar, Text, append};
use crate::wire::buf::{Buf, MODEST};
use crate::wire::field_len;
use crate::wire::keys::{KeyIndex, hash};
use std::sync::atomic::Ordering;

/// Where a thread puts a record together.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    fields: Buf,
    keys: KeyIndex,
}

/// Gives attributes to what it is called with.
type Attributes<'a> = dyn FnMut(&mut dyn FnMut(&str, Value<'_>)) + 'a;

impl LogRecord<'_> {
    /// Records it. Never fails and never waits: what cannot be kept is counted
    /// ([`crate::TracerProvider::log_stats`]).
    pub fn emit(self) {
        self.emit_with(&mut |_| {});
    }

    /// As [`LogRecord::emit`], with the attributes that `attributes` gives one by one to what it is
    /// called with, for bindings that have them in a form of their own. It is not asked for a record
    /// that nobody takes, and must not use this library.
    pub fn emit_with(self, attributes: &mut Attributes<'_>) {
        let Some(provider) = self.logger.provider() else {
            return;
        };
        let owned: SpanContext;
        let context = match self.context {
            ContextChoice::Given(context) => context,
            ContextChoice::Current if self.kept => {
                owned = current().context;
                &owned
            }
            ContextChoice::Current | ContextChoice::None => {
                owned = SpanContext::default();
                &owned
            }
        };
        let context = Some(context).filter(|context| context.is_valid());
        // A clock of the program's own is asked outside of the thread's state: it may use the API.
        let clock = provider.hooks.clock.as_ref().filter(|_| self.kept);
        let now = clock.and_then(|clock| asked(|| clock.unix_ns()));
        let done = enter(|thread| self.emit_in((provider, context, now), thread, attributes));
        if done.is_none() {
            provider.records.reentrant.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn emit_in(
        &self,
        (provider, context, now): (&'static Provider, Option<&SpanContext>, Option<u64>),
        thread: &mut ThreadState,
        attributes: &mut Attributes<'_>,
    ) {
        let now = now.unwrap_or_else(|| self.time(thread, context));
        let Some(producer) = thread.log_producers.of_provider(provider) else {
            return;
        };
        let (state, counts) = (producer.state, &producer.log.counts);
        counts.started.count();
        if state.is_shut_down() {
            return counts.shutdown.count();
        }
        if !self.kept || !provider.keeps_logs() {
            return counts.no_exporter.count();
        }
        let parts = Parts {
            scratch: &mut thread.log_record,
            nested: &mut thread.scratch,
            builder: &mut thread.attributes,
        };
        let Some(dropped) = parts.encode(self, &state.records.limits, attributes) else {
            return counts.no_memory.count();
        };
        let or_now = |given| if given == 0 { now } else { given };
        let record = Record {
            unix_ns: or_now(self.unix_ns),
            observed_ns: or_now(self.observed_ns),
            severity: self.severity as u8,
            severity_text: self.severity_text.as_bytes(),
            fields: thread.log_record.fields.as_slice(),
            dropped_attributes: dropped,
            origin: context.map(|context| Origin {
                trace_id: &context.trace_id.0,
                span_id: &context.span_id.0,
                flags: context.trace_flags.0,
            }),
            event_name: self.event_name.as_bytes(),
        };
        deliver(producer, self.logger.scope, &record, &mut thread.scratch);
        thread.log_record.clear_modestly();
    }

    /// The time, on the clock of its trace if it has one: so it lies within its span.
    fn time(&self, thread: &mut ThreadState, context: Option<&SpanContext>) -> u64 {
        match context {
            _ if !self.kept => 0,
            Some(context) => clock::monotonic().wrapping_add(thread.wall_offset(context.trace_id)),
            None => clock::wall(),
        }
    }
}

/// Gives a record to those who look on and to the pipelines.
fn deliver(
    producer: &mut Producer<LogRecords>,
    scope: &'static Scope,
    record: &Record<'_>,
    scratch: &mut Buf,
) {
    let (state, counts) = (producer.state, &producer.log.counts);
    let mut shown = false;
    if state.watches_logs() {
        scratch.clear();
        shown = scratch.append(record.len(), |writer| record.write(writer));
        if shown {
            state.show_log(scope, scratch.as_slice());
        }
        scratch.clear_modestly();
    }
    if !state.records.exports() {
        match shown {
            true if state.records.keeps() => counts.kept.count(),
            true => counts.no_exporter.count(),
            false => counts.no_memory.count(),
        }
    } else if enqueue(producer, scope, record) {
        state.wake_for_log();
    }
}

/// Publishes a record for the pipelines that have room for it; false, and counted, if none has.
fn enqueue(
    producer: &mut Producer<LogRecords>,
    scope: &'static Scope,
    record: &Record<'_>,
) -> bool {
    let len = record.len();
    if let Some(queues) = producer.state.records.limited() {
        return queues.enqueue(producer, scope, len, |writer| record.write(writer));
    }
    let published = producer.publish(scope, field_len(len), |writer| {
        writer.open(RECORD_TAG, len);
        record.write(writer);
    });
    if !published {
        producer.log.counts.queue_full.count();
    }
    published
}

/// What limits values of attributes.
fn cut_of(limits: &SpanLimits) -> Cut {
    Cut {
        length: limits.attribute_value_length,
        depth: limits.depth,
    }
}

fn count_nameless(count: usize) {
    if count > 0 {
        let misuse = &crate::runtime::runtime().misuse;
        let count = count as u64;
        misuse.invalid_attribute.fetch_add(count, Ordering::Relaxed);
    }
}

impl Scratch {
    /// Removes what the key has; false if it has nothing and the limit is reached.
    fn make_room(&mut self, key: &[u8], limits: &SpanLimits) -> bool {
        let place = self.keys.find(hash(key), key, self.fields.as_slice());
        if let Some(place) = place {
            self.keys.remove(place, &mut self.fields);
        }
        place.is_some() || self.keys.len() < limits.attributes
    }

    /// Adds the body; false if memory is refused.
    fn put_body(&mut self, body: &impl Encode) -> bool {
        let len = body.len();
        len == 0
            || self.fields.append(field_len(len), |writer| {
                writer.open(BODY_TAG, len);
                body.write(writer);
            })
    }

    /// Adds an attribute whose key is not there; false if memory is refused.
    fn put(&mut self, key: &[u8], value: &Scalar<'_>) -> bool {
        self.keys.push(hash(key), self.fields.len())
            && append(&mut self.fields, ATTRIBUTE_TAG, key, value)
    }

    fn clear_modestly(&mut self) {
        self.fields.clear_modestly();
        self.keys.clear(MODEST);
    }
}

/// What of a thread's state body and attributes are put together with.
struct Parts<'t> {
    scratch: &'t mut Scratch,
    nested: &'t mut Buf,
    builder: &'t mut ValueBuilder,
}

impl Parts<'_> {
    /// Encodes body and attributes; how many attributes were dropped, or `None` if memory is refused.
    fn encode(
        mut self,
        log: &LogRecord<'_>,
        limits: &SpanLimits,
        attributes: &mut Attributes<'_>,
    ) -> Option<u32> {
        self.scratch.fields.clear();
        self.scratch.keys.clear(MODEST);
        // Limits concern attributes; only nesting is bounded in the body too.
        let whole = Cut {
            length: SpanLimits::UNLIMITED,
            depth: limits.depth,
        };
        let written = match log.encoded {
            Some(body) => self.scratch.put_body(&Encoded(body)),
            None => self.with_encoded(log.body, whole, |scratch, body| scratch.put_body(&body)),
        };
        written.then_some(())?;
        let mut dropped = log.lost;
        for (key, value) in log.attributes.iter().chain(&log.more) {
            if !self.put(key.as_bytes(), *value, limits) {
                dropped = dropped.saturating_add(1);
            }
        }
        attributes(&mut |key, value| {
            if !self.put(key.as_bytes(), value, limits) {
                dropped = dropped.saturating_add(1);
            }
        });
        if let Some(map) = log.map {
            dropped = dropped.saturating_add(self.put_all(map, limits)?);
        }
        Some(dropped)
    }

    /// Adds the entries of a map; how many were dropped, or `None` if memory is refused.
    fn put_all(&mut self, map: &ValueBuilder, limits: &SpanLimits) -> Option<u32> {
        const ALL: Most = Most {
            count: usize::MAX,
            newest: false,
        };
        let scratch = &mut *self.scratch;
        let mut dropped = 0_usize;
        let nameless = map.entries(cut_of(limits), ALL, |key, value| {
            if scratch.make_room(key, limits) {
                return scratch.put(key, &value);
            }
            dropped = dropped.saturating_add(1);
            true
        })?;
        count_nameless(nameless);
        Some(u32::try_from(dropped.saturating_add(nameless)).unwrap_or(u32::MAX))
    }

    /// Adds an attribute; false if its key, the limit or memory does not allow it.
    fn put(&mut self, key: &[u8], value: Value<'_>, limits: &SpanLimits) -> bool {
        if key.is_empty() {
            count_nameless(1);
            return false;
        }
        self.scratch.make_room(key, limits)
            && self.with_encoded(value, cut_of(limits), |scratch, value| {
                scratch.put(key, &value)
            })
    }

    /// Runs `write` with the value cut to size; false if memory is refused.
    fn with_encoded(
        &mut self,
        value: Value<'_>,
        cut: Cut,
        write: impl FnOnce(&mut Scratch, Scalar<'_>) -> bool,
    ) -> bool {
        let scalar = match value {
            Value::Null => Scalar::Encoded(Encoded(&[])),
            Value::Bool(value) => Scalar::Bool(value),
            Value::Int(value) => Scalar::Int(value),
            Value::Double(value) => Scalar::Double(value),
            Value::String(text) => Scalar::Text(Text(cut_text(text, cut.length).as_bytes())),
            Value::Bytes(bytes) => Scalar::Raw(Raw(cut_bytes(bytes, cut.length))),
            Value::Array(_) | Value::Map(_) | Value::Built(_) => {
                self.nested.clear();
                let encoded = if let Value::Built(built) = value {
                    built.encode(cut, self.nested)
                } else {
                    self.builder.clear();
                    self.builder.add(value);
                    self.builder.encode(cut, self.nested)
                };
                let written = encoded
                    && write(
                        self.scratch,
                        Scalar::Encoded(Encoded(self.nested.as_slice())),
                    );
                self.nested.clear_modestly();
                self.builder.clear_modestly();
                return written;
            }
        };
        write(self.scratch, scalar)
    }
}
