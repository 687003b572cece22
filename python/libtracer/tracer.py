"""Spans with tags, as small tracers have them, on libtracer's runtime.

```python
from libtracer.tracer import with_span

with with_span("order_processing") as span:
    span.set_tag("order_id", "ord_123")
```

Each `Span` is one native span, with real parents: in one trace with the spans of every other API.
"""

from collections.abc import Callable, Mapping
from time import time
from types import TracebackType
from typing import Any, Literal

from libtracer import _face, _log, _native

__all__ = [
    "Span",
    "get_current_span",
    "get_current_trace_id",
    "get_trace_context",
    "set_current_span",
    "with_span",
]

# Where the nanoseconds since 1970 leave 64 bits, in seconds.
_LATEST = 2**64 / 1_000_000_000


class Span:
    """One operation: it starts when it is made, and ends with `finish` or when its block is left.

    The parent is the span that is current when it is made. Making a span does not make it current;
    entering its block does.

    Args:
        name: What the operation is called.
        span_id: Id to have in place of a new one: hexadecimal text or a UUID; what is neither is
            kept as it is and hashed for export.
        parent_id: Id of the parent in place of the current span's.
        trace_id: Id of the trace in place of the parent's.
        start_time: Seconds since 1970, in place of now.
        end_time: Seconds since 1970 at which it ended already.
        tags: Tags to start with.
        status: ``"ok"`` or ``"error"``.
        error: Text of the error, if there was one.
        time_source: Gives the time in seconds since 1970, in place of the system's clock.

    Attributes:
        name: The name it was made with.
        tags: The tags so far; set them with `set_tag`.
        status: ``"ok"`` or ``"error"``.
        error: Text of the error, or None.
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_ended",
        "_explicit",
        "_given",
        "_lazy",
        "_native",
        "_started",
        "_typed",
        "error",
        "name",
        "status",
        "tags",
    )

    def __init__(  # noqa: PLR0913, what a record of a span holds
        self,
        name: str,
        *,
        span_id: Any = None,
        parent_id: Any = None,
        trace_id: Any = None,
        start_time: float | None = None,
        end_time: float | None = None,
        tags: Mapping[str, Any] | None = None,
        status: Literal["ok", "error"] = "ok",
        error: str | None = None,
        time_source: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self.status = status
        self.error = error
        self._explicit = self._typed = False
        # Whether a tag waits for the end; None for a face that somebody else ends.
        self._lazy: bool | None = False
        self._clock = time_source
        self._ended: float | None = None
        self._started = None if start_time is None else _seconds(start_time)
        if time_source is not None and start_time is None:
            self._started = _seconds(time_source)
        self.tags: dict[str, Any] = {}
        if span_id is None and parent_id is None and trace_id is None:
            self._given: _face.Given | None = None
            if self._started is None:
                self._native: Any = _face.tracer().start_span(name)
            else:
                self._native = _face.tracer().start_span(name, start_time=_ns(self._started))
        else:
            self._given = _face.Given(trace_id, span_id, parent_id)
            self._native = self._given.start(name, _ns(self._started))
        if self._started is None and not self._native.is_recording():
            self._started = time()
        if tags:
            self._set_tags(tags)
        if status == "error":
            self._native.set_status("error", error)
        if end_time is not None:
            self._end(_seconds(end_time))

    @property
    def trace_id(self) -> str:
        """Id of the trace, as 32 hexadecimal digits or the text that was given."""
        return (self._given and self._given.trace_text) or _face.trace_id(self._native)

    @property
    def span_id(self) -> str:
        """Id of the span, as 16 hexadecimal digits or the text that was given."""
        return (self._given and self._given.span_text) or _face.span_id(self._native)

    @property
    def parent_id(self) -> str | None:
        """Id of the parent, None for a root."""
        return (self._given and self._given.parent_text) or _face.parent_id(self._native)

    @property
    def start_time(self) -> float:
        """Start in seconds since 1970."""
        if self._started is None:
            self._started = _face.seconds(self._native.start_time) or time()
        return self._started

    @property
    def end_time(self) -> float | None:
        """End in seconds since 1970, None before it."""
        if self._ended is None:
            self._ended = _face.seconds(getattr(self._native, "end_time", None))
        return self._ended

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag; the last value of a key wins.

        Args:
            key: Name of the tag.
            value: Any value. A function is called once, when the span ends, and only if the span
                is recorded; its result takes its place.
        """
        try:
            self.tags[key] = value
        except TypeError:  # what cannot be hashed
            key = _log.text(key)
            self.tags[key] = value
        if not callable(value) or isinstance(value, type):
            self._native.set_attribute(key, value)
        elif self._lazy is None:
            _face.evaluate(self.tags, self._native)
        else:
            self._lazy = True

    def _set_tags(self, tags: Mapping[str, Any]) -> None:
        try:
            given = dict(tags)
        except Exception:
            _log.tell("Tags are a mapping of names to values, not %s.", type(tags).__name__)
            return
        for key, value in given.items():
            self.set_tag(key, value)

    def set_error(self, error: str | BaseException) -> None:
        """Say that the operation failed.

        Args:
            error: The exception, which is recorded once, or a text.
        """
        self._explicit = True
        self.status = "error"
        self.error = _log.text(error)
        _face.record_error(self._native, error, self.error)

    def duration_ms(self) -> float:
        """Return milliseconds from start to end, or to now while it runs."""
        end = self.end_time
        if end is None:
            end = _seconds(self._clock) if self._clock is not None else time()
        return (end - self.start_time) * 1000

    def finish(self) -> None:
        """End the span; only the first call counts."""
        if self._ended is not None:
            return
        if self._lazy or self._clock is not None or self._started is not None:
            self._end(_seconds(self._clock) if self._clock is not None else None)
        else:
            self._native.end()

    def _end(self, at: float | None) -> None:
        if self._lazy:
            self._lazy = False
            _face.evaluate(self.tags, self._native)
        self._ended = at
        self._native.end(None if at is None else _ns(at))
        if at is None and self._started is not None:
            self._ended = self.end_time or time()

    def to_dict(self) -> dict[str, Any]:
        """Return the span as a dict; its tags are the live ones."""
        return {
            "name": self.name,
            "span_id": self.span_id,
            "parent_id": self.parent_id,
            "trace_id": self.trace_id,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "duration_ms": self.duration_ms(),
            "tags": self.tags,
            "status": self.status,
            "error": self.error,
        }

    def __enter__(self) -> "Span":
        """Make the span current."""
        if type(self._native) is _native.Span:  # another library's is current already
            _native.enter_face(self._native, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        """Note an exception, make current what was before, and finish."""
        try:
            if kind is not None:
                self.status = "error"
                if not self._explicit:
                    told = _log.text(exception) if exception is not None else kind.__name__
                    self.error = f"{kind.__name__}: {told}" if self._typed else told
        finally:
            if type(self._native) is _native.Span:
                _native.leave_face(self._native, exception)
            type(self).finish(self)
        return False

    def __repr__(self) -> str:
        return (
            f"Span(name={self.name!r}, span_id={self.span_id!r}, trace_id={self.trace_id!r}, "
            f"status={self.status!r})"
        )


def with_span(name: str) -> Span:
    """Return a span, child of the current one, that is current in its ``with`` block."""
    span = Span(name)
    span._typed = True
    return span


def get_current_span() -> Span | None:
    """Return the current span whoever made it, None if there is none."""
    current = _native.get_current_span()
    return None if current is None else _face_of(current)


def set_current_span(span: Span | None) -> None:
    """Make a span current in this thread or task; after None the next one starts a new trace."""
    if span is not None and not hasattr(span, "_native"):
        face = _face_of(span) if hasattr(span, "get_span_context") else None
        if face is None:
            _log.tell("set_current_span takes a span, not %s.", type(span).__name__)
            return
        span = face
    _face.make_current(None if span is None else span._native, span)


def get_current_trace_id() -> str | None:
    """Return the id of the current trace as 32 hexadecimal digits, None if there is none."""
    current = get_current_span()
    return None if current is None else current.trace_id


def get_trace_context() -> dict[str, str | None]:
    """Return trace id, span id and name of the current span, to log or to send along.

    While a span is current there is ``traceparent`` too, which other services understand.
    """
    current = get_current_span()
    if current is None:
        return {"trace_id": None, "span_id": None, "span_name": None}
    return {
        "trace_id": current.trace_id,
        "span_id": current.span_id,
        "span_name": current.name,
        "traceparent": _face.traceparent(current._native),
    }


def _face_of(span: Any) -> Span | None:
    """Return the one face of a span, whoever made it; None for one without ids."""
    if type(span) is Span:
        return span
    if type(span) is _native.Span:
        kept: Span | None = _native.get_face(span)
        if kept is not None:
            return kept
    if not span.get_span_context().is_valid:
        return None
    face = Span.__new__(Span)
    face.name = getattr(span, "name", "")
    face.status, face.error, face.tags = _face.said_so_far(span)
    face._native, face._given, face._clock = span, None, None
    face._explicit = face._typed = False
    face._started = None
    face._ended = None
    face._lazy = None
    if type(span) is _native.Span:
        _native.set_face(span, face)
    return face


def _seconds(given: Any) -> float:
    """Return a time that the program gave, or its function gives; the present one if it is none."""
    try:
        seconds = float(given() if callable(given) else given)
        return seconds if 0 <= seconds < _LATEST else time()
    except Exception:
        return time()


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1_000_000_000)
