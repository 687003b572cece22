//! Spans and events of `tracing`, recorded by our layer.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "tracing")]

use libtracer::{
    Config, FinishedSpan, FinishedStatus, MemoryExporter, OwnedValue, SpanKind, TracerProvider,
    TracingLayer,
};
use std::error::Error;
use std::fmt;
use tracing::{Level, error, event, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

fn provider(config: Config) -> (libtracer::Tracer, MemoryExporter) {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&config.memory(&memory)).unwrap();
    (provider.tracer("t"), memory)
}

/// Runs `work` under the layer; the spans by the order of their ends.
fn traced(adapt: fn(TracingLayer) -> TracingLayer, work: impl FnOnce()) -> Vec<FinishedSpan> {
    let (tracer, memory) = provider(Config::new());
    let subscriber = registry().with(adapt(TracingLayer::new(tracer)));
    tracing::subscriber::with_default(subscriber, work);
    memory.spans()
}

fn plain(work: impl FnOnce()) -> Vec<FinishedSpan> {
    traced(|layer| layer, work)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "to be compared with what may be missing"
)]
fn text(value: &str) -> Option<OwnedValue> {
    Some(value.into())
}

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("inner")
    }
}

impl Error for Inner {}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn fields_keep_their_types() {
    let spans = plain(|| {
        info_span!(
            "span",
            flag = true,
            int = -7i64,
            small = 3u8,
            unsigned = u64::MAX,
            wide = i128::MAX,
            double = 0.5,
            text = "é",
            display = %1.5,
            debug = ?Some(1),
            bytes = &b"\x00\xff"[..],
            empty = tracing::field::Empty,
        );
    });
    let attributes: Vec<_> = spans[0]
        .attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    assert_eq!(
        attributes,
        [
            ("flag", OwnedValue::Bool(true)),
            ("int", OwnedValue::Int(-7)),
            ("small", OwnedValue::Int(3)),
            ("unsigned", u64::MAX.to_string().as_str().into()),
            ("wide", i128::MAX.to_string().as_str().into()),
            ("double", OwnedValue::Double(0.5)),
            ("text", "é".into()),
            ("display", "1.5".into()),
            ("debug", "Some(1)".into()),
            ("bytes", OwnedValue::Bytes(vec![0, 255])),
        ]
    );
    assert_eq!(spans[0].kind, SpanKind::Internal);
    assert_eq!(spans[0].status, FinishedStatus::Unset);
}

#[test]
fn more_fields_than_fit_inline_are_kept() {
    let spans = plain(|| {
        info_span!(
            "s",
            a = 1,
            b = 2,
            c = 3,
            d = 4,
            e = 5,
            f = 6,
            g = 7,
            h = 8,
            i = 9,
            j = 10,
            k = 11,
            l = 12,
            m = 13,
            n = 14,
            o = 15,
            p = 16,
            q = 17,
            r = "eighteen"
        );
    });
    assert_eq!(spans[0].attributes.len(), 18);
    assert_eq!(spans[0].attribute("r"), Some(&"eighteen".into()));
}

#[test]
fn special_fields_say_name_kind_and_status_at_once_or_later() {
    let spans = plain(|| {
        info_span!(
            "a",
            otel.name = "GET /",
            otel.kind = "SERVER",
            otel.status_code = "ok"
        );
        let late = info_span!(
            "b",
            otel.name = tracing::field::Empty,
            otel.kind = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
            otel.status_description = tracing::field::Empty,
            later = tracing::field::Empty,
        );
        late.record("otel.name", format_args!("PUT {}", "/"));
        late.record("otel.kind", tracing::field::debug(SpanKind::Client));
        late.record("otel.status_code", "ERROR");
        late.record("otel.status_description", "gone");
        late.record("later", 5);
        late.record("no such field", 5);
        drop(late);
        info_span!(
            "c",
            otel.kind = "sideways",
            otel.status_description = "only this"
        );
    });
    let said = |span: &FinishedSpan| (span.name.clone(), span.kind, span.status.clone());
    let error = |text: &str| FinishedStatus::Error(text.to_owned());
    assert_eq!(
        said(&spans[0]),
        ("GET /".into(), SpanKind::Server, FinishedStatus::Ok)
    );
    assert_eq!(
        said(&spans[1]),
        ("PUT /".into(), SpanKind::Client, error("gone"))
    );
    assert_eq!(spans[1].attributes, [("later".into(), OwnedValue::Int(5))]);
    assert_eq!(
        said(&spans[2]),
        ("c".into(), SpanKind::Internal, error("only this"))
    );
    assert_eq!(spans[2].attributes, []);
}

