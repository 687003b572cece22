"""When a provider takes OpenTelemetry's context over, and what programs do to that context."""

from program import run


def test_a_context_replaced_for_a_while_does_not_cut_us_off():
    # As tests of other packages do: a mock in the context's place around the very first span.
    run("""
    from unittest import mock
    from opentelemetry import context, trace
    from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
    from libtracer.trace import TracerProvider
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    with mock.patch.object(context, "_RUNTIME_CONTEXT", ContextVarsRuntimeContext()):
        with tracer.start_as_current_span("outer") as outer:
            with tracer.start_as_current_span("inner") as inner:
                assert inner.parent == outer.get_span_context()
    with tracer.start_as_current_span("later") as later:
        assert trace.get_current_span() is later
    assert trace.get_current_span() is trace.INVALID_SPAN
    """)


def test_attach_and_detach_can_be_watched():
    # A program that wraps the two methods sees its own calls, with tokens that pair.
    run("""
    from unittest import mock
    from opentelemetry import context, trace
    from libtracer.trace import TracerProvider
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    runtime = context._RUNTIME_CONTEXT
    with (
        mock.patch.object(runtime, "attach", wraps=runtime.attach) as attach,
        mock.patch.object(runtime, "detach", wraps=runtime.detach) as detach,
        trace.use_span(tracer.start_span("span"), end_on_exit=True) as span,
    ):
        assert trace.get_current_span() is span
    (given,) = attach.call_args.args
    assert trace.get_current_span(given) is span
    assert attach.call_count == detach.call_count == 1
    assert trace.get_current_span() is trace.INVALID_SPAN
    """)
