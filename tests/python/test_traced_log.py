"""The log record of a traced call: one, inside the span, with what the options ask for."""

import asyncio
import time
import uuid

import libtracer
import pytest
from libtracer import StatusCode
from program import run


def body(captured):
    [record] = captured.logs
    return record.body


def test_one_record_for_each_call_of_the_span(captured):
    @libtracer.traced()
    def add(a, b):
        return a + b

    before = time.time_ns()
    assert add(1, b=2) == 3
    assert add(3, 4) == 7
    after = time.time_ns()
    assert len(captured.logs) == 2
    for record, span in zip(captured.logs, captured.spans, strict=True):
        assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
        assert record.trace_flags == span.context.trace_flags
        assert (record.severity_text, record.severity_number) == ("INFO", 9)
        assert before - 10**6 <= record.timestamp <= record.observed_timestamp <= after + 10**6
        assert span.start_time <= record.timestamp <= span.end_time
        assert record.attributes["pat.log.type"] == "trace"
        assert span.events == ()
        assert span.status.is_unset
    first, second = (uuid.UUID(each.attributes["pat.log.id"]) for each in captured.logs)
    assert (first.version, first.variant) == (4, uuid.RFC_4122)
    assert first != second
    assert captured.logs[0].body == {
        "function.name": "add",
        "function.arguments": {"a": 1, "b": 2},
        "function.output": 3,
    }


def test_the_record_is_there_before_the_span_has_ended(captured):
    seen = []

    class Result:
        def __str__(self):
            seen.append((len(captured.spans), libtracer.get_current_span().name))
            return "shown"

    traced = libtracer.traced("op")(lambda: [Result()])
    traced()
    assert seen == [(0, "op")]
    assert body(captured)["function.output"] == ["shown"]


def test_name_project_and_application(captured):
    out = run("""
        import libtracer
        libtracer.init(project_name="shop", app="search")

        @libtracer.traced(span_name="named", attributes={"k": 1})
        def function():
            pass

        with libtracer.testing.capture() as captured:
            function()
        [record], [span] = captured.logs, captured.spans
        assert span.attributes == {"k": 1, "pat.project.name": "shop", "pat.app": "search"}
        said = dict(record.attributes)
        assert len(said.pop("pat.log.id")) == 36
        print(said)
        scope = record.instrumentation_scope
        print(scope.name, scope.version, dict(scope.attributes))
        print(record.body["function.name"])
        """)
    assert out.splitlines() == [
        "{'pat.log.type': 'trace', 'pat.project.name': 'shop', 'pat.app': 'search'}",
        "patronus.sdk  {'pat.project.name': 'shop', 'pat.app': 'search'}",
        "named",
    ]


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, {"function.arguments", "function.output"}),
        ({"log_args": False}, {"function.output"}),
        ({"log_results": False}, {"function.arguments"}),
        ({"log_args": False, "log_results": False}, set()),
        ({"log_exceptions": False, "unheard_of": 1}, {"function.arguments", "function.output"}),
    ],
)
def test_what_the_options_leave_out(options, keys, captured):
    libtracer.traced(**options)(lambda a: a)(1)
    assert set(body(captured)) == {"function.name"} | keys


def test_no_log_means_no_record_and_no_event_but_the_span(captured):
    @libtracer.traced(disable_log=True, attributes={"k": 1})
    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    libtracer.traced(disable_log=True)(lambda: 1)()
    assert captured.logs == []
    span = captured.spans[0]
    assert span.events == ()
    assert span.attributes == {"k": 1}
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: no"


class OddError(Exception):
    def __str__(self):
        return "odd one"


def test_an_exception_is_told_by_record_event_and_status(captured):
    @libtracer.traced
    def fails(a):
        raise OddError

    with pytest.raises(OddError):
        fails(1)
    [record] = captured.logs
    assert (record.severity_text, record.severity_number) == ("ERROR", 17)
    assert record.body == {
        "function.name": "fails",
        "function.arguments": {"a": 1},
        "exception.type": f"{__name__}.OddError",
        "exception.message": "odd one",
    }
    [span] = captured.spans
    [event] = span.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == f"{__name__}.OddError"
    assert event.attributes["exception.message"] == "odd one"
    assert "Odd" in event.attributes["exception.stacktrace"]
    assert event.attributes["exception.escaped"] == "False"
    assert record.timestamp <= event.timestamp
    assert span.status.description == "OddError: odd one"


