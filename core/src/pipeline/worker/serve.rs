//! The loop of the exporter thread: takes what is published, gives it to every pipeline of its
//! provider, passes orders on. It never waits for a pipeline; each is a task of its own.

use super::{Feed, Pipes, Promise, ProviderPipes, Request, Shared};
use crate::{
    export::Run,
    pipeline::{
        counters::PipelineCounters,
        queue::{Pipeline, PipelineSettings, Sender},
        ticket::Waiting,
    },
};
use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{task::spawn_local, time::Instant};

/// Bounds of a schedule delay: an idle process must sleep, and time must not overflow.
const SHORTEST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 3600);

/// One pipeline and when its schedule delay passes next.
struct Pipe {
    pipeline: Rc<Pipeline>,
    delay: Duration,
    tick_at: Instant,
    /// What was lost before it joined.
    lost_before: u64,
}

struct Provider {
    id: u32,
    resource: Arc<[u8]>,
    feed: Arc<Feed>,
    pipes: Vec<Pipe>,
    /// Asked to end: it goes as soon as its pipelines have ended.
    closing: bool,
}

/// Runs until all providers are shut down and nobody asks for more.
pub(super) async fn serve(shared: &Arc<Shared>) {
    let mut providers: Vec<Provider> = Vec::new();
    let mut runs = Vec::new();
    let mut ending = false;
    loop {
        // AcqRel pairs with `Worker::wake`.
        let woken = shared.woken.swap(false, Ordering::AcqRel);
        let pressed = shared.pressed.swap(false, Ordering::Relaxed);
        for request in shared.take_requests() {
            ending |= matches!(request, Request::Shutdown(..));
            obey(shared, &mut providers, request, &mut runs);
        }
        let now = Instant::now();
        for provider in &mut providers {
            let due = provider.pipes.iter().any(|pipe| pipe.tick_at <= now);
            if due {
                provider.feed.source.measure();
            }
            if woken || due {
                provider.drain(shared, &mut runs);
            }
            provider.tick(now, pressed);
        }
        providers.retain_mut(|provider| {
            let ended = provider.has_ended();
            if ended {
                // What was published after the shutdown began: the pipelines count it.
                provider.drain(shared, &mut runs);
            }
            !ended
        });
        if ending && providers.is_empty() && shared.may_end() {
            return;
        }
        wait(shared, &providers).await;
    }
}

