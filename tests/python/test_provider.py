"""TracerProvider and Tracer: identity, arguments, and what a span's start and entering mean."""

import asyncio
import logging
from unittest.mock import Mock

import libtracer
import pytest
from libtracer.trace import TracerProvider
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from providers import both, recorded

REMOTE = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@both
def test_a_scope_has_one_tracer(make):
    provider = make(shutdown_on_exit=False)
    tracer = provider.get_tracer("a", "1", "https://schema", {"k": "v"})
    assert provider.get_tracer("a", "1", "https://schema", {"k": "v"}) is tracer
    others = [("b", "1"), ("a", "2"), ("a", "1", "https://other"), ("a", "1", None, {"k": "w"})]
    assert all(provider.get_tracer(*scope) is not tracer for scope in others)
    assert tracer._instrumentation_scope == InstrumentationScope(
        "a", "1", "https://schema", {"k": "v"}
    )
    assert (tracer.instrumentation_info.name, tracer.instrumentation_info.version) == ("a", "1")


@both
@pytest.mark.parametrize("name", ["", None])
def test_a_tracer_without_a_name_is_made_and_complained_about(make, name, caplog):
    with caplog.at_level(logging.ERROR):
        tracer = make(shutdown_on_exit=False).get_tracer(name)
    assert tracer._instrumentation_scope.name == ""
    assert "missing module name" in caplog.text


@both
def test_a_tracer_shows_what_its_provider_has(make):
    resource, limits = Resource({"service.name": "s"}), sdk.SpanLimits(max_events=3)
    provider = make(resource=resource, span_limits=limits, shutdown_on_exit=False)
    tracer = provider.get_tracer("a")
    assert provider.resource is tracer.resource is resource
    assert tracer._span_limits is limits
    assert tracer.sampler is provider.sampler
    assert tracer.id_generator is provider.id_generator
    assert tracer.span_processor is provider._active_span_processor
    other = Resource({"service.name": "t"})
    tracer.resource = other
    assert tracer.resource is other
    provider._resource = other
    assert provider.resource is other


def test_isinstance_holds_for_the_api_and_the_sdk():
    provider = TracerProvider()
    tracer = provider.get_tracer("a")
    assert isinstance(provider, trace.TracerProvider)
    assert isinstance(provider, sdk.TracerProvider)
    assert isinstance(tracer, trace.Tracer)
    assert isinstance(tracer, sdk.Tracer)
    with tracer.start_span("x") as span:
        assert isinstance(span, trace.Span)
        assert isinstance(span, sdk.Span)
        assert isinstance(span, sdk.ReadableSpan)


def test_a_class_of_its_own_may_derive_from_the_provider():
    class Own(TracerProvider):
        def get_tracer(self, *args, **kwargs):
            return super().get_tracer("own")

    provider = Own()
    assert isinstance(provider, Own)
    assert isinstance(provider, sdk.TracerProvider)
    assert type(provider) is Own
    assert provider.get_tracer("x")._instrumentation_scope.name == "own"


def test_the_class_of_a_tracer_has_its_methods():
    class Proxy:
        def __init__(self, wrapped):
            self.__wrapped__ = wrapped

    tracer, recorder = recorded(TracerProvider)
    for given in (tracer, Proxy(tracer)):
        tracer.__class__.start_span(given, "x", kind=SpanKind.CLIENT).end()
        with tracer.__class__.start_as_current_span(given, name="y"):
            pass
    assert [span.name for span in recorder.ended] == ["x", "y", "x", "y"]
    assert recorder.ended[0].kind is SpanKind.CLIENT


@both
def test_start_span_is_not_current_and_its_block_ends_it(make):
    tracer, recorder = recorded(make)
    with tracer.start_span("x") as span:
        assert trace.get_current_span() is trace.INVALID_SPAN
        assert span.is_recording()
    assert not span.is_recording()
    assert [span.name for span in recorder.ended] == ["x"]


@both
def test_start_as_current_span_is_current_within_its_block(make):
    tracer, recorder = recorded(make)
    with tracer.start_as_current_span("outer") as outer:
        assert trace.get_current_span() is outer
        with tracer.start_as_current_span("inner", end_on_exit=False) as inner:
            assert trace.get_current_span() is inner
        assert trace.get_current_span() is outer
        assert inner.is_recording()
        inner.end()
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert [span.name for span in recorder.ended] == ["inner", "outer"]
    ended = recorder.ended
    assert ended[0].parent.span_id == ended[1].context.span_id
    assert ended[0].context.trace_id == ended[1].context.trace_id
    assert ended[1].parent is None


