"""One current context: what the four APIs and OpenTelemetry's make is one trace."""

import asyncio
import json

import libtracer
import pytest
from libtracer import LLM, Agent, logs
from libtracer.tracer import Span, get_current_span, get_current_trace_id, with_span
from libtracer.tracing import ContextTracing, agent_span, generation_span, start_span, tool_span
from opentelemetry import trace

TREE = """\
operation
└─ traced work
   └─ step
      ├─ tool
      │  └─ database
      │     └─ manual
      │        └─ by opentelemetry
      │           ├─ llm.generate
      │           └─ agent.run
      │              └─ agent.step.1
      │                 └─ llm.generate
      └─ after
"""


@pytest.fixture(autouse=True)
def _logging_as_before():
    import logging

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], logs._installed[:] = handlers, []
    root.setLevel(level)


async def use_all(llm):
    @libtracer.traced(span_name="traced work")
    async def work():
        with start_span("step"):  # the first document
            with tool_span("tool"), with_span("database"):  # the second and the fourth
                async with libtracer.get_tracer("third").start_span("manual"):
                    tracer = trace.get_tracer("opentelemetry's")
                    with tracer.start_as_current_span("by opentelemetry"):
                        await asyncio.create_task(llm.generate("Hello"))
                        await Agent(llm=llm).run("task")
                        libtracer.logger.info("deep inside")
            with Span("after") as face:
                assert get_current_span() is face
                assert libtracer.get_current_span() is face
        return get_current_trace_id()

    with ContextTracing().trace("operation") as current:  # the second
        return await work(), current.trace_id


def test_a_function_that_uses_all_four_makes_one_tree(captured, capsys):
    answer = {"text": "Hi", "usage": {"prompt_tokens": 31, "completion_tokens": 27}}
    llm = LLM("openai", backend=lambda prompt: answer)
    libtracer.configure_logging()
    trace_id, same = asyncio.run(use_all(llm))
    names = {key for span in captured for key in span.attributes}
    assert captured.snapshot(without=names) == TREE
    assert {span.trace_id for span in captured} == {trace_id} == {format(same, "032x")}
    printed = capsys.readouterr().out
    assert "Total Spans: 12" in printed
    assert "62 " in printed, "tokens of both calls"
    (line,) = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    (inside,) = [span for span in captured if span.name == "by opentelemetry"]
    assert (line["trace_id"], line["span_id"]) == (trace_id, inside.span_id)
    (record,) = captured.logs
    (traced,) = [span for span in captured if span.name == "traced work"]
    assert (record.trace_id, record.span_id) == (trace_id, traced.span_id)


PARENTS = {
    "start_span": lambda: libtracer.start_span("parent"),
    "tracer.start_span": lambda: libtracer.get_tracer().start_span("parent"),
    "ContextTracing": lambda: ContextTracing().trace("parent"),
    "agent_span": lambda: agent_span("parent"),
    "with_span": lambda: with_span("parent"),
    "Span": lambda: Span("parent"),
    "opentelemetry": lambda: trace.get_tracer("x").start_as_current_span("parent"),
}
CHILDREN = {
    "start_span": lambda: libtracer.start_span("child"),
    "tracer.start_span": lambda: libtracer.get_tracer().start_span("child"),
    "ContextTracing": lambda: ContextTracing().trace("child"),
    "generation_span": lambda: generation_span("child"),
    "with_span": lambda: with_span("child"),
    "Span": lambda: Span("child"),
    "opentelemetry": lambda: trace.get_tracer("x").start_as_current_span("child"),
}


@pytest.mark.parametrize("child", CHILDREN)
@pytest.mark.parametrize("parent", PARENTS)
def test_a_span_of_each_is_the_parent_of_each(captured, parent, child):
    with PARENTS[parent]():
        outer = libtracer.get_current_span()
        assert get_current_span().span_id == outer.span_id
        with CHILDREN[child]():
            inner = libtracer.get_current_span()
            assert get_current_trace_id() == outer.trace_id
        assert libtracer.get_current_span() is outer, "the same object as before"
    found = {span.name: span for span in captured}
    assert found["child"].parent_id == outer.span_id == found["parent"].span_id
    assert found["child"].span_id == inner.span_id
    for shown in (outer, inner):
        shown.set_tag("late", 1)  # no error after the end, whoever's it is
        assert {"name", "trace_id", "span_id", "status"} <= set(shown.to_dict())
