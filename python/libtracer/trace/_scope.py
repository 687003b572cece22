"""Instrumentation scopes: the SDK's own class when the program has loaded the SDK, else ours."""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from libtracer import _shapes

_SDK = "opentelemetry.sdk.util.instrumentation"


class InstrumentationScope:
    """The library or module that makes spans; hashable, and equal by what it says."""

    __slots__ = ("_attributes", "_name", "_schema_url", "_version")

    def __init__(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._version = version
        self._schema_url = schema_url or ""
        self._attributes = MappingProxyType(dict(attributes or {}))

    def _key(self) -> tuple[Any, ...]:
        return (self._name, self._version, self._schema_url, dict(self._attributes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InstrumentationScope):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self._name, self._version, self._schema_url))

    def __repr__(self) -> str:
        return "InstrumentationScope({}, {}, {}, {})".format(*self._key())

    @property
    def name(self) -> str:
        """Name of the library."""
        return self._name

    @property
    def version(self) -> str | None:
        """Version of the library."""
        return self._version

    @property
    def schema_url(self) -> str:
        """Schema its attributes follow."""
        return self._schema_url

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What else is known of it."""
        return self._attributes

    def to_json(self, indent: int | None = 4) -> str:
        """Return the scope as JSON."""
        name, version, schema_url, attributes = self._key()
        return _shapes.scope_json(name, version, schema_url, attributes, indent)


class InstrumentationInfo:
    """A scope under the name it had before attributes."""

    __slots__ = ("_name", "_schema_url", "_version")

    _name: str
    _version: str | None
    _schema_url: str

    @property
    def name(self) -> str:
        """Name of the library."""
        return self._name

    @property
    def version(self) -> str | None:
        """Version of the library."""
        return self._version

    @property
    def schema_url(self) -> str:
        """Schema its attributes follow."""
        return self._schema_url


def new(
    name: str, version: str | None, schema_url: str | None, attributes: Mapping[str, Any] | None
) -> Any:
    """Return a new scope."""
    made = getattr(sys.modules.get(_SDK), "InstrumentationScope", InstrumentationScope)
    return made(name, version, schema_url, attributes)


def info_of(scope: Any) -> Any:
    """Return a scope in its older shape. The SDK's constructor would warn of the age."""
    made = getattr(sys.modules.get(_SDK), "InstrumentationInfo", InstrumentationInfo)
    info = made.__new__(made)
    info._name, info._version, info._schema_url = scope.name, scope.version, scope.schema_url
    return info
