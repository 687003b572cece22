"""``libtracer.tracer``: spans with tags, over native ones."""

import asyncio
import contextvars
import gc
import threading
import uuid
import weakref
from unittest.mock import MagicMock, patch

import libtracer
import pytest
from libtracer import testing, tracer
from libtracer.tracer import (
    Span,
    get_current_span,
    get_current_trace_id,
    get_trace_context,
    set_current_span,
    with_span,
)
from opentelemetry import trace
from opentelemetry.trace import StatusCode


@pytest.fixture
def spans():
    with testing.capture() as captured:
        yield lambda: {span.name: span for span in captured.spans}


def test_tags_become_attributes_and_the_parent_is_real(spans):
    with with_span("order") as order:
        order.set_tag("id", "ord_1")
        with with_span("payment") as payment:
            payment.set_tag("amount", 99.5)
    found = spans()
    assert found["order"].attributes == {"id": "ord_1"}
    assert found["payment"].attributes == {"amount": 99.5}
    assert found["payment"].parent_id == order.span_id == payment.parent_id
    assert payment.trace_id == order.trace_id == found["order"].trace_id
    assert order.parent_id is None


def test_making_a_span_does_not_make_it_current_and_it_is_a_child_of_what_is():
    with with_span("outer") as outer:
        inner = Span("inner")
        assert get_current_span() is outer
        assert inner.parent_id == outer.span_id
        inner.finish()
    assert get_current_span() is None


def test_every_api_sees_the_object_that_was_entered():
    with Span("face") as face:
        assert get_current_span() is face
        assert libtracer.get_current_span() is face
        native = trace.get_current_span()
        assert format(native.get_span_context().span_id, "016x") == face.span_id
        with libtracer.start_span("below") as below:
            pass
    with libtracer.get_tracer().start_as_current_span("native") as span:
        shown = get_current_span()
        assert isinstance(shown, Span)
        assert get_current_span() is shown
        assert libtracer.get_current_span() is span
        shown.set_tag("by face", 1)
        span.set_tag("by span", 2)
        span.set_tag("lazy", lambda: 3)
        assert span.to_dict()["span_id"] == span.span_id
        assert dict(span.attributes) == {"by face": 1, "by span": 2, "lazy": 3}
        span.set_error("failed")
        assert span.status.description == "failed"
    assert below is not None


def test_the_span_of_another_library_is_shown_too():
    remote = trace.NonRecordingSpan(trace.SpanContext(5, 6, is_remote=True))
    with trace.use_span(remote):
        shown = get_current_span()
        assert shown is not None
        assert (shown.trace_id, shown.span_id) == (f"{5:032x}", f"{6:016x}")
        shown.set_tag("lost", 1)
        assert Span("child").parent_id == f"{6:016x}"


def test_finishing_ends_once_and_times_are_seconds(spans):
    span = Span("timed")
    assert span.end_time is None
    running = span.duration_ms()
    span.finish()
    end = span.end_time
    span.finish()
    assert span.end_time == end >= span.start_time
    assert running >= 0
    assert span.duration_ms() == pytest.approx((end - span.start_time) * 1000)
    assert spans()["timed"].end_time == pytest.approx(end * 1e9, rel=1e-12)
    record = Span("record", start_time=10.5, end_time=11.0)
    assert (record.start_time, record.end_time, record.duration_ms()) == (10.5, 11.0, 500.0)
    assert spans()["record"].start_time == 10_500_000_000
    ticks = iter([1.0, 2.5])
    clocked = Span("clocked", time_source=lambda: next(ticks))
    clocked.finish()
    assert clocked.duration_ms() == 1500.0


def fail(make, error, said=None):
    with make as span:
        if said is not None:
            span.set_error(said)
        raise error


@pytest.mark.parametrize(("make", "told"), [(with_span, "ValueError: no"), (Span, "no")])
def test_an_exception_passes_and_is_recorded_once(spans, make, told):
    error, span = ValueError("no"), make("failing")
    with pytest.raises(ValueError, match="no") as raised:
        fail(span, error)
    assert raised.value is error
    assert (span.status, span.error) == ("error", told)
    found = spans()["failing"]
    assert found.status.status_code is StatusCode.ERROR
    assert found.status.description == "ValueError: no"
    assert [event.name for event in found.events] == ["exception"]


def test_an_error_said_by_hand_stays(spans):
    error = ValueError("no")
    by_text, by_exception = with_span("by text"), with_span("by exception")
    with pytest.raises(ValueError, match="no"):
        fail(by_text, error, "gave up")
    with pytest.raises(ValueError, match="no"):
        fail(by_exception, error, error)
    assert by_text.error == "gave up"
    assert by_exception.error == "no"
    assert spans()["by text"].status.description == "gave up"
    assert spans()["by exception"].status.description == "ValueError: no"
    assert len(spans()["by exception"].events) == 1


def test_an_interrupt_is_an_error_here_and_none_of_the_operation(spans):
    span = with_span("stopped")
    with pytest.raises(KeyboardInterrupt):
        fail(span, KeyboardInterrupt())
    assert (span.status, span.error) == ("error", "KeyboardInterrupt: ")
    assert spans()["stopped"].status.status_code is StatusCode.UNSET