@both
def test_start_as_current_span_decorates_each_call_anew(make):
    tracer, recorder = recorded(make)

    @tracer.start_as_current_span("sync")
    def sync(value):
        assert trace.get_current_span().name == "sync"
        return value

    @tracer.start_as_current_span("async", attributes={"k": 1})
    async def wait(value):
        await asyncio.sleep(0)
        assert trace.get_current_span().name == "async"
        return value

    assert [sync(1), sync(2)] == [1, 2]
    assert [asyncio.run(wait(3)), asyncio.run(wait(4))] == [3, 4]
    assert [span.name for span in recorder.ended] == ["sync", "sync", "async", "async"]
    assert len({span.context.span_id for span in recorder.ended}) == 4
    assert recorder.ended[3].attributes == {"k": 1}


@both
def test_a_decorator_made_before_a_processor_tells_it_of_calls_after(make):
    provider = make(shutdown_on_exit=False)
    tracer = provider.get_tracer("tests")

    @tracer.start_as_current_span("early")
    def early():
        pass

    _, recorder = recorded(make)
    provider.add_span_processor(recorder)
    early()
    assert [span.name for span in recorder.ended] == ["early"]


@both
def test_an_empty_context_makes_a_root(make):
    tracer, _ = recorded(make)
    with tracer.start_as_current_span("outer") as outer:
        root = tracer.start_span("root", context=otel_context.Context())
        child = tracer.start_span("child", context=trace.set_span_in_context(outer))
        plain = tracer.start_span("plain", {"a": 1})
    assert plain.parent is None
    assert not plain.attributes
    assert root.parent is None
    assert root.get_span_context().trace_id != outer.get_span_context().trace_id
    assert child.parent == outer.get_span_context()


@both
def test_a_span_of_another_library_is_a_parent(make):
    tracer, _ = recorded(make)
    parent = trace.set_span_in_context(NonRecordingSpan(REMOTE), otel_context.Context())
    given = tracer.start_span("given", parent)
    with trace.use_span(NonRecordingSpan(REMOTE)):
        current = tracer.start_span("current")
    for span in (given, current):
        assert span.parent == REMOTE
        assert span.parent.is_remote
        context = span.get_span_context()
        assert context.trace_id == REMOTE.trace_id
        assert not context.is_remote
        assert context.trace_flags.sampled


@both
def test_spans_of_two_providers_are_each_others_parents(make):
    ours, _ = recorded(TracerProvider)
    theirs, _ = recorded(make)
    with (
        ours.start_as_current_span("a") as a,
        theirs.start_as_current_span("b") as b,
        ours.start_as_current_span("c") as c,
    ):
        pass
    assert b.parent == a.get_span_context()
    assert c.parent == b.get_span_context()


@both
def test_an_invalid_parent_is_none(make):
    tracer, _ = recorded(make)
    context = trace.set_span_in_context(trace.INVALID_SPAN)
    span = tracer.start_span("x", context)
    assert span.parent is None
    assert span.get_span_context().is_valid


@both
def test_a_span_starts_with_what_it_is_given(make):
    tracer, _ = recorded(make)
    span = tracer.start_span(
        "x",
        kind=SpanKind.PRODUCER,
        attributes={"k": "v", "n": 1},
        links=[Link(REMOTE, {"l": True})],
        start_time=17,
    )
    assert span.kind is SpanKind.PRODUCER
    assert span.attributes == {"k": "v", "n": 1}
    assert [(link.context, dict(link.attributes)) for link in span.links] == [(REMOTE, {"l": True})]
    assert span.start_time == 17
    assert tracer.start_span("y", links=None).links == ()


@both
def test_limits_are_those_of_the_provider(make):
    limits = sdk.SpanLimits(
        max_span_attributes=1, max_events=2, max_links=1, max_span_attribute_length=3
    )
    tracer, recorder = recorded(make, span_limits=limits)
    with tracer.start_span("x", links=[Link(REMOTE), Link(REMOTE)]) as span:
        span.set_attribute("a", "abcdef")
        for name in "abc":
            span.add_event(name)
    (ended,) = recorder.ended
    assert ended.attributes == {"a": "abc"}
    assert [event.name for event in ended.events] == ["b", "c"]
    assert (ended.dropped_events, ended.dropped_links) == (1, 1)


