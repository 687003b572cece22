"""The blocks of the document on models and agents that set tracing up, each in a process alone."""

import asyncio
import json
import logging
import sys

import libtracer
import pytest
from alone import alone, in_new_process
from libtracer.testing import capture
from opentelemetry import baggage
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from served import serving
from stand_ins import openai_server

DOCUMENT = "ai_infra"
AI = {
    "ai.provider": "openai",
    "ai.model": "gpt-4o",
    "ai.prompt_tokens": 5,
    "ai.completion_tokens": 20,
    "ai.total_tokens": 25,
    "ai.stream": False,
}


def run_01_quick_start(block, port):
    with capture() as captured:
        names = block.instead(text={"jaeger:4317": f"127.0.0.1:{port}"}).run()
    assert names["response"].text == "Hi"
    assert libtracer.force_flush(30)
    print(captured.spans[0].trace_id)


def test_01_quick_start(collector, arrived):
    pytest.importorskip("openai")
    with openai_server("Hi") as (environment, requests):
        out = in_new_process(run_01_quick_start, collector.grpc_port, **environment)
    (span,) = arrived(out.strip(), 1)
    assert requests[0]["messages"] == [{"role": "user", "content": "Hello"}]
    assert span.name == "llm.generate"
    assert span.attributes.items() >= AI.items()
    assert span.resource["service.name"] == "my-ai-service"


def sent(block, old, new):
    """Run a block with another address, make a span, and say in which trace it was sent."""
    block.instead(text={old: new}).run(configure_tracing=libtracer.configure_tracing)
    with libtracer.start_span("operation", attributes={"key": "value"}) as span:
        pass
    assert libtracer.force_flush(30)
    print(span.trace_id)


def run_02_basic_setup(block, port):
    sent(block, "localhost:4317", f"127.0.0.1:{port}")


def test_02_basic_setup(collector, arrived):
    (span,) = arrived(in_new_process(run_02_basic_setup, collector.grpc_port).strip(), 1)
    assert (span.name, span.attributes) == ("operation", {"key": "value"})
    assert span.resource["service.name"] == "my-service"


def run_03_full_configuration(block, port):
    sent(block, "jaeger:4317", f"127.0.0.1:{port}")
    headers = {}
    from opentelemetry import context

    context.attach(baggage.set_baggage("user", "ada"))
    with libtracer.start_span("outgoing") as span:
        libtracer.inject_context(headers)
    assert headers["baggage"] == "user=ada"
    assert headers["traceparent"].split("-")[1:3] == [span.trace_id, span.span_id]
    assert set(headers) == {"traceparent", "baggage"}


def test_03_full_configuration(collector, arrived):
    (span,) = arrived(in_new_process(run_03_full_configuration, collector.grpc_port).strip(), 1)
    expected = {
        "service.name": "my-service",
        "service.version": "1.0.0",
        "deployment.environment.name": "production",
        "deployment.environment": "production",
    }
    assert span.resource.items() >= expected.items()


def run_04_jaeger(block, port):
    sent(block, "jaeger:14268", f"127.0.0.1:{port}")


def test_04_jaeger(collector, arrived):
    (span,) = arrived(in_new_process(run_04_jaeger, collector.jaeger_port).strip(), 1)
    assert (span.name, span.attributes["key"]) == ("operation", "value")
    assert span.resource["service.name"] == "my-service"


def run_05_zipkin(block, port):
    sent(block, "zipkin:9411", f"127.0.0.1:{port}")


def test_05_zipkin(collector, arrived):
    (span,) = arrived(in_new_process(run_05_zipkin, collector.zipkin_port).strip(), 1)
    assert (span.name, span.attributes["key"]) == ("operation", "value")
    assert span.resource["service.name"] == "my-service"


def run_06_console(block):
    block.run(configure_tracing=libtracer.configure_tracing)
    with libtracer.start_span("outer"), libtracer.start_span("inner", attributes={"key": 7}):
        pass
    assert libtracer.force_flush(30)


def test_06_console():
    lines = in_new_process(run_06_console).strip().splitlines()
    assert len(lines) == 3
    assert "my-service" in lines[0]
    assert lines[1].startswith("└─ outer")
    assert lines[2].startswith("   └─ inner")
    assert lines[2].endswith("key=7")


