//! Several copies of this library in one process: one trace, one current span, one exporter.
//!
//! There should be one copy, and with `libtracer.so.1` there is. A library that was linked with a
//! copy of its own (statically, by a packaging tool, or as a Rust crate) meets the others here. One of
//! them leads: the one that a language tells what is current, or else the one that was loaded first.
//! The others ask it what is current and tell it what they make current. A copy that nobody configured
//! gives its finished spans to one that is ([`provider`]); sampling is asked of that one too.
//!
//! Who leads is worked out by each copy for itself, from the same facts: when a copy is loaded, and
//! whenever one is configured or given a language ([`announce`]). A forked child inherits the answer.

mod answer;
mod note;
mod table;

use crate::config::Config;
use crate::context::SpanContext;
use crate::current::{Foreign, has_language};
use crate::error::Timeout;
use crate::pipeline::diagnose::warn;
use crate::processor::{EndedSpan, Processor};
use crate::provider::{Provider, configured_default};
use crate::sampler::{CustomSampler, Decision, Sampler, SamplingInput, SamplingOutput};
use crate::span::SpanHandle;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::Duration;
use table::{Standing, Table, VERSION};

/// The copy that says what is current; null = this one.
static LEADER: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());
/// The copy that takes the spans of this one; null = none.
static TAKER: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());

#[inline]
fn load(place: &AtomicPtr<Table>) -> Option<&'static Table> {
    // SAFETY: null or the table of a copy that stays loaded (`note::pin`).
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

fn store(place: &AtomicPtr<Table>, table: Option<&'static Table>) {
    let table = table.map_or(ptr::null_mut(), |table| ptr::from_ref(table).cast_mut());
    place.store(table, Ordering::Release);
}

/// This copy has been loaded, or something about it has changed that concerns the others.
#[cold]
pub(crate) fn announce() {
    note::search();
    look();
    let all: Vec<_> = note::found().collect();
    for other in known().filter(|copy| !copy.is_this_copy()) {
        other.reconsider(&all);
    }
}

/// Another copy has been loaded or has changed; these are all there are.
fn told(copies: &[&'static Table]) {
    note::remember(copies);
    look();
}

/// The copies that understand each other, in the order in which they were loaded.
fn known() -> impl Iterator<Item = &'static Table> {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let (known, others): (Vec<_>, Vec<_>) = note::found().partition(|copy| copy.is_known());
    if let Some(other) = others.first()
        && !WARNED.swap(true, Ordering::Relaxed)
    {
        warn(&format!(
            "two copies of libtracer in this process do not understand each other (version {VERSION} \
             here, {} there): their spans are in traces of their own. Link both with libtracer.so.1, \
             or build both from one release",
            other.version
        ));
    }
    known.into_iter()
}

fn standing() -> Standing {
    Standing::new(has_language(), configured_default().is_some())
}

/// Works out who leads and who takes spans, as seen from here.
fn look() {
    let mut copies: Vec<&'static Table> = known().collect();
    if !copies.iter().any(|copy| copy.is_this_copy()) {
        copies.clear(); // What the others cannot see stays alone.
    }
    let speaking = copies.iter().find(|copy| copy.standing().speaks());
    let leader = speaking.or(copies.first()).copied();
    let other = |copy: &&'static Table| !copy.is_this_copy();
    store(&LEADER, leader.filter(other));
    let configured = |copy: &&&'static Table| copy.standing().is_configured();
    let taker = leader.as_ref().filter(configured);
    let taker = taker.or_else(|| copies.iter().find(configured)).copied();
    let needed = !standing().is_configured();
    store(&TAKER, taker.filter(|copy| needed && other(copy)));
}

/// What another copy says is current on this thread.
#[inline]
pub(crate) fn current() -> Foreign {
    match load(&LEADER) {
        None => Foreign::None,
        Some(leader) => Foreign::Known(leader.current(), SpanHandle::NONE),
    }
}

/// Makes a context current for the leading copy too, if that is another. The token is for [`detach`].
#[inline]
pub(crate) fn attach(context: &SpanContext) -> Option<u64> {
    load(&LEADER).map(|leader| leader.attach(context))
}

/// Undoes an [`attach`]; 0 is nothing.
#[inline]
pub(crate) fn detach(token: u64) {
    if token != 0
        && let Some(leader) = load(&LEADER)
    {
        leader.detach(token);
    }
}

/// The provider of a copy that nobody configured, while another is: its spans go there.
pub(crate) fn provider() -> Option<&'static Provider> {
    // No lock: a child forked while it is made must not wait for it.
    static JOINED: AtomicPtr<Provider> = AtomicPtr::new(ptr::null_mut());
    load(&TAKER)?;
    let known = JOINED.load(Ordering::Acquire);
    // SAFETY: null or a leaked provider, published with release.
    if let Some(joined) = unsafe { known.as_ref() } {
        return Some(joined);
    }
    let config = Config::new()
        .sampler(Sampler::Custom(Arc::new(Other)))
        .processor(Arc::new(Other));
    let made = Provider::new(&config).ok()?.leak();
    let new = ptr::from_ref(made).cast_mut();
    match JOINED.compare_exchange(known, new, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(made),
        // SAFETY: another thread was faster; never null from here on.
        Err(first) => unsafe { first.as_ref() },
    }
}

/// The copy that takes spans, as sampler and processor of the copy that gives them.
#[derive(Debug)]
struct Other;

impl CustomSampler for Other {
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let Some(taker) = load(&TAKER) else {
            return Decision::Drop.into();
        };
        let (decision, trace_state) =
            taker.sample(input.parent, input.trace_id, input.name, input.kind as u8);
        let decision = match decision {
            0 => Decision::Drop,
            1 => Decision::RecordOnly,
            _ => Decision::RecordAndSample,
        };
        SamplingOutput {
            trace_state,
            ..decision.into()
        }
    }

    fn description(&self) -> String {
        "OtherCopy".into()
    }
}

impl Processor for Other {
    fn on_end(&self, span: &EndedSpan<'_>) {
        if let Some(taker) = load(&TAKER).filter(|_| span.is_sampled()) {
            taker.publish(&span.scope.header, span.otlp());
        }
    }

    fn flush(&self, timeout: Duration) -> Result<(), Timeout> {
        let timeout_ms = timeout.as_millis().try_into().unwrap_or(u64::MAX);
        match load(&TAKER) {
            Some(taker) if !taker.flush(timeout_ms) => Err(Timeout),
            _ => Ok(()),
        }
    }
}
