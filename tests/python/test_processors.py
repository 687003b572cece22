"""Span processors written in Python: what they are told, when, and what they may do."""

import logging
import threading
from types import MappingProxyType

import libtracer
import pytest
from libtracer.trace import TracerProvider, default_provider
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from providers import Recorder, both, recorded


@both
def test_processors_are_told_in_order_and_at_once(make):
    calls = []

    class Noting(sdk.SpanProcessor):
        def __init__(self, name):
            self.name = name

        def on_start(self, span, parent_context=None):
            calls.append((self.name, "start", span.name))

        def _on_ending(self, span):
            calls.append((self.name, "ending", span.name))

        def on_end(self, span):
            calls.append((self.name, "end", span.name))

    provider = make(shutdown_on_exit=False)
    tracer = provider.get_tracer("tests")
    for name in "ab":
        provider.add_span_processor(Noting(name))
    with tracer.start_as_current_span("outer"):
        tracer.start_span("inner").end()
    expected = [("start", "outer"), ("start", "inner"), ("ending", "inner"), ("end", "inner")]
    expected += [("ending", "outer"), ("end", "outer")]
    assert calls == [(name, *call) for call in expected for name in "ab"]


@both
def test_on_start_gets_the_span_and_the_context_that_was_given(make):
    seen = []

    class Seeing(sdk.SpanProcessor):
        def on_start(self, span, parent_context=None):
            span.set_attribute("by", "processor")
            seen.append((span, parent_context, dict(span.attributes), span.parent))

    provider = make(shutdown_on_exit=False)
    provider.add_span_processor(Seeing())
    tracer = provider.get_tracer("tests")
    context = otel_context.set_value("k", 1)
    given = tracer.start_span("x", context, attributes={"a": 1})
    with tracer.start_as_current_span("y") as current:
        pass
    assert seen[0][0] is given
    assert seen[0][1] is context
    assert seen[0][2] == {"a": 1, "by": "processor"}
    assert seen[1][0] is current
    assert seen[1][1] is None


@both
def test_on_end_gets_a_readable_span(make):
    tracer, recorder = recorded(make)
    with tracer.start_span("x", attributes={"a": 1}) as span:
        span.set_attribute("b", (1, 2))
        span.add_event("e", {"c": True})
        span.set_status(trace.StatusCode.ERROR, "why")
    (ended,) = recorder.ended
    assert type(ended) is sdk.ReadableSpan
    assert ended is not span
    assert ended.attributes == {"a": 1, "b": (1, 2)}
    assert isinstance(ended.attributes, MappingProxyType)
    assert [(event.name, dict(event.attributes)) for event in ended.events] == [("e", {"c": True})]
    assert (ended.status.status_code, ended.status.description) == (trace.StatusCode.ERROR, "why")
    assert ended.context == span.get_span_context()
    assert ended.start_time <= ended.end_time
    assert ended.resource is tracer.resource
    assert ended.instrumentation_scope is tracer._instrumentation_scope


@both
def test_the_end_is_the_time_that_was_given(make):
    tracer, recorder = recorded(make)
    tracer.start_span("x", start_time=10).end(20)
    (ended,) = recorder.ended
    assert (ended.start_time, ended.end_time) == (10, 20)


@both
def test_a_span_that_is_ending_shows_its_end(make):
    class Ending(sdk.SpanProcessor):
        def _on_ending(self, span):
            times.append((span.end_time, span.is_recording()))
            span.end(5)  # changes nothing

    times = []
    tracer, recorder = recorded(make)
    tracer.span_processor.add_span_processor(Ending())
    tracer.start_span("x").end()
    (ended,) = recorder.ended
    assert times == [(ended.end_time, False)]


@both
def test_a_span_ends_once(make):
    tracer, recorder = recorded(make)
    span = tracer.start_span("x")
    span.end()
    span.end()
    assert [call[0] for call in recorder.calls] == ["start", "ending", "end"]


@both
@pytest.mark.parametrize("sampler", [sampling.ALWAYS_ON, sampling.ALWAYS_OFF])
def test_a_processor_that_comes_later_hears_of_the_end(make, sampler):
    provider = make(sampler, shutdown_on_exit=False)
    recorder = Recorder()
    with provider.get_tracer("tests").start_as_current_span("x"):
        provider.add_span_processor(recorder)
    ends = [("ending", "x"), ("end", "x")]
    assert recorder.calls == (ends if sampler is sampling.ALWAYS_ON else [])


@both
@pytest.mark.parametrize("multi", ["SynchronousMultiSpanProcessor", "ConcurrentMultiSpanProcessor"])
def test_the_active_processor_is_the_one_that_was_given(make, multi):
    active = getattr(sdk, multi)()
    provider = make(active_span_processor=active, shutdown_on_exit=False)
    tracer = provider.get_tracer("tests")
    assert provider._active_span_processor is active
    assert tracer.span_processor is active
    recorders = [Recorder(), Recorder()]
    provider.add_span_processor(recorders[0])
    active.add_span_processor(recorders[1])
    assert active._span_processors == tuple(recorders)
    with tracer.start_span("x"):
        pass
    assert provider.force_flush(1000)
    provider.shutdown()
    for recorder in recorders:
        assert [call[0] for call in recorder.calls] == [
            "start", "ending", "end", "flush", "shutdown",
        ]  # fmt: skip


