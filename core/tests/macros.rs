//! `#[traced]` on functions of every shape.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "macros")]

use libtracer::{
    Capture, Config, FinishedSpan, FinishedStatus, MemoryExporter, OwnedValue, SpanKind, Tracer,
    TracerProvider, current_context, current_span, traced,
};
use std::fmt;
use std::num::ParseIntError;
use std::sync::Arc;

fn tracer() -> (Tracer, MemoryExporter) {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    (provider.tracer("t"), memory)
}

fn one(memory: &MemoryExporter) -> FinishedSpan {
    let [span] = memory.spans().try_into().unwrap();
    memory.clear();
    span
}

#[traced]
fn plain() -> bool {
    inner();
    current_span().is_recording()
}

#[traced(name = "renamed", kind = "Client")]
fn inner() {}

#[test]
fn conf_011_a_call_is_a_span_below_the_caller_of_a_scope_named_after_the_module() {
    let capture = Capture::start();
    assert!(plain());
    let spans = capture.spans();
    let mine = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (inner, plain) = (mine("renamed"), mine("plain"));
    assert_eq!(inner.parent_span_id, Some(plain.span_id));
    assert_eq!(
        (plain.kind, inner.kind),
        (SpanKind::Internal, SpanKind::Client)
    );
    assert_eq!(plain.scope.name, "macros");
    assert_eq!(plain.scope.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(plain.attributes, []);
    assert!(!current_context().is_valid());
}

struct Shop {
    tracer: Tracer,
    name: String,
}

#[derive(Debug)]
struct Wrong(u8);

impl From<ParseIntError> for Wrong {
    fn from(_: ParseIntError) -> Self {
        Self(7)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wrong {}", self.0)
    }
}

impl Shop {
    /// Lends from what it was given; documented.
    #[traced(tracer = self.tracer, attributes(shop = self.name, n = words.len()))]
    #[must_use]
    fn longest<'a, T: AsRef<str> + ?Sized>(&self, words: &'a [&'a T]) -> Option<&'a str> {
        let words = words.iter().map(AsRef::as_ref);
        words.max_by_key(|word| word.len())
    }

    #[traced(tracer = self.tracer, args(by, %to))]
    fn rename(&mut self, to: &str, mut by: u64) -> &mut String {
        by += 1;
        self.name = format!("{to}{by}");
        &mut self.name
    }

    #[traced(tracer = tracer, args)]
    fn consumed(self: Arc<Self>, (a, b): (u8, u8), tracer: Tracer) -> usize
    where
        Self: Sized,
    {
        usize::from(a + b) + self.name.len()
    }

    #[traced(tracer = self.tracer, err)]
    fn parse(&self, text: &str) -> Result<i32, Wrong> {
        if text == "early" {
            return Ok(-1);
        }
        let number = text.parse::<i32>()?;
        if number > 9 {
            Err(Wrong(9))
        } else {
            Ok(number)
        }
    }

    #[traced(tracer = self.tracer, err(Debug))]
    async fn parse_later(&self, text: &str) -> Result<i32, Wrong> {
        tokio::task::yield_now().await;
        if text == "early" {
            return Ok(-1);
        }
        Ok(text.parse()?)
    }
}

fn shop() -> (Shop, MemoryExporter) {
    let (tracer, memory) = tracer();
    let name = "corner".to_owned();
    (Shop { tracer, name }, memory)
}

#[test]
fn methods_generics_lifetimes_and_patterns_stay_as_they_are() {
    let (mut shop, memory) = shop();
    assert_eq!(shop.longest(&["a", "bbb", "cc"]), Some("bbb"));
    let span = one(&memory);
    assert_eq!(span.attribute("shop"), Some(&"corner".into()));
    assert_eq!(span.attribute("n"), Some(&OwnedValue::Int(3)));
    shop.rename("x", u64::MAX - 1).push('!');
    assert_eq!(shop.name, format!("x{}!", u64::MAX));
    let span = one(&memory);
    let large = (u64::MAX - 1).to_string();
    assert_eq!(span.attribute("by"), Some(&large.as_str().into()));
    assert_eq!(span.attribute("to"), Some(&"x".into()));
    let tracer = shop.tracer;
    assert_eq!(Arc::new(shop).consumed((1, 2), tracer), 25);
    let span = one(&memory);
    assert_eq!(span.attributes.len(), 1, "a pattern has no name");
    assert!(span.attribute("tracer").is_some());
}

#[test]
fn an_error_is_the_spans_status_and_passes_unchanged() {
    let (shop, memory) = shop();
    assert_eq!(shop.parse("5").unwrap(), 5);
    assert_eq!(one(&memory).status, FinishedStatus::Unset);
    assert_eq!(shop.parse("early").unwrap(), -1);
    assert_eq!(one(&memory).status, FinishedStatus::Unset);
    assert_eq!(shop.parse("x").unwrap_err().0, 7);
    let span = one(&memory);
    assert_eq!(span.status, FinishedStatus::Error("wrong 7".into()));
    let [event] = span.events.try_into().unwrap();
    assert_eq!(event.name, "exception");
    assert_eq!(
        event.attribute("exception.message"),
        Some(&"wrong 7".into())
    );
    assert_eq!(
        event.attribute("exception.type"),
        Some(&"macros::Wrong".into())
    );
    assert_eq!(shop.parse("10").unwrap_err().0, 9);
    assert_eq!(one(&memory).status, FinishedStatus::Error("wrong 9".into()));
}

#[tokio::test]
async fn an_async_error_is_written_as_asked() {
    let (shop, memory) = shop();
    assert_eq!(shop.parse_later("5").await.unwrap(), 5);
    assert_eq!(one(&memory).status, FinishedStatus::Unset);
    assert_eq!(shop.parse_later("early").await.unwrap(), -1);
    one(&memory);
    assert_eq!(shop.parse_later("x").await.unwrap_err().0, 7);
    assert_eq!(
        one(&memory).status,
        FinishedStatus::Error("Wrong(7)".into())
    );
}

#[traced(
    tracer = tracer,
    attributes(
        flag = true, int = -7, small = 3u8, size = usize::MAX, double = 0.5, text = "é",
        owned = String::from("o"), bytes = vec![0u8, 255], none = None::<i64>, some = Some("s"),
        http.route = "/", "a key" = %1.5, debug = ?Some(1), r#type = 'c'.to_string(),
    )
)]
fn every_type(tracer: &Tracer) {}

