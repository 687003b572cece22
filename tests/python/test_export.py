"""Native exporters and processors: what they take, what they refuse, where spans go."""

import json
import re

import libtracer
import pytest
from libtracer.trace import TracerProvider
from libtracer.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    JaegerExporter,
    OTLPFileExporter,
    OTLPSpanExporter,
    SimpleSpanProcessor,
    ZipkinExporter,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from program import run
from receivers.base import wait_until


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No variable of the machine says anything."""
    for name in ("ENDPOINT", "HEADERS", "PROTOCOL", "TRACES_ENDPOINT", "COMPRESSION"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    return monkeypatch


def exported(*processors, names=("one", "two")):
    """Ends spans on a provider with these processors, and flushes it."""
    provider = TracerProvider()
    for processor in processors:
        provider.add_span_processor(processor)
    tracer = provider.get_tracer("exported")
    for name in names:
        tracer.start_span(name).end()
    assert provider.force_flush()
    provider.shutdown()


def names_in(body):
    request = ExportTraceServiceRequest.FromString(body)
    return [
        span.name
        for each in request.resource_spans
        for scope in each.scope_spans
        for span in scope.spans
    ]


def test_otlp_goes_where_the_options_say(server):
    exporter = OTLPSpanExporter(
        server.url, headers={"x-api-key": "secret"}, compression="gzip", timeout=5.0
    )
    exported(BatchSpanProcessor(exporter))
    ((path, headers, body),) = server.requests
    assert path == "/v1/traces"
    assert headers["x-api-key"] == "secret"
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Type"] == "application/x-protobuf"
    assert names_in(body) == ["one", "two"]


def test_json_is_otlp_too(server):
    exported(BatchSpanProcessor(OTLPSpanExporter(f"{server.url}/here", protocol="http/json")))
    ((path, headers, body),) = server.requests
    assert (path, headers["Content-Type"]) == ("/here", "application/json")
    spans = json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans] == ["one", "two"]


def test_what_is_not_given_comes_from_the_environment(server, environment):
    environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    environment.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a")
    environment.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    exported(BatchSpanProcessor(OTLPSpanExporter()))
    assert [headers["x-tenant"] for _, headers, _ in server.requests] == ["a", "a"]
    server.requests.clear()
    # A size that is given leaves the others to the environment.
    exported(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=100))
    assert len(server.requests) == 2
    server.requests.clear()
    exported(BatchSpanProcessor(OTLPSpanExporter(), max_export_batch_size=10))
    assert len(server.requests) == 1


def test_the_schedule_is_the_processors(server):
    processor = BatchSpanProcessor(OTLPSpanExporter(server.url), schedule_delay_millis=50)
    provider = TracerProvider()
    provider.add_span_processor(processor)
    provider.get_tracer("scheduled").start_span("unasked").end()
    assert wait_until(lambda: server.requests, bool)  # nobody has flushed


def test_simple_exports_each_span_by_itself(server):
    processor = SimpleSpanProcessor(OTLPSpanExporter(server.url))
    exported(processor, names=["one", "two", "three"])
    assert sorted(names_in(body) for _, _, body in server.requests) == [["one"], ["three"], ["two"]]


def test_zipkin_and_jaeger_and_a_file(server, tmp_path):
    file = tmp_path / "spans.jsonl"
    exported(
        BatchSpanProcessor(ZipkinExporter(server.url)),
        BatchSpanProcessor(JaegerExporter(f"{server.url}/api/traces")),
        BatchSpanProcessor(OTLPFileExporter(file)),
    )
    bodies = {path: body for path, _, body in server.requests}
    assert set(bodies) == {"/api/v2/spans", "/api/traces"}
    assert [span["name"] for span in json.loads(bodies["/api/v2/spans"])] == ["one", "two"]
    spans = json.loads(file.read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans] == ["one", "two"]


def test_the_console_prints_trees():
    printed = run("""
        from libtracer.trace import TracerProvider
        from libtracer.trace.export import BatchSpanProcessor, ConsoleSpanExporter

        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
        with provider.get_tracer("shop").start_as_current_span("order"):
            pass
        """)
    assert "order" in printed


def test_spans_go_to_every_processor_added_so_far(server):
    provider = TracerProvider()
    tracer = provider.get_tracer("growing")
    tracer.start_span("nowhere").end()
    first = BatchSpanProcessor(OTLPSpanExporter(f"{server.url}/first"))
    provider.add_span_processor(first)
    tracer.start_span("one").end()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{server.url}/second")))
    tracer.start_span("two").end()
    assert first.force_flush()
    arrived = {}
    for path, _, body in server.requests:
        arrived.setdefault(path, []).extend(names_in(body))
    assert arrived == {"/first": ["one", "two"], "/second": ["two"]}
    provider.shutdown()


def test_the_default_provider_takes_exporters_too(server):
    printed = run(
        """
        import os

        import libtracer
        from libtracer.trace import default_provider
        from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter

        processor = BatchSpanProcessor(OTLPSpanExporter(os.environ["URL"]))
        try:
            default_provider().add_span_processor(processor)
        except libtracer.ConfigError as error:
            print(error)
        libtracer.init(service="shop").tracer_provider.add_span_processor(processor)
        with libtracer.start_span("ours"), default_provider().get_tracer("a").start_span("theirs"):
            pass
        """,
        URL=server.url,
    )
    assert "no default provider" in printed
    assert [names_in(body) for _, _, body in server.requests] == [["theirs", "ours"]]


def test_shutdown_exports_what_is_finished(server):
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(server.url)))
    provider.get_tracer("ending").start_span("last").end()
    provider.shutdown()
    assert [names_in(body) for _, _, body in server.requests] == [["last"]]


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: OTLPSpanExporter("localhost:4317"), 'endpoint "localhost:4317"'),
        (lambda: OTLPSpanExporter("http://host:99999"), "endpoint"),
        (lambda: OTLPSpanExporter(b"http://host"), "endpoint"),
        (lambda: OTLPSpanExporter(protocol="thrift"), 'protocol "thrift"'),
        (lambda: OTLPSpanExporter(compression="br"), 'compression "br"'),
        (lambda: OTLPSpanExporter(compression=2), "compression"),
        (lambda: OTLPSpanExporter(timeout=0), "timeout is 0"),
        (lambda: OTLPSpanExporter(timeout="10"), "timeout is '10'"),
        (lambda: OTLPSpanExporter(timeout=True), "timeout is True"),
        (lambda: OTLPSpanExporter(timeout=float("nan")), "timeout is nan"),
        (lambda: OTLPSpanExporter(headers={"a b": "c"}), 'header name "a b"'),
        (lambda: OTLPSpanExporter(headers={"a": 1}), "headers"),
        (lambda: OTLPSpanExporter(headers="a=b"), "headers"),
        (lambda: OTLPSpanExporter(headers=[("a",)]), "headers"),
        (lambda: OTLPSpanExporter(client_key_file="key"), "client_certificate_file"),
        (lambda: OTLPSpanExporter(client_certificate_file="pem"), "client_key_file"),
        (lambda: OTLPSpanExporter(certificate_file=7), "certificate_file is 7"),
        (lambda: ZipkinExporter("ftp://zipkin"), "zipkin endpoint"),
        (lambda: JaegerExporter("jaeger"), "jaeger endpoint"),
        (lambda: OTLPFileExporter(""), "path"),
        (lambda: OTLPFileExporter("a\0b"), "path"),
        (lambda: BatchSpanProcessor(ConsoleSpanExporter(), 0), "max_queue_size is 0"),
        (lambda: BatchSpanProcessor(ConsoleSpanExporter(), 1.5), "max_queue_size is 1.5"),
        (
            lambda: BatchSpanProcessor(ConsoleSpanExporter(), None, -1),
            "schedule_delay_millis is -1",
        ),
        (
            lambda: BatchSpanProcessor(ConsoleSpanExporter(), 5, max_export_batch_size=6),
            "max_export_batch_size is 6",
        ),
        (
            lambda: BatchSpanProcessor(ConsoleSpanExporter(), export_timeout_millis=0),
            "export_timeout_millis is 0",
        ),
    ],
)
def test_a_bad_option_is_named(make, named):
    with pytest.raises(libtracer.ConfigError, match=re.escape(named)):
        make()


def test_a_file_that_is_not_there_is_named_when_it_is_needed(tmp_path):
    missing = tmp_path / "missing.pem"
    exporter = OTLPSpanExporter("https://host:4318", certificate_file=missing)
    with pytest.raises(libtracer.ConfigError, match=r"missing\.pem"):
        TracerProvider().add_span_processor(BatchSpanProcessor(exporter))


def test_secrets_are_not_shown():
    exporter = OTLPSpanExporter("http://ada:lovelace@host:4318", headers={"x-api-key": "secret"})
    shown = repr(BatchSpanProcessor(exporter))
    assert shown == "BatchSpanProcessor(OTLPSpanExporter(endpoint='http://***@host:4318'))"
    with pytest.raises(libtracer.ConfigError) as caught:
        OTLPSpanExporter(headers={"x-api-key": "sec\nret"})
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize("processor", [BatchSpanProcessor, SimpleSpanProcessor])
def test_a_python_exporter_belongs_into_the_sdks_processor(processor):
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    with pytest.raises(TypeError) as caught:
        processor(InMemorySpanExporter())
    assert "InMemorySpanExporter" in str(caught.value)
    assert f"opentelemetry.sdk.trace.export.{processor.__name__}" in str(caught.value)


def test_a_native_exporter_belongs_into_our_processor():
    with pytest.raises(TypeError, match=r"libtracer\.trace\.export\.BatchSpanProcessor"):
        OTLPSpanExporter("http://host:4318").export([])
