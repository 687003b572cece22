"""A provider's life: native exports, the default provider, exit, forks, collection, no SDK."""

import gc
import json
import os
import weakref
from pathlib import Path

import libtracer
import pytest
from libtracer import ConfigError
from libtracer.trace import TracerProvider
from libtracer.trace.export import BatchSpanProcessor, OTLPFileExporter, OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import sampling
from program import run
from providers import Recorder

MAKERS = {
    "sdk": "from opentelemetry.sdk.trace import TracerProvider",
    "libtracer": "from libtracer.trace import TracerProvider",
}
import_both = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())


def exported(path):
    """Names of the spans in a file, each with its service."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = []
    for line in lines:
        for resource in line["resourceSpans"]:
            attributes = resource["resource"]["attributes"]
            service = next(a["value"] for a in attributes if a["key"] == "service.name")
            found += [
                (span["name"], service["stringValue"])
                for scope in resource["scopeSpans"]
                for span in scope["spans"]
            ]
    return found


def of_service(name, **options):
    return TracerProvider(resource=Resource({"service.name": name}), **options)


def test_native_exporters_are_the_providers_own(tmp_path):
    providers = [of_service(name) for name in "ab"]
    for provider, name in zip(providers, "ab", strict=True):
        provider.add_span_processor(BatchSpanProcessor(OTLPFileExporter(tmp_path / name)))
        provider.get_tracer("tests").start_span(f"of {name}").end()
    for provider, name in zip(providers, "ab", strict=True):
        assert provider.force_flush()
        assert exported(tmp_path / name) == [(f"of {name}", name)]
        assert provider.stats()["exported"] == 1
        provider.shutdown()


def test_one_provider_exports_to_python_and_natively(tmp_path):
    provider = of_service("s", sampler=sampling.ALWAYS_ON)
    tracer = provider.get_tracer("tests")
    tracer.start_span("before").end()
    recorder = Recorder()
    provider.add_span_processor(recorder)
    for name in "ab":
        provider.add_span_processor(BatchSpanProcessor(OTLPFileExporter(tmp_path / name)))
    tracer.start_span("after").end()
    provider.sampler = sampling.StaticSampler(sampling.Decision.RECORD_ONLY)
    tracer.start_span("recorded").end()
    assert provider.force_flush()
    assert [span.name for span in recorder.ended] == ["after", "recorded"]
    assert [exported(tmp_path / name) for name in "ab"] == [[("after", "s")]] * 2
    provider.shutdown()


def test_a_native_exporter_that_cannot_be_is_refused(tmp_path):
    provider = TracerProvider()
    exporter = OTLPSpanExporter("https://localhost:1", certificate_file=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match=r"none\.pem"):
        provider.add_span_processor(BatchSpanProcessor(exporter))
    assert provider.get_tracer("tests").start_span("x").is_recording()


def test_after_shutdown_spans_record_nothing():
    provider = TracerProvider()
    recorder = Recorder()
    provider.add_span_processor(recorder)
    tracer = provider.get_tracer("tests")
    provider.shutdown()
    assert recorder.calls == [("shutdown",)]
    for later in (tracer, provider.get_tracer("later")):
        with later.start_as_current_span("x") as span:
            assert not span.is_recording()
    provider.shutdown()
    assert not recorder.ended


def test_a_dropped_provider_leaves_nothing_behind():
    provider = TracerProvider()
    tracer = provider.get_tracer("tests")
    gone = [weakref.ref(provider), weakref.ref(tracer)]
    span = tracer.start_span("x")
    del provider, tracer
    gc.collect()
    assert gone[1]() is not None, "the span's tracer"
    span.end()
    del span
    gc.collect()
    assert [each() for each in gone] == [None, None]


def test_a_provider_that_processors_need_at_exit_stays_until_it_is_shut_down():
    provider = TracerProvider()
    provider.add_span_processor(Recorder())
    gone = weakref.ref(provider)
    del provider
    gc.collect()
    kept = gone()
    assert kept is not None
    kept.shutdown()
    del kept
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_many_dropped_providers_take_no_memory():
    printed = run(
        """
        import gc, resource
        from libtracer.trace import TracerProvider

        def make(count):
            for _ in range(count):
                TracerProvider().get_tracer("tests").start_span("x").end()
            gc.collect()
            with open("/proc/self/statm") as statm:
                return int(statm.read().split()[1]) * resource.getpagesize()

        print(-make(1_000) + make(10_000))
        """
    )
    assert int(printed) < 5_000_000  # 25 MB if each had a native provider


@import_both
@pytest.mark.parametrize("on_exit", [True, False])
def test_the_end_of_the_process_shuts_the_provider_down(maker, on_exit):
    printed = run(
        f"""
        {maker}
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

        def setup():
            provider = TracerProvider(shutdown_on_exit={on_exit})
            exporter = ConsoleSpanExporter(formatter=lambda span: span.name)
            provider.add_span_processor(BatchSpanProcessor(exporter))
            return provider.get_tracer("tests")

        setup().start_span("last").end()
        """
    )
    assert printed == ("last" if on_exit else "")


@import_both
def test_the_provider_has_its_place_among_exit_handlers(maker):
    printed = run(
        f"""
        import atexit
        {maker}

        class Processor:
            def on_start(self, span, parent_context=None): pass
            def _on_ending(self, span): pass
            def on_end(self, span): print("end", span.name)
            def force_flush(self, timeout_millis=0): return True
            def shutdown(self): print("shutdown")

        atexit.register(print, "registered before")
        provider = TracerProvider()
        provider.add_span_processor(Processor())
        tracer = provider.get_tracer("tests")
        atexit.register(lambda: tracer.start_span("late").end())
        """
    )
    assert printed.splitlines() == ["end late", "shutdown", "registered before"]


def test_native_exports_are_flushed_at_exit(tmp_path):
    run(
        f"""
        from libtracer.trace import TracerProvider
        from libtracer.trace.export import BatchSpanProcessor, OTLPFileExporter

        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPFileExporter({str(tmp_path / "f")!r})))
        provider.get_tracer("tests").start_span("last").end()
        """,
        OTEL_SERVICE_NAME="s",
    )
    assert exported(tmp_path / "f") == [("last", "s")]


def test_the_native_default_is_whichever_provider_says_so(tmp_path):
    printed = run(
        f"""
        import libtracer
        from libtracer.trace import TracerProvider, default_provider
        from libtracer.trace.export import BatchSpanProcessor, OTLPFileExporter

        class Names:
            names = []
            def on_start(self, span, parent_context=None): pass
            def on_end(self, span): self.names.append(span.name)
            def force_flush(self, timeout_millis=0): return True
            def shutdown(self): pass

        early = libtracer.get_tracer("early")
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPFileExporter({str(tmp_path / "f")!r})))
        provider.add_span_processor(Names())
        assert default_provider() is not provider
        provider.set_native_default()
        assert default_provider() is provider
        with libtracer.start_span("first"), early.start_span("second"):
            pass
        libtracer.configure_tracing(exporter="none")
        assert default_provider() is not provider
        with libtracer.start_span("elsewhere"), early.start_span("elsewhere"):
            pass
        print(*Names.names)
        """,
        OTEL_SERVICE_NAME="s",
    )
    assert printed == "second first\n"
    assert exported(tmp_path / "f") == [("second", "s"), ("first", "s")]


FORK = """
import os, sys
{maker}
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, ConsoleSpanExporter

