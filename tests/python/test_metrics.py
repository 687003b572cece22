"""Calls of language models counted: in the text, and as they leave for each form of an endpoint."""

import asyncio
import contextvars
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import libtracer
import pytest
from libtracer import LLM, Agent, ConfigError
from libtracer.tracing import generation_span
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

USAGE = {"prompt_tokens": 5, "completion_tokens": 20}
ANSWER = {"text": "Hi", "usage": USAGE, "cost": 0.25}


@pytest.fixture(autouse=True)
def put_back():
    yield
    libtracer.configure_tracing("tests", exporter="none")


@pytest.fixture
def counting():
    libtracer.configure_tracing("tests", exporter="none", enable_metrics=True)


@pytest.fixture
def receiver():
    """Takes what is posted; `.requests` has path, content type and body of each."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append((self.path, self.headers["Content-Type"], body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(*answers, provider="openai", model=None):
    left = list(answers)
    llm = LLM(provider, model, backend=lambda prompt: left.pop(0))
    for _ in answers:
        asyncio.run(llm.generate("Hello"))


def sample(name, **labels):
    """Return the value of a series in the text, None if it is not there."""
    spelled = ",".join(f'{key}="{text}"' for key, text in sorted(labels.items()))
    for line in libtracer.metrics_text().splitlines():
        series, _, value = line.rpartition(" ")
        if series == f"{name}{{{spelled}}}":
            return float(value)
    return None


def test_a_call_is_in_all_four_series(counting):
    ask(ANSWER, ANSWER)
    of = {"provider": "openai", "model": "gpt-4o"}
    assert sample("ai_llm_requests_total", **of) == 2
    assert sample("ai_llm_tokens_total", **of, type="input") == 10
    assert sample("ai_llm_tokens_total", **of, type="output") == 40
    assert sample("ai_llm_cost_dollars", **of) == 0.5
    assert sample("ai_llm_duration_seconds_count", **of) == 2
    assert sample("ai_llm_duration_seconds_sum", **of) > 0


def test_the_series_have_the_documented_names_and_types_before_the_first_call(counting):
    lines = libtracer.metrics_text().splitlines()
    assert [line.split()[2:] for line in lines if line.startswith("# TYPE")] == [
        ["ai_llm_cost_dollars", "gauge"],
        ["ai_llm_duration_seconds", "histogram"],
        ["ai_llm_requests_total", "counter"],
        ["ai_llm_tokens_total", "counter"],
    ]


def test_nothing_is_counted_unless_asked_for():
    ask(ANSWER)
    assert libtracer.metrics_text() == ""
    libtracer.configure_tracing("tests", exporter="none", enable_metrics=True, enabled=False)
    ask(ANSWER)
    assert libtracer.metrics_text() == ""


def test_every_configuration_starts_anew(counting):
    ask(ANSWER)
    libtracer.configure_tracing("tests", exporter="none", enable_metrics=True)
    assert sample("ai_llm_requests_total", provider="openai", model="gpt-4o") is None


def test_calls_are_counted_whether_or_not_their_spans_are_kept():
    libtracer.configure_tracing("tests", exporter="none", enable_metrics=True, sample_rate=0)
    ask(ANSWER)
    assert sample("ai_llm_requests_total", provider="openai", model="gpt-4o") == 1


def test_a_call_that_fails_is_a_request_of_which_nothing_else_is_known(counting):
    llm = LLM("mine", "m", backend=lambda prompt: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(llm.generate("x"))
    of = {"provider": "mine", "model": "m"}
    assert sample("ai_llm_requests_total", **of) == 1
    assert sample("ai_llm_duration_seconds_count", **of) == 1
    assert sample("ai_llm_tokens_total", **of, type="input") is None


def test_a_stream_counts_once_read_or_given_up(counting):
    async def read(pieces_read):
        pieces = LLM("mine", "m", backend=lambda prompt: ANSWER).stream("x")
        for _ in range(pieces_read):
            await anext(pieces)
        await pieces.aclose()

    async def whole():
        return [piece async for piece in LLM("mine", "m", backend=lambda p: ANSWER).stream("x")]

    asyncio.run(whole())
    assert sample("ai_llm_requests_total", provider="mine", model="m") == 1
    assert sample("ai_llm_tokens_total", provider="mine", model="m", type="output") == 20
    asyncio.run(read(1))
    assert sample("ai_llm_requests_total", provider="mine", model="m") == 2


def test_each_call_of_an_agent_counts(counting):
    answers = [{"text": "", "tool_calls": [{"name": "look", "args": {}}]}, {"text": "done"}]
    llm = LLM("mine", "m", backend=lambda prompt: answers.pop(0))

    def look():
        return "seen"

    assert asyncio.run(Agent(tools=[look], llm=llm).run("look")).text == "done"
    assert sample("ai_llm_requests_total", provider="mine", model="m") == 2


def test_a_client_that_is_left_untraced_is_left_uncounted(counting):
    asyncio.run(LLM("mine", "m", backend=lambda prompt: ANSWER, trace=False).generate("x"))
    assert sample("ai_llm_requests_total", provider="mine", model="m") is None


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": {"prompt_tokens": "many", "completion_tokens": None}},
        {"usage": {"prompt_tokens": 2**70, "completion_tokens": -3}},
        {"usage": {"prompt_tokens": float("nan")}, "cost": float("inf")},
        {"cost": "cheap"},
        {"cost": -1},
    ],
)
def test_odd_figures_change_nothing_in_the_program(counting, odd):
    ask({"text": "ok", **odd}, provider="mine", model="\ud800")
    assert sample("ai_llm_requests_total", provider="mine", model="?") == 1
    assert "ai_llm_tokens_total{" not in libtracer.metrics_text()
    assert "ai_llm_cost_dollars{" not in libtracer.metrics_text()


def test_a_generation_span_counts_by_its_attributes(counting):
    with generation_span("chat") as span:
        span.set_attribute("model_name", "claude")
        span.set_attribute("ai.provider", "anthropic")
        span.set_attribute("prompt_tokens_used", 7)
        span.set_attribute("completion_tokens_used", 3)
        span.set_attribute("ai.cost", 0.5)
    of = {"provider": "anthropic", "model": "claude"}
    assert sample("ai_llm_requests_total", **of) == 1
    assert sample("ai_llm_tokens_total", **of, type="input") == 7
    assert sample("ai_llm_tokens_total", **of, type="output") == 3
    assert sample("ai_llm_cost_dollars", **of) == 0.5
    assert sample("ai_llm_duration_seconds_count", **of) == 1


def test_a_generation_around_calls_that_count_does_not_count_too(counting):
    with generation_span("outer") as span:
        ask(ANSWER)
        span.set_attribute("prompt_tokens_used", 5)
    with pytest.raises(KeyError), generation_span("failing"):
        raise KeyError
    text = libtracer.metrics_text()
    assert sample("ai_llm_requests_total", provider="openai", model="gpt-4o") == 1
    assert sample("ai_llm_requests_total", provider="unknown", model="unknown") == 1
    assert text.count("ai_llm_requests_total{") == 2


def test_a_generation_that_ends_in_another_context_ends_quietly(counting):
    def block():
        with generation_span("chat") as span:
            span.set_attribute("model_name", "m")
            yield

    left_open = block()
    contextvars.Context().run(next, left_open)
    assert list(left_open) == []
    assert sample("ai_llm_requests_total", provider="unknown", model="m") == 1


def series(body):
    """Return name, kind and points of what OTLP carries."""
    found = {}
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        service = {each.key: each.value.string_value for each in resource.resource.attributes}
        assert service["service.name"] == "shop"
        for metric in (one for scope in resource.scope_metrics for one in scope.metrics):
            data = getattr(metric, metric.WhichOneof("data"))
            assert (
                data.aggregation_temporality
                == data.DESCRIPTOR.file.enum_types_by_name["AggregationTemporality"]
                .values_by_name["AGGREGATION_TEMPORALITY_CUMULATIVE"]
                .number
            )
            for point in data.data_points:
                labels = {each.key: each.value.string_value for each in point.attributes}
                kind = metric.WhichOneof("data")
                value = point.sum if kind == "histogram" else point.as_int or point.as_double
                found[metric.name, labels.pop("type", None)] = (kind, labels, value)
    return found


@pytest.mark.parametrize(
    ("form", "path"),
    [("/v1/metrics", "/v1/metrics"), ("", "/api/v1/otlp/v1/metrics")],
)
def test_otlp_reaches_a_collector_or_prometheus(receiver, form, path):
    endpoint = f"http://127.0.0.1:{receiver.server_port}{form}"
    # As the document has it: without a word about what else to export.
    libtracer.configure_tracing("shop", enable_metrics=True, metrics_endpoint=endpoint)
    ask(ANSWER)
    assert libtracer.force_flush(20)
    ((where, kind, body),) = receiver.requests
    assert (where, kind) == (path, "application/x-protobuf")
    of = {"provider": "openai", "model": "gpt-4o"}
    found = series(body)
    assert found.pop(("ai_llm_duration_seconds", None))[:2] == ("histogram", of)
    assert found == {
        ("ai_llm_requests_total", None): ("sum", of, 1),
        ("ai_llm_tokens_total", "input"): ("sum", of, 5),
        ("ai_llm_tokens_total", "output"): ("sum", of, 20),
        ("ai_llm_cost_dollars", None): ("sum", of, 0.25),
    }
    read = libtracer.stats()
    assert (read["metrics_collected"], read["metrics_exported"], read["metrics_dropped"]) == (
        4,
        4,
        0,
    )
    # Beside the text, which is there all the same.
    assert sample("ai_llm_requests_total", **of) == 1


def test_a_pushgateway_is_sent_the_text_and_once_more_at_the_end(receiver):
    url = f"http://127.0.0.1:{receiver.server_port}/metrics/job/shop"
    libtracer.configure_tracing("shop", metrics_endpoint=url)  # which asks for metrics, too
    ask(ANSWER)
    assert libtracer.force_flush(20)
    ask(ANSWER)
    last = libtracer.metrics_text()
    libtracer.configure_tracing("tests", exporter="none")
    first, second = receiver.requests
    assert first[:2] == ("/metrics/job/shop", "text/plain; version=0.0.4; charset=utf-8")
    assert 'ai_llm_requests_total{model="gpt-4o",provider="openai"} 1\n' in first[2].decode()
    assert second[2].decode() == last


def test_what_is_switched_off_goes_nowhere(receiver):
    url = f"http://127.0.0.1:{receiver.server_port}/v1/metrics"
    libtracer.configure_tracing("shop", enable_metrics=False, metrics_endpoint=url)
    ask(ANSWER)
    assert libtracer.force_flush(20)
    assert receiver.requests == []


def test_an_endpoint_of_no_known_form_is_refused_and_changes_nothing(counting):
    ask(ANSWER)
    for url in ("http://host/metrics", "prometheus:9090", "http://user:secret@host/x"):
        with pytest.raises(ConfigError, match="metrics endpoint") as raised:
            libtracer.configure_tracing("x", enable_metrics=True, metrics_endpoint=url)
        assert "secret" not in str(raised.value)
    assert sample("ai_llm_requests_total", provider="openai", model="gpt-4o") == 1
