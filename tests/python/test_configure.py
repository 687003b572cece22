"""``configure_tracing``, and the context in headers."""

import asyncio

import libtracer
import pytest
from libtracer import ConfigError, testing
from libtracer import configure_tracing as configure
from opentelemetry import baggage, trace
from opentelemetry.trace import SpanContext
from program import run


@pytest.fixture(autouse=True)
def _as_before():
    yield
    configure("tests", exporter="none", propagators=None, enabled=True)


@pytest.fixture
def spans():
    with testing.capture() as captured:
        yield lambda: captured.spans


def attributes_of(span):
    return dict(span.resource.attributes)


def test_service_version_and_environment_are_in_the_resource(spans):
    configure("shop", service_version="1.2", environment="staging")
    libtracer.get_tracer().start_span("op").end()
    found = attributes_of(spans()[0])
    assert found["service.name"] == "shop"
    assert found["service.version"] == "1.2"
    assert found["deployment.environment.name"] == "staging"
    assert found["deployment.environment"] == "staging"
    assert found["telemetry.sdk.language"] == "python"


def test_arguments_win_over_the_environment(spans, monkeypatch):
    monkeypatch.setenv("AI_INFRA_SERVICE_NAME", "of ai-infra")
    monkeypatch.setenv("AI_INFRA_SERVICE_VERSION", "2")
    monkeypatch.setenv("AI_INFRA_ENVIRONMENT", "test")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "of otel")
    configure(service_version="3")
    libtracer.get_tracer().start_span("op").end()
    found = attributes_of(spans()[0])
    assert found["service.name"] == "of ai-infra"
    assert found["service.version"] == "3"
    assert found["deployment.environment"] == "test"


def test_the_share_of_traces_comes_from_the_environment_too(spans, monkeypatch):
    monkeypatch.setenv("AI_INFRA_TRACING_SAMPLE_RATE", "0")
    configure()
    libtracer.get_tracer().start_span("dropped").end()
    configure(sample_rate=1.0)
    libtracer.get_tracer().start_span("kept").end()
    assert [span.name for span in spans()] == ["kept"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("AI_INFRA_TRACING_SAMPLE_RATE", "much"), ("AI_INFRA_TRACING_ENABLED", "perhaps")],
)
def test_what_the_environment_says_wrongly_is_said_and_ignored(spans, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.warns(RuntimeWarning, match=f"{name} is '{value}'"):
        configure()
    libtracer.get_tracer().start_span("kept").end()
    assert len(spans()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exporter": "smoke"}, "smoke"),
        ({"sample_rate": 2.0}, "2"),
        ({"propagators": ["pigeon"]}, "'pigeon', which is not installed"),
        ({"sampler": 0.5}, "must be a function"),
        ({"langsmith": True}, "LangSmith takes OTLP"),
        ({"console": True, "exporter": "zipkin"}, "console and zipkin: give one"),
        ({"exporter": "zipkin", "endpoint": "nowhere"}, "nowhere"),
    ],
)
def test_an_option_that_cannot_be_used_changes_nothing(spans, options, message):
    configure("before")
    with pytest.raises(ConfigError, match=message):
        configure("after", **options)
    libtracer.get_tracer().start_span("op").end()
    assert attributes_of(spans()[0])["service.name"] == "before"


def test_a_function_samples_every_span(spans):
    asked = []

    def sampler(name, context, trace_id):
        asked.append((name, context, trace_id))
        return not name.startswith("noisy")

    tracer = configure(sampler=sampler)
    with tracer.start_span("root") as root:
        tracer.start_span("noisy child").end()
        libtracer.start_span("child").end()
    assert [span.name for span in spans()] == ["child", "root"]
    assert [name for name, _, _ in asked] == ["root", "noisy child", "child"]
    assert asked[0][1] is None
    assert isinstance(asked[1][1], SpanContext)
    assert asked[1][1].span_id == root.get_span_context().span_id
    assert {trace_id for _, _, trace_id in asked} == {root.trace_id}
    configure()
    tracer.start_span("noisy and kept").end()
    assert spans()[-1].name == "noisy and kept"


def test_switches_of_other_apis_name_exporters():
    out = run("""
        import libtracer
        libtracer.configure_tracing(console=True, verbose=True, langsmith=False)
        with libtracer.start_span("op"):
            pass
    """)
    assert "└─ op" in out


def test_the_tracer_has_the_names_of_another_api(spans):
    tracer = configure()

    async def work():
        async with tracer.aspan("inner", {"key": 1}):
            tracer.end_span(tracer.start_span("leaf"))

    with tracer.span("outer", attributes={"key": 2}) as outer:
        asyncio.run(work())
    tracer.span("below", parent=outer).end()
    found = {span.name: span for span in spans()}
    assert found["leaf"].parent_id == found["inner"].span_id
    assert found["inner"].parent_id == found["below"].parent_id == outer.span_id
    assert [found[name].attributes["key"] for name in ("inner", "outer")] == [1, 2]


