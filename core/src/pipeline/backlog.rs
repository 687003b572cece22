//! Finished spans that wait for one pipeline, and how batches are cut from them. Spans are moved by
//! reference: a cut slices the shared bytes at a span boundary and copies nothing.

use crate::export::Run;
use std::collections::VecDeque;

/// Tag of OTLP `ScopeSpans.spans`: field 2, length-delimited.
const SPANS_TAG: u8 = 0x12;

/// What framing adds to one run or resource: a tag and a length, nested twice at most.
pub(super) const FRAMING_BYTES: usize = 16;

/// How large one batch may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) spans: usize,
    /// Encoded bytes with framing; a single larger span goes alone.
    pub(super) bytes: usize,
}

/// A queue of runs that knows its size.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    runs: VecDeque<Run>,
    spans: usize,
    bytes: usize,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Encoded bytes waiting.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether more than a batch's worth waits, so that there is no reason to wait for more.
    pub(super) fn fills(&self, limits: Limits) -> bool {
        self.spans >= limits.spans || self.bytes >= limits.bytes
    }

    /// Takes as many spans of the run as fit into `room` bytes and returns how many did.
    pub(super) fn push(&mut self, mut run: Run, room: usize) -> usize {
        let (spans, bytes) = prefix(&run, usize::MAX, room);
        if spans > 0 {
            self.spans += spans;
            self.bytes += bytes;
            self.runs.push_back(split_front(&mut run, spans, bytes));
        }
        spans
    }

    /// Puts a batch back to where it was cut from.
    pub(super) fn put_back(&mut self, batch: Vec<Run>) {
        for run in batch.into_iter().rev() {
            self.spans += run.count;
            self.bytes += run.spans.len();
            self.runs.push_front(run);
        }
    }

    /// Cuts the next batch: the oldest spans up to the limits, at least one if any waits.
    /// `resource_bytes` is what the batch's resource adds to it.
    pub(super) fn cut(&mut self, limits: Limits, resource_bytes: usize) -> Vec<Run> {
        let mut batch = Vec::new();
        let mut spans_left = limits.spans;
        let mut bytes_left = limits.bytes.saturating_sub(resource_bytes + FRAMING_BYTES);
        while let Some(run) = self.runs.front_mut() {
            let framing = run.scope.header.len() + FRAMING_BYTES;
            let mut fit = prefix(run, spans_left, bytes_left.saturating_sub(framing));
            if fit.0 == 0 && batch.is_empty() {
                fit = prefix(run, 1, usize::MAX);
            }
            let (spans, bytes) = fit;
            if spans == 0 {
                break;
            }
            batch.push(split_front(run, spans, bytes));
            if run.count == 0 {
                self.runs.pop_front();
            }
            self.spans -= spans;
            self.bytes -= bytes;
            spans_left = spans_left.saturating_sub(spans);
            bytes_left = bytes_left.saturating_sub(bytes + framing);
        }
        batch
    }
}

/// What one run adds to a request.
pub(super) fn run_bytes(run: &Run) -> usize {
    run.scope.header.len() + FRAMING_BYTES + run.spans.len()
}

/// How many leading spans of the run fit into the limits, and their bytes.
fn prefix(run: &Run, max_spans: usize, max_bytes: usize) -> (usize, usize) {
    if run.count <= max_spans && run.spans.len() <= max_bytes {
        return (run.count, run.spans.len());
    }
    let (mut spans, mut bytes) = (0, 0);
    let mut rest: &[u8] = &run.spans;
    while spans < max_spans {
        let field = first_field_len(rest);
        if field == 0 || bytes + field > max_bytes {
            break;
        }
        spans += 1;
        bytes += field;
        rest = rest.get(field..).unwrap_or_default();
    }
    // Count and bytes come from the recorder and agree; should they not, the run stays whole.
    if spans >= run.count || rest.is_empty() {
        return (run.count, run.spans.len());
    }
    (spans, bytes)
}

/// Length of the first field; all that is there if it is not a whole `spans` field.
fn first_field_len(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&SPANS_TAG) {
        return bytes.len();
    }
    let mut payload: u64 = 0;
    let mut header = 1;
    for (index, byte) in bytes.iter().skip(1).take(10).enumerate() {
        payload |= u64::from(byte & 0x7f) << (7 * index);
        header += 1;
        if byte & 0x80 == 0 {
            let payload = usize::try_from(payload).unwrap_or(usize::MAX);
            return payload.saturating_add(header).min(bytes.len());
        }
    }
    bytes.len()
}

/// Moves the first spans out of the run, which keeps the rest; both share the bytes.
fn split_front(run: &mut Run, spans: usize, bytes: usize) -> Run {
    let spans = spans.min(run.count);
    run.count -= spans;
    Run {
        scope: run.scope,
        spans: run.spans.split_to(bytes.min(run.spans.len())),
        count: spans,
        refused: run.refused,
    }
}

#[cfg(test)]
mod tests;
