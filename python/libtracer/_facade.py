"""What ``span.__class__`` answers: a class that OpenTelemetry's ``isinstance`` checks accept.

The native span derives from nothing. Deriving it from the API's abstract class would cost on every
span, and from the SDK's would mean importing the SDK. So the span shows a class that is derived and
never instantiated; the SDK's part is added when the program itself has loaded the SDK.
"""

import sys
from typing import Any

from opentelemetry.trace import Span as ApiSpan

_SDK = "opentelemetry.sdk.trace"


def _make(base: Any) -> type:
    made = type("Span", (base,), {"__module__": "libtracer", "__doc__": "A span of libtracer."})
    made.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
    return made


_classes: dict[str, type] = {"api": _make(ApiSpan)}


def class_of_spans() -> type:
    """Return the class that stands for the native span's."""
    found = _classes.get("sdk")
    if found is not None:
        return found
    sdk_span = getattr(sys.modules.get(_SDK), "Span", None)
    if sdk_span is None:
        return _classes["api"]
    _classes["sdk"] = _make(sdk_span)
    return _classes["sdk"]
