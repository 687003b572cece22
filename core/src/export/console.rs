//! The finished trace on the screen, as a tree.
//!
//! Spans wait here until their trace's local root has ended, so that a person sees whole trees; what
//! waits is bounded, and whatever is left is printed by a flush and at the end. A span that comes
//! after its root was printed follows at once.

mod line;
mod tree;

pub(crate) use line::pairs as attribute_words;
pub use tree::render_tree;

use super::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory};
use crate::finished::FinishedSpan;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::Arc,
};

/// What may wait for its root; above it the oldest trace is printed as it is.
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;
/// How many printed traces are remembered for their late spans.
const MAX_REMEMBERED: usize = 1024;

/// Prints finished traces for a person to read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Console;

impl Console {
    /// Prints on the standard output.
    #[must_use]
    pub fn factory() -> ExporterFactory {
        Self::to(|| Box::new(Stdout))
    }

    /// Prints to what `open` returns; it is called once in each process, in the exporter thread.
    pub fn to(open: impl Fn() -> Box<dyn Write> + Send + Sync + 'static) -> ExporterFactory {
        Arc::new(move || Ok(Box::new(Printer::new(open()))))
    }
}

/// File descriptor 1 as it is at each write, without the lock of `std::io::stdout`: that one could
/// be held by a thread that does not exist after a fork.
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        File::from(io::stdout().as_fd().try_clone_to_owned()?).write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The spans of a trace that were not printed yet.
#[derive(Default)]
struct Waiting {
    spans: Vec<FinishedSpan>,
    bytes: usize,
}

struct Printer {
    out: Box<dyn Write>,
    /// Traces by order of arrival.
    waiting: BTreeMap<u64, Waiting>,
    /// Where a trace stands in `waiting`.
    places: HashMap<[u8; 16], u64>,
    next_place: u64,
    bytes: usize,
    printed: HashSet<[u8; 16]>,
    printed_order: VecDeque<[u8; 16]>,
}

impl Printer {
    fn new(out: Box<dyn Write>) -> Self {
        Self {
            out,
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            next_place: 0,
            bytes: 0,
            printed: HashSet::new(),
            printed_order: VecDeque::new(),
        }
    }

    /// Keeps the spans and prints each trace whose local root is now here.
    fn take(&mut self, spans: Vec<FinishedSpan>) -> io::Result<()> {
        let mut complete = BTreeSet::new();
        for span in spans {
            let trace = span.trace_id;
            let done = span.is_local_root() || self.printed.contains(&trace);
            let place = self.keep(span);
            if done {
                complete.insert(place);
                self.remember(trace);
            }
        }
        complete
            .into_iter()
            .try_for_each(|place| self.print(place))?;
        while self.bytes > MAX_WAITING_BYTES {
            let Some(oldest) = self.waiting.keys().next().copied() else {
                break;
            };
            self.print(oldest)?;
        }
        Ok(())
    }

    fn keep(&mut self, span: FinishedSpan) -> u64 {
        let place = *self.places.entry(span.trace_id).or_insert(self.next_place);
        self.next_place = self.next_place.max(place + 1);
        let bytes = span.weight();
        let waiting = self.waiting.entry(place).or_default();
        waiting.bytes += bytes;
        waiting.spans.push(span);
        self.bytes += bytes;
        place
    }

    fn remember(&mut self, trace: [u8; 16]) {
        if self.printed.insert(trace) {
            self.printed_order.push_back(trace);
        }
        if self.printed_order.len() > MAX_REMEMBERED
            && let Some(oldest) = self.printed_order.pop_front()
        {
            self.printed.remove(&oldest);
        }
    }

    /// Prints a trace in one write, so that other output does not come between its lines.
    fn print(&mut self, place: u64) -> io::Result<()> {
        let Some(trace) = self.waiting.remove(&place) else {
            return Ok(());
        };
        self.bytes -= trace.bytes;
        if let Some(span) = trace.spans.first() {
            self.places.remove(&span.trace_id);
        }
        let mut text = render_tree(&trace.spans);
        text.push('\n');
        self.out.write_all(text.as_bytes())
    }

    fn print_all(&mut self) -> io::Result<()> {
        while let Some(oldest) = self.waiting.keys().next().copied() {
            self.print(oldest)?;
        }
        self.out.flush()
    }
}

impl Exporter for Printer {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async move {
            self.take(batch.to_spans())
                .map(|()| Accepted::default())
                .map_err(|error| {
                    ExportError::permanent(format!("the console cannot be written to: {error}"))
                })
        })
    }

    // A failed write has been reported by `export`, or there is nobody left to read a report.
    fn flush(&mut self) {
        let _ = self.print_all();
    }

    fn shutdown(&mut self) {
        let _ = self.print_all();
    }
}

#[cfg(test)]
mod tests;
