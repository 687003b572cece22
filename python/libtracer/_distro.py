"""Entry points for ``opentelemetry-instrument``: distro, configurator and tracer provider.

Being installed is not being asked for: where another distro or configurator is there too, ours
step aside unless one of the variables below names libtracer. ``OTEL_PYTHON_DISTRO=libtracer`` alone
is enough; the order in which packages are found then has no say.
"""

import logging
import os
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.distro import BaseDistro

from libtracer import _environment, _signals

NAME = "libtracer"

_VARIABLES = ("OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR", "OTEL_PYTHON_TRACER_PROVIDER")
_logger = logging.getLogger("libtracer")


class Distro(BaseDistro):  # type: ignore[misc]
    """Asks for our configurator, and for OTLP where no exporter is named."""

    def _configure(self, **_: Any) -> None:
        os.environ.setdefault("OTEL_PYTHON_CONFIGURATOR", NAME)
        os.environ.setdefault("OTEL_TRACES_EXPORTER", "otlp")


def distro() -> Distro | None:
    """Return our distro; None, which is passed over, where another one is meant."""
    other = _other("opentelemetry_distro")
    if other is None:
        return Distro()
    _logger.info("distro %s is used; OTEL_PYTHON_DISTRO=libtracer asks for ours", other.name)
    return None


class Configurator:
    """Makes the provider of all spans, OpenTelemetry's and native ones, as the environment says."""

    def configure(self, **options: Any) -> None:
        """Set the provider, or let another installed configurator do its work.

        Args:
            options: What the caller says; ``auto_instrumentation_version`` goes into the resource.
        """
        other = _other("opentelemetry_configurator")
        if other is not None:
            _logger.info(
                "configurator %s is used; OTEL_PYTHON_CONFIGURATOR=libtracer asks for ours",
                other.name,
            )
            other.load()().configure(**options)
            return
        version = options.get("auto_instrumentation_version")
        provider = _environment.provider(version)
        trace.set_tracer_provider(provider)
        provider.set_native_default()
        _signals.set_up(provider.resource)
        _logger.info("configurator libtracer is used")


def _other(group: str) -> EntryPoint | None:
    """Return the entry point of another package to step aside for."""
    if NAME in {os.environ.get(variable) for variable in _VARIABLES}:
        return None
    return next((each for each in entry_points(group=group) if each.name != NAME), None)
