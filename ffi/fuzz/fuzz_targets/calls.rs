//! Random sequences of calls through the C ABI, on spans that are open, ended, made up or another's,
//! on contexts and values that are freed, once and again. After each sequence nothing has panicked and the account holds.
#![no_main]

mod texts;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use libtracer_abi::{tracer_span, tracer_value};
use std::ffi::c_char;
use std::ptr::{null, null_mut};
use std::sync::Once;
use texts::{Text, attribute, check, pointer};
use tracer::config::{tracer_config_free, tracer_config_new, tracer_config_set_exporter};
use tracer::context::{
    tracer_context, tracer_context_attach, tracer_context_copy, tracer_context_current,
    tracer_context_detach, tracer_context_free, tracer_span_context,
};
use tracer::options::{tracer_link, tracer_span_options};
use tracer::propagation::tracer_context_from_traceparent;
use tracer::provider::{tracer_flush, tracer_init, tracer_shutdown};
use tracer::span::*;
use tracer::value::*;

/// Which span of those started so far, open or ended; or one that nobody started.
#[derive(Arbitrary, Debug)]
enum Which {
    Started(u8),
    Current,
    None,
    MadeUp(u64, u64),
}

#[derive(Arbitrary, Debug)]
enum Call {
    Begin(Text),
    Start {
        name: Text,
        flags: u32,
        kind: i32,
        parent: Option<u8>,
        at: u64,
        key: Text,
        value: Text,
        link: Option<u8>,
    },
    Finish(Which),
    Enter(Which),
    Leave(Which),
    End(Which),
    EndAt(Which, u64),
    Bool(Which, Text, bool),
    Int(Which, Text, i64),
    Double(Which, Text, f64),
    Text(Which, Text, Text),
    Bytes(Which, Text, Text),
    Value(Which, Text),
    Attribute(Which, Text, i32, Text),
    Status(Which, i32, Text),
    Name(Which, Text),
    Event(Which, Text, Text, Text, u64),
    Link(Which, Option<u8>, Text),
    Error(Which, Text, Text, Text),
    Read(Which),
    Array,
    Map,
    EndValue,
    Key(Text),
    AddText(Text),
    AddNull,
    AddInt(i64),
    Clear,
    FreeValue,
    NewValue,
    FreeContext(u8),
    CopyContext(Option<u8>),
    KeepContext(Which),
    KeepCurrent,
    KeepHeader(Text, Text),
    Attach(Option<u8>),
    Detach(u8),
    MadeUpDetach(u64),
    Flush,
    InitAgain,
    Shutdown,
}

struct World {
    spans: Vec<tracer_span>,
    /// Each may have been freed.
    contexts: Vec<*mut tracer_context>,
    tokens: Vec<u64>,
    value: *mut tracer_value,
}

impl World {
    fn span(&self, which: &Which) -> tracer_span {
        match which {
            Which::Started(at) => self
                .spans
                .get(usize::from(*at) % self.spans.len().max(1))
                .copied(),
            Which::Current => Some(tracer_span_current()),
            Which::None => None,
            Which::MadeUp(slot, generation) => Some(tracer_span {
                slot: *slot,
                generation: *generation,
            }),
        }
        .unwrap_or_default()
    }

    fn context(&self, which: Option<u8>) -> Option<&tracer_context> {
        let at = usize::from(which?) % self.contexts.len().max(1);
        // SAFETY: the memory of contexts stays where it is.
        unsafe { self.contexts.get(at)?.as_ref() }
    }

    fn keep(&mut self, context: *mut tracer_context) {
        assert!(!context.is_null());
        if self.contexts.len() < 64 {
            self.contexts.push(context);
        } else {
            // SAFETY: made by the caller.
            unsafe { tracer_context_free(context) };
        }
    }

    fn start(&mut self, span: tracer_span) {
        if self.spans.len() < 256 {
            self.spans.push(span);
        } else {
            tracer_span_end(span);
        }
    }
}

