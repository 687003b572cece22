//! Finished spans as C reads them: what captures saw, and what processors and exporters are given.

use crate::boundary::guard;
use crate::context::handle;
use crate::pool::{self, Object, Pool};
use crate::value::Built;
use crate::{attribute, ptr, value};
use libtracer::{
    FinishedEvent, FinishedLink, FinishedSpan, FinishedStatus, OwnedValue, Value, ValueBuilder,
};
use libtracer_abi::{
    TRACER_BOOL, TRACER_BYTES, TRACER_DOUBLE, TRACER_INT, TRACER_NESTED, TRACER_STATUS_ERROR,
    TRACER_STATUS_OK, TRACER_STATUS_UNSET, TRACER_STRING, tracer_attribute, tracer_attribute_value,
    tracer_event_view, tracer_link_view, tracer_span, tracer_span_view, tracer_text, tracer_value,
};
use std::ffi::c_char;
use std::rc::Rc;

/// A finished span with all that its view points to. Read only, so that any thread may. The view
/// comes first: a pointer to it is one to the whole.
#[repr(C)]
pub(crate) struct View {
    span: tracer_span_view,
    kept: Kept,
}

static VIEWS: Pool<View> = Pool::new();

impl Object for View {
    const POOL: &'static Pool<Self> = &VIEWS;

    fn empty(&mut self) {
        *self = Self::of(FinishedSpan::default());
    }
}

/// What views point to: none of it moves once it is pointed to.
#[derive(Default)]
pub(crate) struct Kept {
    /// Each with a NUL at its end.
    texts: Vec<Vec<u8>>,
    attributes: Vec<Vec<tracer_attribute>>,
    values: Vec<Rc<Built>>,
    events: Vec<tracer_event_view>,
    links: Vec<tracer_link_view>,
    event_places: Vec<*const tracer_event_view>,
    link_places: Vec<*const tracer_link_view>,
}

impl Kept {
    fn bytes(&mut self, mut bytes: Vec<u8>) -> tracer_text {
        let len = bytes.len();
        bytes.push(0);
        let data = bytes.as_ptr().cast();
        self.texts.push(bytes);
        tracer_text { data, len }
    }

    pub(crate) fn text(&mut self, text: impl Into<String>) -> *const c_char {
        self.bytes(text.into().into_bytes()).data
    }

    fn value(&mut self, value: OwnedValue) -> (i32, tracer_attribute_value) {
        let nested = |kept: &mut Self, value: OwnedValue| {
            let mut built = ValueBuilder::new();
            if value != OwnedValue::Null {
                built.add_owned(value);
            }
            let built = Rc::new(Built::of(built));
            let place = Rc::as_ptr(&built);
            kept.values.push(built);
            place.cast::<tracer_value>()
        };
        match value {
            OwnedValue::Bool(boolean) => (TRACER_BOOL, tracer_attribute_value { boolean }),
            OwnedValue::Int(integer) => (TRACER_INT, tracer_attribute_value { integer }),
            OwnedValue::Double(number) => (TRACER_DOUBLE, tracer_attribute_value { number }),
            OwnedValue::String(text) => {
                let text = self.bytes(text.into_bytes());
                (TRACER_STRING, tracer_attribute_value { text })
            }
            OwnedValue::Bytes(bytes) => {
                let text = self.bytes(bytes);
                (TRACER_BYTES, tracer_attribute_value { text })
            }
            other => {
                let nested = nested(self, other);
                (TRACER_NESTED, tracer_attribute_value { nested })
            }
        }
    }

