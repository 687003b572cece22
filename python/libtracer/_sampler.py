"""A function of the program's own as OpenTelemetry's sampler."""

import logging
from collections.abc import Callable
from typing import Any

from opentelemetry.trace import format_trace_id, get_current_span

_logger = logging.getLogger("libtracer")


class _Decision:
    """The decision on one span, as samplers of OpenTelemetry give it."""

    def __init__(self, attributes: Any, trace_state: Any, *, keep: bool) -> None:
        self.decision = _Kept(keep=keep)
        self.attributes = attributes
        self.trace_state = trace_state


class _Kept:
    def __init__(self, *, keep: bool) -> None:
        self._keep = keep

    def is_sampled(self) -> bool:
        return self._keep

    def is_recording(self) -> bool:
        return self._keep


class FunctionSampler:
    """Asks a function about every span: its name, the context of its parent and its trace id."""

    def __init__(self, function: Callable[[str, Any, str], bool]) -> None:
        self._function = function
        self._warned = False

    def should_sample(  # noqa: PLR0913, PLR0917, OpenTelemetry's signature
        self,
        parent_context: Any,
        trace_id: int,
        name: str,
        kind: Any = None,
        attributes: Any = None,
        links: Any = None,
        trace_state: Any = None,
    ) -> _Decision:
        """Decide as the function does; keep the span when it raises."""
        parent = get_current_span(parent_context).get_span_context()
        known = parent.is_valid
        try:
            keep = bool(self._function(name, parent if known else None, format_trace_id(trace_id)))
        except Exception:
            keep = True
            if not self._warned:
                self._warned = True
                _logger.exception("the sampler raised: the span is kept, and this is said once")
        return _Decision(attributes, parent.trace_state if known else None, keep=keep)

    def get_description(self) -> str:
        """Return a name for logs."""
        return f"FunctionSampler({self._function!r})"