def test_functions_among_the_tags_run_once_at_the_end(spans):
    calls = []
    with with_span("lazy") as span:
        span.set_tag("counted", lambda: calls.append(1) or len(calls))
        span.set_tag("failing", lambda: 1 // 0)
        span.set_tag("class", dict)
        assert calls == []
    span.finish()
    assert span.tags["counted"] == 1
    assert span.tags["failing"].startswith("<error ZeroDivisionError")
    assert span.tags["class"] is dict
    assert spans()["lazy"].attributes["counted"] == 1


def test_functions_do_not_run_for_a_span_that_is_not_recorded(monkeypatch):
    libtracer.configure_tracing("tests", exporter="none", sample_rate=0.0)
    try:
        with with_span("unsampled") as span:
            span.set_tag("never", lambda: pytest.fail("called"))
        assert span.duration_ms() >= 0
        assert span.end_time is not None
    finally:
        libtracer.configure_tracing("tests", exporter="none", sample_rate=1.0)


def test_to_dict_holds_the_live_tags():
    span = Span("shown", tags={"a": 1})
    shown = span.to_dict()
    span.set_tag("b", 2)
    assert shown["tags"] == {"a": 1, "b": 2}
    assert set(shown) == {
        "name",
        "span_id",
        "parent_id",
        "trace_id",
        "start_time",
        "end_time",
        "duration_ms",
        "tags",
        "status",
        "error",
    }
    span.finish()


def test_ids_of_the_programs_choice(spans):
    given = uuid.uuid4()
    span = Span("given", trace_id=given, span_id="ab" * 8, parent_id="cd" * 8)
    span.finish()
    assert (span.trace_id, span.span_id, span.parent_id) == (given.hex, "ab" * 8, "cd" * 8)
    assert spans()["given"].trace_id == given.hex
    assert spans()["given"].span_id == "ab" * 8
    assert spans()["given"].parent_id == "cd" * 8
    free = Span("free", trace_id="order 7", span_id="step 1")
    free.finish()
    assert (free.trace_id, free.span_id, free.parent_id) == ("order 7", "step 1", None)
    exported = spans()["free"]
    again = Span("again", trace_id="order 7")
    again.finish()
    assert spans()["again"].trace_id == exported.trace_id != "order 7"


def test_setting_the_current_span_by_hand():
    def isolated():
        span = Span("by hand")
        set_current_span(span)
        assert get_current_span() is span
        with with_span("below") as below:
            assert below.parent_id == span.span_id
        assert get_current_span() is span
        set_current_span(None)
        assert get_current_span() is None
        assert libtracer.get_current_span() is None
        assert get_current_trace_id() is None
        assert get_trace_context() == {"trace_id": None, "span_id": None, "span_name": None}
        assert Span("root").parent_id is None
        span.finish()

    contextvars.copy_context().run(isolated)


def test_the_trace_context_is_what_other_services_understand():
    with with_span("call") as span:
        context = get_trace_context()
        assert context == {
            "trace_id": span.trace_id,
            "span_id": span.span_id,
            "span_name": "call",
            "traceparent": f"00-{span.trace_id}-{span.span_id}-03",
        }
        assert get_current_trace_id() == libtracer.get_current_trace_id() == span.trace_id


def test_finish_can_be_patched():
    ended = []
    with (
        patch(
            "libtracer.tracer.Span.finish", side_effect=lambda span: ended.append(span.to_dict())
        ),
        with_span("root"),
        with_span("child"),
    ):
        pass
    assert [span["name"] for span in ended] == ["child", "root"]
    assert ended[0]["parent_id"] == ended[1]["span_id"]
    assert get_current_span() is None
    with patch("libtracer.tracer.Span.finish", autospec=True) as finish:
        with Span("spied") as span:
            pass
        finish.assert_called_once_with(span)


def test_the_class_can_be_patched():
    with patch("libtracer.tracer.Span") as made:
        span = MagicMock()
        made.return_value.__enter__.return_value = span
        with tracer.with_span("expected") as entered:
            entered.set_tag("key", "value")
        made.assert_called_with("expected")
        span.set_tag.assert_any_call("key", "value")


def test_tasks_inherit_and_threads_do_not():
    async def child():
        await asyncio.sleep(0)
        return Span("task").parent_id

    async def main():
        with with_span("parent") as parent:
            assert await asyncio.gather(child(), child()) == [parent.span_id] * 2

    asyncio.run(main())
    with with_span("outer"):
        found = []
        thread = threading.Thread(target=lambda: found.append(get_current_span()))
        thread.start()
        thread.join()
    assert found == [None]


def test_nothing_outlives_its_last_reference():
    with with_span("gone") as span:
        pass
    gone = weakref.ref(span)
    del span
    assert gone() is None
    with libtracer.get_tracer().start_as_current_span("native"):
        gone = weakref.ref(get_current_span())
    assert gone() is None
    suspended = (item for _ in [0] for item in [Span("never entered")])
    gone = weakref.ref(next(suspended))
    del suspended
    gc.collect()
    assert gone() is None