def test_an_exception_that_is_not_to_be_logged(captured):
    @libtracer.traced(log_exceptions=False)
    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    [record] = captured.logs
    assert record.severity_text == "INFO"
    assert record.body == {"function.name": "fails", "function.arguments": {}}
    [span] = captured.spans
    assert span.events == ()
    assert span.status.description == "ValueError: no"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_error_of_the_call_is_none(kind, captured):
    @libtracer.traced
    def stops():
        raise kind

    with pytest.raises(kind):
        stops()
    [record] = captured.logs
    assert record.severity_text == "INFO"
    assert record.body["function.output"] is None
    assert not any(key.startswith("exception") for key in record.body)
    [span] = captured.spans
    assert span.status.is_unset
    assert span.events == ()


def test_coroutines(captured):
    @libtracer.traced
    async def double(x, items):
        await asyncio.sleep(0)
        items.append("later")
        return x * 2

    @libtracer.traced
    async def fails(*, x):
        await asyncio.sleep(0)
        raise ValueError("no")

    @libtracer.traced
    async def waits():
        await asyncio.Event().wait()

    async def main():
        assert await double(2, items=[]) == 4
        with pytest.raises(ValueError, match="no"):
            await fails(x=1)
        task = asyncio.ensure_future(waits())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [record.body for record in captured.logs] == [
        {
            "function.name": "double",
            "function.arguments": {"x": 2, "items": ["later"]},
            "function.output": 4,
        },
        {
            "function.name": "fails",
            "function.arguments": {"x": 1},
            "exception.type": "ValueError",
            "exception.message": "no",
        },
        {"function.name": "waits", "function.arguments": {}, "function.output": None},
    ]
    ids = [(span.name, span.span_id) for span in captured.spans]
    assert ids == [(each.body["function.name"], each.span_id) for each in captured.logs]


def test_a_coroutine_that_never_runs_has_no_record(captured):
    @libtracer.traced
    async def never(a):
        pass

    never(1).close()
    assert captured.logs == []
    assert captured.spans == []


def test_generators_at_the_end_of_their_life(captured):
    @libtracer.traced
    def count(n):
        yield from range(n)
        if n == 3:
            raise ValueError("no")

    assert list(count(2)) == [0, 1]
    stopped = count(n=5)
    next(stopped)
    assert len(captured.logs) == 1
    stopped.close()
    abandoned = count(5)
    next(abandoned)
    del abandoned
    with pytest.raises(ValueError, match="no"):
        list(count(3))
    assert [each.body["function.arguments"] for each in captured.logs] == [
        {"n": 2},
        {"n": 5},
        {"n": 5},
        {"n": 3},
    ]
    for record in captured.logs[:3]:
        assert record.body["function.output"].startswith("<generator object ")
    assert captured.logs[3].body["exception.message"] == "no"
    assert [each.span_id for each in captured.logs] == [span.span_id for span in captured.spans]


def test_asynchronous_generators_at_the_end_of_their_life(captured):
    @libtracer.traced
    async def count(n):
        for i in range(n):
            yield i
        if n == 3:
            raise ValueError("no")

    async def main():
        assert [i async for i in count(2)] == [0, 1]
        stopped = count(5)
        await anext(stopped)
        await stopped.aclose()
        with pytest.raises(ValueError, match="no"):
            _ = [i async for i in count(3)]
        abandoned = count(7)
        await anext(abandoned)
        del abandoned
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [each.body["function.arguments"]["n"] for each in captured.logs] == [2, 5, 3, 7]
    first, second, third, last = captured.logs
    for record in (first, second, last):
        assert record.body["function.output"].startswith("<async_generator object ")
    assert third.body["exception.type"] == "ValueError"
    assert [each.span_id for each in captured.logs] == [span.span_id for span in captured.spans]


def test_blocks_have_no_record(captured):
    with libtracer.start_span("block"):
        pass

    @libtracer.start_span("decorated")
    def function(a):
        return a

    function(1)
    assert len(captured.spans) == 2
    assert captured.logs == []


def test_what_the_sampler_leaves_out_has_no_record():
    run("""
        import libtracer
        libtracer.configure_tracing("tests", exporter="none", sample_rate=0)
        with libtracer.testing.capture() as captured:
            libtracer.traced(lambda: 1)()
        assert captured.spans == captured.logs == []
        """)


def test_nothing_is_described_for_nobody():
    class Watched:
        shown = 0

        def __str__(self):
            Watched.shown += 1
            return "shown"

    libtracer.traced(lambda _: None)(Watched())
    assert Watched.shown == 0


def test_before_any_configuration_the_function_is_called_and_no_more():
    run("""
        import libtracer
        with libtracer.testing.capture() as captured:
            assert libtracer.traced(lambda: 1)() == 1
        assert captured.spans == captured.logs == []
        """)
