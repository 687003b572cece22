"""`start_span` as its document and the contract have it: options, exceptions, ways to use it."""

import asyncio
import inspect

import libtracer
import pytest
from libtracer import StatusCode
from libtracer.tracing import start_span
from opentelemetry import trace
from program import run


def test_it_is_one_function_under_both_names():
    assert start_span is libtracer.start_span


def test_it_starts_when_entered_and_ends_when_left(captured):
    made = start_span("op", attributes={"data_size": 3, "list": [1, 2]})
    assert captured.spans == []
    assert trace.get_current_span() is trace.INVALID_SPAN
    with made as span:
        assert trace.get_current_span() is span
        assert libtracer.get_current_span() is span
        span.set_attribute("dynamic_value", 42)
        with start_span("inner") as inner:
            assert inner.parent_id == span.span_id
    outer = captured.spans[1]
    assert [each.name for each in captured.spans] == ["inner", "op"]
    assert outer.attributes == {"data_size": 3, "list": (1, 2), "dynamic_value": 42}
    assert outer.status.is_unset
    assert outer.kind is libtracer.SpanKind.INTERNAL
    assert captured.logs == []


@pytest.mark.parametrize("record", [True, False])
def test_an_exception_is_an_error_and_an_event_if_asked(record, captured):
    with pytest.raises(ValueError, match="no") as raised, start_span("op", record_exception=record):
        raise ValueError("no")
    assert raised.traceback[-1].path.name == "test_start_span.py"
    [span] = captured.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: no"
    assert [event.name for event in span.events] == ["exception"] * record
    assert captured.logs == []


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
def test_what_is_no_error_leaves_no_mark(kind, captured):
    with pytest.raises(kind), start_span("op"):
        raise kind
    [span] = captured.spans
    assert span.status.is_unset
    assert span.events == ()


def test_arguments_after_the_name_are_keywords():
    for wrong in (
        lambda: start_span("op", False),
        start_span,
        lambda: start_span("op", x=1),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_async_with(captured):
    async def main():
        async with start_span("op", attributes={"k": 1}) as span:
            assert trace.get_current_span() is span
            await asyncio.sleep(0)
            assert trace.get_current_span() is span
        with pytest.raises(ValueError, match="no"):
            async with start_span("fails"):
                raise ValueError("no")
        assert trace.get_current_span() is trace.INVALID_SPAN

    asyncio.run(main())
    fine, failed = captured.spans
    assert fine.attributes == {"k": 1}
    assert failed.status.description == "ValueError: no"


def test_as_a_decorator_each_call_has_a_span(captured):
    @start_span("decorated", attributes={"k": 1}, record_exception=False)
    def function(fail):
        """Does it."""
        if fail:
            raise ValueError("no")
        return libtracer.get_current_span().name

    assert function(fail=False) == "decorated"
    with pytest.raises(ValueError, match="no"):
        function(fail=True)
    assert (function.__name__, function.__doc__) == ("function", "Does it.")
    fine, failed = captured.spans
    assert fine.attributes == failed.attributes == {"k": 1}
    assert fine.span_id != failed.span_id
    assert failed.events == ()
    assert failed.status.status_code is StatusCode.ERROR

    @start_span("coroutine")
    async def coroutine():
        await asyncio.sleep(0)
        return libtracer.get_current_span().name

    assert inspect.iscoroutinefunction(coroutine)
    assert asyncio.run(coroutine()) == "coroutine"


def test_until_something_is_configured_it_takes_everything_and_does_nothing():
    run("""
    import libtracer
    from libtracer.tracing import start_span
    from opentelemetry import trace

    with libtracer.testing.capture() as captured:
        with start_span("op", attributes={"k": 1}) as span:
            span.set_attribute("k", 2)
            span.add_event("e")
            span.record_exception(ValueError())
            span.set_status(libtracer.StatusCode.ERROR, "text")
            assert not span.is_recording()
            assert trace.get_current_span() is trace.INVALID_SPAN
        try:
            with start_span("op"):
                raise ValueError
        except ValueError:
            pass
        decorated = start_span("op")(lambda: 1)
        assert decorated() == 1
        assert captured.spans == []
        libtracer.init()
        decorated()
        assert [span.name for span in captured.spans] == ["op"]
    """)


@pytest.mark.parametrize(
    "configure",
    [
        "libtracer.init()",
        "libtracer.configure_tracing(exporter='none')",
        "tracing.ContextTracing().trace('x').__enter__()",
        "os.environ.update(AI_INFRA_TRACING_ENABLED='true')",
    ],
)
def test_any_configuration_wakes_it(configure):
    run(f"""
    import os
    import libtracer
    from libtracer import tracing
    {configure}
    with libtracer.start_span("op") as span:
        assert span.is_recording()
    with libtracer.testing.capture() as captured:
        libtracer.traced(lambda: 1)()
    assert len(captured.spans) == len(captured.logs) == 1
    """)
