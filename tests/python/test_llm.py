"""``LLM`` and ``Agent``: with a backend, and with the real clients against a server of ours."""

import asyncio
import gc
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import libtracer
import pytest
from libtracer import LLM, Agent, ConfigError, testing
from opentelemetry.trace import StatusCode

USAGE = {"prompt_tokens": 5, "completion_tokens": 20}


@pytest.fixture
def spans():
    with testing.capture() as captured:
        yield lambda: captured.spans


def answering(*answers):
    left, prompts = list(answers), []

    def backend(prompt):
        prompts.append(prompt)
        return left.pop(0)

    backend.prompts = prompts
    return backend


def test_a_call_is_a_span_with_its_tokens(spans):
    llm = LLM("openai", backend=answering({"text": "Hi", "usage": USAGE, "cost": 0.00015}))
    answer = asyncio.run(llm.generate("Hello"))
    assert (answer.text, answer.usage, answer.cost, answer.tool_calls) == ("Hi", USAGE, 0.00015, [])
    (span,) = spans()
    assert span.name == "llm.generate"
    attributes = dict(span.attributes)
    assert attributes.pop("ai.duration_ms") >= 0
    assert attributes == {
        "ai.provider": "openai",
        "ai.model": "gpt-4o",
        "ai.prompt_tokens": 5,
        "ai.completion_tokens": 20,
        "ai.total_tokens": 25,
        "ai.cost": 0.00015,
        "ai.stream": False,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 20,
    }


def test_what_is_not_known_is_left_out_and_a_backend_may_be_a_coroutine_function(spans):
    async def backend(prompt):
        await asyncio.sleep(0)
        return {"text": prompt.upper()}

    assert asyncio.run(LLM("mine", "m", backend=backend).generate("hi")).text == "HI"
    assert not [name for name in spans()[0].attributes if "token" in name or "cost" in name]
    assert spans()[0].attributes["ai.model"] == "m"


