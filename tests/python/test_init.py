"""`init`: each parameter and variable, once, all or nothing, and what the context holds."""

import libtracer
import pytest
from program import run


def test_every_parameter_is_taken_and_the_context_says_so():
    run("""
    import dataclasses, pathlib
    import libtracer
    context = libtracer.init(
        "shop", "search", None, None, "http/protobuf", "key", "svc", "res", ["local"], "mustache",
        [],
        experiment_id="e1", experiment_name="first", verify_ssl=False, unheard_of=object(),
    )
    assert isinstance(context, libtracer.Context)
    scope = context.scope
    assert (scope.service, scope.project_name, scope.app) == ("svc", "shop", "search")
    assert (scope.experiment_id, scope.experiment_name) == ("e1", "first")
    assert context.prompts.directory == pathlib.Path("res/prompts")
    assert list(context.prompts.providers) == ["local"]
    assert context.prompts.templating_engine == "mustache"
    assert context.tracer_provider.get_tracer("t").start_span("s").is_recording()
    for change in (lambda: setattr(context, "scope", None), lambda: setattr(scope, "app", "x")):
        try:
            change()
        except dataclasses.FrozenInstanceError:
            pass
        else:
            raise AssertionError
    """)


def test_defaults():
    run("""
    import socket
    import libtracer
    context = libtracer.init()
    assert context.scope.service == socket.gethostname(), context.scope
    assert (context.scope.project_name, context.scope.app) == ("Global", "default")
    assert (context.scope.experiment_id, context.scope.experiment_name) == (None, None)
    with libtracer.testing.capture() as captured, libtracer.start_span("op"):
        pass
    [span] = captured.spans
    assert span.resource.attributes["service.name"] == socket.gethostname()
    """)


def test_arguments_win_over_variables_and_these_over_opentelemetrys():
    program = """
    import libtracer
    context = libtracer.init({arguments})
    with libtracer.testing.capture() as captured, libtracer.start_span("op"):
        pass
    [span] = captured.spans
    scope = context.scope
    print(scope.service, scope.project_name, scope.app, span.resource.attributes["service.name"])
    print(*context.prompts.providers, context.prompts.templating_engine, context.prompts.directory)
    """
    variables = {
        "OTEL_SERVICE_NAME": "otel",
        "PATRONUS_SERVICE": "theirs",
        "PATRONUS_PROJECT_NAME": "p",
        "PATRONUS_APP": "a",
        "PATRONUS_PROMPT_PROVIDERS": '["api", "local"]',
        "PATRONUS_PROMPT_TEMPLATING_ENGINE": "jinja2",
        "PATRONUS_RESOURCE_DIR": "/res",
    }
    out = run(program.format(arguments=""), **variables)
    assert out == "theirs p a theirs\napi local jinja2 /res/prompts\n"
    given = "project_name='P', app='A', service='S', prompt_providers=['x']"
    out = run(program.format(arguments=given), **variables)
    assert out == "S P A S\nx jinja2 /res/prompts\n"
    out = run(program.format(arguments=""), OTEL_SERVICE_NAME="otel")
    assert out.startswith("otel Global default otel\n")
    out = run(program.format(arguments=""), OTEL_RESOURCE_ATTRIBUTES="service.name=from%20list")
    assert out.startswith("from list Global default from list\n")


def test_no_file_is_read(tmp_path, monkeypatch):
    (tmp_path / "patronus.yaml").write_text("project_name: file\n")
    monkeypatch.chdir(tmp_path)
    assert run("import libtracer; print(libtracer.init().scope.project_name)") == "Global\n"


