"""Set-up says what is wrong; flush, shutdown and the account."""

import warnings
from pathlib import Path

import libtracer
import pytest
from program import run


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"exporter": "carrier-pigeon"}, ["exporter", "carrier-pigeon"]),
        ({"endpoint": "not a url"}, ["endpoint", "not a url"]),
        ({"endpoint": "ftp://host"}, ["endpoint", "ftp"]),
        ({"sample_rate": 1.5}, ["1.5"]),
        ({"sample_rate": float("nan")}, []),
        ({"service_name": "a\0b"}, ["service_name", "NUL"]),
    ],
)
def test_a_bad_option_is_a_clear_error_and_changes_nothing(options, words, captured):
    with pytest.raises(libtracer.ConfigError) as raised:
        libtracer.configure_tracing(**options)
    message = str(raised.value)
    for word in words:
        assert word in message
    assert isinstance(raised.value, (libtracer.Error, ValueError))
    with libtracer.start_span("still"):
        pass
    assert len(captured.spans) == 1


def test_a_wrong_type_is_a_type_error():
    with pytest.raises(TypeError):
        libtracer.configure_tracing(service_name=5)


def test_init_happens_once_and_warns_after():
    run("""
    import warnings, libtracer
    try:
        libtracer.init(otel_endpoint="nonsense")
    except libtracer.ConfigError:
        pass
    else:
        raise AssertionError
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = libtracer.init(service="s", otel_endpoint="http://127.0.0.1:9")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert libtracer.init(service="other") is first
    assert [warning.category for warning in seen] == [UserWarning]
    assert first.service == "s"
    with libtracer.start_span("op") as span:
        assert span.is_recording()
    """)


def test_nothing_leaves_the_process_unless_somebody_says_where_to():
    program = """
    import libtracer
    libtracer.init(service="s")
    with libtracer.start_span("op") as span:
        assert span.is_recording()
    libtracer.force_flush(1)
    print(libtracer.stats()["dropped_no_exporter"])
    """
    assert run(program).split() == ["1"]
    assert "op" in run(program, OTEL_TRACES_EXPORTER="console")


def test_a_bad_value_in_the_environment_warns_and_tracing_goes_on():
    out = run(
        """
        import libtracer
        libtracer.configure_tracing(exporter="console")
        with libtracer.start_span("op"):
            pass
        """,
        OTEL_BSP_SCHEDULE_DELAY="soon",
    )
    assert "op" in out


def test_the_account_balances():
    with libtracer.start_span("op"):
        account = libtracer.stats()
        assert account["open"] >= 1
    assert libtracer.force_flush(2)
    account = libtracer.stats()
    left = ("exported", "dropped", "queued", "spooled", "open")
    assert account["started"] == sum(account[name] for name in left)
    causes = sum(count for name, count in account.items() if name.startswith("dropped_"))
    assert account["dropped"] == causes


def test_flush_and_shutdown_return_whether_all_is_out():
    run("""
    import libtracer
    assert libtracer.force_flush() is True
    libtracer.configure_tracing(exporter="none")
    with libtracer.start_span("op"): pass
    assert libtracer.force_flush(timeout=1.5) is True
    assert libtracer.shutdown() is True
    assert libtracer.shutdown(timeout=0.1) is True
    with libtracer.start_span("late") as late:
        late.set_attribute("k", 1)
    assert not late.is_recording()
    """)


def test_an_unsampled_trace_has_ids_and_records_nothing():
    out = run("""
    import libtracer
    from libtracer.testing import capture
    from opentelemetry import trace
    libtracer.configure_tracing(exporter="none", sample_rate=0)
    with capture() as captured:
        with libtracer.start_span("op", attributes={"a": 1}) as span:
            assert not span.is_recording()
            assert span.get_span_context().is_valid
            assert not span.get_span_context().trace_flags.sampled
            assert trace.get_current_span() is span
            with libtracer.start_span("child") as child:
                assert child.trace_id == span.trace_id
                assert not child.is_recording()
        assert span.attributes == {}
    assert captured.spans == []
    print(libtracer.stats()["unsampled"])
    """)
    assert int(out) == 2


def test_the_files_for_c_and_cpp_are_where_they_say():
    assert Path(libtracer.get_library()).name.startswith("libtracer.so.1")
    include = Path(libtracer.get_include())
    if not include.exists():
        pytest.skip("the package is not installed from its wheel")
    assert {"tracer.h", "tracer.hpp"} <= {file.name for file in include.iterdir()}


def test_the_names_of_opentelemetry_are_its_own():
    from opentelemetry import trace

    assert libtracer.StatusCode is trace.StatusCode
    assert libtracer.SpanKind is trace.SpanKind
    with pytest.raises(AttributeError, match="nope"):
        _ = libtracer.nope


def test_everything_promised_is_there():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in libtracer.__all__:
            assert getattr(libtracer, name) is not None


def test_integrations_are_set_up_in_order_with_the_provider():
    printed = run("""
        import libtracer


        class Applied:
            def apply(self, ctx):
                print("apply", ctx.service)


        class Instrumentation:
            def instrument(self, tracer_provider):
                with tracer_provider.get_tracer("contrib").start_as_current_span("seen"):
                    print("instrument", libtracer.get_current_span().name)


        with libtracer.testing.capture() as captured:
            context = libtracer.init(service="shop", integrations=[Applied(), Instrumentation()])
        print([span.name for span in captured.spans])
        print(context.tracer_provider is libtracer.trace.default_provider())
        """)
    assert printed.splitlines() == ["apply shop", "instrument seen", "['seen']", "True"]


def test_init_may_be_called_again_after_an_integration_failed():
    printed = run("""
        import libtracer


        class Failing:
            def apply(self, ctx):
                raise RuntimeError("no such library")


        for integrations in ([7], [Failing()], []):
            try:
                print(libtracer.init(service="shop", integrations=integrations).service)
            except (RuntimeError, ValueError) as error:
                print(type(error).__name__, error)
        """)
    assert printed.splitlines() == [
        "ConfigError Unrecognized integration type: 7.",
        "RuntimeError no such library",
        "shop",
    ]