#[test]
fn events_have_their_message_level_and_target() {
    let spans = plain(|| {
        let span = info_span!("span").entered();
        info!(shelf = "B", n = 3, "packed {}", "it");
        event!(target: "elsewhere", Level::DEBUG, quiet = true);
        let other = info_span!("other");
        info!(parent: &other, "explicit");
        info!(parent: None, "nowhere");
        drop(span);
        info!("outside");
    });
    let [other, span] = [&spans[0], &spans[1]];
    assert_eq!(span.events.len(), 2);
    let packed = &span.events[0];
    assert_eq!(packed.name, "packed it");
    assert_eq!(packed.attribute("level").cloned(), text("INFO"));
    assert_eq!(packed.attribute("target").cloned(), text("layer"));
    assert_eq!(packed.attribute("shelf").cloned(), text("B"));
    assert_eq!(packed.attribute("n"), Some(&OwnedValue::Int(3)));
    assert!(packed.unix_ns >= span.start_unix_ns && packed.unix_ns <= span.end_unix_ns);
    assert!(span.events[1].name.starts_with("event "));
    assert_eq!(
        span.events[1].attribute("target").cloned(),
        text("elsewhere")
    );
    assert_eq!(other.events[0].name, "explicit");
    assert_eq!(span.status, FinishedStatus::Unset);
}

#[test]
fn errors_become_exceptions_and_a_status() {
    let spans = plain(|| {
        let span = info_span!("dyn error").entered();
        let error = Outer(Inner);
        error!(error = &error as &dyn Error, "could not");
        warn!(cause = &error as &dyn Error);
        drop(span);
        info_span!("bare").in_scope(|| warn!(error = %"no message"));
        info_span!("level").in_scope(|| {
            error!("first");
            error!(error = "described");
            error!("last");
        });
        info_span!("field", error = &error as &dyn Error);
        info_span!("a field like others").in_scope(|| info!(error = 3, "no trouble"));
    });
    let message = |event: &libtracer::FinishedEvent| event.attribute("exception.message").cloned();
    let [event, cause] = [&spans[0].events[0], &spans[0].events[1]];
    assert_eq!(
        (event.name.as_str(), message(event)),
        ("could not", text("outer"))
    );
    assert_eq!(event.attribute("error").cloned(), text("outer"));
    let chain = OwnedValue::Array(vec!["inner".into()]);
    assert_eq!(event.attribute("error.chain"), Some(&chain));
    assert_eq!(
        (cause.name.as_str(), message(cause)),
        ("exception", text("outer"))
    );
    assert_eq!(spans[0].status, FinishedStatus::Error("outer".into()));
    assert_eq!(spans[1].events[0].name, "exception");
    assert_eq!(message(&spans[1].events[0]), text("no message"));
    assert_eq!(spans[1].status, FinishedStatus::Error("no message".into()));
    assert_eq!(spans[2].status, FinishedStatus::Error("described".into()));
    assert_eq!(spans[3].events[0].name, "exception");
    assert_eq!(message(&spans[3].events[0]), text("outer"));
    assert_eq!(spans[3].attribute("error").cloned(), text("outer"));
    assert_eq!(spans[4].status, FinishedStatus::Unset);
    assert_eq!(
        spans[4].events[0].attribute("error"),
        Some(&OwnedValue::Int(3))
    );
}

#[test]
fn options_add_places_targets_threads_and_times() {
    let adapt = |layer: TracingLayer| {
        layer
            .location(true)
            .target(true)
            .threads(true)
            .busy_idle(true)
    };
    let spans = traced(adapt, || info_span!("span").in_scope(|| info!("event")));
    let span = &spans[0];
    for attributes in [&span.attributes, &span.events[0].attributes] {
        let find = |key: &str| {
            attributes
                .iter()
                .find(|pair| pair.0 == key)
                .map(|pair| &pair.1)
        };
        assert!(
            find("code.file.path")
                .unwrap()
                .as_str()
                .unwrap()
                .ends_with("layer.rs")
        );
        assert!(matches!(
            find("code.line.number"),
            Some(OwnedValue::Int(1..))
        ));
        assert_eq!(find("code.module.name").cloned(), text("layer"));
        assert_eq!(find("level").cloned(), text("INFO"));
        assert_eq!(find("target").cloned(), text("layer"));
    }
    let thread = std::thread::current().name().map(OwnedValue::from);
    assert_eq!(span.attribute("thread.name").cloned(), thread);
    for key in ["busy_ns", "idle_ns"] {
        assert!(
            matches!(span.attribute(key), Some(OwnedValue::Int(0..))),
            "{key}"
        );
    }
    assert_eq!(plain(|| drop(info_span!("span")))[0].attributes, []);
}

#[test]
fn a_value_that_traces_while_it_is_written_does_not_stop_us() {
    struct Chatty;
    impl fmt::Debug for Chatty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info_span!("from within", n = 1).in_scope(|| info!(m = 2, "event from within"));
            f.write_str("chatty")
        }
    }
    let spans = plain(|| {
        let span = info_span!("outer", value = ?Chatty, late = tracing::field::Empty);
        span.record("late", tracing::field::debug(Chatty));
        span.in_scope(|| info!(value = ?Chatty, "event"));
    });
    let outer = spans.last().unwrap();
    assert_eq!(outer.attribute("value").cloned(), text("chatty"));
    assert_eq!(outer.attribute("late").cloned(), text("chatty"));
    assert_eq!(outer.events[0].attribute("value").cloned(), text("chatty"));
}