provider = TracerProvider()
tracer = provider.get_tracer("tests")
provider.add_span_processor(
    SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name + chr(10)))
)
with tracer.start_as_current_span("parent") as parent:
    pid = os.fork()
    if pid == 0:
        with tracer.start_as_current_span("child") as child:
            assert trace.get_current_span() is child
        assert child.parent == parent.get_span_context()
        again = provider.get_tracer("tests")
        assert again is tracer
        provider.get_tracer("new").start_span("new").end()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@import_both
def test_tracers_go_on_in_a_forked_child(maker):
    printed = run(FORK.format(maker=maker), warnings="ignore")
    assert printed.split() == ["child", "new", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_says_its_own_process():
    run(
        """
        import os
        from libtracer.trace import TracerProvider
        from opentelemetry.sdk.resources import Resource

        provider = TracerProvider(resource=Resource({"process.pid": os.getpid(), "k": 1}))
        tracer = provider.get_tracer("tests")
        pid = os.fork()
        if pid == 0:
            for resource in (provider.resource, tracer.resource):
                assert resource.attributes["process.pid"] == os.getpid()
                assert resource.attributes["k"] == 1
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        """,
        warnings="ignore",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_lock_that_another_thread_holds_at_a_fork_is_none_of_the_childs():
    run(
        """
        import os, threading
        from libtracer.trace import TracerProvider

        provider = TracerProvider()
        held, done = threading.Event(), threading.Event()

        def hold():
            with provider._tracers_lock, provider._active_span_processor._lock:
                held.set()
                done.wait()

        threading.Thread(target=hold).start()
        held.wait()
        pid = os.fork()
        if pid == 0:
            provider.get_tracer("child").start_span("x").end()
            provider.add_span_processor(object())
            os._exit(0)
        done.set()
        assert os.waitpid(pid, 0)[1] == 0
        """,
        warnings="ignore",
    )


def test_a_list_of_attributes_that_cannot_be_read_is_discarded():
    run(
        """
        import sys
        sys.modules["opentelemetry.sdk.resources"] = None
        from libtracer.trace import TracerProvider
        assert not {"a", "b"} & set(TracerProvider().resource.attributes)
        """,
        OTEL_RESOURCE_ATTRIBUTES="a=1,b",
    )


def test_the_provider_needs_no_sdk():
    printed = run(
        """
        import sys
        for name in ("opentelemetry.sdk", "opentelemetry.sdk.trace"):
            sys.modules[name] = None
        from opentelemetry import trace
        from libtracer.trace import SpanLimits, TracerProvider, set_tracer_provider

        class Names:
            def on_start(self, span, parent_context=None): pass
            def on_end(self, span):
                assert isinstance(span.resource.attributes["telemetry.sdk.name"], str)
                scopes = {span.resource: span.instrumentation_scope}
                assert scopes[provider.resource].name == "tests"
                print(span.name, dict(span.attributes), span.dropped_attributes)
            def force_flush(self, timeout_millis=0): return True
            def shutdown(self): print("shutdown")

        provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=1))
        set_tracer_provider(provider)
        assert isinstance(provider, trace.TracerProvider)
        provider.add_span_processor(Names())
        tracer = trace.get_tracer("tests", "1", None, "https://s", {"k": "v"})
        assert isinstance(tracer, trace.Tracer)
        assert provider.get_tracer("tests", "1", "https://s", {"k": "v"}) is tracer
        assert provider.get_tracer("tests", "1", "https://s", {"k": "w"}) is not tracer
        assert tracer.instrumentation_info.name == "tests"
        assert tracer._instrumentation_scope.attributes == {"k": "v"}
        assert provider.sampler.get_description() == "traceidratio{1.0}"
        assert provider.resource.attributes["service.name"] == "s"
        assert provider.resource.attributes["a b"] == "c,d"
        assert provider.id_generator.generate_span_id()
        assert tracer._span_limits.max_events == 7
        with tracer.start_as_current_span("x", attributes={"a": 1, "b": 2}) as span:
            assert trace.get_current_span() is span
            assert isinstance(span, trace.Span)
        """,
        OTEL_SERVICE_NAME="s",
        OTEL_RESOURCE_ATTRIBUTES="a b=c%2Cd,service.name=other",
        OTEL_SPAN_EVENT_COUNT_LIMIT="7",
        OTEL_TRACES_SAMPLER="traceidratio",
        OTEL_TRACES_SAMPLER_ARG="1.0",
    )
    assert printed == "x {'b': 2} 1\nshutdown\n"


def test_the_package_loads_the_trace_module_when_it_is_asked_for():
    run(
        """
        import sys, libtracer
        assert "opentelemetry" not in sys.modules
        assert libtracer.trace.TracerProvider is sys.modules["libtracer.trace"].TracerProvider
        assert "opentelemetry.sdk" not in sys.modules
        """
    )
    assert libtracer.trace.TracerProvider is TracerProvider
