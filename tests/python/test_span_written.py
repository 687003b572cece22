"""What is written to a span of a provider: misuse and its warnings, exceptions, times, values."""

import json
import logging

import pytest
from libtracer.trace import TracerProvider
from opentelemetry.sdk import trace as sdk
from opentelemetry.trace import Status, StatusCode
from sdk_pair import RESOURCE, both, watched


@pytest.fixture
def tracer():
    return TracerProvider(resource=RESOURCE, shutdown_on_exit=False).get_tracer("written", "1")


def misuse(span, other):
    """Each line breaks one rule."""
    span.set_attribute("", 1)
    span.set_attribute("key", other)
    span.set_attributes({"key": [other]})
    span.set_status(Status(StatusCode.ERROR, "x"), "y")
    span.set_status(StatusCode.ERROR, 7)
    span.end()
    span.end()
    span.set_attribute("a", 1)
    span.set_attributes({"a": 1})
    span.add_event("late")
    span.add_link(span.get_span_context())
    span.update_name("late")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError("late"))


@both
def test_each_misuse_is_a_warning_and_changes_nothing(make, caplog):
    span = make(shutdown_on_exit=False).get_tracer("m").start_span("op")
    misuse(span, object())
    ours = make is TracerProvider
    assert len(caplog.records) == 13
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert span.name == "op"
    assert span.attributes == {"key": (None,)}
    assert span.events == span.links == ()
    if ours:
        first = misuse.__code__.co_firstlineno
        own = [r.lineno - first for r in caplog.records if r.name == "libtracer.trace"]
        assert own == [2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15], "told at the line that is wrong"


def test_a_place_in_the_program_is_told_three_times(tracer, caplog):
    span = tracer.start_span("op")
    span.end()
    for _ in range(100):
        span.update_name("late")
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == 3
    assert "not mentioned again" in texts[2]
    span.update_name("elsewhere")
    assert len(caplog.records) == 4


def test_what_is_not_recorded_is_not_complained_about(caplog):
    provider = TracerProvider(sampler=sdk.sampling.ALWAYS_OFF, shutdown_on_exit=False)
    misuse(provider.get_tracer("m").start_span("op"), object())
    assert [record.name for record in caplog.records] == []


def test_logging_that_fails_is_no_error(tracer, caplog, monkeypatch):
    def fails(record):
        raise RuntimeError("no")

    logger = logging.getLogger("libtracer.trace")
    logger.addFilter(fails)
    try:
        tracer.start_span("op").set_attribute("", 1)
    finally:
        logger.removeFilter(fails)
    assert caplog.records == []


@both
@pytest.mark.parametrize("how", ["start_span", "start_as_current_span"])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("flags", [(True, True), (False, True), (True, False), (False, False)])
def test_an_exception_leaves_the_same_traces(make, how, kind, flags):
    record, status = flags
    tracer, processor = watched(make)
    block = getattr(tracer, how)("op", record_exception=record, set_status_on_exception=status)

    def leave(span):
        span.set_status(StatusCode.ERROR, "said before")
        raise kind("gone")

    with pytest.raises(kind), block as span:
        leave(span)
    (ended,) = processor.spans
    usual = how == "start_span" or kind is ValueError
    assert len(ended.events) == (1 if usual and record else 0)
    told = f"{kind.__name__}: gone" if usual and status else "said before"
    assert ended.status.description == told
    for event in ended.events:
        assert event.name == "exception"
        assert event.attributes["exception.type"] == kind.__name__
        assert event.attributes["exception.message"] == "gone"
        assert event.attributes["exception.escaped"] == str(how == "start_span")
        assert (
            "in test_an_exception_leaves_the_same_traces"
            in (event.attributes["exception.stacktrace"])
        )


class OwnError(Exception):
    pass


