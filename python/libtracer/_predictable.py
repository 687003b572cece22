"""Ids that count up and a clock that ticks once for each question, for tests."""

import itertools
import threading
from types import TracebackType

from libtracer.trace import default_provider

START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000


class _Ids:
    """Gives 1, 2, 3, ... as trace ids, and the same as span ids."""

    def __init__(self) -> None:
        self._traces = itertools.count(1)
        self._spans = itertools.count(1)

    def generate_trace_id(self) -> int:
        """Return the next trace id."""
        return next(self._traces)

    def generate_span_id(self) -> int:
        """Return the next span id."""
        return next(self._spans)

    def is_trace_id_random(self) -> bool:
        """Whether the trace ids are random: they are not."""
        return False


class Predictable:
    """The default provider's spans have ids and times that are the same in every run."""

    _lock = threading.RLock()

    def __init__(self) -> None:
        self._before: tuple[object, object] | None = None

    def __enter__(self) -> None:
        """Begin, from the first id and the first moment."""
        with self._lock:
            provider = self._provider = default_provider()
            self._before = provider._id_generator, provider._clock
            provider._clock = itertools.count(START_NS, STEP_NS).__next__
            provider.id_generator = _Ids()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put back what was there."""
        with self._lock:
            if self._before is not None:
                ids, self._provider._clock = self._before  # type: ignore[assignment]
                self._provider.id_generator = ids
                self._before = None
