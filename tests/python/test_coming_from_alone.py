"""Statements of docs/coming-from.md on set-up and on what is printed: in processes of their own."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from program import run


def test_x2_nothing_leaves_without_a_destination():
    out = run("""
        import socket
        import libtracer
        def connect(*_):
            raise AssertionError("a connection")
        socket.create_connection = socket.socket.connect = connect
        libtracer.init(api_key="key")
        libtracer.configure_tracing("service")
        with libtracer.start_span("op"):
            pass
        libtracer.force_flush(5)
        print(libtracer.stats()["exported"], libtracer.stats()["dropped_no_exporter"])
    """)
    assert out == "0 1\n"


def test_x4_the_global_provider():
    for mine, expected in (("None", "True"), ("TracerProvider()", "False")):
        out = run(f"""
            from opentelemetry import trace
            from opentelemetry.sdk.trace import TracerProvider
            mine = {mine}
            if mine is not None:
                trace.set_tracer_provider(mine)
            import libtracer
            from libtracer.tracing import ContextTracing
            libtracer.init()
            libtracer.configure_tracing(exporter="none")
            provider = trace.get_tracer_provider()
            print(provider is libtracer.trace.default_provider(), provider is mine)
        """)
        assert out == f"{expected} {mine != 'None'}\n"


LOGGED = """
    import libtracer
    libtracer.init()
    captured = libtracer.testing.capture()
"""


def test_p1_without_the_result():
    out = run(
        LOGGED
        + """
    @libtracer.traced(log_results=False)
    def secret(a):
        return "s3cret"
    with captured:
        secret(1)
    [record] = captured.logs
    print(dict(record.body))
    """
    )
    assert out == "{'function.name': 'secret', 'function.arguments': {'a': 1}}\n"


def test_p2_arguments_that_cannot_be_shown():
    out = run(
        LOGGED
        + """
    class Odd:
        def __str__(self):
            raise RuntimeError("no text")
    @libtracer.traced()
    def work(odd, cycle):
        return 7
    cycle = []
    cycle.append(cycle)
    with captured:
        print(work(Odd(), cycle))
    [record] = captured.logs
    print(record.body["function.arguments"], record.body["function.output"])
    """
    )
    assert out == "7\n{'odd': '<Odd without a usable str>', 'cycle': ['<cycle>']} 7\n"


def test_p3_the_functions_own_type_error():
    out = run(
        LOGGED
        + """
    def plain(a):
        pass
    said = []
    with captured:
        for function in (plain, libtracer.traced(plain)):
            try:
                function(1, 2)
            except TypeError as error:
                said.append(str(error))
    print(said[0] == said[1], len(captured.spans))
    """
    )
    assert out == "True 1\n"


def test_p6_before_init():
    out = run("""
        import libtracer
        with libtracer.start_span("early") as span:
            span.set_attribute("key", 1)
        print(span.is_recording())
    """)
    assert out == "False\n"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append((self.path, self.headers.get("x-api-key")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.keys = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_p9_the_key(receiver, tmp_path):
    (tmp_path / "patronus.yaml").write_text("project_name: from the file\n")
    url = f"http://127.0.0.1:{receiver.server_port}"
    out = run(
        f"""
        import os
        os.chdir({str(tmp_path)!r})
        import libtracer
        context = libtracer.init(otel_endpoint={url!r}, otel_exporter_otlp_protocol="http/protobuf")
        with libtracer.start_span("op"):
            pass
        libtracer.force_flush(30)
        libtracer.configure_tracing(endpoint={url + "/other/v1/traces"!r})
        with libtracer.start_span("op"):
            pass
        libtracer.force_flush(30)
        print(context.scope.project_name)
        """,
        PATRONUS_API_KEY="k3y",
    )
    assert out == "Global\n"
    assert dict(receiver.keys)["/v1/traces"] == "k3y"
    assert dict(receiver.keys)["/other/v1/traces"] is None


PANEL = """
    import sys
    import libtracer
    from libtracer.tracing import ContextTracing, generation_span
