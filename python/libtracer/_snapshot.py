"""A text of trace trees that is the same in every run, for tests to compare with."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

# Of an exception, what differs between runs or never does.
_NOISE = {"exception.stacktrace", "exception.escaped"}


def text_of(spans: Iterable[Any], without: Collection[str], *, ids: bool, times: bool) -> str:
    """Return finished spans as trees, one line a span, roots and brothers as they began."""
    drawn = _Drawn(frozenset(without), ids=ids, times=times)
    kept = list(spans)
    known = {span.context.span_id for span in kept}
    below: dict[int, list[Any]] = {}
    for span in sorted(kept, key=lambda span: span.start_time or 0):
        parent = span.parent.span_id if span.parent is not None else 0
        below.setdefault(parent if parent in known else 0, []).append(span)
    lines: list[str] = []
    for root in below.get(0, ()):
        lines += drawn.tree(root, below)
    return "".join(f"{line}\n" for line in lines)


class _Drawn:
    def __init__(self, without: frozenset[str], *, ids: bool, times: bool) -> None:
        self._without = without
        self._ids = ids
        self._times = times

    def tree(self, span: Any, below: Mapping[int, Sequence[Any]]) -> Iterator[str]:
        """Yield the lines of a span and of what is below it."""
        children = below.get(span.context.span_id, ())
        yield self._line(span)
        beside = "│  " if children else "   "
        for event in span.events:
            yield f"{beside}· {event.name}{self._attributes(event.attributes)}"
        for link in span.links:
            yield f"{beside}→ {link.context.span_id:016x}{self._attributes(link.attributes)}"
        for child in children:
            is_last = child is children[-1]
            first, *rest = self.tree(child, below)
            yield ("└─ " if is_last else "├─ ") + first
            for line in rest:
                yield ("   " if is_last else "│  ") + line

    def _line(self, span: Any) -> str:
        line: str = span.name
        if span.kind.name != "INTERNAL":
            line += f" ({span.kind.name})"
        if span.parent is not None and span.parent.is_remote:
            line += " (remote parent)"
        if self._ids:
            line += f" {span.context.trace_id:032x}/{span.context.span_id:016x}"
        if self._times:
            line += f" {span.start_time}+{(span.end_time or 0) - (span.start_time or 0)}ns"
        line += self._attributes(span.attributes)
        if span.status.status_code.name != "UNSET":
            line += f"  {span.status.status_code.name}"
            line += f": {span.status.description}" if span.status.description else ""
        return line

    def _attributes(self, attributes: Any) -> str:
        shown = dict(attributes or {})
        return "".join(
            f"  {key}={shown[key]!r}"
            for key in sorted(shown)
            if key not in _NOISE and key not in self._without
        )
