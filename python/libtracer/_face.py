"""What `libtracer.tracer` needs of the native span behind its own."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from libtracer import _log, _native
from libtracer._tracer import get_tracer

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCOPE = "libtracer.tracer"
_NANOSECONDS = 1_000_000_000
# Set for other programs' sake on some spans, and no tags of the program's.
_FOREIGN_PREFIX = "pat."


_tracer: list[_native.Tracer] = []


def tracer() -> _native.Tracer:
    """Return the tracer of these spans."""
    if not _tracer:
        _tracer.append(get_tracer(_SCOPE))
    return _tracer[0]


class Given:
    """Ids that a program gave a span: bytes for export, and the text where it is no such id."""

    def __init__(self, trace_id: Any, span_id: Any, parent_id: Any) -> None:
        self._trace, self.trace_text = _id(trace_id, 16)
        self._span, self.span_text = _id(span_id, 8)
        self._parent, self.parent_text = _id(parent_id, 8)

    def start(self, name: str, start_ns: int | None) -> Any:
        """Start a native span with these ids."""
        return tracer()._start_with_ids(name, self._trace, self._span, self._context(), start_ns)

    def _context(self) -> Any:
        """Return the context of the parent, None for the current one."""
        from opentelemetry.context import Context
        from opentelemetry.trace import (
            NonRecordingSpan,
            SpanContext,
            TraceFlags,
            get_current_span,
            set_span_in_context,
        )

        if not self._trace and not self._parent:
            return None
        if not self._parent:
            return Context()
        current = get_current_span().get_span_context()
        parent = SpanContext(
            self._trace
            or current.trace_id
            or int.from_bytes(_hashed(str(self._parent), 16), "big"),
            self._parent,
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        return set_span_in_context(NonRecordingSpan(parent), Context())


def _hashed(text: str, size: int) -> bytes:
    import hashlib  # brings OpenSSL along, megabytes that few ids need

    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def _id(given: Any, size: int) -> tuple[int, str | None]:
    """Return an id of so many bytes, 0 for none, and the text where that is not the id's own."""
    if given is None:
        return 0, None
    text = given.hex if isinstance(given, UUID) else str(given)
    digits = text.replace("-", "").lower()
    try:
        number = int(digits, 16) if len(digits) in {size * 2, 32} else 0
    except ValueError:
        number = 0
    if len(digits) > size * 2:
        number >>= (len(digits) - size * 2) * 4
    if number:
        return number, None
    return int.from_bytes(_hashed(text, size), "big") or 1, text


def trace_id(span: Any) -> str:
    """Return the trace id of any span as text."""
    return format(span.get_span_context().trace_id, "032x")


def span_id(span: Any) -> str:
    """Return the id of any span as text."""
    return format(span.get_span_context().span_id, "016x")


def parent_id(span: Any) -> str | None:
    """Return the id of any span's parent as text, None for a root."""
    parent = getattr(span, "parent", None)
    return format(parent.span_id, "016x") if parent is not None else None


def traceparent(span: Any) -> str:
    """Return the W3C header that continues the trace below a span."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def seconds(nanoseconds: int | None) -> float | None:
    """Return a time in seconds."""
    return nanoseconds / _NANOSECONDS if nanoseconds else None


def record_error(span: Any, error: str | BaseException, told: str) -> None:
    """Set the status to ERROR, and record an exception once."""
    from opentelemetry.trace import Status, StatusCode

    if issubclass(type(error), BaseException):
        span.record_exception(error)
        told = f"{type(error).__name__}: {told}"
    span.set_status(Status(StatusCode.ERROR, told))


def evaluate(tags: dict[str, Any], span: Any) -> None:
    """Call the functions among the tags, if the span is recorded; a class is a value."""
    if not span.is_recording():
        return
    for key, value in list(tags.items()):
        if callable(value) and not isinstance(value, type):
            try:
                tags[key] = value()
            except Exception as error:
                tags[key] = f"<error {type(error).__name__}: {_log.text(error)}>"
            span.set_attribute(key, tags[key])


def said_so_far(span: Any) -> tuple[Any, str | None, dict[str, Any]]:
    """Return status, error and tags of any span."""
    attributes: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    tags = {key: value for key, value in attributes.items() if not key.startswith(_FOREIGN_PREFIX)}
    status = getattr(span, "status", None)
    if status is None or status.is_ok:
        return "ok", None, tags
    return "error", status.description, tags


def make_current(span: Any, face: object) -> None:
    """Make a span current until something else is; None is no span, and no baggage either."""
    from opentelemetry import context
    from opentelemetry.trace import set_span_in_context

    if span is None:
        context.attach(context.Context())
        return
    if type(span) is _native.Span:
        _native.show_face(span, face)
    context.attach(set_span_in_context(span))
