"""Resources: the SDK's own class when the program has loaded the SDK, else ours."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from libtracer import _native, _shapes

_SDK = "opentelemetry.sdk.resources"


class Resource:
    """What spans come from; hashable, and equal by what it says."""

    def __init__(self, attributes: Mapping[str, Any], schema_url: str | None = None) -> None:
        self._attributes = MappingProxyType(dict(attributes))
        self._schema_url = schema_url or ""
        # Exporters group by it, span by span; values may be lists.
        self._hash = hash((frozenset(self._attributes), self._schema_url))

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Service, process, host."""
        return self._attributes

    @property
    def schema_url(self) -> str:
        """Schema the attributes follow."""
        return self._schema_url

    def merge(self, other: Any) -> "Resource":
        """Return a resource with the attributes of both; those of ``other`` win."""
        merged = {**self._attributes, **other.attributes}
        return Resource(merged, other.schema_url or self._schema_url)

    def to_json(self, indent: int | None = 4) -> str:
        """Return the resource as JSON."""
        return _shapes.resource_json(self._attributes, self._schema_url, indent)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Resource):
            return NotImplemented
        mine = (dict(self._attributes), self._schema_url)
        return mine == (dict(other._attributes), other._schema_url)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Resource({dict(self._attributes)}, {self._schema_url!r})"


def default() -> Any:
    """Return the resource of a provider that was given none."""
    made = getattr(sys.modules.get(_SDK), "Resource", None)
    return Resource(_of_environment()) if made is None else made.create({})


def attributes_of(resource: Any) -> dict[str, Any]:
    """Return the attributes of a resource; of what is none, nothing."""
    attributes = getattr(resource, "attributes", None)
    return dict(attributes) if isinstance(attributes, Mapping) else {}


def schema_url_of(resource: Any) -> str:
    """Return the schema of a resource's attributes."""
    url = getattr(resource, "schema_url", None)
    return url if isinstance(url, str) else ""


def _of_environment() -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "libtracer",
        "telemetry.sdk.version": _native.version(),
    }
    items = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    pairs = [item.partition("=") for item in items if item.strip()]
    # One that cannot be read discards them all, as the runtime does, and says.
    if all(key.strip() and separator for key, separator, _ in pairs):
        attributes.update({key.strip(): unquote(value.strip()) for key, _, value in pairs})
    service = os.environ.get("OTEL_SERVICE_NAME")
    if service:
        attributes["service.name"] = service
    program = f":{Path(sys.executable).name}" if sys.executable else ""
    attributes.setdefault("service.name", f"unknown_service{program}")
    return attributes