def test_a_second_call_warns_at_the_caller_and_returns_the_first_context():
    run("""
    import warnings
    import libtracer
    first = libtracer.init(project_name="one")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert libtracer.init(project_name="two", otel_endpoint="nonsense") is first
    [warning] = seen
    assert warning.category is UserWarning
    assert "Duplicate initialization attempts are ignored." in str(warning.message)
    assert warning.filename == "<string>"
    assert first.scope.project_name == "one"
    """)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"otel_endpoint": "nonsense"}, ["endpoint", "nonsense"]),
        ({"otel_exporter_otlp_protocol": "thrift"}, ["protocol", "thrift"]),
        ({"api_url": "https://elsewhere.example"}, ["api_url", "otel_endpoint"]),
        ({"integrations": [7]}, ["Unrecognized integration type: 7."]),
        ({"service": "a\0b"}, ["service_name", "NUL"]),
    ],
)
def test_a_bad_option_is_named_and_nothing_is_recorded(options, words):
    out = run(f"""
    import libtracer
    try:
        libtracer.init(**{options!r})
    except ValueError as error:
        assert isinstance(error, libtracer.ConfigError)
        print(error)
    with libtracer.testing.capture() as captured, libtracer.start_span("op") as span:
        assert not span.is_recording()
    assert captured.spans == [] and libtracer.context.get_current_context_or_none() is None
    libtracer.init()
    with libtracer.start_span("op") as span:
        assert span.is_recording()
    """)
    for word in words:
        assert word in out


def test_an_address_of_the_service_needs_the_endpoint_that_belongs_to_it():
    program = "import libtracer; libtracer.init(api_url='https://elsewhere.example/')"
    run(program, PATRONUS_OTEL_ENDPOINT="http://127.0.0.1:9")
    run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    run("import libtracer; libtracer.init(api_url='https://api.patronus.ai/')")


def test_integrations_are_applied_in_order_before_the_context_is_current():
    out = run("""
    import libtracer
    from libtracer.context import get_current_context_or_none

    class Applied:
        def apply(self, *, ctx):
            print("apply", ctx.scope.app, get_current_context_or_none())

        def instrument(self, **_):
            raise AssertionError("apply comes first")

    class Instrumentation:
        def instrument(self, *, tracer_provider):
            self.provider = tracer_provider
            print("instrument")

    last = Instrumentation()
    context = libtracer.init(app="shop", integrations=(Applied(), last))
    print(last.provider is context.tracer_provider, get_current_context_or_none() is context)
    """)
    assert out == "apply shop None\ninstrument\nTrue True\n"


@pytest.mark.parametrize("before", ["", "libtracer.configure_tracing('before', exporter='none')"])
def test_an_integration_that_raises_leaves_nothing_behind(before, server):
    run(
        f"""
        import os
        import libtracer
        from opentelemetry import trace

        {before}
        def recording():
            with libtracer.start_span("op") as span:
                return span.is_recording()

        class Failing:
            def apply(self, ctx):
                raise RuntimeError("no such library")

        was = recording()
        try:
            libtracer.init(
                project_name="one",
                otel_endpoint=os.environ["URL"],
                otel_exporter_otlp_protocol="http/protobuf",
                integrations=[Failing()],
            )
        except RuntimeError as error:
            assert str(error) == "no such library"
        assert recording() is was
        assert libtracer.context.get_current_context_or_none() is None
        if not was:
            assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        libtracer.force_flush(2)
        context = libtracer.init(project_name="two")
        with libtracer.testing.capture() as captured:
            assert recording()
        assert captured.spans[0].attributes["pat.project.name"] == "two"
        """,
        URL=server.url,
    )
    assert server.requests == []


def test_the_global_provider_is_the_contexts_unless_there_is_one():
    run("""
    import libtracer
    from opentelemetry import trace
    context = libtracer.init()
    assert trace.get_tracer_provider() is context.tracer_provider
    """)


