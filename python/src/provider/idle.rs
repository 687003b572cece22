//! Native providers are never freed: spans refer to them. So those that a program has dropped are
//! kept for the next one that asks for the same, as tests do that make a provider each.

use crate::runtime::{Failure, NewConfig, Provider, Scope};
use crate::stats::since;
use libtracer_abi::{tracer_log_stats, tracer_stats};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Providers kept at most, more than the collector lets pile up; beyond, they are left where they are.
const MAX_IDLE: usize = 1_024;
/// Scopes remembered per provider; more are made anew each time.
const MAX_SCOPES: usize = 256;

static IDLE: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// A provider nobody uses.
struct Kept {
    key: String,
    native: Provider,
    scopes: HashMap<String, Scope>,
}

/// A native provider in use by one `TracerProvider`, its tracers and their spans.
pub(crate) struct Used {
    /// What it was made of; equal keys mean equal behaviour.
    key: String,
    /// None only while it is being dropped.
    native: Option<Provider>,
    /// Whether something was done to it that its key does not tell.
    changed: AtomicBool,
    /// Whether it was given an exporter, where its account begins anew.
    exports: AtomicBool,
    /// What it had counted for those who had it before.
    before: tracer_stats,
    scopes: Mutex<HashMap<String, Scope>>,
}

impl Used {
    /// An idle provider of this key, else one that is made as `config` says. Nothing waits for the
    /// lock here or below: a child forked while it was held would wait for ever.
    pub(crate) fn new(
        key: String,
        config: impl FnOnce() -> Result<NewConfig, Failure>,
    ) -> Result<Self, Failure> {
        let kept = IDLE.try_lock().ok().and_then(|mut idle| {
            let place = idle.iter().rposition(|kept| kept.key == key)?;
            Some(idle.swap_remove(place))
        });
        let (native, scopes, before) = if let Some(kept) = kept {
            let before = kept.native.stats();
            (kept.native, kept.scopes, before)
        } else {
            let native = Provider::new(&config()?)?;
            (native, HashMap::new(), tracer_stats::default())
        };
        Ok(Self {
            key,
            native: Some(native),
            changed: AtomicBool::new(false),
            exports: AtomicBool::new(false),
            before,
            scopes: Mutex::new(scopes),
        })
    }

    /// Whether it exports, or is the default one: whether there is anything to flush or end.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// The native provider, about to be changed.
    pub(crate) fn change(&self) -> Option<&Provider> {
        self.changed.store(true, Ordering::Relaxed);
        self.native.as_ref()
    }

    /// Adds the destinations of a configuration.
    pub(crate) fn add_exporter(&self, config: &NewConfig) -> Result<(), Failure> {
        self.change().map_or(Ok(()), |to| to.add_exporter(config))?;
        self.exports.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Its account, without what it counted for those who had it before.
    pub(crate) fn stats(&self) -> tracer_stats {
        let read = self.native.as_ref().map(Provider::stats);
        let read = read.unwrap_or_default();
        if self.exports.load(Ordering::Relaxed) {
            read
        } else {
            since(read, &self.before)
        }
    }

    /// The account of its log records: nobody before had any, for those are the default provider's.
    pub(crate) fn log_stats(&self) -> tracer_log_stats {
        let read = self.native.as_ref().map(Provider::log_stats);
        read.unwrap_or_default()
    }

    /// The native provider, to be used as it is.
    pub(crate) fn native(&self) -> Option<&Provider> {
        self.native.as_ref()
    }

    /// The scope of a key, made by `make` the first time.
    pub(crate) fn scope(&self, key: &str, make: impl FnOnce(Option<&Provider>) -> Scope) -> Scope {
        let known = self.scopes.try_lock().ok();
        if let Some(scope) = known.as_ref().and_then(|scopes| scopes.get(key)) {
            return *scope;
        }
        let scope = make(self.native.as_ref());
        if let Some(mut scopes) = known.filter(|scopes| scopes.len() < MAX_SCOPES) {
            scopes.insert(key.to_owned(), scope);
        }
        scope
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        let Some(native) = self.native.take().filter(|_| !self.is_changed()) else {
            return;
        };
        let key = std::mem::take(&mut self.key);
        let scopes = self.scopes.get_mut().map(std::mem::take);
        let scopes = scopes.unwrap_or_default();
        if let Ok(mut idle) = IDLE.try_lock()
            && idle.len() < MAX_IDLE
        {
            idle.push(Kept {
                key,
                native,
                scopes,
            });
        }
    }
}