#[test]
fn values_keep_their_types() {
    let (tracer, memory) = tracer();
    every_type(&tracer);
    let span = one(&memory);
    let attributes: Vec<_> = span
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
            ("size", usize::MAX.to_string().as_str().into()),
            ("double", OwnedValue::Double(0.5)),
            ("text", "é".into()),
            ("owned", "o".into()),
            ("bytes", OwnedValue::Bytes(vec![0, 255])),
            ("some", "s".into()),
            ("http.route", "/".into()),
            ("type", "c".into()),
            ("a key", "1.5".into()),
            ("debug", "Some(1)".into()),
        ]
    );
}

/// Counts how often it is written.
struct Counted<'a>(&'a std::cell::Cell<u32>);

impl fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.set(self.0.get() + 1);
        f.write_str("counted")
    }
}

#[test]
fn nothing_is_written_for_a_span_that_no_one_sees() {
    #[traced(tracer = tracer, args(?value))]
    fn traced_twice(tracer: Tracer, value: &Counted<'_>) {}
    let (written, config) = (std::cell::Cell::new(0), Config::new());
    let config = config.sampler(libtracer::Sampler::AlwaysOff);
    let off = TracerProvider::new(&config.memory(&MemoryExporter::new())).unwrap();
    traced_twice(off.tracer("t"), &Counted(&written));
    assert_eq!(written.get(), 0);
    let (on, memory) = tracer();
    traced_twice(on, &Counted(&written));
    assert_eq!(written.get(), 1);
    assert_eq!(one(&memory).attribute("value"), Some(&"counted".into()));
}

#[traced(tracer = tracer)]
fn opaque(tracer: Tracer, n: u32) -> impl Iterator<Item = u32> + use<> {
    (0..n).map(move |each| each * n)
}

#[traced(tracer = tracer, err)]
fn opaque_or_not(tracer: Tracer, text: &str) -> Result<impl fmt::Display + use<>, ParseIntError> {
    let number = text.parse::<u8>()?;
    Ok(number)
}

#[traced(tracer = tracer)]
#[expect(clippy::panic, reason = "that it unwinds is the test")]
fn diverges(tracer: Tracer) -> ! {
    panic!("on purpose");
}

#[traced(tracer = tracer)]
unsafe fn risky<const N: usize>(tracer: Tracer) -> [u8; N] {
    [1; N]
}

#[test]
fn opaque_diverging_and_unsafe_functions_are_traced() {
    let (tracer, memory) = tracer();
    assert_eq!(opaque(tracer, 3).collect::<Vec<_>>(), [0, 3, 6]);
    assert_eq!(one(&memory).name, "opaque");
    assert_eq!(opaque_or_not(tracer, "7").unwrap().to_string(), "7");
    one(&memory);
    assert!(opaque_or_not(tracer, "x").is_err());
    assert!(matches!(one(&memory).status, FinishedStatus::Error(_)));
    // SAFETY: it is unsafe in name only.
    assert_eq!(unsafe { risky::<2>(tracer) }, [1, 1]);
    assert_eq!(one(&memory).name, "risky");
    assert!(std::panic::catch_unwind(|| diverges(tracer)).is_err());
    assert_eq!(one(&memory).name, "diverges");
    assert!(!current_context().is_valid());
}
