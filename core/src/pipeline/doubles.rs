//! Test doubles: spans that are only a number, a source filled by hand, an exporter with a script.

use super::{
    counters::PipelineCounters,
    queue::PipelineSettings,
    worker::{Feed, ProviderPipes, Source},
};
use crate::{
    export::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, Run},
    scope::Scope,
};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    future::pending,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, mpsc::Receiver},
    time::Duration,
};

static SCOPE: Scope = Scope::of_header(Vec::new());

/// Bytes of a span of `run`: tag, one byte of length, payload.
pub(super) const SPAN_BYTES: usize = 10;

/// One encoded span that carries its number and fills `payload` bytes.
pub(super) fn span(number: u32, payload: usize) -> Vec<u8> {
    let mut bytes = vec![0x12];
    let mut len = payload;
    while len >= 0x80 {
        bytes.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
        len >>= 7;
    }
    bytes.push(u8::try_from(len).unwrap());
    bytes.extend(number.to_le_bytes());
    bytes.resize(bytes.len() + payload - 4, 0);
    bytes
}

/// A run of small spans with these numbers.
pub(super) fn run(numbers: impl IntoIterator<Item = u32>) -> Run {
    let spans: Vec<_> = numbers
        .into_iter()
        .map(|number| span(number, SPAN_BYTES - 2))
        .collect();
    run_of(&spans)
}

/// A run of these encoded spans.
pub(super) fn run_of(spans: &[Vec<u8>]) -> Run {
    Run {
        scope: &SCOPE,
        count: spans.len(),
        spans: Bytes::from(spans.concat()),
        refused: 0,
    }
}

/// The numbers of the spans in the runs; fails if count and bytes disagree.
pub(super) fn numbers(runs: &[Run]) -> Vec<u32> {
    let mut numbers = Vec::new();
    for run in runs {
        let mut rest: &[u8] = &run.spans;
        for _ in 0..run.count {
            assert_eq!(rest[0], 0x12);
            let last = rest[1..].iter().position(|byte| byte & 0x80 == 0).unwrap();
            let len = (0..=last)
                .rev()
                .fold(0, |len, i| len << 7 | usize::from(rest[1 + i] & 0x7f));
            let payload = &rest[2 + last..][..len];
            numbers.push(u32::from_le_bytes(payload[..4].try_into().unwrap()));
            rest = &rest[2 + last + len..];
        }
        assert!(rest.is_empty());
    }
    numbers
}

/// A source that a test fills.
#[derive(Default)]
pub(super) struct Published(Mutex<Vec<Run>>);

impl Published {
    pub(super) fn publish(&self, numbers: impl IntoIterator<Item = u32>) {
        self.0.lock().unwrap().push(run(numbers));
    }
}

impl Source for Published {
    fn drain(&self, out: &mut Vec<Run>) {
        out.append(&mut self.0.lock().unwrap());
    }
}

/// What the destination does with one batch.
pub(super) enum Answer {
    Accept,
    Reject(u64),
    Refuse,
    TooLarge,
    Denied,
    Again(Option<Duration>),
    /// Never answers.
    Silence,
    Panic,
    /// Blocks the thread until the other end speaks or goes away.
    Block(Receiver<()>),
    /// Runs in the worker thread, then accepts.
    Call(Box<dyn FnOnce() + Send>),
}

/// What the destination saw.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) made: usize,
    pub(super) batches: Vec<Vec<u32>>,
    pub(super) times: Vec<tokio::time::Instant>,
    /// Exports whose future was dropped or answered.
    pub(super) ended: usize,
    pub(super) flushes: usize,
    pub(super) shutdowns: usize,
    script: VecDeque<Answer>,
    factory_failures: usize,
    most_bytes: Option<usize>,
}

/// A destination that follows a script, then accepts everything.
#[derive(Clone, Default)]
pub(super) struct Destination(Arc<(Mutex<Seen>, Condvar)>);

impl Destination {
    pub(super) fn new(script: impl IntoIterator<Item = Answer>) -> Self {
        let destination = Self::default();
        destination.seen().script.extend(script);
        destination
    }