@both
def test_record_exception_is_alike(make):
    span = make(shutdown_on_exit=False).get_tracer("m").start_span("op")
    error = OwnError("text")
    span.record_exception(error)
    span.record_exception(error, {"exception.message": "mine", "n": 1}, 17, escaped=True)
    span.record_exception(ValueError(), escaped="perhaps")
    first, second, third = (dict(event.attributes) for event in span.events)
    stack = "test_span_written.OwnError: text\n"
    assert list(first.items()) == [
        ("exception.type", "test_span_written.OwnError"),
        ("exception.message", "text"),
        ("exception.stacktrace", stack),
        ("exception.escaped", "False"),
    ]
    assert second == first | {"exception.message": "mine", "n": 1, "exception.escaped": "True"}
    assert span.events[1].timestamp == 17
    assert third["exception.escaped"] == "perhaps"
    assert third["exception.message"] == ""


def test_an_exception_recorded_by_hand_is_not_recorded_again_when_it_leaves(tracer):
    def fails(span):
        try:
            raise ValueError("x")
        except ValueError as error:
            span.record_exception(error, {"by": "hand"})
            raise

    with pytest.raises(ValueError, match="x"), tracer.start_as_current_span("op") as span:
        fails(span)
    assert len(span.events) == 1
    assert span.status.description == "ValueError: x"


def test_an_exception_with_a_strange_class_is_recorded(tracer):
    strange = type("Strange", (Exception,), {"__module__": None})
    span = tracer.start_span("op")
    span.record_exception(strange("x"))
    assert span.events[0].attributes["exception.type"] == "Strange"
    assert span.events[0].attributes["exception.message"] == "x"


@both
def test_times_are_taken_as_given(make):
    tracer = make(shutdown_on_exit=False).get_tracer("m")
    span = tracer.start_span("op", start_time=1_000)
    span.add_event("early", timestamp=1)
    span.end(10)
    assert (span.start_time, span.end_time, span.events[0].timestamp) == (1_000, 10, 1)
    assert json.loads(span.to_json())["end_time"] == "1970-01-01T00:00:00.000000Z"


def test_a_time_that_is_none_becomes_the_present(tracer, caplog):
    span = tracer.start_span("op")
    for time in (-1, "yesterday", float("nan"), 2**70):
        span.add_event("event", timestamp=time)
    span.add_event("float", timestamp=7.9)
    assert all(event.timestamp >= span.start_time for event in span.events[:4])
    assert span.events[4].timestamp == 7
    assert len(caplog.records) == 3
    span.end("soon")
    assert span.end_time >= span.start_time


@both
def test_start_counts_once(make, caplog):
    span = make(shutdown_on_exit=False).get_tracer("m").start_span("op", start_time=5)
    span.start(9)
    assert span.start_time == 5
    assert len(caplog.records) == 1


def test_what_the_sdk_raises_stays_out_of_the_program(tracer):
    class Broken:
        def __str__(self):
            raise RuntimeError("no")

    cycle = []
    cycle.append(cycle)
    span = tracer.start_span("op", attributes={"a": Broken()})
    span.set_attribute("b", [Broken(), 1])
    span.set_attributes({"c": {Broken(): 1}})
    span.set_attributes([("not", "a mapping")])
    span.add_event("event", ["no mapping"])
    span.set_attribute("deep", cycle)
    span.set_attribute("big", 2**100)
    span.set_status(7)
    span.set_status("unheard of")
    text = "<Broken without a usable str>"
    assert span.attributes["a"] == text
    assert span.attributes["b"] == (text, 1)
    assert span.attributes["c"] == {text: 1}
    assert span.attributes["big"] == str(2**100)
    assert span.events[0].attributes == {}
    assert span.status.is_unset


def test_lone_surrogates_are_mended_on_the_way_out(tracer):
    span = tracer.start_span("a\ud800")
    span.set_attribute("k\udc80", "v\ud800")
    ((key, value),) = span.attributes.items()
    assert "\ufffd" in key
    assert "\ufffd" in value
    json.loads(span.to_json()).items()


def test_a_provider_takes_what_is_deep_and_wide_within_bounds(tracer):
    deep = []
    for _ in range(100):
        deep = [deep]
    span = tracer.start_span("op", attributes={"deep": deep, "wide": list(range(20_000))})
    got, depth = span.attributes["deep"], 0
    while isinstance(got, tuple):
        (got,), depth = got, depth + 1
    assert (got, depth) == ("...", 32)
    assert span.attributes["wide"] == tuple(range(9_999))
