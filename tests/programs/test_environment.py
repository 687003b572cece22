"""A provider from ``OTEL_*`` alone: what is native, what other packages have, what nobody has."""

import os
import sys
import textwrap

import pytest

# A package of somebody else, as an installer leaves it.
PACKAGE = {
    "extra.py": """
        from opentelemetry.sdk.trace import id_generator, sampling
        from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


        class Printing(SpanExporter):
            def export(self, spans):
                for span in spans:
                    print(f"printed {span.name} {span.context.span_id:x}")
                return SpanExportResult.SUCCESS


        class Counting(id_generator.RandomIdGenerator):
            last = 0xA0

            def generate_span_id(self):
                self.last += 1
                return self.last


        class Named(sampling.Sampler):
            def __init__(self, name):
                self.name = name

            def should_sample(self, parent_context, trace_id, name, *args, **kwargs):
                kept = name.startswith(self.name)
                decision = sampling.Decision.RECORD_AND_SAMPLE if kept else sampling.Decision.DROP
                return sampling.SamplingResult(decision, {"kept by": self.name})

            def get_description(self):
                return "Named"


        def not_a_sampler(argument):
            return object()
        """,
    "extra-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n",
    "extra-1.0.dist-info/entry_points.txt": """
        [opentelemetry_traces_exporter]
        printing = extra:Printing
        [opentelemetry_traces_sampler]
        named = extra:Named
        wrong = extra:not_a_sampler
        [opentelemetry_id_generator]
        counting = extra:Counting
        """,
}
PROGRAM = """
    from opentelemetry import trace

    tracer = trace.get_tracer("program")
    for name in ("good", "bad"):
        with tracer.start_as_current_span(name, attributes={"one": 1, "two": 2}):
            pass
    flush = getattr(trace.get_tracer_provider(), "force_flush", bool)
    flush()
"""


@pytest.fixture
def record(surroundings):
    """Runs the program under these variables; returns what it printed on both streams."""
    for name, text in PACKAGE.items():
        path = surroundings.folder / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    packages = str(surroundings.folder / "packages")
    python_path = os.pathsep.join([packages, surroundings.environment["PYTHONPATH"]])
    both = f"import sys\nsys.stderr = sys.stdout\n{textwrap.dedent(PROGRAM)}"

    def run(**variables):
        named = {"OTEL_PYTHON_TRACER_PROVIDER": "libtracer", "PYTHONPATH": python_path}
        return surroundings.run(sys.executable, "-c", both, **named, **variables).splitlines()

    return run


def names(spans):
    return sorted(span.name for span in spans)


def test_an_endpoint_is_enough(record, surroundings):
    assert record() == []
    assert names(surroundings.wait_for(2)) == ["bad", "good"]


def test_native_and_foreign_exporters_go_together(record, surroundings):
    printed = record(OTEL_TRACES_EXPORTER="otlp, printing")
    spans = {span.name: span.span_id for span in surroundings.wait_for(2)}
    assert [line.split()[:2] for line in printed] == [["printed", "good"], ["printed", "bad"]]
    assert [line.split()[2].zfill(16) for line in printed] == [spans["good"], spans["bad"]]


def test_foreign_samplers_and_ids_decide(record, surroundings):
    record(
        OTEL_TRACES_SAMPLER="named",
        OTEL_TRACES_SAMPLER_ARG="go",
        OTEL_PYTHON_ID_GENERATOR="counting",
    )
    (span,) = surroundings.wait_for(1)
    assert (span.name, span.span_id) == ("good", "00000000000000a1")
    assert span.attributes["kept by"] == "go"


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_the_names_of_the_sdks_exporters_are_known(record, surroundings, protocol):
    at = surroundings.collector
    endpoint = at.endpoint if protocol == "http" else f"http://127.0.0.1:{at.grpc_port}"
    record(OTEL_TRACES_EXPORTER=f"otlp_proto_{protocol}", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert names(surroundings.wait_for(2)) == ["bad", "good"]


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("OTEL_TRACES_EXPORTER", "otlp,nope", "OTEL_TRACES_EXPORTER=nope is ignored"),
        ("OTEL_TRACES_SAMPLER", "nope", "OTEL_TRACES_SAMPLER=nope is ignored"),
        ("OTEL_TRACES_SAMPLER", "wrong", "OTEL_TRACES_SAMPLER=wrong is ignored"),
        ("OTEL_PYTHON_ID_GENERATOR", "nope", "OTEL_PYTHON_ID_GENERATOR=nope is ignored"),
    ],
)
def test_what_nobody_has_is_said_and_left_out(record, surroundings, variable, value, why):
    printed = record(**{variable: value})
    assert why in printed[0]
    assert names(surroundings.wait_for(2)) == ["bad", "good"]


def test_an_export_that_cannot_be_set_up_does_not_stop_the_program(record, surroundings):
    missing = str(surroundings.folder / "missing")
    printed = record(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://localhost:4318", OTEL_EXPORTER_OTLP_CERTIFICATE=missing
    )
    assert "OTEL_TRACES_EXPORTER=otlp is ignored" in printed[0]
    assert missing in printed[0]
    (line,) = record(OTEL_CONFIG_FILE=missing)
    assert line.startswith("no tracing:")
    assert missing in line


def test_native_settings_hold(record, surroundings):
    record(OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="1", OTEL_SERVICE_NAME="limited")
    for span in surroundings.wait_for(2):
        assert (len(span.attributes), span.dropped[0]) == (1, 1)
        assert span.resource["service.name"] == "limited"


@pytest.mark.parametrize(
    "off",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_SAMPLER": "always_off"},
        {"OTEL_TRACES_EXPORTER": "none"},
    ],
    ids=str,
)
def test_off_is_off(record, surroundings, off):
    assert record(**off) == []
    assert record(OTEL_TRACES_EXPORTER="otlp") == []
    surroundings.wait_for(2)  # those of the second program only


def test_a_configuration_file_takes_the_environments_place(record, surroundings):
    file = surroundings.folder / "otel.yaml"
    file.write_text(
        textwrap.dedent(f"""
            file_format: "1.0"
            tracer_provider:
              processors:
                - batch:
                    exporter:
                      otlp_http:
                        endpoint: {surroundings.collector.endpoint}/v1/traces
            """)
    )
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_CONFIG_FILE": str(file)}
    assert record(**variables) == []
    assert names(surroundings.wait_for(2)) == ["bad", "good"]
