//! What a person sees, as whole pictures.

use super::*;
use crate::export::samples::{self, batch_of, plain, run, scope};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span};
use std::sync::Mutex;

fn spans(spans: &[Span]) -> Vec<FinishedSpan> {
    batch_of(vec![run(scope("app", ""), spans)]).to_spans()
}

fn request() -> Vec<Span> {
    let mut root = plain("GET /search", 1, 0, [0, 12_400]);
    root.kind = span::SpanKind::Server.into();
    root.attributes = vec![samples::text("http.route", "/search")];
    let mut rank = plain("rank", 4, 1, [5_000, 12_000]);
    rank.status = Some(Status {
        message: "no such\nterm".into(),
        code: 2,
    });
    rank.attributes = vec![samples::text("query", "to be"), samples::text("id", "17")];
    rank.events = vec![
        span::Event {
            name: "cache.miss".into(),
            time_unix_nano: rank.start_time_unix_nano + 1_500_000,
            attributes: vec![samples::text("key", "be")],
            ..span::Event::default()
        },
        span::Event {
            name: "exception".into(),
            attributes: vec![
                samples::text("exception.type", "KeyError"),
                samples::text("exception.message", "no such\nterm"),
            ],
            ..span::Event::default()
        },
    ];
    rank.links = vec![span::Link {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..span::Link::default()
    }];
    rank.dropped_attributes_count = 1;
    rank.dropped_links_count = 2;
    let mut sort = plain("sort", 5, 4, [6_000, 6_900]);
    sort.attributes = vec![
        samples::text("text", &"long ".repeat(30)),
        samples::text("n", "x"),
    ];
    // As they end: children first, here also the later sibling before the earlier.
    vec![
        sort,
        rank,
        plain("tokenize", 3, 2, [150, 950]),
        plain("parse", 2, 1, [100, 1_300]),
        root,
    ]
}

const PICTURE: &str = "\
trace 4bf92f3577b34da6a3ce929d0e0e4736  search  5 spans  12.4 ms
└─ GET /search  12.4 ms  [server]  http.route=/search
   ├─ parse  1.20 ms
   │  └─ tokenize  800 µs
   └─ rank  7.00 ms  ERROR: no such\\nterm  query=\"to be\"  id=\"17\"
      │  • cache.miss  +1.50 ms  key=be
      │  ! KeyError: no such\\nterm
      │  → link to span 0202020202020202 of trace 01010101010101010101010101010101
      │  (dropped by limits: 1 attribute, 2 links)
      └─ sort  900 µs
            text=\"long long long long long long long long long long long long long long long long long long long long long long long long…
            n=x
";

#[test]
fn a_trace_is_drawn_as_a_tree() {
    assert_eq!(render_tree(&spans(&request())), PICTURE);
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let mut reversed = spans(&request());
    reversed.reverse();
    assert_eq!(render_tree(&reversed), PICTURE);
}

#[test]
fn spans_without_their_parent_stand_at_the_top() {
    let mut remote = plain("remote", 2, 7, [1, 2]);
    remote.flags = 0x301;
    let text = render_tree(&spans(&[plain("orphan", 3, 8, [2, 4]), remote]));
    let expected = "\
trace 4bf92f3577b34da6a3ce929d0e0e4736  search  2 spans  3.00 µs
├─ remote  1.00 µs  (parent 0000000000000007 in another process)
└─ orphan  2.00 µs  (parent 0000000000000008 not shown)
";
    assert_eq!(text, expected);
}

#[test]
fn traces_stand_apart_and_nothing_is_nothing() {
    let mut other = plain("other", 1, 0, [9, 10]);
    other.trace_id = vec![9; 16];
    let text = render_tree(&spans(&[other, plain("first", 1, 0, [0, 1])]));
    assert_eq!(text.matches("\n\ntrace 0909").count(), 1);
    assert!(text.starts_with("trace 4bf9"));
    assert_eq!(render_tree(&[]), "");
}

#[test]
fn false_parents_lose_no_span_and_draw_none_twice() {
    // A circle of two, a span that is its own parent, and an id used twice.
    let all = spans(&[
        plain("a", 1, 2, [0, 1]),
        plain("b", 2, 1, [0, 1]),
        plain("self", 3, 3, [0, 1]),
        plain("twin one", 4, 0, [0, 1]),
        plain("twin two", 4, 0, [0, 1]),
        plain("child", 5, 4, [0, 1]),
    ]);
    let text = render_tree(&all);
    for name in ["a  ", "b  ", "self", "twin one", "twin two", "child"] {
        assert_eq!(
            text.matches(&format!("─ {name}")).count(),
            1,
            "{name} in\n{text}"
        );
    }
}

