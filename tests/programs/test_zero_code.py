"""``opentelemetry-instrument`` on a program that knows nothing of tracing."""

import json
import os
import sys
import sysconfig
import textwrap
import venv
from pathlib import Path

import pytest
from running import APPS, BIN, free_port, get

OURS = [
    {"OTEL_PYTHON_DISTRO": "libtracer"},
    {"OTEL_PYTHON_DISTRO": "libtracer", "OTEL_PYTHON_CONFIGURATOR": "libtracer"},
    {
        "OTEL_PYTHON_DISTRO": "libtracer",
        "OTEL_PYTHON_CONFIGURATOR": "libtracer",
        "OTEL_PYTHON_TRACER_PROVIDER": "libtracer",
    },
]
INSTRUMENT = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


def serve(surroundings, *command, **environment):
    """Asks the program for a page; returns what it says and the spans of that."""
    port = free_port()
    command = [*command, APPS / "plain.py", port]
    with surroundings.serving(*command, port=port, **environment) as log:
        probe = surroundings.wait_for(3)[0].trace_id
        said = json.loads(get(f"http://127.0.0.1:{port}/item/7"))
        spans = [span for span in surroundings.wait_for(6) if span.trace_id != probe]
    assert "Traceback" not in log.read_text()
    return said, spans


def check(spans, name="libtracer"):
    root = next(span for span in spans if span.kind == 2)
    assert root.name == "GET /item/{number}"
    assert root.attributes["http.route"] == "/item/{number}"
    assert root.scope.name == "opentelemetry.instrumentation.fastapi"
    assert root.resource["telemetry.sdk.name"] == name
    assert root.resource["telemetry.sdk.language"] == "python"
    assert root.resource["telemetry.auto.version"]
    assert root.resource["service.name"] == "shop"
    assert root.resource["zone"] == "b"
    for span in spans:
        assert span.parent_span_id == ("" if span is root else root.span_id)


NAMED = {"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "zone=b"}


@pytest.mark.parametrize("variables", OURS, ids=len)
def test_named_by_variables(surroundings, variables):
    said, spans = serve(
        surroundings, BIN / "opentelemetry-instrument", sys.executable, **NAMED, **variables
    )
    check(spans)
    assert not any("Otel" in name for name in said["threads"]), said["threads"]


def test_named_on_the_command_line(surroundings):
    arguments = ["--traces_exporter", "otlp", "--service_name", "shop"]
    arguments += ["--distro", "libtracer", "--resource_attributes", "zone=b"]
    _, spans = serve(surroundings, BIN / "opentelemetry-instrument", *arguments, sys.executable)
    check(spans)


def test_others_are_used_unless_ours_is_named(surroundings):
    http = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", **NAMED}
    http |= {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    command = [BIN / "opentelemetry-instrument", sys.executable]
    _, spans = serve(surroundings, *command, **http)
    check(spans, "opentelemetry")


def test_metrics_and_logs_are_the_sdks(surroundings):
    others = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}
    interval = {"OTEL_METRIC_EXPORT_INTERVAL": "200", "OTEL_PYTHON_DISTRO": "libtracer"}
    command = [BIN / "opentelemetry-instrument", sys.executable]
    _, spans = serve(surroundings, *command, **NAMED, **others, **interval)
    check(spans)
    metrics = surroundings.collector.wait_for_requests("metrics")[0]["resourceMetrics"][0]
    names = {metric["name"] for scope in metrics["scopeMetrics"] for metric in scope["metrics"]}
    assert "http.server.duration" in names
    assert {"key": "service.name", "value": {"stringValue": "shop"}} in metrics["resource"][
        "attributes"
    ]


def test_without_the_sdk_installed(surroundings):
    folder = without_sdk(surroundings.folder / "venv")
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    instrument = [folder / "bin" / "python", "-c", INSTRUMENT, "python"]
    said, spans = serve(surroundings, *instrument, PATH=path, **NAMED)
    check(spans)
    assert not [name for name in said["modules"] if name.startswith("opentelemetry.sdk")]


def without_sdk(folder):
    """Makes a virtual environment with the packages of this one, less the SDK and its distro."""
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib"))
    own = next(folder.glob("lib/python*/site-packages"))
    gone = ("opentelemetry_sdk", "opentelemetry_distro", "opentelemetry_exporter", "opentelemetry")
    for entry in packages.iterdir():
        if not entry.name.startswith(gone) or entry.name.startswith(
            ("opentelemetry_api", "opentelemetry_instr", "opentelemetry_sem", "opentelemetry_util")
        ):
            (own / entry.name).symlink_to(entry)
    (own / "opentelemetry").mkdir()
    for entry in (packages / "opentelemetry").iterdir():
        if entry.name not in {"sdk", "distro", "exporter"}:
            (own / "opentelemetry" / entry.name).symlink_to(entry)
    return folder


def test_spans_of_both_ways_in_are_one_trace(surroundings):
    program = """
        import libtracer
        from opentelemetry import trace

        with libtracer.start_span("ours"), trace.get_tracer("api").start_as_current_span("theirs"):
            pass
    """
    surroundings.run(
        BIN / "opentelemetry-instrument",
        *[sys.executable, "-c", textwrap.dedent(program)],
        OTEL_PYTHON_DISTRO="libtracer",
    )
    spans = {span.name: span for span in surroundings.wait_for(2)}
    assert spans["theirs"].parent_span_id == spans["ours"].span_id
    assert spans["theirs"].resource == spans["ours"].resource


def test_the_api_loads_our_provider(surroundings):
    program = """
        from opentelemetry import trace

        with trace.get_tracer("api").start_as_current_span("loaded"):
            pass
        provider = trace.get_tracer_provider()
        print(type(provider).__module__.split(".")[0], provider.force_flush())
    """
    printed = surroundings.run(
        sys.executable, "-c", textwrap.dedent(program), OTEL_PYTHON_TRACER_PROVIDER="libtracer"
    )
    assert printed.split() == ["libtracer", "True"]
    assert [span.name for span in surroundings.wait_for(1)] == ["loaded"]
