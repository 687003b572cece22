"""What ``__class__`` of spans, tracers and providers answers: classes that ``isinstance`` accepts.

The native types derive from nothing. Deriving them from the API's abstract classes would cost on
every span, and from the SDK's would mean importing the SDK. So they show classes that are derived
and never instantiated; the SDK's part is added when the program itself has loaded the SDK.
"""

import sys
from collections.abc import Callable
from typing import Any

from opentelemetry.trace import NonRecordingSpan
from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import Tracer as ApiTracer

from libtracer import _native

_SDK = "opentelemetry.sdk.trace"

_classes: dict[Any, type] = {}


def _shown(key: Any, name: str, api: Any, body: dict[str, Any]) -> type:
    """Return the class shown for ``name``: derived from the SDK's once that is loaded."""
    found = _classes.get((key, "sdk"))
    if found is not None:
        return found
    sdk = getattr(sys.modules.get(_SDK), name, None)
    which = (key, "api" if sdk is None else "sdk")
    if which not in _classes:
        _classes[which] = made = type(name, (sdk or api,), dict(body))
        made.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
    return _classes[which]


_SPAN = {"__module__": "libtracer", "__doc__": "A span of libtracer."}


def class_of_spans(records: bool, /) -> type:  # noqa: FBT001, called by native code
    """Return the class that stands for the native span's; one that records is the SDK's, too."""
    if records:
        return _shown("span", "Span", ApiSpan, _SPAN)
    if "dropped" not in _classes:
        _classes["dropped"] = type("NonRecordingSpan", (NonRecordingSpan,), dict(_SPAN))
    return _classes["dropped"]


def _forwarded(name: str) -> Callable[..., Any]:
    """Return a method that libraries call as ``tracer.__class__.method(proxy_of_tracer, ...)``."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        tracer = self
        while type(tracer) is not _native.Tracer:
            tracer = tracer.__wrapped__
        return getattr(tracer, name)(*args, **kwargs)

    method.__name__ = name
    return method


_TRACER = {
    "__module__": "libtracer",
    "__doc__": "A tracer of libtracer.",
    "start_span": _forwarded("start_span"),
    "start_as_current_span": _forwarded("start_as_current_span"),
}


def class_of_tracers() -> type:
    """Return the class that stands for the native tracer's."""
    return _shown("tracer", "Tracer", ApiTracer, _TRACER)


def class_of_providers(own: type) -> type:
    """Return the class that stands for a class of providers: that class, and the SDK's too."""
    sdk = getattr(sys.modules.get(_SDK), "TracerProvider", None)
    if sdk is None or issubclass(own, sdk):
        return own
    found = _classes.get(own)
    if found is None:
        found = _classes[own] = type(own.__name__, (own, sdk), {"__module__": own.__module__})
    return found