@both
def test_a_disabled_sdk_makes_tracers_that_do_nothing(make, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", " True ")
    tracer = make(shutdown_on_exit=False).get_tracer("a")
    assert isinstance(tracer, trace.NoOpTracer)


@both
def test_a_disabled_tracer_stands_for_its_parent(make):
    def configurator(scope):
        return sdk._TracerConfig(is_enabled=scope.name != "off")

    provider = make(shutdown_on_exit=False, _tracer_configurator=configurator)
    on, off = provider.get_tracer("on"), provider.get_tracer("off")
    assert on._is_enabled()
    assert not off._is_enabled()
    assert not off.start_span("root").get_span_context().is_valid
    with on.start_as_current_span("on") as parent:
        with off.start_as_current_span("off") as span:
            assert trace.get_current_span() is span
            assert not span.is_recording()
            assert span.get_span_context() == parent.get_span_context()
            child = on.start_span("child")
        assert child.parent == parent.get_span_context()
    provider._set_tracer_configurator(
        tracer_configurator=lambda _: sdk._TracerConfig(is_enabled=True)
    )
    assert off.start_span("x").is_recording()


@both
def test_a_configurator_that_raises_leaves_tracers_enabled(make, caplog):
    def configurator(scope):
        raise ValueError(scope.name)

    tracer = make(shutdown_on_exit=False, _tracer_configurator=configurator).get_tracer("a")
    assert tracer.start_span("x").is_recording()
    assert caplog.records


def test_the_spans_of_a_provider_have_its_resource_and_scope(captured):
    provider = TracerProvider(resource=Resource({"service.name": "s", "n": 7}, "https://r"))
    with provider.get_tracer("a", "1", "https://s", {"k": "v"}).start_span("x"):
        pass
    (span,) = captured.spans
    assert dict(span.resource.attributes) == {"service.name": "s", "n": 7}
    assert span.resource.schema_url == "https://r"
    scope = span.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url) == ("a", "1", "https://s")
    assert dict(scope.attributes) == {"k": "v"}


def test_tracers_of_the_package_make_what_they_enter_current():
    with libtracer.get_tracer("own").start_span("x") as span:
        assert trace.get_current_span() is span
    assert isinstance(libtracer.get_tracer("own"), trace.Tracer)


@both
def test_odd_arguments_do_not_stop_the_program(make):
    tracer, recorder = recorded(make)
    tracer.start_span("x", start_time=1.5e18, record_exception=1).end()
    assert [span.name for span in recorder.ended] == ["x"]


@both
def test_a_provider_takes_what_is_not_quite_a_resource(make):
    tracer = make(Mock(), Mock(), shutdown_on_exit=False).get_tracer(Mock(), Mock())
    assert tracer._instrumentation_scope


@both
def test_spans_are_counted_where_the_environment_asks(make, monkeypatch):
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    reader = InMemoryMetricReader()
    meters = MeterProvider(metric_readers=[reader])
    provider = make(Alternating(), meter_provider=meters, shutdown_on_exit=False)
    tracer = provider.get_tracer("tests")

    def points():
        data = reader.get_metrics_data().resource_metrics[0].scope_metrics[0]
        return {
            (metric.name, *point.attributes.values()): point.value
            for metric in data.metrics
            if metric.name.startswith("otel.sdk.span.")
            for point in metric.data.data_points
        }

    started, live = "otel.sdk.span.started", "otel.sdk.span.live"
    with tracer.start_as_current_span("sampled"), tracer.start_as_current_span("dropped"):
        expected = {
            (started, "none", "RECORD_AND_SAMPLE"): 1,
            (started, "local", "DROP"): 1,
            (live, "RECORD_AND_SAMPLE"): 1,
        }
        assert points() == expected
    assert points() == {**expected, (live, "RECORD_AND_SAMPLE"): 0}
    meters.shutdown()


class Alternating(sampling.Sampler):
    def __init__(self):
        self.sample = False

    def should_sample(self, *args, **kwargs):
        self.sample = not self.sample
        decision = Decision.RECORD_AND_SAMPLE if self.sample else Decision.DROP
        return sampling.SamplingResult(decision)

    def get_description(self):
        return "Alternating"
