"""Each statement of docs/coming-from.md, by its number."""

import asyncio
import re
from functools import partial
from pathlib import Path
from unittest.mock import patch

import libtracer
import pytest
from libtracer import Span, get_current_trace_id, get_tracer, start_span, traced, with_span
from libtracer.tracer import get_current_span, get_trace_context, set_current_span
from opentelemetry import baggage
from opentelemetry.trace import StatusCode
from program import run

ROOT = Path(__file__).parent.parent.parent


def test_every_statement_has_its_test():
    text = (ROOT / "docs/coming-from.md").read_text(encoding="utf-8")
    said = re.findall(r"^\* \*\*([A-Z]\d+)\*\* ", text, re.MULTILINE)
    assert len(said) == len(set(said)) == text.count("\n* ")
    here = {name for file in TESTS for name in numbers(file)}
    assert here == set(said)


TESTS = ("test_coming_from.py", "test_coming_from_alone.py")


def numbers(file):
    source = (Path(__file__).parent / file).read_text(encoding="utf-8")
    return [found.upper() for found in re.findall(r"^def test_([a-z]\d+)_", source, re.MULTILINE)]


def by_name(captured):
    return {span.name: span for span in captured}


def test_x1_one_tree(captured):
    with start_span("patronus"), with_span("foundation"):
        get_tracer().start_span("ai-infra").end()
    assert captured.snapshot() == "patronus\n└─ foundation\n   └─ ai-infra\n"


def test_p4_generators_are_traced_over_their_whole_life(captured):
    @traced
    def items():
        with start_span("in body"):
            yield 1
        yield 2

    @traced
    async def later():
        yield libtracer.get_current_span()

    async def consume():
        return [span async for span in later()]

    made = items()
    assert captured.spans == []
    assert next(made) == 1
    with start_span("of consumer") as consumer:
        assert consumer.parent is None
    assert list(made) == [2]
    (span,) = asyncio.run(consume())
    assert span.name == "later"
    assert [span.name for span in captured] == ["of consumer", "in body", "items", "later"]
    assert captured[1].parent_id == captured[2].span_id


def test_p5_whatever_can_be_called(captured):
    class Callable:
        def __call__(self):
            return "object"

        @traced
        @classmethod
        def inside(cls):
            return "inside"

        @classmethod
        @traced
        def outside(cls):
            return "outside"

        @staticmethod
        @traced
        def static():
            return "static"

    @traced
    def bare():
        return "bare"

    calls = [bare, traced(partial(bare)), traced(Callable()), Callable.inside, Callable.outside]
    assert [call() for call in [*calls, Callable.static]] == [
        "bare",
        "bare",
        "object",
        "inside",
        "outside",
        "static",
    ]
    assert len(captured) == 7


def test_p7_start_span_with_async_with_and_as_a_decorator(captured):
    @start_span("decorated")
    def work():
        return 7

    async def main():
        async with start_span("async"):
            return work()

    assert asyncio.run(main()) == work() == 7
    assert [span.name for span in captured] == ["decorated", "async", "decorated"]


def test_p8_names(captured):
    class Local:
        @traced()
        def method(self):
            pass

    @traced()
    def function():
        pass

    Local().method()
    function()
    assert [span.name for span in captured] == ["Local.method", "function"]


def test_a1_with_and_async_with(captured):
    async def main():
        async with get_tracer().start_span("async"):
            return libtracer.get_current_span().name

    with get_tracer().start_span("sync") as span:
        assert libtracer.get_current_span() is span
    assert asyncio.run(main()) == "async"


def test_a2_tasks_at_the_same_time(captured):
    async def work(number):
        with get_tracer().start_span(f"outer {number}"):
            await asyncio.sleep(0)
            with get_tracer().start_span(f"inner {number}"):
                await asyncio.sleep(0)

    async def main():
        await asyncio.gather(*(work(number) for number in range(3)))

    asyncio.run(main())
    found = by_name(captured)
    for number in range(3):
        assert found[f"inner {number}"].parent_id == found[f"outer {number}"].span_id
        assert found[f"outer {number}"].parent is None
    assert get_tracer().start_span("next").parent is None