fn install() {
    let config = tracer_config_new();
    // SAFETY: all live; freed once, and once again.
    unsafe {
        let status = tracer_config_set_exporter(config.as_mut(), c"none".as_ptr());
        assert_eq!(status, 0);
        assert_eq!(tracer_init(config.as_ref()), 0);
        tracer_config_free(config);
        tracer_config_free(config);
    }
}

/// # Safety
/// The world's value was made, and so were its contexts.
unsafe fn make(world: &mut World, call: &Call) {
    match call {
        Call::Begin(name) => {
            let name = name.named();
            let span = unsafe { tracer_span_begin(pointer(&name)) };
            world.start(span);
        }
        Call::Start {
            name,
            flags,
            kind,
            parent,
            at,
            key,
            value,
            link,
        } => {
            let (name, key) = (name.named(), key.named());
            let attributes = [attribute(pointer(&key), 0, value.parts())];
            let place =
                |context: Option<u8>| world.context(context).map_or(null(), |it| it as *const _);
            let links = [tracer_link {
                context: place(*link),
                attributes: attributes.as_ptr(),
                attribute_count: 1,
            }];
            let options = tracer_span_options {
                struct_size: size_of::<tracer_span_options>(),
                flags: *flags,
                kind: *kind,
                parent: place(*parent),
                start_unix_ns: *at,
                attributes: attributes.as_ptr(),
                attribute_count: 1,
                links: links.as_ptr(),
                link_count: 1,
            };
            let span = unsafe { tracer_span_start(None, pointer(&name), &raw const options) };
            world.start(span);
        }
        Call::Finish(which) => tracer_span_finish(world.span(which)),
        Call::Enter(which) => tracer_span_enter(world.span(which)),
        Call::Leave(which) => tracer_span_leave(world.span(which)),
        Call::End(which) => tracer_span_end(world.span(which)),
        Call::EndAt(which, at) => tracer_span_end_at(world.span(which), *at),
        Call::Bool(which, key, value) => unsafe {
            tracer_span_set_bool(world.span(which), pointer(&key.named()), *value)
        },
        Call::Int(which, key, value) => unsafe {
            tracer_span_set_int(world.span(which), pointer(&key.named()), *value)
        },
        Call::Double(which, key, value) => unsafe {
            tracer_span_set_double(world.span(which), pointer(&key.named()), *value)
        },
        Call::Text(which, key, text) => {
            let (data, len) = text.parts();
            unsafe { tracer_span_set_string(world.span(which), pointer(&key.named()), data, len) };
        }
        Call::Bytes(which, key, bytes) => {
            let (data, len) = bytes.parts();
            unsafe {
                tracer_span_set_bytes(world.span(which), pointer(&key.named()), data.cast(), len)
            };
        }
        Call::Value(which, key) => unsafe {
            tracer_span_set_value(world.span(which), pointer(&key.named()), world.value)
        },
        Call::Attribute(which, key, r#type, text) => {
            let key = key.named();
            let attributes = [
                attribute(pointer(&key), *r#type, text.parts()),
                attribute(null(), 1, (null(), 0)),
            ];
            unsafe { tracer_span_set_attributes(world.span(which), attributes.as_ptr(), 2) };
        }
        Call::Status(which, status, text) => unsafe {
            tracer_span_set_status(world.span(which), *status, pointer(&text.named()))
        },
        Call::Name(which, name) => unsafe {
            tracer_span_set_name(world.span(which), pointer(&name.named()))
        },
        Call::Event(which, name, key, text, at) => {
            let key = key.named();
            let attributes = [attribute(pointer(&key), 0, text.parts())];
            unsafe {
                tracer_span_add_event_at(
                    world.span(which),
                    pointer(&name.named()),
                    attributes.as_ptr(),
                    1,
                    *at,
                )
            };
        }
        Call::Link(which, context, key) => {
            let key = key.named();
            let attributes = [attribute(pointer(&key), 2, (null(), 3))];
            let context = world.context(*context).map_or(null(), |it| it as *const _);
            unsafe { tracer_span_add_link(world.span(which), context, attributes.as_ptr(), 1) };
        }
        Call::Error(which, kind, message, stack) => {
            let (kind, message, stack) = (kind.named(), message.named(), stack.named());
            unsafe {
                tracer_span_record_error(
                    world.span(which),
                    pointer(&kind),
                    pointer(&message),
                    pointer(&stack),
                )
            };
        }
        Call::Read(which) => {
            let mut hex = [0; 33];
            let known = unsafe { tracer_span_trace_id_hex(world.span(which), hex.as_mut_ptr()) };
            assert_eq!(hex[32], 0);
            assert!(known || hex[..32].iter().all(|digit| *digit == b'0' as c_char));
        }
        other => unsafe { make_more(world, other) },
    }
}

/// # Safety
/// As for [`make`].
unsafe fn make_more(world: &mut World, call: &Call) {
    match call {
        Call::Array => unsafe { tracer_value_begin_array(world.value) },
        Call::Map => unsafe { tracer_value_begin_map(world.value) },
        Call::EndValue => unsafe { tracer_value_end(world.value) },
        Call::Key(key) => {
            let (data, len) = key.parts();
            unsafe { tracer_value_key(world.value, data, len) };
        }
        Call::AddText(text) => {
            let (data, len) = text.parts();
            unsafe { tracer_value_add_string(world.value, data, len) };
        }
        Call::AddNull => unsafe { tracer_value_add_null(world.value) },
        Call::AddInt(integer) => unsafe { tracer_value_add_int(world.value, *integer) },
        Call::Clear => unsafe { tracer_value_clear(world.value) },
        Call::FreeValue => unsafe { tracer_value_free(world.value) },
        Call::NewValue => {
            unsafe { tracer_value_free(world.value) };
            world.value = tracer_value_new();
        }
        Call::FreeContext(at) => {
            let at = usize::from(*at) % world.contexts.len().max(1);
            let context = world.contexts.get(at).copied();
            unsafe { tracer_context_free(context.unwrap_or(null_mut())) };
        }
        Call::CopyContext(which) => world.keep(tracer_context_copy(world.context(*which))),
        Call::KeepContext(which) => {
            let context = tracer_span_context(world.span(which));
            world.keep(context);
        }
        Call::KeepCurrent => world.keep(tracer_context_current()),
        Call::KeepHeader(parent, state) => {
            let (parent, state) = (parent.named(), state.named());
            let context =
                unsafe { tracer_context_from_traceparent(pointer(&parent), pointer(&state)) };
            world.keep(context);
        }
        Call::Attach(which) => {
            let token = tracer_context_attach(world.context(*which));
            world.tokens.push(token);
        }
        Call::Detach(at) => {
            let at = usize::from(*at) % world.tokens.len().max(1);
            tracer_context_detach(world.tokens.get(at).copied().unwrap_or_default());
        }
        Call::MadeUpDetach(token) => tracer_context_detach(*token),
        Call::Flush => assert_eq!(tracer_flush(10_000), 0),
        Call::InitAgain => install(),
        Call::Shutdown => assert_eq!(tracer_shutdown(10_000), 0),
        _ => {}
    }
}

fuzz_target!(|calls: Vec<Call>| {
    static ONCE: Once = Once::new();
    ONCE.call_once(install);
    let mut world = World {
        spans: Vec::new(),
        contexts: Vec::new(),
        tokens: Vec::new(),
        value: null_mut(),
    };
    world.value = tracer_value_new();
    for call in calls.iter().take(200) {
        // SAFETY: made above or by a call; all else that is pointed to lives for the call.
        unsafe { make(&mut world, call) };
    }
    check();
    // What is current here must not be the next sequence's parent.
    for token in world.tokens.iter().rev() {
        tracer_context_detach(*token);
    }
    for span in world.spans.iter().rev() {
        tracer_span_leave(*span);
        tracer_span_finish(*span);
    }
    // SAFETY: made above or by a call, whether freed or not.
    unsafe {
        tracer_value_free(world.value);
        world
            .contexts
            .iter()
            .for_each(|it| tracer_context_free(*it));
    }
    check();
});
