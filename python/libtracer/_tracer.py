"""Tracers by name, and the provider whose processors hear of their spans."""

import sys
import threading
from typing import Protocol

from libtracer import _log, _native, _process
from libtracer._native import Tracer

_Key = tuple[str, str | None, str | None]

_tracers: dict[_Key, Tracer] = {}
_lock = threading.Lock()
_process.renew_after_fork(sys.modules[__name__], "_lock", threading.Lock)


class _Provider(Protocol):
    def _join(self, key: _Key, tracer: Tracer) -> None: ...

    def _flush_processors(self, timeout: float | None) -> bool: ...

    def _nameless(self) -> Tracer: ...

    def _replaced(self) -> None: ...


_default: list[_Provider] = []


def get_tracer(
    name: str = "libtracer", version: str | None = None, schema_url: str | None = None
) -> Tracer:
    """Return the tracer of an instrumentation scope; the same arguments give the same object.

    Its spans are recorded as soon as anything listens: a configuration, or ``testing.capture``.

    Args:
        name: Name of the instrumentation scope, usually that of the library.
        version: Version of that library.
        schema_url: Schema its attributes follow.
    """
    key = (name, version, schema_url)
    try:
        found = _tracers.get(key)
    except TypeError:
        found = None
    if found is None:
        key = _texts(key)
        if not _native.is_configured():
            from libtracer import _configure

            _configure.first_use()
        with _lock:
            found = _tracers.get(key)
            if found is None:
                found = _tracers[key] = Tracer(*key)
                for provider in _default:
                    provider._join(key, found)
    return found


def _texts(key: _Key) -> _Key:
    """Return a scope whose parts are texts, and say so if the program gave something else."""
    name, version, schema_url = (
        part if part is None or type(part) is str else _log.text(part) for part in key
    )
    if (name, version, schema_url) == key and name is not None:
        return key
    _log.tell("get_tracer takes texts, not (%s).", ", ".join(map(_log.text, key)))
    return name or "", version, schema_url


def set_default(provider: _Provider | None) -> None:
    """Let a provider's samplers and processors have their say on spans without a provider."""
    with _lock:
        _default[:] = [] if provider is None else [provider]
        _native.set_default_tracer(None if provider is None else provider._nameless())
        for key, tracer in _tracers.items():
            if provider is None:
                tracer._set_ways(0)
            else:
                provider._join(key, tracer)


def replaced() -> None:
    """Another native provider is the default one now."""
    for provider in list(_default):
        provider._replaced()


def default() -> _Provider | None:
    """Return the provider that has its say on spans without a provider."""
    return _default[0] if _default else None


def flush(timeout: float | None) -> bool:
    """Flush the processors that hear of spans without a provider; False when time was up first."""
    return all(provider._flush_processors(timeout) for provider in _default)
