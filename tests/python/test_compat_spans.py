"""What suites of instrumentations rely on: identities, flags, and classes put in others' places."""

import threading

import libtracer.trace
import pytest
from opentelemetry import trace
from opentelemetry.propagate import inject
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from program import run
from providers import both, recorded


@both
def test_exported_spans_share_their_contexts(make):
    provider, exporter = make(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("t")

    def work(parent):
        context = trace.set_span_in_context(parent)
        with tracer.start_as_current_span("inner", context), tracer.start_as_current_span("leaf"):
            pass

    with tracer.start_as_current_span("root") as root:
        thread = threading.Thread(target=work, args=(root,))
        thread.start()
        thread.join()
    leaf, inner, root = exporter.get_finished_spans()
    assert leaf.parent is inner.get_span_context()
    assert inner.parent is root.get_span_context()
    assert root.parent is None


@both
def test_a_parent_that_ended_first_is_still_the_same_object(make):
    tracer, recorder = recorded(make)
    parent = tracer.start_span("parent")
    child = tracer.start_span("child", trace.set_span_in_context(parent))
    parent.end()
    child.end()
    ended_parent, ended_child = recorder.ended
    assert ended_child.parent is ended_parent.context


def test_random_ids_are_marked_as_such():
    tracer, _ = recorded(libtracer.trace.TracerProvider)
    carrier = {}
    with tracer.start_as_current_span("a") as span:
        inject(carrier)
    context = span.get_span_context()
    assert context.trace_flags == trace.TraceFlags.SAMPLED | 0x02
    assert carrier["traceparent"] == f"00-{context.trace_id:032x}-{context.span_id:016x}-03"


@both
def test_bytes_stay_bytes(make):
    tracer, recorder = recorded(make)
    with tracer.start_as_current_span("a") as span:
        span.set_attribute("body", b"Hello!")
    (ended,) = recorder.ended
    assert dict(ended.attributes) == {"body": b"Hello!"}


def test_our_provider_in_the_place_of_the_sdks_is_an_instance_of_itself():
    run("""
    import libtracer.trace
    from opentelemetry.sdk import trace as sdk
    original = sdk.TracerProvider
    sdk.TracerProvider = libtracer.trace.TracerProvider
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    assert isinstance(provider, sdk.TracerProvider)
    class Own(sdk.TracerProvider):
        pass
    assert isinstance(Own(shutdown_on_exit=False), Own)
    sdk.TracerProvider = original
    assert isinstance(provider, original)
    """)


@pytest.mark.parametrize("method", ["end", "set_attribute"])
def test_a_patch_of_the_sdks_class_does_not_reach_our_spans(method, monkeypatch):
    # The accepted difference of docs/compatibility.md: our spans have a type of their own.
    calls = []
    monkeypatch.setattr(sdk.Span, method, lambda *_, **__: calls.append(method))
    tracer, recorder = recorded(libtracer.trace.TracerProvider)
    with tracer.start_as_current_span("a") as span:
        span.set_attribute("k", 1)
    assert calls == []
    assert len(recorder.ended) == 1
