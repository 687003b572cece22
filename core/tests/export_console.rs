//! What a person sees of a trace that ends while they look.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{Config, Console, Status, TracerProvider};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

const SOON: Duration = Duration::from_secs(10);

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

/// The lines without the durations, which differ from run to run, and without the trace id.
fn lines(screen: &Screen) -> Vec<String> {
    let text = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
    let is_duration = |part: &&str| {
        part.ends_with('s')
            && part.starts_with(|c: char| c.is_ascii_digit())
            && !part.ends_with("spans")
    };
    text.lines()
        .map(|line| {
            let parts: Vec<&str> = line.split("  ").filter(|part| !is_duration(part)).collect();
            parts.join("  ").trim_end().to_owned()
        })
        .collect()
}

#[test]
fn conf_069_a_trace_is_printed_as_a_tree_and_a_flush_prints_the_rest() {
    let screen = Screen::default();
    let shown = screen.clone();
    let console = Console::to(move || Box::new(shown.clone()));
    let config = Config::new()
        .service_name("shop")
        .exporter("console", console);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("checkout");
    let open = tracer.start("still open");
    {
        let _order = tracer.start("order").enter();
        tracer
            .start("pay")
            .set_status(Status::Error("declined"))
            .set("amount", 12);
    }
    drop(tracer.span("inside").parent(&open.context()).start());
    provider.flush(SOON).unwrap();
    let lines = lines(&screen);
    assert!(
        lines[0].starts_with("trace ") && lines[0].ends_with("  shop  2 spans"),
        "{lines:#?}"
    );
    assert_eq!(lines[1], "└─ order");
    assert_eq!(lines[2], "   └─ pay  ERROR: declined  amount=12");
    assert!(lines[5].starts_with("└─ inside  (parent "), "{lines:#?}");
    drop(open);
    provider.shutdown(SOON).unwrap();
}