def test_a_sampler_that_raises_keeps_the_span_and_is_told_once(spans, caplog):
    tracer = configure(sampler=lambda name, context, trace_id: 1 // 0)
    for _ in range(3):
        tracer.start_span("kept").end()
    assert len(spans()) == 3
    assert len(caplog.records) == 1


def test_disabled_spans_record_nothing_and_stand_for_their_parents(spans):
    headers = {}
    tracer = configure(enabled=False)
    with libtracer.start_span("off") as span, libtracer.with_span("off too"):
        span.set_attribute("a", 1)
        assert not span.is_recording()
        libtracer.inject_context(headers)
    assert headers == {}
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with tracer.start_span("off", context=libtracer.extract_context({"traceparent": parent})):
        libtracer.inject_context(headers)
    assert headers == {"traceparent": parent}
    assert spans() == []
    configure(enabled=True)
    libtracer.start_span("on").end()
    assert [span.name for span in spans()] == ["on"]


def test_a_context_travels_in_headers(spans):
    headers = {}
    with libtracer.start_span("client") as client:
        libtracer.inject_context(headers, baggage.set_baggage("user", "ada"))
    assert headers["traceparent"].split("-")[1:3] == [client.trace_id, client.span_id]
    context = libtracer.extract_context(headers)
    assert baggage.get_baggage("user", context) == "ada"
    with libtracer.get_tracer().start_span("server", context=context) as server:
        pass
    assert (server.trace_id, server.parent_id) == (client.trace_id, client.span_id)
    assert server.parent.is_remote


@pytest.mark.parametrize(
    "headers",
    [
        {"TraceParent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
        [(b"traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")],
        {"traceparent": ["00-" + "1" * 32 + "-" + "2" * 16 + "-01"]},
        [("x", 1, 2), ("traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"), None],
    ],
)
def test_headers_of_any_shape_are_read(headers):
    found = trace.get_current_span(libtracer.extract_context(headers)).get_span_context()
    assert found.span_id == int("2" * 16, 16)


@pytest.mark.parametrize("headers", [None, {}, [], {"traceparent": "00-zz"}, {"traceparent": None}])
def test_malformed_headers_give_an_empty_context(headers):
    assert libtracer.extract_context(headers) == {}


def test_two_traceparents_are_not_believed():
    one = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    context = libtracer.extract_context([("traceparent", one), ("traceparent", one)])
    assert not trace.get_current_span(context).get_span_context().is_valid


def test_propagators_by_name():
    headers = {}
    configure(propagators=["baggage"])
    with libtracer.start_span("client"):
        libtracer.inject_context(headers, baggage.set_baggage("user", "ada"))
    assert headers == {"baggage": "user=ada"}


def test_the_environment_alone_configures_at_the_first_use():
    program = """
        import libtracer
        from libtracer import testing
        with testing.capture() as captured:
            @libtracer.traced
            def work():
                with libtracer.start_span("inner"):
                    pass
            work()
        print([span.name for span in captured.spans])
        for span in captured.spans[:1]:
            print(span.resource.attributes["service.name"])
    """
    assert run(program) == "[]\n"
    on = {"AI_INFRA_TRACING_ENABLED": "yes", "AI_INFRA_SERVICE_NAME": "svc"}
    assert run(program, **on) == "['inner', 'work']\nsvc\n"
    endpoint = {"AI_INFRA_TRACING_ENDPOINT": "http://127.0.0.1:1"}
    assert run(program, OTEL_SERVICE_NAME="svc", **endpoint).startswith("['inner', 'work']")
    assert run(program, AI_INFRA_TRACING_ENABLED="off", **endpoint) == "[]\n"


def test_the_global_provider_becomes_ours_and_is_not_replaced():
    out = run("""
        import libtracer
        from opentelemetry import trace
        libtracer.configure_tracing()
        print(trace.get_tracer_provider() is libtracer.trace.default_provider())
    """)
    assert out == "True\n"
    out = run("""
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        mine = TracerProvider()
        trace.set_tracer_provider(mine)
        import libtracer
        libtracer.init()
        print(trace.get_tracer_provider() is mine)
    """)
    assert out == "True\n"


def test_a_provider_that_becomes_the_default_one_says_nothing():
    out = run("""
        import os
        os.dup2(1, 2)
        import libtracer
        libtracer.configure_tracing()
        provider = libtracer.trace.TracerProvider()
        provider.set_native_default()
        with libtracer.testing.capture() as captured, libtracer.start_span("op") as span:
            print(repr(span.instrumentation_scope.name), flush=True)
        print([each.instrumentation_scope.name for each in captured.spans])
    """)
    assert out == "''\n['']\n"
