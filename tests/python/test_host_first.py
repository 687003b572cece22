"""What the program around the spans must not notice: its values, errors, times and log lines."""

import gc
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import libtracer
import pytest
from libtracer import _log, logs
from libtracer.testing import capture
from libtracer.trace import TracerProvider
from libtracer.tracer import set_current_span


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    libtracer.configure_tracing("tests", exporter="none")
    yield
    libtracer.configure_tracing("tests", exporter="none")


class _Silent:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@libtracer.traced
def _traced(value: Any) -> Any:
    return value


def _start(value: Any) -> None:
    with libtracer.start_span("x", attributes={"value": value}) as span:
        span.set_status(libtracer.StatusCode.OK)


@pytest.mark.parametrize(
    "value",
    [[1, 2], (1, [2]), {"a": [1]}, _Silent(), "\ud800", 10**5000],
    ids=["list", "tuple", "map", "silent", "surrogate", "huge"],
)
@pytest.mark.parametrize("call", [_start, _traced])
def test_values_leave_nothing_behind(call: Callable[[Any], None], value: Any) -> None:
    for _ in range(50):
        call(value)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(2000):
        call(value)
    gc.collect()
    assert sys.getallocatedblocks() - before < 1000


def test_headers_that_no_propagator_can_encode_are_no_error() -> None:
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    context = libtracer.extract_context(
        {"traceparent": header, "baggage": "a=\udcff", _Silent(): "x", "y": _Silent()}
    )
    with libtracer.get_tracer("tests").start_span("x", context=context) as span:
        assert format(span.get_span_context().trace_id, "032x") == header[3:35]


def test_a_propagator_that_raises_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from libtracer import _propagation

    monkeypatch.setattr(_log, "_warned", set())
    monkeypatch.setattr(_propagation, "_chosen", [object()])
    for _ in range(2):
        headers: dict[str, str] = {}
        libtracer.inject_context(headers)
        assert headers == libtracer.extract_context(headers) == {}
    assert len(caplog.records) == 2


def test_a_message_shows_the_beginning_of_a_long_value(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), libtracer.start_span("x") as span:
        span.set_status("x" * 1_000_000)
    assert 200 <= len(caplog.text) < 1000


def test_processors_added_at_once_are_all_told() -> None:
    class Processor:
        def on_start(self, span: Any, parent_context: Any = None) -> None: ...
        def on_end(self, span: Any) -> None: ...
        def shutdown(self) -> None: ...

    provider = TracerProvider(shutdown_on_exit=False)
    processors = provider._active_span_processor

    class Lock:
        """Lets another thread add a processor as soon as it is free."""

        def __enter__(self) -> None: ...

        def __exit__(self, *exception: object) -> None:
            processors._lock = threading.Lock()
            provider.add_span_processor(Processor())

    processors._lock = Lock()
    provider.add_span_processor(Processor())
    assert len(processors._span_processors) == 2
    provider.shutdown()


def test_a_block_left_with_an_interrupt_in_its_error_is_left() -> None:
    class InterruptingError(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), libtracer.with_span("x") as span:
        raise InterruptingError
    assert libtracer.get_current_span() is None
    assert span.end_time is not None


def test_an_error_is_read_as_what_it_is() -> None:
    class Text(str):
        __slots__ = ()

        def __format__(self, spec: str) -> str:
            raise RuntimeError

    class SpokenError(Exception):
        def __str__(self) -> str:
            return Text("spoken")

    class Disguised:
        @property
        def __class__(self) -> Any:
            raise RuntimeError

        def __str__(self) -> str:
            return "disguised"

    with pytest.raises(SpokenError), libtracer.with_span("x") as span:
        raise SpokenError
    assert span.error == "SpokenError: spoken"
    with libtracer.Span("y") as span:
        span.set_error(Disguised())
    assert span.error == "disguised"


@pytest.mark.parametrize("wrong", [None, 5, b"x", [], object(), _Silent()])
def test_what_is_of_a_wrong_type_is_no_error(
    wrong: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_log, "_told", {})
    with capture() as captured:
        libtracer.get_tracer(wrong, wrong, wrong).start_span("scope").end()
        libtracer.Span("tags", tags=wrong).finish()
        libtracer.Span("key", tags={"a": 1}).finish()
        with libtracer.with_span("current") as span:
            span.set_tag(wrong, "x")
            if wrong is not None:
                set_current_span(wrong)
            assert libtracer.get_current_span() is span
    assert [span.name for span in captured.spans] == ["scope", "tags", "key", "current"]
    assert {record.filename for record in caplog.records} == {"test_host_first.py"}


def test_spans_of_other_apis_are_made_current_too() -> None:
    with libtracer.start_span("outer") as outer:
        other = libtracer.get_tracer("tests").start_span("other")
        set_current_span(other)
        current = libtracer.get_current_span()
        assert current is not None
        assert current.trace_id == format(other.get_span_context().trace_id, "032x")
        assert current.name == "other"
        set_current_span(libtracer.get_current_span())
    assert outer.end_time


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300, -1, "x", lambda: 1 / 0])
def test_a_time_that_is_none_is_the_present_one(seconds: Any) -> None:
    given = {"time_source": seconds} if callable(seconds) else {"start_time": seconds}
    with libtracer.Span("x", **given) as span:
        span.set_tag("a", 1)
    assert 0 <= span.duration_ms() < 60_000


def _cycle() -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["a"] = made
    return made


def _nested() -> list[Any]:
    made: list[Any] = []
    for _ in range(100_000):
        made = [made]
    return made


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "make",
    [_cycle, _nested, _Silent, lambda: float("nan"), lambda: 10**5000, lambda: "\ud800\u00e9"],
    ids=["cycle", "nested", "silent", "nan", "huge", "surrogate"],
)
def test_no_line_is_lost_for_its_fields(
    make: Callable[[], Any], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii", write_through=True)
    root, level = logging.getLogger(), logging.getLogger().level
    libtracer.configure_logging(format=form, stream=stream)
    try:
        libtracer.get_logger("tests").info("what happened", self=1, event=2, field=make())
    finally:
        root.removeHandler(logs._installed.pop())
        root.setLevel(level)
    (line,) = written.getvalue().decode().splitlines()
    assert capsys.readouterr().err == ""
    assert "what happened" in line
    if form == "json":
        assert json.loads(line, parse_constant=pytest.fail)["self"] == 1


def test_methods_that_are_of_the_class_without_saying_so_stay_that() -> None:
    class Base:
        names: tuple[str, ...] = ()

        @libtracer.traced
        def __init_subclass__(cls, name: str = "", **kwargs: Any) -> None:
            cls.names += (name,)

        @libtracer.traced
        @classmethod
        def __class_getitem__(cls, item: Any) -> Any:
            return cls, item

    class Derived(Base, name="derived"):
        @libtracer.traced
        def __class_getitem__(cls, item: Any) -> Any:
            return cls, item

    assert Derived.names == ("derived",)
    assert Base[1] == (Base, 1)
    assert Derived[2] == (Derived, 2)
