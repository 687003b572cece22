"""The blocks of the document on models and agents: automatic and manual spans, propagation."""

import asyncio
import importlib.util
import json

import libtracer
import pytest
from alone import in_new_process
from libtracer import LLM, StatusCode, get_tracer
from libtracer.testing import capture
from stand_ins import by_name, one, openai_server, raising, tree

DOCUMENT = "ai_infra"


def run_07_llm_calls(block):
    with capture() as captured:
        names = block.run()
    assert names["response"].text == "Hi"
    span = one(captured)
    assert (span.name, span.parent) == ("llm.generate", None)
    attributes = dict(span.attributes)
    assert attributes.pop("ai.duration_ms") > 0
    cost = attributes.pop("ai.cost", None)
    if importlib.util.find_spec("genai_prices"):
        assert cost == pytest.approx(5 * 2.5e-6 + 20 * 10e-6)
    assert attributes == {
        "ai.provider": "openai",
        "ai.model": "gpt-4o",
        "ai.prompt_tokens": 5,
        "ai.completion_tokens": 20,
        "ai.total_tokens": 25,
        "ai.stream": False,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 20,
    }


def test_07_llm_calls():
    pytest.importorskip("openai")
    with openai_server("Hi") as (environment, requests):
        in_new_process(run_07_llm_calls, **environment)
    (request,) = requests
    assert request["model"] == "gpt-4o"


def run_08_agent_execution(block):
    async def search(query: str) -> str:
        """Search the web."""
        return f"found {query}"

    with capture() as captured:
        names = block.run(persona="You are helpful.", tools=[search])
    assert names["result"].text == "done"
    assert tree(captured.spans) == (
        (
            "agent.run",
            ("agent.step.1", ("llm.generate",)),
            ("agent.step.2", ("tool.search",), ("llm.generate",)),
        ),
    )
    assert len({span.trace_id for span in captured.spans}) == 1


def test_08_agent_execution():
    pytest.importorskip("openai")
    with openai_server({"search": {"query": "x"}}, "done") as (environment, requests):
        in_new_process(run_08_agent_execution, **environment)
    first, second = requests
    assert "You are helpful." in first["messages"][0]["content"]
    assert "Do something" in first["messages"][0]["content"]
    assert first["tools"][0]["function"]["name"] == "search"
    assert "found x" in json.dumps(second["messages"])


def test_09_tool_calls(block, captured):
    assert list(block.run()) == ["__name__", "__builtins__"], "there is nothing but comments"
    answers = [{"text": "", "tool_calls": [{"name": "search", "args": {"q": "x"}}]}, {"text": "ok"}]
    llm = LLM("mine", backend=lambda prompt: answers.pop(0))

    def search(q):
        return q

    asyncio.run(libtracer.Agent(tools=[search], llm=llm).run("task"))
    (span,) = [span for span in captured.spans if span.name == "tool.search"]
    assert span.attributes["tool.name"] == "search"
    assert json.loads(span.attributes["tool.args"]) == {"q": "x"}
    assert span.attributes["tool.duration_ms"] >= 0


def test_10_create_spans(block, captured):
    inside = []
    names = block.run(do_something=lambda: inside.append(libtracer.get_current_span()) or [1, 2])
    span = one(captured)
    assert inside == [names["span"]], "it is current in its block"
    assert span.name == "my_operation"
    assert dict(span.attributes) == {"custom_key": "value", "result_count": 2}
    assert span.instrumentation_scope.name == "snippet"
    assert names["tracer"] is get_tracer("snippet")


def test_11_async_spans(block, captured):
    async def async_operation():
        await asyncio.sleep(0)
        with libtracer.start_span("below"):
            return 7

    assert block.run(tracer=get_tracer(), async_operation=async_operation)["result"] == 7
    found = by_name(captured)
    assert found["below"].parent_id == found["async_operation"].span_id


def test_12_add_events(block, captured):
    order = []
    block.run(
        tracer=get_tracer(),
        process_batch_1=lambda: order.append(1),
        process_batch_2=lambda: order.append(2),
    )
    first, second = one(captured).events
    assert (first.name, dict(first.attributes)) == ("step_1_complete", {"items_processed": 100})
    assert (second.name, dict(second.attributes)) == ("step_2_complete", {"items_processed": 200})
    assert first.timestamp <= second.timestamp
    assert order == [1, 2]


def test_13_automatic_propagation(block, captured):
    llm = LLM("mine", backend=lambda prompt: {"text": prompt})
    handler = block.run(llm=llm, prompt="Hello")["handler"]

    async def request(number):
        headers = {"traceparent": f"00-{number:032x}-{number:016x}-01"}
        context = libtracer.extract_context(headers)
        async with get_tracer().start_span(f"request {number}", context=context):
            await asyncio.sleep(0)
            return await asyncio.create_task(handler(None))

    async def main():
        return await asyncio.gather(request(1), request(2))

    assert [answer.text for answer in asyncio.run(main())] == ["Hello", "Hello"]
    requests = {span.span_id: span for span in captured.spans if span.name != "llm.generate"}
    calls = [span for span in captured.spans if span.name == "llm.generate"]
    assert {requests[span.parent_id].name for span in calls} == {"request 1", "request 2"}
    for span in calls:
        parent = requests[span.parent_id]
        number = int(parent.name.split()[1])
        assert span.trace_id == parent.trace_id == f"{number:032x}"
        assert parent.parent_id == f"{number:016x}"


def test_14_manual_propagation(block, captured):
    with get_tracer().start_span("request") as request:
        names = block.run(tracer=get_tracer())
    assert names["headers"] == {"traceparent": f"00-{request.trace_id}-{request.span_id}-03"}
    found = by_name(captured)
    assert found["child"].parent_id == request.span_id
    assert found["child"].trace_id == request.trace_id
    assert found["child"].parent.is_remote


def test_14_nothing_is_injected_outside_of_a_span(block, captured):
    assert block.run(tracer=get_tracer())["headers"] == {}
    assert one(captured).parent is None


def test_15_custom_attributes(block, captured):
    block.run(tracer=get_tracer())
    assert dict(one(captured).attributes) == {
        "user.id": "user123",
        "feature.name": "chat",
        "request.size": 1024,
    }


def test_18_error_tracking(block, captured):
    error = ValueError("out of range")
    names = {"tracer": get_tracer(), "StatusCode": StatusCode}
    with pytest.raises(ValueError, match="out of range") as raised:
        block.run(risky_operation=raising(error), **names)
    assert raised.value is error
    span = one(captured)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "out of range", "what the program said stays"
    (event,) = span.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "ValueError"
    assert event.attributes["exception.message"] == "out of range"
    assert "raise error" in event.attributes["exception.stacktrace"]
