"""Taking over OpenTelemetry's context, each case in a process of its own."""

from program import run

USE = """
    def use():
        from opentelemetry import baggage, context, trace
        with libtracer.start_span("outer") as outer:
            assert trace.get_current_span() is outer
            token = context.attach(baggage.set_baggage("b", "1"))
            with libtracer.start_span("inner") as inner:
                assert inner.parent_id == outer.span_id
                assert trace.get_current_span() is inner
                assert libtracer.get_current_span() is inner
                assert baggage.get_baggage("b") == "1"
            context.detach(token)
            assert baggage.get_baggage("b") is None
        assert trace.get_current_span() is trace.INVALID_SPAN
        assert libtracer.get_current_span() is None
"""


def test_the_api_is_imported_at_the_first_span_only():
    run("""
    import sys, libtracer
    assert not any(name.startswith("opentelemetry") for name in sys.modules)
    libtracer.configure_tracing(exporter="none")
    with libtracer.start_span("op"): pass
    assert "opentelemetry.trace" in sys.modules
    assert not any(name.startswith("opentelemetry.sdk") for name in sys.modules)
    """)


def test_tokens_taken_before_stay_valid():
    run(f"""
    from opentelemetry import context
    token = context.attach(context.set_value("early", 1))
    import libtracer
    libtracer.configure_tracing(exporter="none")
    {USE}
    use()
    assert context.get_value("early") == 1
    context.detach(token)
    assert context.get_value("early") is None
    """)


def test_another_context_implementation_is_used_by_its_public_functions():
    run(f"""
    import warnings
    from opentelemetry import context
    from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
    class Other(ContextVarsRuntimeContext):
        pass
    context._RUNTIME_CONTEXT = Other()
    import libtracer
    {USE}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        libtracer.configure_tracing(exporter="none")
        use()
        use()
    (warning,) = seen
    assert "Other" in str(warning.message)
    assert type(context._RUNTIME_CONTEXT) is Other
    """)


def test_the_sdks_classes_are_answered_for_once_it_is_loaded():
    run("""
    import libtracer
    libtracer.configure_tracing(exporter="none")
    from opentelemetry import trace
    with libtracer.start_span("before") as before:
        assert isinstance(before, trace.Span)
    try:
        from opentelemetry.sdk import trace as sdk
    except ImportError:
        raise SystemExit
    with libtracer.start_span("after") as after:
        for span in (before, after):
            assert isinstance(span, trace.Span)
            assert isinstance(span, sdk.Span)
            assert isinstance(span, sdk.ReadableSpan)
    """)


def test_before_configuration_spans_are_no_ops():
    run("""
    import libtracer
    from libtracer.testing import capture
    @libtracer.traced
    def function():
        return libtracer.get_current_span()
    with capture() as captured:
        with libtracer.start_span("op", attributes={"a": 1}) as span:
            span.set_attribute("a", 1).add_event("e").set_status("error")
            assert not span.is_recording()
            assert not span.get_span_context().is_valid
            assert span.attributes == {} and span.events == () and span.parent is None
            assert libtracer.get_current_span() is None
        assert function() is None
        assert captured.spans == []
        with libtracer.get_tracer().start_as_current_span("direct") as direct:
            assert libtracer.get_current_span() is direct
        assert [span.name for span in captured.spans] == ["direct"]
    libtracer.configure_tracing(exporter="none")
    assert function() is not None
    """)


def test_native_code_below_another_context_implementation_needs_the_gil():
    run(
        """
    import ctypes
    from opentelemetry import context
    from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
    class Other(ContextVarsRuntimeContext):
        pass
    context._RUNTIME_CONTEXT = Other()
    import libtracer
    libtracer.configure_tracing(exporter="none")
    def current(loader):
        buffer = ctypes.create_string_buffer(56)
        return bool(loader(libtracer.get_library()).tracer_traceparent(buffer)) and buffer.value
    with libtracer.start_span("outer") as outer:
        assert outer.span_id.encode() in current(ctypes.PyDLL)
        before = libtracer.stats()["unknown_parent"]
        assert not current(ctypes.CDLL)
        assert libtracer.stats()["unknown_parent"] == before + 1
        with libtracer.start_span("inner"), outer:
            assert outer.span_id.encode() in current(ctypes.PyDLL)
        assert outer.span_id.encode() in current(ctypes.PyDLL)
    assert context.get_current() == {}
    """,
        warnings="ignore",
    )
