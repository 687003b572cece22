"""Exceptions: recorded, told apart, and passed on untouched."""

import asyncio
import traceback

import libtracer
import pytest
from libtracer import StatusCode


class CustomError(Exception):
    pass


def test_an_exception_becomes_event_and_status_and_passes_through():
    error = CustomError("boom")
    with pytest.raises(CustomError) as raised, libtracer.start_span("op") as span:
        raise error
    assert raised.value is error
    (event,) = span.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == f"{__name__}.CustomError"
    assert event.attributes["exception.message"] == "boom"
    assert event.attributes["exception.escaped"] == "False"
    assert "raise error" in event.attributes["exception.stacktrace"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "CustomError: boom"


def test_a_built_in_exception_has_no_module_in_its_type():
    with pytest.raises(ZeroDivisionError), libtracer.start_span("op") as span:
        _ = 1 / 0
    assert span.events[0].attributes["exception.type"] == "ZeroDivisionError"


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
def test_what_is_no_exception_of_the_program_is_no_error(kind):
    with pytest.raises(kind), libtracer.start_span("op") as span:
        raise kind
    assert span.events == ()
    assert span.status.is_unset


def test_record_exception_false_keeps_the_status():
    with (
        pytest.raises(ValueError, match="x"),
        libtracer.start_span("op", record_exception=False) as span,
    ):
        raise ValueError("x")
    assert span.events == ()
    assert span.status.description == "ValueError: x"


def test_set_status_on_exception_false_keeps_the_event():
    tracer = libtracer.get_tracer()
    block = tracer.start_as_current_span("op", set_status_on_exception=False)
    with pytest.raises(ValueError, match="x"), block as span:
        raise ValueError("x")
    assert len(span.events) == 1
    assert span.status.is_unset


def test_the_same_exception_is_recorded_once():
    def records_and_raises(span):
        try:
            raise ValueError("x")
        except ValueError as error:
            span.record_exception(error)
            raise

    with pytest.raises(ValueError, match="x"), libtracer.start_span("op") as span:
        records_and_raises(span)
    assert len(span.events) == 1


@pytest.mark.parametrize(
    ("given", "code", "description"),
    [(("error", "mine"), StatusCode.ERROR, "mine"), (("ok",), StatusCode.OK, None)],
)
def test_a_status_of_ones_own_wins(given, code, description):
    def fails(span):
        span.set_status(*given)
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"), libtracer.start_span("op") as span:
        fails(span)
    assert span.status.status_code is code
    assert span.status.description == description


def test_record_exception_takes_attributes_time_and_escaped():
    with libtracer.start_span("op") as span:
        span.record_exception(ValueError("x"), {"more": 1}, timestamp=5, escaped=True)
    (event,) = span.events
    assert event.timestamp == 5
    assert event.attributes["more"] == 1
    assert event.attributes["exception.escaped"] == "True"


def test_an_exception_without_a_usable_str_is_recorded():
    class BrokenError(Exception):
        def __str__(self):
            raise RuntimeError("no")

    with pytest.raises(BrokenError), libtracer.start_span("op") as span:
        raise BrokenError
    assert span.status.description == "BrokenError: <exception without a usable str>"


def test_a_traced_function_adds_no_line_to_the_traceback():
    @libtracer.traced
    def fails():
        raise ValueError("x")

    with pytest.raises(ValueError, match="x") as raised:
        fails()
    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names == ["test_a_traced_function_adds_no_line_to_the_traceback", "fails"]


def test_the_context_of_an_exception_is_untouched():
    @libtracer.traced
    def fails():
        raise ValueError("x")

    with pytest.raises(ValueError, match="x") as raised:
        fails()
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
