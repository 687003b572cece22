//! Log records on the screen, one line each.

use super::FinishedLog;
use crate::export::{
    Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, Stdout, attribute_words,
    one_line,
};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

/// Characters of a body that are shown.
const MAX_BODY: usize = 400;
/// Characters of a name that are shown.
const MAX_NAME: usize = 80;

/// Prints records to what `open` returns, called once in each process, in the exporter thread.
fn to(open: impl Fn() -> Box<dyn Write> + Send + Sync + 'static) -> ExporterFactory {
    Arc::new(move || Ok(Box::new(Lines { out: open() })))
}

/// Prints records on the standard output.
pub(crate) fn factory() -> ExporterFactory {
    to(|| Box::new(Stdout))
}

struct Lines {
    out: Box<dyn Write>,
}

impl Exporter for Lines {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async move {
            let mut text = String::new();
            for log in batch.to_logs() {
                text.push_str(&line(&log));
                text.push('\n');
            }
            // In one write, so that other output does not come between its lines.
            match self.out.write_all(text.as_bytes()) {
                Ok(()) => Ok(Accepted::default()),
                Err(error) => Err(ExportError::permanent(format!(
                    "the console cannot be written to: {error}"
                ))),
            }
        })
    }
}

/// `12:30:01.250 WARN  stock is low  sku=4711  (trace …)`.
fn line(log: &FinishedLog) -> String {
    let mut line = format!("{} {:5}", time_of_day(log.unix_ns), severity(log));
    if !log.event_name.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(line, " [{}]", one_line(&log.event_name, MAX_NAME));
    }
    let _ = write!(line, " {}", one_line(&log.body.to_string(), MAX_BODY));
    for pair in attribute_words(&log.attributes) {
        line.push_str("  ");
        line.push_str(&pair);
    }
    if let Some(trace) = &log.trace_id {
        line.push_str("  (trace ");
        for byte in trace {
            let _ = write!(line, "{byte:02x}");
        }
        line.push(')');
    }
    line
}

fn severity(log: &FinishedLog) -> String {
    if log.severity_text.is_empty() {
        log.severity.as_str().to_owned()
    } else {
        one_line(&log.severity_text, MAX_NAME)
    }
}

/// Hours to milliseconds in UTC: on a screen the day is known.
fn time_of_day(unix_ns: u64) -> String {
    let millis = unix_ns / 1_000_000;
    let seconds = millis / 1000;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        millis % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finished::OwnedValue;
    use crate::logs::Severity;

    #[test]
    fn a_record_is_one_line_whatever_it_says() {
        let log = FinishedLog {
            unix_ns: 45_001_250_000_000,
            severity: Severity::Warn,
            body: OwnedValue::String("stock\nis low\u{1b}".into()),
            attributes: vec![("sku".into(), OwnedValue::Int(4711))],
            trace_id: Some([0xab; 16]),
            ..FinishedLog::default()
        };
        let expected = format!(
            "12:30:01.250 WARN  stock\\nis low\\u{{1b}}  sku=4711  (trace {})",
            "ab".repeat(16)
        );
        assert_eq!(line(&log), expected);
    }

    #[test]
    fn an_event_shows_its_name_and_its_sources_severity() {
        let log = FinishedLog {
            severity: Severity::Error2,
            severity_text: "CRITICAL".into(),
            event_name: "device.app.lifecycle".into(),
            ..FinishedLog::default()
        };
        assert_eq!(line(&log), "00:00:00.000 CRITICAL [device.app.lifecycle] ");
    }
}