def test_a3_headers(captured):
    headers = {}
    with start_span("client") as client:
        libtracer.inject_context(headers, baggage.set_baggage("user", "ada"))
    context = libtracer.extract_context(headers)
    with get_tracer().start_span("server", context=context) as server:
        pass
    assert set(headers) == {"traceparent", "baggage"}
    assert server.parent_id == client.span_id
    assert baggage.get_baggage("user", context) == "ada"


def test_a5_llm(captured):
    answer = {"text": "Hi", "usage": {"prompt_tokens": 5, "completion_tokens": 20}, "cost": 0.5}
    for trace in (True, False):
        llm = libtracer.LLM("openai", backend=lambda prompt: answer, trace=trace)
        assert asyncio.run(llm.generate("Hello")).text == "Hi"
    (span,) = captured
    assert span.name == "llm.generate"
    assert (span.attributes["ai.total_tokens"], span.attributes["ai.cost"]) == (25, 0.5)


def test_a10_duration_is_a_method():
    span = Span("timed")
    span.finish()
    assert span.duration_ms() >= 0


def test_f1_the_name_by_position():
    assert Span("user_login").name == Span(name="user_login").name == "user_login"


def test_f2_children_and_what_was_before(captured):
    with with_span("outer") as outer:
        with Span("inner") as inner:
            assert get_current_span() is inner
        assert get_current_span() is outer
    assert inner.parent_id == outer.span_id
    assert get_current_span() is None


def test_f3_the_ids_are_those_that_are_exported(captured):
    with with_span("outer") as outer, Span("inner") as inner:
        pass
    found = by_name(captured)
    for face in (outer, inner):
        exported = found[face.name]
        assert exported.trace_id == face.trace_id
        assert exported.span_id == face.span_id
        assert exported.parent_id == face.parent_id
        assert re.fullmatch("[0-9a-f]{32}", face.trace_id)
        assert re.fullmatch("[0-9a-f]{16}", face.span_id)


def test_f4_functions_as_tags(captured):
    calls = []
    with Span("lazy") as span:
        span.set_tag("length", lambda: calls.append(1) or len(calls))
        span.set_tag("failing", lambda: 1 // 0)
        assert calls == []
    assert captured[0].attributes["length"] == 1
    assert captured[0].attributes["failing"].startswith("<error ZeroDivisionError")


def test_f5_no_span_no_trace():
    left = Span("left")
    set_current_span(left)
    assert get_current_trace_id() == left.trace_id
    set_current_span(None)
    assert get_current_trace_id() is None
    assert set(get_trace_context().values()) == {None}


@pytest.mark.parametrize("options", [{}, {"autospec": True}])
def test_f6_finish_is_patched(options):
    ended = []
    with (
        patch("libtracer.tracer.Span.finish", side_effect=ended.append, **options),
        with_span("outer"),
        Span("inner"),
    ):
        pass
    assert [span.name for span in ended] == ["inner", "outer"]


def test_f7_an_error_set_by_hand(captured):
    def work():
        with with_span("failing") as span:
            try:
                raise ValueError("no")
            except ValueError as error:
                span.set_error(error)
                span.set_error("gave up")
                raise

    with pytest.raises(ValueError, match="no"):
        work()
    (span,) = captured
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "gave up")
    assert [event.name for event in span.events] == ["exception"]


def test_f8_traceparent(captured):
    with with_span("client") as client:
        context = libtracer.extract_context(get_trace_context())
    assert "traceparent" not in get_trace_context()
    server = get_tracer().start_span("server", context=context)
    assert (server.trace_id, server.parent_id) == (client.trace_id, client.span_id)


def test_x3_threads():
    out = run("""
        import threading
        import libtracer
        def parent():
            span = libtracer.get_tracer().start_span("in thread")
            found.append(span.parent_id)
        found = []
        with libtracer.testing.capture(), libtracer.with_span("outer") as outer:
            for step in (lambda: None, libtracer.instrument_threads):
                step()
                thread = threading.Thread(target=parent)
                thread.start()
                thread.join()
        print(found == [None, outer.span_id])
    """)
    assert out == "True\n"
