//! The default provider, and what concerns all providers of the process.

use super::{Provider, deadline_in};
use crate::config::Config;
use crate::error::Timeout;
use crate::runtime::{runtime, runtime_if_built};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

/// The default provider; null = none is configured.
static DEFAULT: AtomicPtr<Provider> = AtomicPtr::new(ptr::null_mut());

/// The provider that tracers without one use.
#[inline]
pub(crate) fn default_provider() -> Option<&'static Provider> {
    configured_default().or_else(unconfigured)
}

/// The default provider, if one is configured.
#[inline]
pub(crate) fn configured_default() -> Option<&'static Provider> {
    let provider = DEFAULT.load(Ordering::Acquire);
    // SAFETY: null or a leaked provider, published with release.
    unsafe { provider.as_ref() }
}

/// Installs the default provider; the one before is flushed and shut down within its exit timeout.
pub(crate) fn set_default(provider: &'static Provider) {
    let before = DEFAULT.swap(ptr::from_ref(provider).cast_mut(), Ordering::AcqRel);
    runtime().scopes.follow(provider.scope_rule.as_ref());
    crate::rendezvous::announce();
    // SAFETY: null or a leaked provider.
    let before = unsafe { before.as_ref() };
    if let Some(before) = before.filter(|before| !ptr::eq(*before, provider)) {
        // What could not be delivered in time is in the old provider's account.
        let _ = before.shutdown(before.exit_timeout);
    }
}

/// Without a configuration spans are recorded only for captures that look on, or for another copy of
/// this library.
#[cold]
fn unconfigured() -> Option<&'static Provider> {
    crate::rendezvous::provider().or_else(bare)
}

/// For captures only.
fn bare() -> Option<&'static Provider> {
    // No lock: a child forked while it is made must not wait for it.
    static BARE: AtomicPtr<Provider> = AtomicPtr::new(ptr::null_mut());
    if !runtime_if_built().is_some_and(|runtime| runtime.captures.is_active()) {
        return None;
    }
    let known = BARE.load(Ordering::Acquire);
    // SAFETY: null or a leaked provider, published with release.
    let bare = unsafe { known.as_ref() };
    // A shutdown of everything ends it; a later capture gets another one.
    if let Some(bare) = bare.filter(|bare| !bare.shut_down.load(Ordering::Relaxed)) {
        return Some(bare);
    }
    let made = Provider::new(&Config::new()).ok()?.leak();
    let new = ptr::from_ref(made).cast_mut();
    match BARE.compare_exchange(known, new, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(made),
        // SAFETY: another thread was faster; never null from here on.
        Err(first) => unsafe { first.as_ref() },
    }
}

/// Flushes and ends all providers of this process within one time budget.
pub(crate) fn shutdown_all(timeout: Duration) -> Result<(), Timeout> {
    // First, so that states made from here on, in children too, are shut down.
    super::each_configured(|provider| provider.shut_down.store(true, Ordering::Relaxed));
    let Some(runtime) = runtime_if_built() else {
        return Ok(());
    };
    // Takes the lock under which destinations are added: later ones are refused.
    let states = runtime.states();
    let deadline = deadline_in(timeout);
    let mut all = Ok(());
    for state in &states {
        if !state.shut_down.swap(true, Ordering::AcqRel) {
            all = all.and(state.end_processors(deadline));
        }
    }
    let done = runtime.worker.shutdown(deadline);
    for state in &states {
        state.end();
    }
    all.and(done)
}

/// Delivers everything that has ended in this process, at the latest until `timeout` is over.
pub(crate) fn flush_all(timeout: Duration) -> Result<(), Timeout> {
    let Some(runtime) = runtime_if_built() else {
        return Ok(());
    };
    let deadline = deadline_in(timeout);
    let mut all = Ok(());
    for state in &runtime.states() {
        all = all.and(state.flush_processors(deadline));
    }
    all.and(runtime.worker.flush(None, deadline))
}

/// The last net: normal exit of a program that did not shut down itself.
pub(crate) fn shutdown_at_exit() {
    let Some(runtime) = runtime_if_built() else {
        return;
    };
    let states = runtime.states();
    let timeout = states
        .iter()
        .filter(|state| !state.is_shut_down())
        .map(|s| s.exit_timeout)
        .max();
    if let Some(timeout) = timeout {
        // Nobody is left to be told; the account is gone with the process.
        let _ = shutdown_all(timeout);
    }
}