/// Sleeps until there is news or a schedule delay passes.
async fn wait(shared: &Shared, providers: &[Provider]) {
    let pipes = providers.iter().flat_map(|provider| &provider.pipes);
    let next = pipes.map(|pipe| pipe.tick_at).min();
    let news = shared.news.notified();
    match next {
        Some(next) => {
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
        None => news.await,
    }
}

fn obey(
    shared: &Arc<Shared>,
    providers: &mut Vec<Provider>,
    request: Request,
    runs: &mut Vec<Run>,
) {
    match request {
        Request::Add(newcomer) => providers.push(Provider::new(shared, newcomer, runs)),
        Request::Flush(id, deadline, promise) => {
            let deadline = Instant::from_std(deadline);
            drain(shared, providers, id, runs);
            order(providers, id, promise, |pipeline, waiting| {
                pipeline.flush(waiting, deadline);
            });
        }
        Request::Shutdown(id, deadline, promise) => {
            let deadline = Instant::from_std(deadline);
            drain(shared, providers, id, runs);
            order(providers, id, promise, |pipeline, waiting| {
                pipeline.close(waiting, deadline);
            });
            for provider in chosen(providers, id) {
                provider.closing = true;
            }
        }
    }
}

/// Takes what the chosen providers have until now.
fn drain(shared: &Arc<Shared>, providers: &mut [Provider], id: Option<u32>, runs: &mut Vec<Run>) {
    for provider in chosen(providers, id) {
        provider.feed.source.measure();
        provider.drain(shared, runs);
    }
}

/// Gives one order to all pipelines of the chosen providers.
fn order(
    providers: &mut [Provider],
    id: Option<u32>,
    promise: Promise,
    give: impl Fn(&Pipeline, &Rc<Waiting>),
) {
    let pipelines = chosen(providers, id)
        .map(|provider| provider.pipes.len())
        .sum();
    let waiting = Waiting::new(promise, pipelines);
    for provider in chosen(providers, id) {
        let lost = provider.feed.source.lost();
        for pipe in &provider.pipes {
            pipe.tell_losses(lost);
            give(&pipe.pipeline, &waiting);
        }
    }
}

fn chosen(providers: &mut [Provider], id: Option<u32>) -> impl Iterator<Item = &mut Provider> {
    providers
        .iter_mut()
        .filter(move |provider| id.is_none_or(|id| id == provider.id))
}

impl Pipe {
    fn start(
        shared: &Arc<Shared>,
        resource: &Arc<[u8]>,
        (settings, counters): (PipelineSettings, Arc<PipelineCounters>),
        lost_before: u64,
    ) -> Self {
        let pipeline = Pipeline::new(settings, counters, Arc::clone(resource));
        let sender = Sender::new(Rc::clone(&pipeline));
        let shared = Arc::clone(shared);
        spawn_local(async move {
            sender.run().await;
            // The loop removes the provider when its last pipeline has ended.
            shared.news.notify_one();
        });
        let delay = pipeline
            .schedule_delay()
            .clamp(SHORTEST_DELAY, LONGEST_DELAY);
        Self {
            pipeline,
            delay,
            tick_at: Instant::now() + delay,
            lost_before,
        }
    }

    /// So many were lost, so far, before any pipeline saw them.
    fn tell_losses(&self, lost: u64) {
        self.pipeline
            .tell_losses(lost.saturating_sub(self.lost_before));
    }
}

impl Provider {
    fn new(shared: &Arc<Shared>, newcomer: ProviderPipes, runs: &mut Vec<Run>) -> Self {
        let mut provider = Self {
            id: newcomer.id,
            resource: newcomer.resource,
            feed: newcomer.feed,
            pipes: Vec::new(),
            closing: false,
        };
        provider.start(shared, newcomer.pipelines, 0);
        provider.drain(shared, runs);
        provider
    }

    fn start(&mut self, shared: &Arc<Shared>, pipes: Pipes, lost_before: u64) {
        let start = |pipe| Pipe::start(shared, &self.resource, pipe, lost_before);
        let started: Vec<Pipe> = pipes.into_iter().map(start).collect();
        self.pipes.extend(started);
    }

    /// Gives what was published to every pipeline, and to those that joined what came after.
    fn drain(&mut self, shared: &Arc<Shared>, runs: &mut Vec<Run>) {
        runs.clear();
        let mut from = 0;
        for joining in self.feed.take(runs) {
            self.offer(runs.get(from..joining.after).unwrap_or_default());
            from = joining.after;
            self.start(shared, joining.pipes, self.feed.source.lost());
            for pipe in &self.pipes {
                pipe.pipeline.share(joining.share_bytes);
            }
        }
        self.offer(runs.get(from..).unwrap_or_default());
        // The pipelines hold what they took: nothing else keeps the bytes.
        runs.clear();
    }

    fn offer(&self, runs: &[Run]) {
        for (place, pipe) in self.pipes.iter().enumerate() {
            for run in runs.iter().filter(|run| run.is_for(place)) {
                pipe.pipeline.offer(run);
            }
            pipe.pipeline.announce();
        }
    }

    fn tick(&mut self, now: Instant, pressed: bool) {
        for pipe in &mut self.pipes {
            let due = pipe.tick_at <= now;
            if due {
                pipe.tick_at = now + pipe.delay;
            }
            if due || pressed {
                pipe.pipeline.tick();
                pipe.tell_losses(self.feed.source.lost());
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.closing && self.pipes.iter().all(|pipe| pipe.pipeline.has_ended())
    }
}
