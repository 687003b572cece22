//! Providers and instrumentation scopes; the default provider of the process.

use crate::boundary::guard;
use crate::config::{meant, tracer_config};
use crate::last_error::{delivered, fail, invalid_config, missing};
use crate::pool::{self, Object, Pool};
use crate::{ptr, value};
use libtracer::binding::SavedErrno;
use libtracer::{Tracer, TracerProvider, ValueBuilder};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_OK, tracer_status, tracer_value,
};
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr::null;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

/// Records spans and sends them where its configuration says.
#[derive(Debug)]
pub struct tracer_provider(pub(crate) TracerProvider);

static PROVIDERS: Pool<tracer_provider> = Pool::new();

impl Object for tracer_provider {
    const POOL: &'static Pool<Self> = &PROVIDERS;

    /// It holds nothing: providers stay.
    fn empty(&mut self) {}
}

/// An instrumentation scope: the library or module that makes spans. Immutable; any thread may use it.
#[derive(Debug)]
pub struct tracer_scope(Tracer);

static SCOPES: Pool<tracer_scope> = Pool::new();

impl Object for tracer_scope {
    const POOL: &'static Pool<Self> = &SCOPES;

    /// It holds nothing: scopes stay.
    fn empty(&mut self) {}
}

/// The tracer of a scope; of the default one for NULL.
#[inline]
pub(crate) fn tracer_of(scope: Option<&tracer_scope>) -> Tracer {
    match scope {
        Some(scope) => scope.0,
        // SAFETY: null or a leaked tracer, published with release.
        None => match unsafe { DEFAULT.load(Ordering::Acquire).as_ref() } {
            Some(tracer) => *tracer,
            None => default_tracer(),
        },
    }
}

/// The tracer of the default scope. No lock: a child forked while it is made must not wait for it.
static DEFAULT: AtomicPtr<Tracer> = AtomicPtr::new(std::ptr::null_mut());

#[cold]
fn default_tracer() -> Tracer {
    let _errno = SavedErrno::now();
    let tracer = libtracer::binding::nameless_tracer();
    let made = Box::into_raw(Box::new(tracer));
    let null = std::ptr::null_mut();
    if DEFAULT
        .compare_exchange(null, made, Ordering::AcqRel, Ordering::Relaxed)
        .is_err()
    {
        // SAFETY: made above, and another thread's serves.
        drop(unsafe { Box::from_raw(made) });
    }
    tracer
}

fn milliseconds(timeout_ms: u32) -> Duration {
    Duration::from_millis(u64::from(timeout_ms))
}

/// Installs the default provider as the environment says (`OTEL_*`; OTLP to localhost:4318 unless
/// told otherwise). On failure the program goes on untraced; `tracer_last_error` says why.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_init_from_env() -> tracer_status {
    guard(TRACER_INTERNAL, || install(&tracer_config::from_env()))
}

/// Installs the default provider. Consumes nothing. One that was there is flushed and shut down.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_init(config: Option<&tracer_config>) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        meant(config).map_or(TRACER_INVALID_ARGUMENT, install)
    })
}

fn install(config: &tracer_config) -> tracer_status {
    match config.make_provider() {
        Ok(provider) => {
            provider.set_default();
            TRACER_OK
        }
        Err(error) => invalid_config(&error),
    }
}

/// Whether a default provider is installed. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_is_configured() -> bool {
    guard(false, libtracer::is_configured)
}

/// Delivers every span that has ended, of all providers; at most `timeout_ms`. TIMEOUT: what is
/// left stays queued. Any thread; waits without holding anything.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_flush(timeout_ms: u32) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        delivered(libtracer::flush(milliseconds(timeout_ms)))
    })
}

/// Flushes and ends all providers within one time budget; what is left is counted as dropped.
/// Later spans are no-ops. Normal exit does this with two seconds if the program does not.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_shutdown(timeout_ms: u32) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        delivered(libtracer::shutdown(milliseconds(timeout_ms)))
    })
}

/// Makes a provider of its own; not the default one. Caller frees it.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_provider_new(
    config: Option<&tracer_config>,
    out_provider: Option<&mut MaybeUninit<*mut tracer_provider>>,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        if out_provider.is_none() {
            return missing("out_provider");
        }
        match config.make_provider() {
            Ok(provider) => {
                let given = pool::give(|| tracer_provider(provider));
                if given.is_null() {
                    return fail(TRACER_INTERNAL, &"memory was refused");
                }
                ptr::put(out_provider, given);
                TRACER_OK
            }
            Err(error) => invalid_config(&error),
        }
    })
}

