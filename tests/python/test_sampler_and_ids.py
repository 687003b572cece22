"""Samplers and id generators: the SDK's own, which become native, and the program's, asked."""

import ctypes
import logging

import libtracer
import pytest
from libtracer.trace import TracerProvider
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, SamplingResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
)
from providers import both, recorded

ON, OFF = sampling.ALWAYS_ON, sampling.ALWAYS_OFF
BUILT_IN = [
    ON,
    OFF,
    sampling.DEFAULT_ON,
    sampling.DEFAULT_OFF,
    sampling.TraceIdRatioBased(0.5),
    sampling.ParentBased(sampling.TraceIdRatioBased(0.5)),
    sampling.ParentBasedTraceIdRatio(0.25),
    sampling.ParentBased(ON, remote_parent_not_sampled=ON),
    sampling.ParentBased(OFF, local_parent_sampled=OFF),
    sampling.StaticSampler(Decision.RECORD_ONLY),
    sampling.AlwaysRecordSampler(OFF),
]
NATIVE = BUILT_IN[:7]


class Asked(sampling.Sampler):
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, decision=Decision.RECORD_AND_SAMPLE, attributes=None, trace_state=None):
        self.answer = SamplingResult(decision, attributes, trace_state)
        self.asked = []

    def should_sample(  # noqa: PLR0917, the SDK's signature
        self, parent_context, trace_id, name, kind=None, attributes=None, links=None,
        trace_state=None,
    ):  # fmt: skip
        self.asked.append((parent_context, trace_id, name, kind, attributes, links))
        return self.answer

    def get_description(self):
        return "Asked"


class Counting(IdGenerator):
    def __init__(self):
        self.last = 0

    def generate_span_id(self):
        self.last += 1
        return self.last

    def generate_trace_id(self):
        self.last += 1
        return self.last << 64 | self.last << 56


def parents():
    yield Context()
    for flags in (0, 1, 3):
        for remote in (False, True):
            parent = SpanContext(
                0x1234 << 64 | 77, 0xDEF, remote, TraceFlags(flags), TraceState([("k", "v")])
            )
            yield trace.set_span_in_context(NonRecordingSpan(parent), Context())


@both
@pytest.mark.parametrize("sampler", BUILT_IN, ids=lambda sampler: sampler.get_description())
def test_built_in_samplers_decide_alike(make, sampler):
    class Ids(RandomIdGenerator):
        """The same trace ids for both providers."""

        def generate_trace_id(self):
            return next(self.ids)

        ids = iter(range(2**40, 2**64, 2**58))

    tracer, _ = recorded(make, sampler=sampler, id_generator=Ids())
    for context in parents():
        for _ in range(1 if trace.get_current_span(context).get_span_context().is_valid else 8):
            span = tracer.start_span("x", context)
            got = span.get_span_context()
            expected = sampler.should_sample(context, got.trace_id, "x")
            assert span.is_recording() is expected.decision.is_recording()
            assert got.trace_flags.sampled is expected.decision.is_sampled()
            assert got.trace_state == (expected.trace_state or TraceState())
            span.end()


@pytest.mark.parametrize("sampler", NATIVE, ids=lambda sampler: sampler.get_description())
def test_the_usual_samplers_are_native(sampler, monkeypatch):
    tracer = TracerProvider(sampler, shutdown_on_exit=False).get_tracer("tests")
    monkeypatch.setattr(type(sampler), "should_sample", None)
    for context in parents():
        tracer.start_span("x", context).end()


