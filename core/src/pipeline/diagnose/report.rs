//! When a pipeline speaks, and of what: at most once in 30 s, of what was lost or waits since.

use crate::export::Signal;
use crate::pipeline::counters::Exits;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two lines of one pipeline.
const INTERVAL: Duration = Duration::from_secs(30);

/// Decides when a pipeline speaks and what is new since it last did.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Reporter {
    signal: Signal,
    last: Option<Instant>,
    told: Exits,
}

impl Reporter {
    /// One that has said nothing yet.
    pub(in crate::pipeline) fn new(signal: Signal) -> Self {
        Self {
            signal,
            ..Self::default()
        }
    }

    /// Whether a line may be written now; if so, the next one may 30 s later.
    pub(in crate::pipeline) fn may_speak(&mut self) -> bool {
        let now = Instant::now();
        let due = self
            .last
            .is_none_or(|last| now.duration_since(last) >= INTERVAL);
        if due {
            self.last = Some(now);
        }
        due
    }

    /// Whether more is lost than was said.
    pub(in crate::pipeline) fn has_news(&self, exits: Exits) -> bool {
        exits.lost() > self.told.lost()
    }

    /// The last line of a pipeline: what was lost and not said yet.
    pub(in crate::pipeline) fn farewell(
        &mut self,
        name: &str,
        exits: Exits,
        error: &str,
    ) -> Option<String> {
        self.has_news(exits)
            .then(|| self.describe(name, exits, 0, error))
    }

    /// What happened since the last line.
    pub(in crate::pipeline) fn describe(
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
}
