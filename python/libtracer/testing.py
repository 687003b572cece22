"""Looking at spans in tests.

```python
with libtracer.testing.capture() as captured:
    do_something()
assert [span.name for span in captured.spans] == ["something"]
```
"""

from types import TracebackType

from libtracer._native import Capture as _Capture
from libtracer._native import ReadableSpan

__all__ = ["Capturing", "ReadableSpan", "capture"]


class Capturing:
    """Every span that ends while the block runs, on all threads and in all tasks."""

    def __init__(self) -> None:
        """Start with nothing; entering begins to capture."""
        self._spans: list[ReadableSpan] = []
        self._capture: _Capture | None = None
        self._read = 0

    def __enter__(self) -> "Capturing":
        """Begin to capture."""
        self._capture = _Capture()
        self._read = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; what was captured stays readable."""
        self._collect()
        self._capture = None

    def _collect(self) -> None:
        capture = self._capture
        while capture is not None and self._read < len(capture):
            span = capture.read(self._read)
            self._read += 1
            if span is not None:
                self._spans.append(span)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The finished spans so far, in the order in which they ended; always the same objects."""
        self._collect()
        return list(self._spans)


def capture() -> Capturing:
    """Capture finished spans for the duration of a ``with`` block.

    Needs no configuration; ``traced`` and ``start_span``, though, make spans only once tracing is
    configured. What the sampler drops is not captured.
    """
    return Capturing()