/// Frees the handle of a provider; its spans and exports go on until shutdown or exit. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_free(provider: *mut tracer_provider) {
    pool::free(provider);
}

/// Delivers every span of this provider that has ended; at most `timeout_ms`. NULL: all providers.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_provider_flush(
    provider: Option<&tracer_provider>,
    timeout_ms: u32,
) -> tracer_status {
    guard(TRACER_INTERNAL, || match provider {
        Some(provider) => delivered(provider.0.flush(milliseconds(timeout_ms))),
        None => delivered(libtracer::flush(milliseconds(timeout_ms))),
    })
}

/// Flushes and ends this provider; at most `timeout_ms`. NULL: all providers.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_provider_shutdown(
    provider: Option<&tracer_provider>,
    timeout_ms: u32,
) -> tracer_status {
    guard(TRACER_INTERNAL, || match provider {
        Some(provider) => delivered(provider.0.shutdown(milliseconds(timeout_ms))),
        None => delivered(libtracer::shutdown(milliseconds(timeout_ms))),
    })
}

/// Adds the destinations of a configuration to a provider (NULL = the default one) that may be in
/// use, each with a queue and an account of its own: they get what ends or is emitted from then on, here
/// and in forked children. Nothing else of the configuration counts. Refused after shutdown.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_provider_add_exporter(
    provider: Option<&tracer_provider>,
    config: Option<&tracer_config>,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        let default = || libtracer::binding::default_provider();
        let Some(provider) = provider.map(|it| it.0.clone()).or_else(default) else {
            return fail(TRACER_INVALID_ARGUMENT, &"there is no default provider");
        };
        match config.give_exporters(|config| provider.add_destinations(config)) {
            Ok(()) => TRACER_OK,
            Err(error) => invalid_config(&error),
        }
    })
}

/// Makes a provider the default one. One that was there is flushed and shut down.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_provider_set_default(provider: Option<&tracer_provider>) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(provider) = provider else {
            return missing("provider");
        };
        provider.0.set_default();
        TRACER_OK
    })
}

/// Makes a scope of a provider (NULL = whichever is the default one when a span starts). Version and
/// schema URL may be NULL. Caller frees it. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_scope_new(
    provider: Option<&tracer_provider>,
    name: *const c_char,
    version: *const c_char,
    schema_url: *const c_char,
) -> *mut tracer_scope {
    // SAFETY: as the header says; there are no attributes.
    unsafe { tracer_scope_new_with_attributes(provider, name, version, schema_url, null()) }
}

/// As `tracer_scope_new`, with the entries of a map value (or NULL) as attributes of the scope.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_scope_new_with_attributes(
    provider: Option<&tracer_provider>,
    name: *const c_char,
    version: *const c_char,
    schema_url: *const c_char,
    attributes: *const tracer_value,
) -> *mut tracer_scope {
    pool::give(|| {
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        // SAFETY: as the header says.
        let version = unsafe { ptr::text(version) };
        // SAFETY: as the header says.
        let schema_url = unsafe { ptr::text(schema_url) };
        // SAFETY: as the header says.
        let attributes = unsafe { value::built(attributes) }.map(ValueBuilder::to_entries);
        let builder = match provider {
            Some(provider) => provider.0.tracer_builder(&name),
            None => libtracer::tracer_builder(&name),
        };
        let builder = builder.version(&version).schema_url(&schema_url);
        let attributes = attributes.unwrap_or_default().into_iter();
        let builder = attributes.fold(builder, |builder, (key, value)| {
            builder.attribute(key, value)
        });
        tracer_scope(builder.build())
    })
}

/// Whether a span of a scope (NULL = the default one) that starts now would be looked at by anyone:
/// not if nothing exports, after shutdown, or if the scope is filtered out. Ask before work that is
/// done for a span alone. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_scope_is_enabled(scope: Option<&tracer_scope>) -> bool {
    guard(false, || tracer_of(scope).is_enabled())
}

/// Frees a scope; its spans go on. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_scope_free(scope: *mut tracer_scope) {
    pool::free(scope);
}