@both
def test_the_processors_show_and_can_be_taken_away(make):
    tracer, recorder = recorded(make)
    assert tracer.span_processor._span_processors == (recorder,)
    tracer.span_processor._span_processors = ()
    tracer.start_span("x").end()
    assert not recorder.calls


@both
def test_spans_of_all_threads_are_told(make):
    tracer, recorder = recorded(make)

    def work():
        for _ in range(50):
            with tracer.start_as_current_span("x"):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({span.context.span_id for span in recorder.ended}) == 200


@both
def test_the_sdk_exports_what_the_provider_records(make):
    provider = make(shutdown_on_exit=False)
    simple, batch = InMemorySpanExporter(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(simple))
    provider.add_span_processor(BatchSpanProcessor(batch))
    with provider.get_tracer("tests").start_as_current_span("x"):
        pass
    assert [span.name for span in simple.get_finished_spans()] == ["x"]
    assert provider.force_flush()
    assert [span.name for span in batch.get_finished_spans()] == ["x"]
    assert '"name": "x"' in batch.get_finished_spans()[0].to_json()
    provider.shutdown()


@both
def test_a_flush_that_fails_says_so(make):
    class Failing(sdk.SpanProcessor):
        def force_flush(self, timeout_millis=30000):
            return False

    provider = make(shutdown_on_exit=False)
    assert provider.force_flush()
    provider.add_span_processor(Failing())
    assert provider.force_flush() is False


@both
def test_a_flush_without_time_asks_nobody(make):
    _, recorder = recorded(make)
    provider = make(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    assert provider.force_flush(0) is False
    assert not recorder.calls


def test_what_a_processor_raises_is_said_once_and_harms_nothing(caplog):
    class Broken(sdk.SpanProcessor):
        def on_start(self, span, parent_context=None):
            raise ValueError("start")

        def _on_ending(self, span):
            raise ValueError("ending")

        def on_end(self, span):
            raise ValueError("end")

        def force_flush(self, timeout_millis=30000):
            raise ValueError("flush")

        def shutdown(self):
            raise ValueError("shutdown")

    provider = TracerProvider(shutdown_on_exit=False)
    recorder = Recorder()
    provider.add_span_processor(Broken())
    provider.add_span_processor(recorder)
    tracer = provider.get_tracer("tests")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(KeyError, match="program"), tracer.start_as_current_span("x"):
                raise KeyError("program")
        assert provider.force_flush() is False
        provider.shutdown()
    assert [span.name for span in recorder.ended] == ["x"] * 3
    assert recorder.calls[-1] == ("shutdown",)
    told = [record.getMessage().split(" of ")[0] for record in caplog.records]
    assert told == ["on_start", "_on_ending", "on_end", "force_flush", "shutdown"]


def test_a_processor_of_an_older_shape_is_enough(caplog):
    names = []

    class Old:
        def on_start(self, span, parent_context=None):
            names.append(span.name)

        def on_end(self, span):
            names.append(span.name)

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Old())
    provider.get_tracer("tests").start_span("x").end()
    assert names == ["x", "x"]
    assert not caplog.records


def test_an_interrupt_in_a_processor_reaches_the_program():
    class Interrupted(sdk.SpanProcessor):
        def on_end(self, span):
            raise KeyboardInterrupt

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        provider.get_tracer("tests").start_span("x").end()


@both
def test_a_processor_may_make_spans_of_another_provider(make):
    other, inner = recorded(make)

    class Making(sdk.SpanProcessor):
        def on_end(self, span):
            with other.start_as_current_span(f"about {span.name}"):
                pass

    provider = make(shutdown_on_exit=False)
    provider.add_span_processor(Making())
    with provider.get_tracer("tests").start_as_current_span("x"):
        pass
    assert [span.name for span in inner.ended] == ["about x"]


@both
def test_an_exporter_that_fails_does_not_reach_the_program(make, caplog):
    class Failing(SpanExporter):
        def export(self, spans):
            raise ValueError("no")

    class Refusing(SpanExporter):
        def export(self, spans):
            return SpanExportResult.FAILURE

    provider = make(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Failing()))
    provider.add_span_processor(SimpleSpanProcessor(Refusing()))
    provider.get_tracer("tests").start_span("x").end()
    assert caplog.records


def test_processors_of_the_default_provider_hear_of_spans_without_a_provider():
    provider = default_provider()
    assert default_provider() is provider
    recorder = Recorder()
    early = libtracer.get_tracer("early")
    provider.add_span_processor(recorder)
    try:
        with libtracer.start_span("module"):
            pass
        with early.start_span("early"), libtracer.get_tracer("late", "1").start_span("late"):
            pass
        libtracer.traced("traced")(lambda: None)()
        assert libtracer.force_flush(10)
        assert recorder.calls.pop() == ("flush", True)
    finally:
        provider._active_span_processor._span_processors = ()
    with libtracer.start_span("after"):
        pass
    names = [span.name for span in recorder.ended]
    assert names == ["module", "late", "early", "traced"]
    scopes = [span.instrumentation_scope.name for span in recorder.ended]
    assert scopes[1:3] == ["late", "early"]
    assert recorder.ended[0].resource.attributes["service.name"] == "tests"