#[test]
fn a_deep_recursion_draws_little_space() {
    let deep: Vec<Span> = (0u32..20_000)
        .map(|level| Span {
            span_id: u64::from(level + 1).to_be_bytes().to_vec(),
            parent_span_id: if level == 0 {
                vec![]
            } else {
                u64::from(level).to_be_bytes().to_vec()
            },
            ..plain("fall", 0, 0, [u64::from(level), 30_000])
        })
        .collect();
    let text = render_tree(&spans(&deep));
    assert_eq!(text.lines().count(), 20_001);
    assert!(text.len() < 20_000 * 300);
}

/// What was written, seen from outside.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

fn open() -> (Screen, Box<dyn Exporter>) {
    let screen = Screen::default();
    let shown = screen.clone();
    let exporter = Console::to(move || Box::new(shown.clone()))().unwrap();
    (screen, exporter)
}

fn export(exporter: &mut Box<dyn Exporter>, spans: &[Span]) -> Result<Accepted, ExportError> {
    let batch = batch_of(vec![run(scope("app", ""), spans)]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(exporter.export(&batch))
}

#[test]
fn a_tree_is_printed_when_its_root_has_ended() {
    let (screen, mut exporter) = open();
    let all = request();
    let (last, first) = all.split_last().unwrap();
    export(&mut exporter, first).unwrap();
    assert_eq!(screen.text(), "");
    export(&mut exporter, std::slice::from_ref(last)).unwrap();
    assert_eq!(screen.text(), format!("{PICTURE}\n"));
}

#[test]
fn a_span_whose_parent_is_elsewhere_ends_a_tree_too() {
    let (screen, mut exporter) = open();
    let mut local_root = plain("handler", 1, 7, [0, 9]);
    local_root.flags = 0x301;
    export(&mut exporter, &[plain("inside", 2, 1, [1, 2])]).unwrap();
    assert_eq!(screen.text(), "");
    export(&mut exporter, &[local_root]).unwrap();
    assert_eq!(screen.text().lines().count(), 4);
}

#[test]
fn a_late_span_follows_at_once() {
    let (screen, mut exporter) = open();
    export(&mut exporter, &[plain("root", 1, 0, [0, 1])]).unwrap();
    assert_eq!(screen.text().lines().count(), 3);
    export(&mut exporter, &[plain("late", 2, 1, [0, 2])]).unwrap();
    assert!(
        screen
            .text()
            .contains("late  2.00 µs  (parent 0000000000000001 not shown)")
    );
}

#[test]
fn what_is_left_is_printed_by_flush_and_at_the_end() {
    let (screen, mut exporter) = open();
    export(&mut exporter, &[plain("flushed", 2, 1, [0, 1])]).unwrap();
    assert_eq!(screen.text(), "");
    exporter.flush();
    assert!(screen.text().contains("flushed"));
    export(&mut exporter, &[plain("last", 2, 1, [0, 1])]).unwrap();
    exporter.shutdown();
    let text = screen.text();
    assert!(text.contains("last") && !text.contains("flushed"), "{text}");
}

#[test]
fn what_waits_for_its_root_is_bounded() {
    let (screen, mut exporter) = open();
    let mut printed = 0;
    for number in 0u8..20 {
        let mut span = plain("waiting", number, 200, [0, 1]);
        span.trace_id = vec![number + 1; 16];
        span.attributes = vec![samples::text("text", &"x".repeat(1024 * 1024))];
        export(&mut exporter, &[span]).unwrap();
        let text = screen.text();
        if !text.is_empty() {
            printed += 1;
            let oldest = format!("trace {}", line::hex(&[printed; 16]));
            assert!(text.starts_with(&oldest), "{text}");
        }
    }
    assert_eq!(printed, 13);
}

#[test]
fn a_broken_console_is_an_error_not_a_crash() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut exporter = Console::to(|| Box::new(Broken))().unwrap();
    let error = export(&mut exporter, &[plain("root", 1, 0, [0, 1])]).unwrap_err();
    assert_eq!(
        error.message(),
        "the console cannot be written to: broken pipe"
    );
    exporter.flush();
    exporter.shutdown();
}
