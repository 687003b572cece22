//! What the library says by itself: one line on standard error, at most once in 30 s for each
//! pipeline, when spans are lost or cannot be delivered. Never a line per span, never credentials.

use super::counters::Exits;
use crate::export::Signal;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two lines of one pipeline.
const INTERVAL: Duration = Duration::from_secs(30);

/// Longest line: below `PIPE_BUF`, so that a pipe takes it whole or not at all.
const MAX_LINE_BYTES: usize = 1024;

/// Writes one line to standard error; if nobody reads there, the line is lost, not waited for.
pub(crate) fn line(text: &str) {
    let mut line = String::with_capacity(text.len() + 12);
    line.push_str("libtracer: ");
    line.push_str(text);
    let mut end = line.len().min(MAX_LINE_BYTES - 1);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line.push('\n');
    write_stderr(line.as_bytes());
}

fn write_stderr(line: &[u8]) {
    let mut ready = libc::pollfd {
        fd: libc::STDERR_FILENO,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: `ready` is one valid pollfd that outlives the call, and the count says one.
    let polled = unsafe { libc::poll(&raw mut ready, 1, 0) };
    if polled == 1 && ready.revents & libc::POLLOUT != 0 {
        // SAFETY: the pointer and length are those of one live slice; the kernel only reads it.
        let _ = unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
    }
}

/// Decides when a pipeline speaks and what is new since it last did.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    signal: Signal,
    last: Option<Instant>,
    told: Exits,
}

impl Reporter {
    /// One that has said nothing yet.
    pub(super) fn new(signal: Signal) -> Self {
        Self {
            signal,
            ..Self::default()
        }
    }

    /// Whether a line may be written now; if so, the next one may 30 s later.
    pub(super) fn may_speak(&mut self) -> bool {
        let now = Instant::now();
        let due = self
            .last
            .is_none_or(|last| now.duration_since(last) >= INTERVAL);
        if due {
            self.last = Some(now);
        }
        due
    }

    /// The last line of a pipeline: what was lost and not said yet.
    pub(super) fn farewell(&mut self, name: &str, exits: Exits, error: &str) -> Option<String> {
        (exits.lost() > self.told.lost()).then(|| self.describe(name, exits, 0, error))
    }

    /// What happened since the last line.
    pub(super) fn describe(
        &mut self,
        name: &str,
        exits: Exits,
        waiting: u64,
        error: &str,
    ) -> String {
        let told = std::mem::replace(&mut self.told, exits);
        let parts = [
            (exits.failed - told.failed, "failed"),
            (
                exits.rejected - told.rejected,
                "rejected by the destination",
            ),
            (exits.queue_full - told.queue_full, "dropped (queue full)"),
            (exits.shutdown - told.shutdown, "dropped (shutdown)"),
            (waiting, "waiting"),
        ];
        let changes: Vec<String> = parts
            .into_iter()
            .filter(|(spans, _)| *spans > 0)
            .map(|(spans, what)| format!("{spans} {what}"))
            .collect();
        let noun = self.signal.noun();
        let mut text = format!("exporter {name}: {noun}: {}", changes.join(", "));
        if !error.is_empty() {
            text.push_str("; last error: ");
            text.push_str(error);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pipeline_speaks_once_in_thirty_seconds_and_then_of_what_is_new() {
        let mut reporter = Reporter::default();
        let lost = |failed| Exits {
            failed,
            ..Exits::default()
        };
        assert!(reporter.may_speak());
        let first = reporter.describe("otlp", lost(5), 0, "refused");
        assert_eq!(first, "exporter otlp: spans: 5 failed; last error: refused");
        assert!(!reporter.may_speak());
        tokio::time::advance(INTERVAL).await;
        assert!(reporter.may_speak());
        let next = reporter.describe("otlp", lost(8), 2, "");
        assert_eq!(next, "exporter otlp: spans: 3 failed, 2 waiting");
    }

    #[test]
    fn a_pipeline_ends_silently_when_all_is_said() {
        let mut reporter = Reporter::default();
        let exits = Exits {
            exported: 9,
            shutdown: 1,
            ..Exits::default()
        };
        assert!(reporter.farewell("otlp", exits, "").is_some());
        assert_eq!(reporter.farewell("otlp", exits, ""), None);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        line(&"ä".repeat(MAX_LINE_BYTES));
    }
}
