"""The blocks of the document on summaries of traces; each in a process alone, for it prints."""

import asyncio
import re
import sys

import libtracer
import pytest
from alone import in_new_process
from blocks import blocks
from libtracer.tracing import ContextTracing, agent_span, generation_span

DOCUMENT = "datapizza"
WIDTH = "80"


def operations():
    """What an agent does: one call of a model, with figures as clients leave them."""
    with agent_span("Agent helper"), generation_span("client.invoke") as span:
        span.set_attributes(
            {
                "model_name": "gpt-4o-mini",
                "prompt_tokens_used": 31,
                "completion_tokens_used": 27,
                "cached_tokens_used": 0,
            }
        )
    return "answer"


def run_01_quick_start(block, rich):
    if not rich:
        sys.modules["rich"] = None
    names = block.run(some_datapizza_operations=operations)
    assert names["result"] == "answer"


@pytest.mark.parametrize("rich", [True, False])
def test_01_quick_start(block, rich):
    block.read()
    if rich:
        pytest.importorskip("rich")
    lines = in_new_process(run_01_quick_start, rich, COLUMNS=WIDTH).splitlines()
    assert re.fullmatch("╭─ Trace Summary of trace_name ─+╮", lines[0])
    assert {len(line) for line in lines} == {int(WIDTH)}
    inside = [line[1:-1].strip() for line in lines[1:-1]]
    assert inside[0] == "Total Spans: 3"
    assert re.fullmatch(r"Duration: \d+\.\d+s", inside[1])
    shown = [line[4:] for line in block.text.splitlines() if line.startswith("# │ ")]
    assert inside[2:] == shown[2:], "the table is the one that the document shows"
    assert len(shown) == 7
    assert re.fullmatch("╰─+╯", lines[-1])


def run_01_client_io(block):
    block.read()
    llm = libtracer.LLM("mine", backend=lambda prompt: {"text": "Hi"})
    with libtracer.testing.capture() as captured:
        asyncio.run(llm.generate("Hello"))
    print({name: captured.spans[0].attributes.get(name) for name in ("input", "output", "memory")})


def test_input_output_and_memory_are_recorded_when_the_variable_says_so():
    told = {"input": '[{"type": "text", "content": "Hello"}]', "output": "Hi", "memory": "None"}
    silent = dict.fromkeys(told)
    for value, expected in (("TRUE", told), ("true", told), ("FALSE", silent), ("1", silent)):
        out = in_new_process(run_01_client_io, DATAPIZZA_TRACE_CLIENT_IO=value)
        assert out.strip() == repr(expected)
    assert in_new_process(run_01_client_io).strip() == repr(silent)


def run_02_manual_spans(block):
    order = []
    with libtracer.testing.capture() as captured:
        names = block.run(
            fetch_from_database=lambda: order.append("fetch") or [1],
            validate_data=lambda data: order.append("validate"),
            process_business_rules=lambda data: order.append("process") or sum(data),
        )
    assert order == ["fetch", "validate", "process"]
    assert names["result"] == 1
    *children, root = captured.spans
    expected = ["database_query", "data_validation", "business_logic"]
    assert [span.name for span in children] == expected
    assert root.name == "trace_name"
    assert {span.parent_id for span in children} == {root.span_id}
    assert {span.trace_id for span in captured.spans} == {root.trace_id}


def test_02_manual_span_creation():
    out = in_new_process(run_02_manual_spans, COLUMNS=WIDTH)
    assert "Trace Summary of trace_name" in out
    assert "Total Spans: 4" in out
    assert "No token usage" in out


def set_provider(kind):
    """Set the global provider as the third block does, or let libtracer's be it."""
    from opentelemetry import trace

    if kind == "sdk":
        blocks(DOCUMENT)[2].run(trace=trace)
    return trace


def run_03_the_resource(block):
    from opentelemetry import trace

    block.run(trace=trace)
    with ContextTracing().trace("operation") as current:
        with trace.get_tracer("mine").start_as_current_span("child"):
            pass
        (child,) = current.get_spans()
        with libtracer.start_span("ours"):
            pass
        assert [span.name for span in current.get_spans()] == ["child", "ours"]
    assert child.resource.attributes["service.name"] == "your_service_name"
    assert current.get_spans() == []


def test_03_create_the_resource():
    pytest.importorskip("opentelemetry.semconv.resource")
    assert "Total Spans: 3" in in_new_process(run_03_the_resource)


def traced():
    """Make a trace and print its id."""
    from opentelemetry import trace

    with ContextTracing().trace("operation") as current:
        with trace.get_tracer("mine").start_as_current_span("child") as span:
            span.set_attribute("key", "value")
        assert [span.name for span in current.get_spans()] == ["child"]
    trace.get_tracer_provider().force_flush()
    print(format(current.trace_id, "032x"))


def check(spans):
    found = {span.name: span for span in spans}
    assert set(found) == {"operation", "child"}
    assert found["child"].parent_span_id == found["operation"].span_id
    assert found["child"].attributes["key"] == "value"


def run_04_zipkin(block, kind, port):
    set_provider(kind)
    if kind == "ours":
        with ContextTracing().trace("first"):  # its first use sets libtracer's provider
            pass
    block.instead(text={"localhost:9411": f"127.0.0.1:{port}"}).run()
    traced()


@pytest.mark.parametrize("kind", ["sdk", "ours"])
def test_04_zipkin(kind, collector, arrived):
    pytest.importorskip("opentelemetry.exporter.zipkin.json")
    out = in_new_process(run_04_zipkin, kind, collector.zipkin_port)
    assert "Total Spans: 2" in out, "kept in memory too"
    spans = arrived(out.split()[-1], 2)
    check(spans)
    if kind == "sdk":
        assert spans[0].resource["service.name"] == "your_service_name"


def run_05_otlp(block, kind, port):
    trace = set_provider(kind)
    if kind == "ours":
        with ContextTracing().trace("first"):
            pass
    block.instead(text={"localhost:4317": f"127.0.0.1:{port}"}).run(trace=trace)
    traced()
    trace.get_tracer_provider().shutdown()


@pytest.mark.parametrize("kind", ["sdk", "ours"])
def test_05_otlp(kind, collector, arrived):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc")
    out = in_new_process(run_05_otlp, kind, collector.grpc_port)
    assert "Total Spans: 2" in out
    check(arrived(out.split()[-1], 2))


def run_06_production_configuration(block, kind):
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    trace = set_provider(kind)
    if kind == "ours":
        with ContextTracing().trace("first"):
            pass
    exporter = InMemorySpanExporter()
    names = block.run(trace=trace, exporter=exporter)
    for _ in range(3):
        traced()
    assert [span.name for span in exporter.get_finished_spans()] == ["child", "operation"] * 3
    names["batch_processor"].shutdown()


@pytest.mark.parametrize("kind", ["sdk", "ours"])
def test_06_production_configuration(kind):
    out = in_new_process(run_06_production_configuration, kind)
    assert out.count("Total Spans: 2") == 3