@pytest.mark.parametrize("name", ["always_on", "always_off", "parentbased_traceidratio", "odd"])
@both
def test_the_environment_names_the_sampler(make, name, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    provider = make(shutdown_on_exit=False)
    span = provider.get_tracer("tests").start_span("x")
    assert span.is_recording() is (name in {"always_on", "odd"})
    assert provider.sampler.get_description()


@both
def test_a_sampler_is_asked_with_what_the_program_said(make):
    sampler = Asked()
    tracer, _ = recorded(make, sampler=sampler)
    links = [Link(SpanContext(1, 2, is_remote=True))]
    attributes = {"a": 1}
    with tracer.start_as_current_span(
        "outer", kind=SpanKind.SERVER, attributes=attributes, links=links
    ) as outer:
        context = trace.set_span_in_context(outer, Context())
        tracer.start_span("inner", context)
        tracer.start_span("current")
    first, inner, current = sampler.asked
    trace_id = outer.get_span_context().trace_id
    assert first == (None, trace_id, "outer", SpanKind.SERVER, attributes, links)
    assert inner == (context, trace_id, "inner", SpanKind.INTERNAL, None, ())
    assert current == (None, trace_id, "current", SpanKind.INTERNAL, None, ())


@both
def test_the_sampler_has_the_last_word_on_attributes_and_trace_state(make):
    state = TraceState([("sampler", "1")])
    sampler = Asked(attributes={"from": "sampler"}, trace_state=state)
    tracer, recorder = recorded(make, sampler=sampler)
    parent = SpanContext(1, 2, is_remote=True, trace_state=TraceState([("parent", "1")]))
    context = trace.set_span_in_context(NonRecordingSpan(parent))
    with tracer.start_span("x", context, attributes={"from": "program"}) as span:
        assert span.get_span_context().trace_state == state
    (ended,) = recorder.ended
    assert ended.attributes == {"from": "sampler"}
    assert ended.context.trace_state == state
    assert ended.parent.trace_state == parent.trace_state
    sampler.answer = SamplingResult(Decision.RECORD_AND_SAMPLE)
    span = tracer.start_span("y", context, attributes={"from": "program"})
    assert span.get_span_context().trace_state == TraceState()
    assert not span.attributes


@both
def test_a_dropped_span_does_not_record_and_has_a_context_of_its_own(make):
    state = TraceState([("dropped", "1")])
    tracer, recorder = recorded(make, sampler=Asked(Decision.DROP, trace_state=state))
    with tracer.start_as_current_span("x") as span:
        assert trace.get_current_span() is span
        assert not span.is_recording()
        span.set_attribute("a", 1)
        context = span.get_span_context()
        child = tracer.start_span("child")
    assert context.is_valid
    assert not context.trace_flags.sampled
    assert context.trace_state == state
    assert child.get_span_context().trace_id == context.trace_id
    assert child.get_span_context().span_id != context.span_id
    assert isinstance(span, NonRecordingSpan)
    assert not recorder.calls


@both
def test_a_dropped_span_of_a_native_sampler_looks_the_same(make):
    tracer, recorder = recorded(make, sampler=OFF)
    with tracer.start_span("x") as span:
        assert not span.is_recording()
    assert span.get_span_context().is_valid
    assert isinstance(span, NonRecordingSpan)
    assert not recorder.calls


@both
def test_processors_hear_of_spans_that_are_only_recorded(make):
    tracer, recorder = recorded(make, sampler=Asked(Decision.RECORD_ONLY, {"a": 1}))
    with tracer.start_span("x") as span:
        assert span.is_recording()
        assert not span.get_span_context().trace_flags.sampled
        span.set_attribute("b", 2)
    (ended,) = recorder.ended
    assert ended.attributes == {"a": 1, "b": 2}
    assert not ended.context.trace_flags.sampled


@both
def test_ids_are_those_of_the_generator(make):
    tracer, recorder = recorded(make, id_generator=Counting())
    with tracer.start_as_current_span("outer") as outer:
        tracer.start_span("inner").end()
    inner, outer = (span.context for span in recorder.ended)
    assert (outer.trace_id, outer.span_id) == (1 << 64 | 1 << 56, 2)
    assert (inner.trace_id, inner.span_id) == (outer.trace_id, 3)
    assert not outer.trace_flags.random_trace_id
    assert not inner.trace_flags.random_trace_id


@both
def test_random_ids_say_so(make):
    class Random(Counting):
        def is_trace_id_random(self):
            return True

    for options in ({"id_generator": Random()}, {}):
        tracer, _ = recorded(make, **options)
        with tracer.start_as_current_span("outer") as outer:
            inner = tracer.start_span("inner")
        assert outer.get_span_context().trace_flags.random_trace_id
        assert inner.get_span_context().trace_flags.random_trace_id


def test_a_change_of_sampler_or_ids_is_heard_by_tracers_handed_out():
    tracer, recorder = recorded(TracerProvider)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    tracer = provider.get_tracer("tests")
    provider.sampler = OFF
    assert tracer.sampler is OFF
    assert not tracer.start_span("off").is_recording()
    provider.sampler = sampling.DEFAULT_ON
    provider.id_generator = Counting()
    assert tracer.start_span("on").get_span_context().span_id == 2


def test_what_a_sampler_raises_is_said_once_and_the_span_goes_on(caplog):
    class Broken(Asked):
        def should_sample(self, *args, **kwargs):
            raise ValueError("no")

    tracer, recorder = recorded(TracerProvider, sampler=Broken())
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            tracer.start_span("x", attributes={"a": 1}).end()
    assert [dict(span.attributes) for span in recorder.ended] == [{"a": 1}] * 3
    assert [record.getMessage().split(" of ")[0] for record in caplog.records] == ["should_sample"]


def test_an_interrupt_in_a_sampler_reaches_the_program():
    class Interrupted(Asked):
        def should_sample(self, *arguments, **named):
            raise KeyboardInterrupt

    tracer = TracerProvider(sampler=Interrupted(), shutdown_on_exit=False).get_tracer("tests")
    with pytest.raises(KeyboardInterrupt):
        tracer.start_span("x").end()


@pytest.mark.parametrize("answer", ["not an id", 0, -1, 1 << 200, ValueError("no")])
def test_an_id_generator_that_fails_is_done_without(answer, caplog):
    class Broken(IdGenerator):
        def generate(self):
            if isinstance(answer, Exception):
                raise answer
            return answer

        generate_span_id = generate_trace_id = generate

    tracer, _ = recorded(TracerProvider, id_generator=Broken())
    assert tracer.start_span("x").get_span_context().is_valid
    tracer, _ = recorded(TracerProvider, id_generator=Broken(), sampler=Asked(Decision.DROP))
    dropped = tracer.start_span("x")
    assert not dropped.is_recording()
    assert dropped.get_span_context().is_valid


def test_a_sampler_sees_a_parent_in_native_code():
    library = ctypes.CDLL(libtracer.get_library())
    library.tracer_span_begin.argtypes = [ctypes.c_char_p]
    library.tracer_span_begin.restype = NativeSpan
    library.tracer_span_finish.argtypes = [NativeSpan]
    sampler = Asked()
    tracer, _ = recorded(TracerProvider, sampler=sampler)
    with tracer.start_as_current_span("outer"):
        native = library.tracer_span_begin(b"native")
        try:
            inner = tracer.start_span("inner")
        finally:
            library.tracer_span_finish(native)
    seen = trace.get_current_span(sampler.asked[1][0]).get_span_context()
    assert seen == inner.parent
    assert seen.trace_id == inner.get_span_context().trace_id == sampler.asked[1][1]
    assert seen.span_id != sampler.asked[0][1]


class NativeSpan(ctypes.Structure):
    """``tracer_span``"""

    _fields_ = (("slot", ctypes.c_uint64), ("generation", ctypes.c_uint64))


def test_a_sampler_that_makes_spans_does_not_go_round_in_circles():
    class Making(Asked):
        def should_sample(self, *args, **kwargs):
            if not self.asked:
                self.asked.append(None)
                with tracer.start_as_current_span("within"):
                    pass
            return self.answer

    tracer, recorder = recorded(TracerProvider, sampler=Making())
    with tracer.start_as_current_span("outer") as outer:
        pass
    assert [span.name for span in recorder.ended] == ["within", "outer"]
    assert outer.parent is None