@alone
def test_16_rate_based_sampling(block):
    block.run(configure_tracing=libtracer.configure_tracing)
    traces = 10_000
    with capture() as captured:
        for _ in range(traces):
            with libtracer.start_span("root"), libtracer.start_span("child"):
                pass
    names = [span.name for span in captured.spans]
    assert names.count("root") == names.count("child"), "a trace is kept as a whole"
    # Ten in a hundred; five standard deviations on each side.
    assert abs(names.count("root") - traces // 10) < 150


@alone
def test_17_custom_sampler(block):
    class Random:
        draws = iter([0.05, 0.5])

        def random(self):
            return next(self.draws)

    names = block.run(configure_tracing=libtracer.configure_tracing, random=Random())
    asked = []

    def sampler(span_name, context, trace_id):
        asked.append((span_name, context, trace_id))
        return names["custom_sampler"](span_name, context, trace_id)

    libtracer.configure_tracing(sampler=sampler)
    with capture() as captured:
        for name in ("kept", "left out", "error in payment"):
            with libtracer.start_span(name) as span:
                pass
            assert asked[-1] == (name, None, span.trace_id)
    assert [span.name for span in captured.spans] == ["kept", "error in payment"]
    with libtracer.start_span("error") as outer, libtracer.start_span("error below"):
        name, context, trace_id = asked[-1]
    assert (name, trace_id) == ("error below", outer.trace_id)
    assert format(context.span_id, "016x") == outer.span_id


def run_19_logging(block):
    block.run()
    logging.getLogger("mine").info("outside")
    with libtracer.start_span("request") as span:
        logging.getLogger("mine").info("inside %s", "it")
        logging.getLogger("mine").debug("too low")
        libtracer.logger.info("event", key="value")
    print(json.dumps([span.trace_id, span.span_id]))


def test_19_logging():
    outside, inside, event, ids = map(json.loads, in_new_process(run_19_logging).splitlines())
    assert outside["message"] == "outside"
    assert not outside.keys() & {"trace_id", "span_id"}
    assert inside["message"] == "inside it"
    assert event.items() >= {"message": "event", "key": "value"}.items()
    for line in (inside, event):
        assert [line["trace_id"], line["span_id"]] == ids


def run_21_disable_tracing(block):
    names = block.run(configure_tracing=libtracer.configure_tracing, LLM=libtracer.LLM)
    with capture() as captured:
        with libtracer.start_span("off") as span:
            span.set_attribute("key", "value").add_event("event")
            assert not span.is_recording()
            headers = {}
            libtracer.inject_context(headers)
            assert headers == {}
        asyncio.run(names["llm"].generate("Hello"))
        assert captured.spans == []
        libtracer.configure_tracing(enabled=True)
        asyncio.run(names["llm"].generate("Hello"))
        assert captured.spans == [], "tracing is off for this client"
        asyncio.run(libtracer.LLM(provider="openai").generate("Hello"))
        assert [span.name for span in captured.spans] == ["llm.generate"]


def test_21_disable_tracing():
    pytest.importorskip("openai")
    with openai_server("Hi") as (environment, requests):
        in_new_process(run_21_disable_tracing, **environment)
    assert len(requests) == 3


def run_22_environment_variables(block):
    block.read()
    with capture() as captured:
        for _ in range(1000):
            with libtracer.get_tracer().start_span("operation"):
                pass
    assert libtracer.force_flush(30)
    print(len(captured.spans), captured.spans[0].trace_id)


def test_22_environment_variables(block, collector, arrived):
    lines = [line for line in block.read().splitlines() if "=" in line]
    environment = dict(line.split("=", 1) for line in lines)
    assert set(environment) == {
        "AI_INFRA_TRACING_ENABLED",
        "AI_INFRA_TRACING_ENDPOINT",
        "AI_INFRA_SERVICE_NAME",
        "AI_INFRA_SERVICE_VERSION",
        "AI_INFRA_ENVIRONMENT",
        "AI_INFRA_TRACING_SAMPLE_RATE",
    }
    environment["AI_INFRA_TRACING_ENDPOINT"] = f"http://127.0.0.1:{collector.grpc_port}"
    count, trace_id = in_new_process(run_22_environment_variables, **environment).split()
    assert 40 < int(count) < 160  # a tenth; six standard deviations on each side
    (span,) = arrived(trace_id, 1)
    expected = {
        "service.name": "my-service",
        "service.version": "1.0.0",
        "deployment.environment.name": "production",
    }
    assert span.resource.items() >= expected.items()


def test_22_environment_variables_can_switch_it_off(block):
    block.read()
    script = "AI_INFRA_TRACING_ENABLED"
    assert in_new_process(run_22_switched_off, **{script: "false"}) == ""


def run_22_switched_off(block):
    block.read()
    assert "libtracer" in sys.modules
    with capture() as captured, libtracer.get_tracer().start_span("operation"):
        pass
    assert captured.spans == []


def run_20_metrics(block, host):
    names = {"configure_tracing": libtracer.configure_tracing}
    block.instead(text={"prometheus:9090": host}).run(**names)
    usage = {"prompt_tokens": 5, "completion_tokens": 20}
    answer = {"text": "Hi", "usage": usage, "cost": 0.5}
    llm = libtracer.LLM("openai", "gpt-4o", backend=lambda prompt: answer)
    for _ in range(2):
        asyncio.run(llm.generate("Hello"))
    assert libtracer.force_flush(30)
    print(libtracer.metrics_text())


def test_20_metrics():
    received = []

    def prometheus(path, headers, body):
        received.append((path, ExportMetricsServiceRequest.FromString(body)))
        return 200, b""

    with serving(prometheus) as host:
        lines = in_new_process(run_20_metrics, host).splitlines()
    labels = 'model="gpt-4o",provider="openai"'
    assert f"ai_llm_requests_total{{{labels}}} 2" in lines
    assert f'ai_llm_tokens_total{{{labels},type="input"}} 10' in lines
    assert f'ai_llm_tokens_total{{{labels},type="output"}} 40' in lines
    assert f"ai_llm_cost_dollars{{{labels}}} 1" in lines
    assert f"ai_llm_duration_seconds_count{{{labels}}} 2" in lines
    path, request = received[-1]
    assert path == "/api/v1/otlp/v1/metrics"
    (resource,) = request.resource_metrics
    found = {each.name for scope in resource.scope_metrics for each in scope.metrics}
    assert found == {
        "ai_llm_requests_total",
        "ai_llm_tokens_total",
        "ai_llm_duration_seconds",
        "ai_llm_cost_dollars",
    }
