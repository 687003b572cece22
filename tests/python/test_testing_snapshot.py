"""``libtracer.testing``: texts of traces, and ids and times that are the same in every run."""

import textwrap

import libtracer
import pytest
from libtracer import testing
from libtracer.testing import capture
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode

START = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000


def pay(tracer):
    with tracer.start_as_current_span("payment", kind=SpanKind.CLIENT) as span:
        span.set_attribute("amount", 9.5)
        raise ValueError("declined")


def order():
    tracer = libtracer.get_tracer()
    with libtracer.start_span("order", attributes={"id": "ord_1"}):
        with pytest.raises(ValueError, match="declined"):
            pay(tracer)
        with libtracer.with_span("notify") as span:
            span.set_tag("channel", "mail")


def test_the_snapshot_is_what_the_documentation_shows(captured):
    order()
    shown = testing.__doc__.split("```text\n")[1].split("```")[0]
    assert captured.snapshot() == shown


def test_a_snapshot_shows_what_else_a_span_has(captured):
    remote = libtracer.extract_context({"traceparent": f"00-{5:032x}-{6:016x}-01"})
    link = Link(SpanContext(1, 0xAB, is_remote=True), {"of": "batch"})
    tracer = libtracer.get_tracer()
    with tracer.start_span("root", context=remote, links=[link]) as root:
        root.add_event("begun", {"n": 1}).set_attributes({"b": [1, 2], "a": True, "seconds": 0.1})
        tracer.start_span("child").set_status(StatusCode.OK).end()
    tracer.start_span("other").end()
    expected = """\
        root (remote parent)  a=True  b=(1, 2)
        │  · begun  n=1
        │  → 00000000000000ab  of='batch'
        └─ child  OK
        other
    """
    assert captured.snapshot(without=["seconds"]) == textwrap.dedent(expected)


def test_a_capture_is_read_as_its_spans_are(captured):
    assert bool(captured)
    assert (len(captured), list(captured)) == (0, [])
    order()
    assert [span.name for span in captured] == ["payment", "notify", "order"]
    assert captured[-1] is captured.spans[2]
    assert captured[0] in captured


def test_ids_and_times_are_the_same_in_every_run():
    texts = []
    for _ in range(2):
        with capture(deterministic=True) as captured:
            order()
            with libtracer.start_span("second") as span:
                span.add_event("event")
                headers = {}
                libtracer.inject_context(headers)
        texts.append(captured.snapshot(ids=True, times=True))
        assert headers["traceparent"] == f"00-{2:032x}-{4:016x}-01"
        assert (span.trace_id, span.span_id) == (f"{2:032x}", f"{4:016x}")
        payment, notify, whole, second = captured
        assert payment.start_time == START + MILLISECOND
        assert payment.events[0].timestamp == START + 2 * MILLISECOND
        assert payment.end_time == START + 3 * MILLISECOND
        assert notify.parent_id == whole.span_id == f"{1:016x}"
        assert second.events[0].timestamp == second.start_time + MILLISECOND
    assert texts[0] == texts[1]
    assert f"order {1:032x}/{1:016x} {START}+6000000ns" in texts[0]


def test_times_that_the_program_gives_stay():
    with capture(deterministic=True) as captured:
        span = libtracer.get_tracer().start_span("given", start_time=10)
        span.add_event("event", timestamp=20)
        span.end(30)
    (span,) = captured
    assert (span.start_time, span.events[0].timestamp, span.end_time) == (10, 20, 30)


def test_afterwards_ids_and_times_are_real_again():
    began = libtracer.get_tracer().start_span("before")
    with capture(deterministic=True):
        libtracer.get_tracer().start_span("inside").end()
        left = libtracer.get_tracer().start_span("left open")
    with capture() as captured:
        left.end()
        began.end()
        libtracer.get_tracer().start_span("after").end()
    for span in captured.spans[1:]:
        assert int(span.trace_id, 16) > 2**64
        assert span.start_time > START + 10**15
        assert span.end_time >= span.start_time


def test_a_capture_within_a_deterministic_one_leaves_it_deterministic():
    with capture(deterministic=True) as outer:
        with capture(deterministic=True):
            libtracer.get_tracer().start_span("inner").end()
        libtracer.get_tracer().start_span("outer").end()
    assert [span.trace_id for span in outer] == [f"{1:032x}", f"{1:032x}"]
