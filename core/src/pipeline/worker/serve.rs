//! The loop of the exporter thread: takes what is published, gives it to every pipeline of its
//! provider, passes orders on. It never waits for a pipeline; each is a task of its own.

use super::{Newcomer, Promise, Request, Shared, Source};
use crate::{
    export::Run,
    pipeline::{
        queue::{Pipeline, Sender},
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
}

struct Provider {
    id: u32,
    source: Arc<dyn Source>,
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
                provider.source.measure();
            }
            if woken || due {
                provider.drain(&mut runs);
            }
            provider.tick(now, pressed);
        }
        providers.retain(|provider| {
            let ended = provider.has_ended();
            if ended {
                // What was published after the shutdown began: the pipelines count it.
                provider.drain(&mut runs);
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
        Request::Add(newcomer) => providers.push(Provider::new(shared, newcomer)),
        Request::Flush(id, deadline, promise) => {
            let deadline = Instant::from_std(deadline);
            order(providers, id, promise, runs, |pipeline, waiting| {
                pipeline.flush(waiting, deadline);
            });
        }
        Request::Shutdown(id, deadline, promise) => {
            let deadline = Instant::from_std(deadline);
            order(providers, id, promise, runs, |pipeline, waiting| {
                pipeline.close(waiting, deadline);
            });
            for provider in chosen(providers, id) {
                provider.closing = true;
            }
        }
    }
}

/// Drains the chosen providers and gives one order to all their pipelines.
fn order(
    providers: &mut [Provider],
    id: Option<u32>,
    promise: Promise,
    runs: &mut Vec<Run>,
    give: impl Fn(&Pipeline, &Rc<Waiting>),
) {
    let pipelines = chosen(providers, id)
        .map(|provider| provider.pipes.len())
        .sum();
    let waiting = Waiting::new(promise, pipelines);
    for provider in chosen(providers, id) {
        provider.source.measure();
        provider.drain(runs);
        let lost = provider.source.lost();
        for pipe in &provider.pipes {
            pipe.pipeline.tell_losses(lost);
            give(&pipe.pipeline, &waiting);
        }
    }
}

fn chosen(providers: &mut [Provider], id: Option<u32>) -> impl Iterator<Item = &mut Provider> {
    providers
        .iter_mut()
        .filter(move |provider| id.is_none_or(|id| id == provider.id))
}

impl Provider {
    fn new(shared: &Arc<Shared>, newcomer: Newcomer) -> Self {
        let Newcomer { pipes, runs } = newcomer;
        let now = Instant::now();
        let start = |(settings, counters)| {
            let pipeline = Pipeline::new(settings, counters, Arc::clone(&pipes.resource));
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
            Pipe {
                pipeline,
                delay,
                tick_at: now + delay,
            }
        };
        let pipelines = pipes.pipelines.into_iter().map(start).collect();
        let provider = Self {
            id: pipes.id,
            source: pipes.source,
            pipes: pipelines,
            closing: false,
        };
        provider.offer(&runs);
        provider
    }

    /// Gives what was published to every pipeline.
    fn drain(&self, runs: &mut Vec<Run>) {
        runs.clear();
        self.source.drain(runs);
        self.offer(runs);
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
                pipe.pipeline.tell_losses(self.source.lost());
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.closing && self.pipes.iter().all(|pipe| pipe.pipeline.has_ended())
    }
}
