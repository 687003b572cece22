"""Looking at spans in tests.

```python
with libtracer.testing.capture() as captured:
    do_something()
assert [span.name for span in captured.spans] == ["something"]
```
"""

from types import TracebackType

from libtracer._native import Capture as _Capture
from libtracer._native import LogRecord, ReadableSpan

__all__ = ["Capturing", "LogRecord", "ReadableSpan", "capture"]


class Capturing:
    """Every span that ends and every log record while the block runs, on all threads and tasks."""

    def __init__(self) -> None:
        """Start with nothing; entering begins to capture."""
        self._spans: list[ReadableSpan] = []
        self._logs: list[LogRecord] = []
        self._capture: _Capture | None = None
        self._read = 0
        self._read_logs = 0

    def __enter__(self) -> "Capturing":
        """Begin to capture."""
        self._capture = _Capture()
        self._read = self._read_logs = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; what was captured stays readable."""
        self._collect()
        self._collect_logs()
        self._capture = None

    def _collect(self) -> None:
        capture = self._capture
        while capture is not None and self._read < len(capture):
            span = capture.read(self._read)
            self._read += 1
            if span is not None:
                self._spans.append(span)

    def _collect_logs(self) -> None:
        capture = self._capture
        while capture is not None and self._read_logs < capture.log_count():
            record = capture.read_log(self._read_logs)
            self._read_logs += 1
            if record is not None:
                self._logs.append(record)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The finished spans so far, in the order in which they ended; always the same objects."""
        self._collect()
        return list(self._spans)

    @property
    def logs(self) -> list[LogRecord]:
        """The log records so far, in the order in which they came; always the same objects."""
        self._collect_logs()
        return list(self._logs)


def capture() -> Capturing:
    """Capture finished spans and log records for the duration of a ``with`` block.

    Needs no configuration; ``traced`` and ``start_span``, though, make spans only once tracing is
    configured. What the sampler drops is not captured.
    """
    return Capturing()
