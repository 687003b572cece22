"""Finished spans of the traces that somebody looks at, whoever made them."""

import os
import threading
import weakref
from typing import Any

from libtracer import _native


class Collected:
    """The finished spans of one trace, in the order in which they ended."""

    def __init__(self, trace_id: int) -> None:
        self.trace_id = trace_id
        self.spans: list[Any] = []
        self._seen: set[int] = set()

    def add(self, span: Any) -> None:
        """Keep a span, once."""
        span_id = span.context.span_id
        if span_id not in self._seen:
            self._seen.add(span_id)
            self.spans.append(span)


class _Ended:
    """Hears of the spans of a provider that is not libtracer's."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Do nothing."""

    def _on_ending(self, span: Any) -> None:
        """Do nothing."""

    def on_end(self, span: Any) -> None:
        """Keep the span if its trace is looked at."""
        with _lock:
            _drain()  # what ended before it comes before it
            for collected in _active.get(span.context.trace_id, ()):
                collected.add(span)

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing."""
        return True


# Of one trace there may be several, one inside the other.
_active: dict[int, list[Collected]] = {}
_lock = threading.RLock()
_heard: "weakref.WeakSet[Any]" = weakref.WeakSet()
# libtracer's own spans, whichever of its providers they belong to; only while a trace is looked at.
_capture: list[_native.Capture] = []


def hear(provider: Any) -> None:
    """Hear of the spans of a provider; libtracer's own are heard of anyway."""
    from libtracer.trace import TracerProvider

    if issubclass(type(provider), TracerProvider):
        return
    add = getattr(provider, "add_span_processor", None)
    with _lock:
        if add is not None and provider not in _heard:
            _heard.add(provider)
            add(_Ended())


def begin(trace_id: int) -> Collected:
    """Begin to keep the finished spans of a trace."""
    collected = Collected(trace_id)
    with _lock:
        _drain()
        _active.setdefault(trace_id, []).append(collected)
        if not _capture:
            _capture.append(_native.Capture())
    return collected


def end(collected: Collected) -> None:
    """Keep no more."""
    with _lock:
        _drain()
        others = _active.get(collected.trace_id, [])
        if collected in others:
            others.remove(collected)
        if not others:
            _active.pop(collected.trace_id, None)
        if not _active:
            _capture.clear()


def drain() -> None:
    """Hand out what has ended so far."""
    with _lock:
        _drain()


def _drain() -> None:
    if not _capture:
        return
    # What ends between the two is in both, and kept once.
    ended, _capture[0] = _capture[0], _native.Capture()
    for index in range(len(ended)):
        span = ended.read(index)
        if span is not None:
            for collected in _active.get(span.context.trace_id, ()):
                collected.add(span)


def _after_fork() -> None:
    """A child looks at nothing that its parent looked at, whose threads it lacks."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()
    _active.clear()
    _capture.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