def test_uninitialized():
    run("""
    import libtracer
    from libtracer import context
    assert issubclass(context.UninitializedError, libtracer.Error)
    for name in ("current_context", "scope", "tracer", "prompts_config"):
        assert getattr(context, f"get_{name}_or_none")() is None
        try:
            getattr(context, f"get_{name}")()
        except libtracer.UninitializedError as error:
            assert "init" in str(error)
        else:
            raise AssertionError(name)
    made = libtracer.init(project_name="shop")
    assert context.get_current_context() is context.get_current_context_or_none() is made
    assert context.get_scope() is context.get_scope_or_none() is context.get_scope(made)
    assert context.get_prompts_config() is made.prompts is context.get_prompts_config_or_none()
    tracer = context.get_tracer()
    assert tracer is context.get_tracer_or_none() is context.get_tracer(made)
    with tracer.start_as_current_span("op") as span:
        assert span.instrumentation_scope.name == "patronus.sdk"
        assert span.attributes["pat.project.name"] == "shop"
    """)


def test_marks_are_on_the_spans_of_traced_start_span_and_the_provider_only():
    run("""
    import libtracer
    from libtracer.tracing import ContextTracing, tool_span
    from opentelemetry.sdk.trace import TracerProvider
    from libtracer.trace import TracerProvider as Ours

    context = libtracer.init(project_name="shop", app="search")
    marks = {"pat.project.name": "shop", "pat.app": "search"}

    @libtracer.traced(attributes={"k": 1, "pat.app": "mine"})
    def traced():
        pass

    tracer = context.tracer_provider.get_tracer("contrib")
    with libtracer.testing.capture() as captured:
        traced()
        with libtracer.start_span("started", attributes={"k": 1, "pat.app": "mine"}) as span:
            assert span.attributes["pat.app"] == "search"
        tracer.start_span("plain", attributes={"k": 1}).end()
        with tracer.start_as_current_span("current", attributes={"k": 1}):
            pass
        marked = list(captured.spans)
        with libtracer.get_tracer("own").start_span("own"):
            pass
        with libtracer.get_tracer().start_as_current_span("own too"):
            pass
        with libtracer.with_span("with"):
            pass
        with libtracer.Span("face") as face:
            face.set_tag("t", 1)
        with ContextTracing().trace("summary"), tool_span("tool"):
            pass
        Ours().get_tracer("other").start_span("other").end()
    for span in marked:
        assert span.attributes == {"k": 1, **marks}, span.name
        ours = span.name in {"traced", "started"}
        assert span.instrumentation_scope.name == ("patronus.sdk" if ours else "contrib")
        assert span.instrumentation_scope.version in (None, "")
        assert span.kind.name == "INTERNAL" and span.status.is_unset
    assert [span.name for span in marked] == ["traced", "started", "plain", "current"]
    others = captured.spans[4:]
    assert len(others) == 7
    for span in others:
        assert not any(key.startswith("pat.") for key in span.attributes), span.name
    with libtracer.start_span("shown"):
        assert libtracer.tracer.get_current_span().tags == {}
    """)


def test_the_experiment_stands_in_the_place_of_the_app():
    run("""
    import libtracer
    libtracer.init(project_name="p", experiment_id="e7")
    with libtracer.start_span("op") as span:
        assert span.attributes == {"pat.project.name": "p", "pat.experiment.id": "e7"}
    """)


def test_marks_survive_configure_tracing_in_either_order():
    run("""
    import libtracer
    def marked():
        with libtracer.start_span("op") as span:
            return span.attributes.get("pat.project.name")
    libtracer.configure_tracing("one", exporter="none")
    assert marked() is None
    libtracer.init(project_name="p")
    assert marked() == "p"
    libtracer.configure_tracing("two", exporter="none")
    assert marked() == "p"
    """)


def test_switched_off_for_the_whole_process():
    run(
        """
        import libtracer
        libtracer.init()
        with libtracer.start_span("op") as span:
            assert not span.is_recording()
        """,
        AI_INFRA_TRACING_ENABLED="false",
    )


def test_the_names_are_public():
    assert {"init", "Context", "UninitializedError", "context"} <= set(libtracer.__all__)