"""


def test_d1_a_trace_within_a_trace():
    out = run(
        PANEL
        + """
    with ContextTracing().trace("outer") as outer:
        with ContextTracing().trace("inner") as inner, generation_span():
            pass
        print([span.name for span in outer.get_spans()])
    """
    )
    assert out.index("Trace Summary of inner") < out.index("Trace Summary of outer")
    assert out.index("Total Spans: 2") < out.index("Total Spans: 3")
    assert "['generation', 'inner']" in out


@pytest.mark.parametrize("without", ["", "sys.modules['rich'] = None"])
def test_d2_with_and_without_rich(without):
    out = run(f"{PANEL}\n    {without}\n    with ContextTracing().trace('op'):\n        pass\n")
    assert "Trace Summary of op" in out
    assert "Total Spans: 1" in out


@pytest.mark.parametrize("option", ["sample_rate=0.0", "enabled=False"])
def test_d3_off_or_not_sampled(option):
    out = run(
        f"{PANEL}\n    libtracer.configure_tracing(exporter='none', {option})\n"
        "    with ContextTracing().trace('op') as current:\n        print(current.get_spans())\n"
    )
    assert out == "[]\n"


def test_d4_brackets_in_names():
    out = run(PANEL + "\n    with ContextTracing().trace('[red]op[/red]'):\n        pass\n")
    assert "Trace Summary of [red]op[/red]" in out


@pytest.mark.parametrize("mine", [True, False])
def test_d5_whoevers_provider(mine):
    program = (
        PANEL
        + """
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    if {mine}:
        trace.set_tracer_provider(TracerProvider())
    with ContextTracing().trace("op") as current:
        with trace.get_tracer("x").start_as_current_span("theirs"), libtracer.start_span("ours"):
            pass
        print([span.name for span in current.get_spans()])
    """
    )
    out = run(program.replace("{mine}", str(mine)))
    assert "['ours', 'theirs']" in out
    assert "Total Spans: 3" in out


def test_d6_tokens_of_others():
    out = run(
        PANEL
        + """
    import asyncio
    usage = {"prompt_tokens": 5, "completion_tokens": 20}
    llm = libtracer.LLM("openai", backend=lambda prompt: {"text": "", "usage": usage})
    with ContextTracing().trace("op"):
        asyncio.run(llm.generate("x"))
        with libtracer.start_span("chat") as span:
            span.set_attributes({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3})
    with ContextTracing().trace("thinking"), generation_span() as span:
        span.set_attributes({"model_name": "m", "thinking_tokens_used": 9})
    """,
        COLUMNS="120",
    )
    first, second = out.split("Trace Summary of thinking")
    rows = [line.replace("│", " ").split() for line in first.splitlines()]
    assert ["gpt-4o", "5", "20", "0"] in rows
    assert ["m", "3", "0", "0"] in rows
    assert "Thinking" not in first
    assert "Thinking Tokens" in second


def test_d7_thinking_tokens():
    out = run(
        PANEL
        + """
    with ContextTracing().trace("op"), generation_span() as span:
        span.set_attributes({"model_name": "m", "thinking_tokens_used": 0})
    """
    )
    assert "Thinking" not in out


def test_a4_sampling():
    out = run("""
        import libtracer
        from libtracer.testing import capture
        def trace(name):
            with libtracer.start_span(name), libtracer.start_span("child"):
                pass
        with capture() as captured:
            libtracer.configure_tracing(exporter="none", sample_rate=0.0)
            trace("dropped")
            libtracer.configure_tracing(exporter="none", sampler=lambda name, *_: name != "child")
            trace("kept")
        print([span.name for span in captured])
    """)
    assert out == "['kept']\n"


def test_a6_variables():
    program = """
        import libtracer
        {configure}
        with libtracer.testing.capture() as captured, libtracer.get_tracer().start_span("op"):
            pass
        found = captured[0].resource.attributes
        print(found["service.name"], found["service.version"], found["deployment.environment"])
    """
    variables = {
        "AI_INFRA_TRACING_ENABLED": "true",
        "AI_INFRA_TRACING_ENDPOINT": "http://127.0.0.1:9",
        "AI_INFRA_SERVICE_NAME": "svc",
        "AI_INFRA_SERVICE_VERSION": "1",
        "AI_INFRA_ENVIRONMENT": "test",
        "AI_INFRA_TRACING_SAMPLE_RATE": "1.0",
        "OTEL_SERVICE_NAME": "other",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "100",
    }
    assert run(program.format(configure=""), **variables) == "svc 1 test\n"
    said = 'libtracer.configure_tracing("argument")'
    assert run(program.format(configure=said), **variables) == "argument 1 test\n"


def test_a7_each_call_replaces(receiver):
    url = f"http://127.0.0.1:{receiver.server_port}"
    run(f"""
        import libtracer
        for name in ("first", "second"):
            libtracer.configure_tracing(endpoint=f"{url}/{{name}}/v1/traces")
            with libtracer.start_span(name):
                pass
        libtracer.force_flush(30)
    """)
    assert {path for path, _ in receiver.keys} == {"/first/v1/traces", "/second/v1/traces"}
    assert len(receiver.keys) == 2


def test_a8_metrics():
    out = run("""
        import asyncio
        import libtracer
        libtracer.configure_tracing(exporter="none", enable_metrics=True)
        answer = {"text": "", "usage": {"prompt_tokens": 5, "completion_tokens": 20}, "cost": 0.5}
        asyncio.run(libtracer.LLM("openai", backend=lambda prompt: answer).generate("x"))
        print(libtracer.metrics_text())
    """)
    for line in (
        'ai_llm_requests_total{model="gpt-4o",provider="openai"} 1',
        'ai_llm_tokens_total{model="gpt-4o",provider="openai",type="input"} 5',
        'ai_llm_cost_dollars{model="gpt-4o",provider="openai"} 0.5',
        'ai_llm_duration_seconds_count{model="gpt-4o",provider="openai"} 1',
    ):
        assert line in out.splitlines()


def test_a9_log_lines():
    out = run("""
        import logging
        import libtracer
        libtracer.configure_tracing(exporter="none")
        libtracer.configure_logging()
        logging.getLogger("x").info("outside")
        with libtracer.start_span("op") as span:
            logging.getLogger("x").info("inside")
        print(span.trace_id, span.span_id)
    """)
    *lines, ids = out.splitlines()
    outside, inside = map(json.loads, lines)
    assert "trace_id" not in outside
    assert f"{inside['trace_id']} {inside['span_id']}" == ids