def test_an_error_passes_and_is_on_the_span(spans):
    llm = LLM("mine", backend=lambda prompt: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(llm.generate("x"))
    assert spans()[0].status.status_code is StatusCode.ERROR
    assert [event.name for event in spans()[0].events] == ["exception"]
    assert "ai.prompt_tokens" not in spans()[0].attributes


def test_one_model_may_be_left_untraced(spans):
    llm = LLM("mine", backend=answering({"text": "a"}, {"text": "b"}), trace=False)

    async def both():
        await llm.generate("x")
        return [piece async for piece in llm.stream("y")]

    assert asyncio.run(both()) == ["b"]
    assert spans() == []


def test_input_and_output_are_recorded_where_asked_for(spans, monkeypatch):
    llm = LLM("mine", backend=answering({"text": "a"}, {"text": "b"}, {"text": "c"}))
    for value in ("TRUE", "1", "false"):
        monkeypatch.setenv("DATAPIZZA_TRACE_CLIENT_IO", value)
        asyncio.run(llm.generate("hello"))
    first, *others = spans()
    assert json.loads(first.attributes["input"]) == [{"type": "text", "content": "hello"}]
    assert (first.attributes["output"], first.attributes["memory"]) == ("a", "None")
    assert not [span for span in others if "input" in span.attributes]


def test_without_client_and_backend_the_package_is_named(monkeypatch):
    with pytest.raises(ConfigError, match="provider 'mine'"):
        asyncio.run(LLM("mine").generate("x"))
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    with pytest.raises(ConfigError, match="pip install openai"):
        asyncio.run(LLM("openai").generate("x"))


def test_a_stream_given_up_ends_its_span_and_leaves_nothing_current(spans):
    llm = LLM("mine", backend=answering({"text": "a"}))

    async def first():
        pieces = llm.stream("x")
        piece = await anext(pieces)
        assert libtracer.get_current_span() is None
        await pieces.aclose()
        return piece

    assert asyncio.run(first()) == "a"
    assert spans()[0].attributes["ai.stream"] is True
    assert spans()[0].attributes["ai.time_to_first_token_ms"] >= 0


def tree(spans):
    names = {span.span_id: span.name for span in spans}
    return [(span.name, names.get(span.parent_id)) for span in spans]


def test_an_agent_runs_tools_in_the_step_after_they_were_asked_for(spans):
    async def search(query: str) -> str:
        return f"found {query}"

    backend = answering(
        {"text": "", "tool_calls": [{"name": "search", "args": {"query": "x"}}]},
        {"text": "done"},
    )
    agent = Agent(persona="You are terse.", tools=[search], llm=LLM("mine", backend=backend))
    assert asyncio.run(agent.run("Do something")).text == "done"
    assert tree(spans()) == [
        ("llm.generate", "agent.step.1"),
        ("agent.step.1", "agent.run"),
        ("tool.search", "agent.step.2"),
        ("llm.generate", "agent.step.2"),
        ("agent.step.2", "agent.run"),
        ("agent.run", None),
    ]
    tool = spans()[2].attributes
    assert (tool["tool.name"], json.loads(tool["tool.args"])) == ("search", {"query": "x"})
    assert tool["tool.duration_ms"] >= 0
    assert backend.prompts[0] == "You are terse.\n\nDo something"
    assert backend.prompts[1].endswith("Result of search: found x")


def test_tools_that_fail_are_told_to_the_model_and_steps_are_bounded(spans):
    def broken():
        raise ValueError("no")

    calls = {"text": "again", "tool_calls": [{"name": "broken"}, {"name": "unknown"}]}
    backend = answering(*[calls] * 3)
    agent = Agent(tools=[broken], llm=LLM("mine", backend=backend), max_steps=3)
    assert asyncio.run(agent.run("x")).text == "again"
    failed = {span.name: span for span in spans() if span.name.startswith("tool.")}
    assert failed["tool.broken"].status.description == "ValueError: no"
    assert failed["tool.unknown"].status.status_code is StatusCode.ERROR
    assert "ValueError: no" in backend.prompts[1]
    assert len(backend.prompts) == 3


class Server(ThreadingHTTPServer):
    """Answers as OpenAI's and Anthropic's servers do, and keeps the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_port}"


OPENAI = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}
    ],
    "usage": {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 1},
    },
}
ANTHROPIC = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "content": [
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "name": "search", "input": {"query": "x"}},
    ],
    "usage": {"input_tokens": 4, "output_tokens": 3},
}


def openai_chunks():
    for text in ("Hel", "lo"):
        delta = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        yield {**OPENAI, "object": "chat.completion.chunk", "choices": [delta], "usage": None}
    yield {**OPENAI, "object": "chat.completion.chunk", "choices": []}


def anthropic_events():
    yield {"type": "message_start", "message": {**ANTHROPIC, "content": []}}
    block = {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    for text in ("Hel", "lo"):
        delta = {"type": "text_delta", "text": text}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 9}}
    yield {"type": "message_stop"}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        is_openai = self.path.endswith("/chat/completions")
        if not request.get("stream"):
            self.answer("application/json", json.dumps(OPENAI if is_openai else ANTHROPIC))
        elif is_openai:
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in openai_chunks()]
            self.answer("text/event-stream", "".join(lines) + "data: [DONE]\n\n")
        else:
            events = anthropic_events()
            lines = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events]
            self.answer("text/event-stream", "".join(lines))

    def answer(self, kind, body):
        data = body.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def search(query: str, limit: int = 3) -> str:
    """Search for something."""
    return f"{query} {limit}"


async def closing(client, work):
    try:
        return await work
    finally:
        await client.close()


@pytest.mark.filterwarnings("default")
def test_the_openai_client(server, spans):
    openai = pytest.importorskip("openai")

    async def main():
        client = openai.AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1")
        llm = LLM("openai", client=client)

        async def work():
            answer = await llm.generate("Hello", tools=[search])
            return answer, [piece async for piece in llm.stream("Hello")]

        return await closing(client, work())

    answer, pieces = asyncio.run(main())
    assert (answer.text, pieces) == ("Hi", ["Hel", "lo"])
    assert answer.usage == {"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 1}
    function = server.requests[0]["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("search", "Search for something.")
    assert function["parameters"] == {
        "type": "object",
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["query"],
    }
    ours = [span for span in spans() if span.name == "llm.generate"]
    for span, stream in zip(ours, (False, True), strict=True):
        assert span.attributes["ai.total_tokens"] == 7
        assert span.attributes["ai.stream"] is stream


@pytest.mark.filterwarnings("default")
def test_the_anthropic_client(server, spans):
    anthropic = pytest.importorskip("anthropic")

    async def main():
        client = anthropic.AsyncAnthropic(api_key="k", base_url=server.url)
        llm = LLM("anthropic", client=client)

        async def work():
            answer = await llm.generate("Hello", tools=[search])
            return answer, [piece async for piece in llm.stream("Hello")]

        return await closing(client, work())

    answer, pieces = asyncio.run(main())
    assert (answer.text, pieces) == ("Hi", ["Hel", "lo"])
    assert answer.tool_calls == [{"name": "search", "args": {"query": "x"}}]
    assert server.requests[0]["tools"][0]["input_schema"]["required"] == ["query"]
    # The client may make spans too.
    first, second = [span for span in spans() if span.name == "llm.generate"]
    assert (first.attributes["ai.prompt_tokens"], first.attributes["ai.total_tokens"]) == (4, 7)
    assert second.attributes["ai.completion_tokens"] == 9


def test_the_cost_comes_from_genai_prices(spans):
    pytest.importorskip("genai_prices")
    llm = LLM("openai", backend=answering({"text": "x", "usage": USAGE}))
    asyncio.run(llm.generate("x"))
    assert 0 < spans()[0].attributes["ai.cost"] < 0.01
    unknown = LLM("openai", "nobody's", backend=answering({"text": "x", "usage": USAGE}))
    asyncio.run(unknown.generate("x"))
    assert "ai.cost" not in spans()[1].attributes


def test_a_client_of_its_own_lives_as_long_as_the_loop(server, spans, monkeypatch):
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    llm = LLM("openai")
    for _ in range(3):  # a closed loop's connections would fail, or warn when they are freed
        assert asyncio.run(llm.generate("x")).text == "Hi"
        gc.collect()
    assert len(spans()) == 3
