"""``ContextTracing``: a summary of what happened in a block, printed when it is left."""

import logging
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from libtracer import _collector, _config, _metrics, _panel, _process

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_logger = logging.getLogger("libtracer.tracing")
_SCOPE = "libtracer.tracing"


class CurrentTrace:
    """A trace that is being looked at.

    Attributes:
        trace_id: Its id, as OpenTelemetry has it; 0 when nothing is recorded.
    """

    def __init__(self, root: "Span") -> None:
        context = root.get_span_context()
        self._root = root
        self._recorded = root.is_recording()
        self.trace_id = context.trace_id
        self._span_id = context.span_id
        self._collected = _collector.begin(self.trace_id) if self._recorded else None
        self._whole = getattr(root, "parent", None) is None
        self._spans: list[Any] = []

    def get_spans(self) -> list[Any]:
        """Return the finished spans so far in the order of their ends; empty after the block.

        It is the same list each time. An inner trace has what ended below its own root.
        """
        if self._collected is not None:
            _collector.drain()
            spans = list(self._collected.spans)
            self._spans[:] = spans if self._whole else self._below(spans)
        return self._spans

    def _below(self, spans: list[Any]) -> list[Any]:
        parents = {
            span.context.span_id: span.parent.span_id if span.parent is not None else 0
            for span in spans
        }
        known: dict[int, bool] = {self._span_id: True, 0: False}

        def is_below(span_id: int) -> bool:
            way = []
            while span_id not in known:
                way.append(span_id)
                span_id = parents.get(span_id, 0)
            answer = known[span_id]
            known.update(dict.fromkeys(way, answer))
            return answer

        return [span for span in spans if is_below(span.context.span_id)]

    def _close(self, name: str | None) -> None:
        """Print the summary, and keep nothing more."""
        collected = self._collected
        if collected is None:
            return
        spans = list(self.get_spans())
        _collector.end(collected)
        self._collected = None
        self._spans.clear()
        root = next((span for span in spans if span.context.span_id == self._span_id), None)
        if root is not None and root.start_time and root.end_time:
            seconds = (root.end_time - root.start_time) / 1_000_000_000
            _panel.show(name, len(spans), seconds, _panel.token_usage(spans))


class ContextTracing:
    """Looks at the operations of a block, and prints a summary of them.

    ```python
    with ContextTracing().trace("my_operation"):
        ...
    ```

    There is one in a process. Nothing is kept outside of a block.
    """

    _instance: "ContextTracing | None" = None
    _lock = threading.Lock()

    def __new__(cls) -> "ContextTracing":
        """Return the one."""
        with cls._lock:
            if cls._instance is None:
                cls._instance = super().__new__(cls)
            return cls._instance

    @contextmanager
    def trace(self, name: str | None = None) -> Iterator[CurrentTrace]:
        """Open a span, keep what ends in its trace, and print the summary when it is left.

        The span is made by OpenTelemetry's global provider, whoever's that is: exporters added to
        it receive it. When none is set, libtracer's is.

        Args:
            name: Name of the span and title of the summary.
        """
        tracer = _tracer()
        current: CurrentTrace | None = None
        try:
            with tracer.start_as_current_span(name or "") as root:
                current = CurrentTrace(root)
                yield current
        except Exception as error:
            _logger.error("Error in trace collection: %s", error)
            raise
        finally:
            if current is not None:
                current._close(name)


_process.renew_after_fork(ContextTracing, "_lock", threading.Lock)


def _tracer() -> Any:
    from opentelemetry import trace

    _config.ensure_configured()
    provider = _config.ensure_global_provider()
    _collector.hear(provider)
    return trace.get_tracer(_SCOPE)


@contextmanager
def _typed_span(kind: str, name: str | None) -> Generator["Span", None, None]:
    from opentelemetry import trace

    with trace.get_tracer(_SCOPE).start_as_current_span(name or kind) as span:
        span.set_attribute("type", kind)
        yield span


@contextmanager
def _generation(name: str | None) -> Generator["Span", None, None]:
    with _typed_span("generation", name) as span, _metrics.generation(span):
        yield span


def generation_span(name: str | None = None) -> Any:
    """Return a block's span of a call to a model: ``type`` is ``generation``.

    Its attributes ``prompt_tokens_used``, ``completion_tokens_used``, ``cached_tokens_used``,
    ``thinking_tokens_used`` and ``model_name`` are what the summary counts, and the metrics, which
    take ``ai.provider`` and ``ai.cost`` too.

    Args:
        name: Name of the span.
    """
    return _generation(name)


def agent_span(name: str | None = None) -> Any:
    """Return a block's span of an agent's work: ``type`` is ``agent``.

    Args:
        name: Name of the span.
    """
    return _typed_span("agent", name)


def tool_span(name: str | None = None) -> Any:
    """Return a block's span of a tool's work: ``type`` is ``tool``.

    Args:
        name: Name of the span.
    """
    return _typed_span("tool", name)
