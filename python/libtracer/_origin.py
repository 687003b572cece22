"""Resource and scope of spans that no ``TracerProvider`` has made, under a tracer's names."""

from typing import Any

from libtracer._native import Tracer
from libtracer.trace import _resource, _scope

_DEFAULT_SCOPE = "libtracer"


def resource(tracer: Tracer | None) -> Any:
    """Return what the environment says of the process."""
    return _resource.default()


def _instrumentation_scope(tracer: Tracer | None) -> Any:
    name = _DEFAULT_SCOPE if tracer is None else tracer.name
    return _scope.new(name, None, None, None)


def instrumentation_info(tracer: Tracer | None) -> Any:
    """Return the scope under its older name."""
    return _scope.info_of(_instrumentation_scope(tracer))