    pub(crate) fn attributes(
        &mut self,
        entries: Vec<(String, OwnedValue)>,
    ) -> (*const tracer_attribute, usize) {
        let each = entries.into_iter().map(|(key, value)| {
            let key = self.text(key);
            let (r#type, value) = self.value(value);
            tracer_attribute { key, r#type, value }
        });
        let attributes: Vec<tracer_attribute> = each.collect();
        let place = (attributes.as_ptr(), attributes.len());
        self.attributes.push(attributes);
        place
    }

    fn event(&mut self, event: FinishedEvent) {
        let (attributes, attribute_count) = self.attributes(event.attributes);
        let event = tracer_event_view {
            struct_size: size_of::<tracer_event_view>(),
            name: self.text(event.name),
            unix_ns: event.unix_ns,
            attributes,
            attribute_count,
            dropped_attribute_count: event.dropped_attributes,
        };
        self.events.push(event);
    }

    fn link(&mut self, link: FinishedLink) {
        let (attributes, attribute_count) = self.attributes(link.attributes);
        let link = tracer_link_view {
            struct_size: size_of::<tracer_link_view>(),
            trace_id: link.trace_id,
            span_id: link.span_id,
            trace_id_hex: ptr::hex(&link.trace_id),
            span_id_hex: ptr::hex(&link.span_id),
            trace_flags: link.trace_flags,
            is_remote: link.is_remote,
            trace_state: self.text(link.trace_state),
            attributes,
            attribute_count,
            dropped_attribute_count: link.dropped_attributes,
        };
        self.links.push(link);
    }

    /// All events and links are there.
    fn point_to_all(&mut self) {
        self.event_places = self.events.iter().map(std::ptr::from_ref).collect();
        self.link_places = self.links.iter().map(std::ptr::from_ref).collect();
    }
}

impl View {
    pub(crate) fn of(span: FinishedSpan) -> Self {
        let mut kept = Kept::default();
        let (attributes, attribute_count) = kept.attributes(span.attributes);
        let (scope, resource) = (&*span.scope, &*span.resource);
        let (scope_attributes, scope_attribute_count) = kept.attributes(scope.attributes.clone());
        let resource_entries = resource.attributes.clone();
        let (resource_attributes, resource_attribute_count) = kept.attributes(resource_entries);
        span.events.into_iter().for_each(|event| kept.event(event));
        span.links.into_iter().for_each(|link| kept.link(link));
        kept.point_to_all();
        let (status, why) = match span.status {
            FinishedStatus::Ok => (TRACER_STATUS_OK, String::new()),
            FinishedStatus::Error(why) => (TRACER_STATUS_ERROR, why),
            _ => (TRACER_STATUS_UNSET, String::new()),
        };
        let parent = span.parent_span_id.unwrap_or_default();
        let span = tracer_span_view {
            struct_size: size_of::<tracer_span_view>(),
            name: kept.text(span.name),
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_span_id: parent,
            trace_id_hex: ptr::hex(&span.trace_id),
            span_id_hex: ptr::hex(&span.span_id),
            parent_span_id_hex: match span.parent_span_id {
                Some(_) => ptr::hex(&parent),
                None => [0; 17],
            },
            trace_flags: span.trace_flags,
            parent_is_remote: span.parent_is_remote,
            kind: span.kind as i32,
            trace_state: kept.text(span.trace_state),
            start_unix_ns: span.start_unix_ns,
            end_unix_ns: span.end_unix_ns,
            status,
            status_description: kept.text(why),
            attributes,
            attribute_count,
            dropped_attribute_count: span.dropped_attributes,
            dropped_event_count: span.dropped_events,
            dropped_link_count: span.dropped_links,
            events: kept.event_places.as_ptr(),
            event_count: kept.event_places.len(),
            links: kept.link_places.as_ptr(),
            link_count: kept.link_places.len(),
            scope_name: kept.text(&*scope.name),
            scope_version: kept.text(&*scope.version),
            scope_schema_url: kept.text(&*scope.schema_url),
            scope_attributes,
            scope_attribute_count,
            resource_attributes,
            resource_attribute_count,
            resource_schema_url: kept.text(&*resource.schema_url),
        };
        Self { span, kept }
    }

    /// What C sees of it, while this lives.
    pub(crate) fn span(&self) -> &tracer_span_view {
        debug_assert_eq!(self.kept.event_places.len(), self.span.event_count);
        &self.span
    }
}

/// Reads an open span as it is now, without its scope and resource, such as within `on_start`; its end
/// is 0. Caller frees it. NULL if the span has ended or records nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_view_new(span: tracer_span) -> *mut tracer_span_view {
    let read = || {
        let (span, mut message) = (handle(span), Vec::new());
        if span.is_recording() {
            span.read(&mut |encoded| message = alone(encoded));
        }
        FinishedSpan::decode(&message).pop().map(View::of)
    };
    pool::give::<View, _>(read).cast()
}

/// A span as the only one of an OTLP `ResourceSpans` message.
fn alone(span: &[u8]) -> Vec<u8> {
    // `ResourceSpans.scope_spans` and `ScopeSpans.spans`: both field 2, length-delimited.
    (0..2).fold(span.to_vec(), |inner, _| {
        let mut outer = vec![0x12];
        let mut len = inner.len();
        while len >= 0x80 {
            outer.push(u8::try_from(len & 0x7f).unwrap_or(0) | 0x80);
            len >>= 7;
        }
        outer.push(u8::try_from(len).unwrap_or(0));
        outer.extend(inner);
        outer
    })
}

/// Frees what `tracer_span_view_new` returned, and no other view. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_view_free(view: *mut tracer_span_view) {
    pool::free(view.cast::<View>());
}

/// Finds an attribute by its key; NULL if there is none. Borrowed from the array. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_attribute_find(
    attributes: *const tracer_attribute,
    count: usize,
    key: *const c_char,
) -> *const tracer_attribute {
    guard(std::ptr::null(), || {
        // SAFETY: as the header says.
        let wanted = unsafe { ptr::text(key) };
        // SAFETY: as the header says.
        let all = unsafe { ptr::elements(attributes, count) };
        let found = all.iter().find(|one| {
            // SAFETY: as the header says.
            unsafe { ptr::text(one.key) == wanted }
        });
        found.map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// Writes the value of an attribute as text: text as it is, numbers in digits, bytes as base64,
/// arrays and maps as JSON, null as nothing. At most `len` bytes with the NUL. Returns the length of
/// all of it. Thread-safe. NULL: 0; NULL `buf`: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_attribute_text(
    attribute: *const tracer_attribute,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        let mut text = String::new();
        // SAFETY: as the header says.
        unsafe {
            attribute::each(attribute, usize::from(!attribute.is_null()), |_, value| {
                text = owned(value).to_string();
            });
        }
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(&text, buf, len) }
    })
}

/// Writes a value as JSON, bytes as base64; as `tracer_attribute_text`. NULL: null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_json(
    value: *const tracer_value,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        // SAFETY: as the header says.
        let value = unsafe { value::built(value) };
        let value = owned(value.map_or(Value::Null, Value::Built));
        // In an array, texts and null are JSON as well.
        let array = OwnedValue::Array(vec![value]).to_string();
        let json = array
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(json.unwrap_or_default(), buf, len) }
    })
}

pub(crate) fn owned(value: Value<'_>) -> OwnedValue {
    let mut map = ValueBuilder::new();
    map.begin_map();
    map.key("value");
    map.add(value);
    map.end();
    let entry = map.to_entries().pop();
    entry.map(|(_, value)| value).unwrap_or_default()
}
