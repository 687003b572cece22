"""Tracers by name."""

import threading

from libtracer._native import Tracer

_tracers: dict[tuple[str, str | None, str | None], Tracer] = {}
_lock = threading.Lock()


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
    found = _tracers.get(key)
    if found is None:
        with _lock:
            found = _tracers.setdefault(key, Tracer(name, version, schema_url))
    return found
