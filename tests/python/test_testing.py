"""``libtracer.testing``: captures see everything while they live, and nothing else."""

import asyncio
import threading

import libtracer
from libtracer.testing import capture


def test_finished_spans_in_the_order_of_their_ends():
    with capture() as captured:
        assert captured.spans == []
        with libtracer.start_span("a"):
            with libtracer.start_span("b"):
                pass
            assert [span.name for span in captured.spans] == ["b"]
    assert [span.name for span in captured.spans] == ["b", "a"]


def test_repeated_readings_give_the_same_objects():
    with capture() as captured:
        with libtracer.start_span("a"):
            pass
        first = captured.spans
    again = captured.spans
    assert first[0] is again[0]
    first.clear()
    assert len(captured.spans) == 1


def test_nothing_before_or_after_is_seen():
    with libtracer.start_span("before"):
        pass
    with capture() as captured:
        pass
    with libtracer.start_span("after"):
        pass
    assert captured.spans == []


def test_a_span_that_began_before_is_seen_when_it_ends():
    with libtracer.start_span("early"), capture() as captured, libtracer.start_span("in"):
        pass
    assert [span.name for span in captured.spans] == ["in"]


def test_all_threads_and_tasks_are_seen():
    def work():
        with libtracer.start_span("thread"):
            pass

    async def task():
        with libtracer.start_span("task"):
            await asyncio.sleep(0)

    with capture() as captured:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        asyncio.run(task())
    assert [span.name for span in captured.spans] == ["thread", "task"]


def test_captures_nest():
    with capture() as outer:
        with capture() as inner, libtracer.start_span("both"):
            pass
        with libtracer.start_span("outer only"):
            pass
    assert [span.name for span in inner.spans] == ["both"]
    assert [span.name for span in outer.spans] == ["both", "outer only"]


def test_a_captured_span_knows_resource_and_scope(captured):
    with libtracer.get_tracer("scope", "1.2").start_as_current_span("op"):
        pass
    (span,) = captured.spans
    assert span.resource.attributes["service.name"] == "tests"
    assert span.instrumentation_scope.name == "scope"
    assert span.instrumentation_scope.version == "1.2"
    assert span.end_time >= span.start_time > 0
