"""Resource and scope of spans that no ``TracerProvider`` has made, under a tracer's names."""

import functools
import sys
from typing import Any

from libtracer import _config, _tracer
from libtracer._native import Tracer
from libtracer.trace import _resource, _scope

_DEFAULT_SCOPE = ""  # as the runtime has it


def resource(tracer: Tracer | None) -> Any:
    """Return what the set-up and the environment say of the process."""
    return _resource_of(_config.service_name(), "opentelemetry.sdk.resources" in sys.modules)


@functools.lru_cache(maxsize=16)
def _resource_of(service: str | None, _sdk_is_loaded: bool) -> Any:  # noqa: FBT001
    found = _resource.default()
    return found if service is None else found.merge(type(found)({"service.name": service}))


def _instrumentation_scope(tracer: Tracer | None) -> Any:
    if tracer is None:
        return _scope.new(_DEFAULT_SCOPE, None, None, None)
    for key, known in list(_tracer._tracers.items()):
        if known is tracer:
            return _scope.new(*key, None)
    return _scope.new(tracer.name, None, None, None)


def instrumentation_info(tracer: Tracer | None) -> Any:
    """Return the scope under its older name."""
    return _scope.info_of(_instrumentation_scope(tracer))
