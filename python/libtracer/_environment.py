"""A provider as the ``OTEL_*`` variables describe it, for zero-code set-up.

What the variables name and libtracer has is native. Other exporters, samplers and id generators are
looked for among the entry points of what is installed, and run in Python. What cannot be had is
said once and left out: the program around it goes on.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.trace import NoOpTracerProvider
from opentelemetry.trace import TracerProvider as ApiTracerProvider

from libtracer._config import _DESTINATIONS
from libtracer._errors import Error
from libtracer.trace import TracerProvider, _resource
from libtracer.trace.export import (
    BatchSpanProcessor,
    NativeExporter,
    Options,
    OTLPSpanExporter,
)

_logger = logging.getLogger("libtracer")

_EXPORTERS = {"otlp", "console", "zipkin", "jaeger", "otlp/file", "otlp_file", "otlp/stdout"}
_EXPORTERS |= {"otlp_stdout", "memory"}
# The names of the SDK's exporter packages that lead to the same.
_SAME = {"zipkin_json": "zipkin", "zipkin_proto": "zipkin"}
_PROTOCOLS = {"otlp_proto_grpc": "grpc", "otlp_proto_http": "http/protobuf"}
_ROOT_SAMPLERS = {"always_on", "always_off", "traceidratio"}
_SAMPLERS = _ROOT_SAMPLERS | {f"parentbased_{name}" for name in _ROOT_SAMPLERS}


@dataclass(frozen=True, repr=False)
class _Named(NativeExporter):
    """A destination by its name, None for those of the configuration file."""

    name: str | None

    def native_options(self) -> Options:
        return {"exporter": self.name}


def tracer_provider() -> ApiTracerProvider:
    """Return a new provider; one that records nothing where the environment cannot be followed.

    OpenTelemetry's API calls it wherever the program first asks for a tracer.
    """
    try:
        return provider()
    except Error as error:
        _logger.error("no tracing: %s", error)
        return NoOpTracerProvider()


def provider(auto_instrumentation_version: str | None = None) -> TracerProvider:
    """Return a new provider that exports where the environment says.

    Args:
        auto_instrumentation_version: Version of what sets the program up without its code.

    Raises:
        ConfigError: The configuration file that a variable names cannot be used.
    """
    made = TracerProvider(
        sampler=_sampler(), id_generator=_id_generator(), resource=_of(auto_instrumentation_version)
    )
    for variable, name in _destinations():
        try:
            made.add_span_processor(_processor(name))
        except Exception as error:
            left_out(variable, name or os.environ.get(variable, ""), error)
    return made


def _of(version: str | None) -> Any:
    if version is None:
        return None
    return _resource.default().merge(_resource.Resource({"telemetry.auto.version": version}))


def _destinations() -> Iterator[tuple[str, str | None]]:
    """Yield which variable asks for what; None is what the configuration file says."""
    for variable in ("OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"):
        if os.environ.get(variable):
            yield variable, None
            return
    for name in _exporters():
        yield "OTEL_TRACES_EXPORTER", name


def _processor(name: str | None) -> Any:
    native = (name or "").lower()
    native = _SAME.get(native, native)
    if native in _PROTOCOLS:
        return BatchSpanProcessor(OTLPSpanExporter(protocol=_PROTOCOLS[native]))
    if name is None or native in _EXPORTERS:
        return BatchSpanProcessor(_Named(native or None))
    exporter = load("opentelemetry_traces_exporter", name)()
    return _python_processor(exporter)


def _exporters() -> list[str]:
    """Return the names of the exporters asked for; OTLP where only its endpoint is given."""
    named = os.environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if not named and any(os.environ.get(name) for name in _DESTINATIONS):
        return ["otlp"]
    return names("OTEL_TRACES_EXPORTER")


def names(variable: str) -> list[str]:
    """Return what a variable lists; "none" stands for nothing."""
    listed = [name.strip() for name in os.environ.get(variable, "").split(",")]
    return [name for name in listed if name and name.lower() != "none"]


def _python_processor(exporter: Any) -> Any:
    from opentelemetry.sdk.trace import export

    return export.BatchSpanProcessor(exporter)


def _sampler() -> Any:
    """Return a sampler that only others have; None leaves the choice to the provider."""
    name = os.environ.get("OTEL_TRACES_SAMPLER", "").strip()
    if not name or name.lower() in _SAMPLERS:
        return None
    try:
        factory = load("opentelemetry_traces_sampler", name)
        sampler = factory(os.environ.get("OTEL_TRACES_SAMPLER_ARG"))
        if not callable(getattr(sampler, "should_sample", None)):
            raise TypeError(f"{sampler!r} has no should_sample")
    except Exception as error:
        left_out("OTEL_TRACES_SAMPLER", name, error)
        return None
    return sampler


def _id_generator() -> Any:
    name = os.environ.get("OTEL_PYTHON_ID_GENERATOR", "").strip()
    if not name or name == "random":
        return None
    try:
        return load("opentelemetry_id_generator", name)()
    except Exception as error:
        left_out("OTEL_PYTHON_ID_GENERATOR", name, error)
        return None


def load(group: str, name: str) -> Any:
    """Return what an installed package offers under a name, if one does."""
    from importlib.metadata import entry_points

    found = list(entry_points(group=group, name=name))
    if not found:
        raise LookupError(f"no installed package has an entry point {name!r} in {group}")
    return found[0].load()


def left_out(variable: str, name: str, error: Exception) -> None:
    """Say that a variable's value cannot be followed."""
    _logger.warning("%s=%s is ignored: %s: %s", variable, name, type(error).__name__, error)