    /// The factory fails so often before it makes an exporter.
    pub(super) fn fail_to_start(self, times: usize) -> Self {
        self.seen().factory_failures = times;
        self
    }

    /// A batch with more encoded bytes is too large.
    pub(super) fn take_at_most(self, bytes: usize) -> Self {
        self.seen().most_bytes = Some(bytes);
        self
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.0.lock().unwrap()
    }

    /// All numbers in the order they were accepted or not.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.seen().batches.concat()
    }

    /// Waits, in real time, until the condition holds.
    pub(super) fn wait_for(&self, condition: impl Fn(&Seen) -> bool) {
        let limit = Duration::from_secs(20);
        let waited = self
            .0
            .1
            .wait_timeout_while(self.seen(), limit, |seen| !condition(seen))
            .unwrap();
        assert!(!waited.1.timed_out(), "the condition never held");
    }

    pub(super) fn settings(&self) -> PipelineSettings {
        let destination = self.clone();
        let factory: ExporterFactory = Arc::new(move || destination.make());
        PipelineSettings::new("test", factory)
    }

    fn make(&self) -> Result<Box<dyn Exporter>, ExportError> {
        let mut seen = self.seen();
        seen.made += 1;
        if seen.made <= seen.factory_failures {
            return Err(ExportError::Permanent {
                message: "cannot start".into(),
            });
        }
        Ok(Box::new(Scripted(self.clone())))
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.0.1.notify_all();
    }
}

struct Scripted(Destination);

struct Ended(Destination);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.change(|seen| seen.ended += 1);
    }
}

impl Exporter for Scripted {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        let mut answer = Answer::Accept;
        self.0.change(|seen| {
            seen.batches.push(numbers(&batch.runs));
            seen.times.push(tokio::time::Instant::now());
            let bytes: usize = batch.runs.iter().map(|run| run.spans.len()).sum();
            let too_large = seen.most_bytes.is_some_and(|most| bytes > most);
            let otherwise = if too_large {
                Answer::TooLarge
            } else {
                Answer::Accept
            };
            answer = seen.script.pop_front().unwrap_or(otherwise);
        });
        let ended = Ended(self.0.clone());
        Box::pin(async move {
            let _ended = ended;
            match answer {
                Answer::Accept => Ok(Accepted::default()),
                Answer::Reject(rejected) => Ok(Accepted {
                    rejected,
                    message: "some are bad".into(),
                }),
                Answer::Refuse => Err(ExportError::Permanent {
                    message: "refused".into(),
                }),
                Answer::TooLarge => Err(ExportError::too_large("too large")),
                Answer::Denied => Err(ExportError::denied("who are you")),
                Answer::Again(after) => Err(ExportError::Retryable {
                    message: "busy".into(),
                    after,
                }),
                Answer::Silence => pending().await,
                Answer::Panic => panic!("on purpose"),
                Answer::Block(until) => {
                    let _ = until.recv();
                    Ok(Accepted::default())
                }
                Answer::Call(call) => {
                    call();
                    Ok(Accepted::default())
                }
            }
        })
    }

    fn flush(&mut self) {
        self.0.change(|seen| seen.flushes += 1);
    }

    fn shutdown(&mut self) {
        self.0.change(|seen| seen.shutdowns += 1);
    }
}

/// A provider with one pipeline for each of the settings, and their counters.
pub(super) fn provider(
    id: u32,
    source: &Arc<Published>,
    settings: Vec<PipelineSettings>,
) -> (ProviderPipes, Vec<Arc<PipelineCounters>>) {
    let pipelines: Vec<_> = settings
        .into_iter()
        .map(|settings| (settings, Arc::default()))
        .collect();
    let counters = pipelines
        .iter()
        .map(|(_, counters)| Arc::clone(counters))
        .collect();
    let source: Arc<dyn Source> = Arc::<Published>::clone(source);
    (
        ProviderPipes {
            id,
            resource: Arc::default(),
            feed: Feed::new(source),
            pipelines,
        },
        counters,
    )
}

/// Empties what was seen so far.
pub(super) fn take_batches(destination: &Destination) -> Vec<Vec<u32>> {
    mem::take(&mut destination.seen().batches)
}
