"""Looking at spans and log records in tests.

```python
with libtracer.testing.capture() as captured:
    do_something()
assert [span.name for span in captured.spans] == ["something"]
```

`Capturing.snapshot` is what was captured as a text that is the same in every run:

```text
order  id='ord_1'
├─ payment (CLIENT)  amount=9.5  ERROR: ValueError: declined
│     · exception  exception.message='declined'  exception.type='ValueError'
└─ notify  channel='mail'
```

For pytest there is the fixture ``spans``: a capture with tracing configured.
"""

from collections.abc import Collection, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from libtracer._native import Capture as _Capture
from libtracer._native import LogRecord, ReadableSpan

if TYPE_CHECKING:
    from libtracer._predictable import Predictable

__all__ = ["Capturing", "LogRecord", "ReadableSpan", "capture"]


class Capturing:
    """Every span that ends and every log record while the block runs, on all threads and tasks.

    It is iterated, counted and indexed as its spans are.
    """

    def __init__(self, *, deterministic: bool = False) -> None:
        """Start with nothing; entering begins to capture."""
        self._deterministic = deterministic
        self._predictable: Predictable | None = None
        self._spans: list[ReadableSpan] = []
        self._logs: list[LogRecord] = []
        self._capture: _Capture | None = None
        self._read = 0
        self._read_logs = 0

    def __enter__(self) -> "Capturing":
        """Begin to capture."""
        self._capture = _Capture()
        self._read = self._read_logs = 0
        if self._deterministic:
            from libtracer._predictable import Predictable

            self._predictable = Predictable()
            self._predictable.__enter__()
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
        if self._predictable is not None:
            self._predictable.__exit__(kind, exception, traceback)
            self._predictable = None

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

    def __iter__(self) -> Iterator[ReadableSpan]:
        return iter(self.spans)

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: int) -> ReadableSpan:
        return self.spans[index]

    def __bool__(self) -> bool:
        return True

    def snapshot(
        self, *, ids: bool = False, times: bool = False, without: Collection[str] = ()
    ) -> str:
        """Return the finished spans as trees, to compare with a text in a test.

        One line a span: name, kind unless it is INTERNAL, attributes by key, status unless it is
        UNSET; below it events (``·``, without tracebacks), links (``→``) and children. Roots and
        brothers come in the order in which they began.

        Args:
            ids: Whether to show trace and span ids; for captures with ``deterministic=True``.
            times: Whether to show start and duration in nanoseconds; as ``ids``.
            without: Keys of attributes to leave out, such as durations that a program measures.
        """
        from libtracer import _snapshot

        return _snapshot.text_of(self.spans, without, ids=ids, times=times)


def capture(*, deterministic: bool = False) -> Capturing:
    """Capture finished spans and log records for the duration of a ``with`` block.

    Needs no configuration; ``traced`` and ``start_span``, though, make spans only once tracing is
    configured. What the sampler drops is not captured.

    Args:
        deterministic: Whether Python's spans of the default provider (``start_span``, ``traced``,
            ``get_tracer``, ``Span``, ``with_span``) have trace and span ids 1, 2, 3, ... and times
            that go on by a millisecond with each start, event and end, from 1700000000 s after
            1970.
    """
    return Capturing(deterministic=deterministic)
