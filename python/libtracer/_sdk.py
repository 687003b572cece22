"""Objects of opentelemetry-sdk for the program's own processors and exporters.

Imported only when the program itself has loaded opentelemetry-sdk: the library never does.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status


def readable(  # noqa: PLR0913, PLR0917, what a span is made of
    name: str,
    context: SpanContext,
    parent: SpanContext | None,
    kind: SpanKind,
    status: Status,
    times: tuple[int | None, int | None],
    attributes: BoundedAttributes,
    events: tuple[Sequence[Event], int],
    links: tuple[Sequence[Link], int],
    origin: tuple[Any, Any, Any],
) -> ReadableSpan:
    """Return a finished span, made through the constructor that some programs replace."""
    resource, scope, info = origin
    return ReadableSpan(
        name=name,
        context=context,
        parent=parent,
        resource=resource_of(resource),
        attributes=attributes,
        events=_list(*events),
        links=_list(*links),
        kind=kind,
        instrumentation_info=info,
        status=status,
        start_time=times[0],
        end_time=times[1],
        instrumentation_scope=scope_of(scope),
    )


def _list(items: Sequence[Any], dropped: int) -> Sequence[Any]:
    if not items and not dropped:
        return ()
    made = BoundedList.from_seq(None, items)
    made.dropped = dropped
    return made


_resources: dict[Any, Resource] = {}
_scopes: dict[Any, InstrumentationScope] = {}


def resource_of(resource: Any) -> Resource:
    """Return opentelemetry-sdk's resource that says the same; one object for equal resources."""
    if isinstance(resource, Resource):
        return resource
    found = _resources.get(resource)
    if found is None:
        found = Resource(resource.attributes, resource.schema_url)
        _resources[resource] = found
    return found


def scope_of(scope: Any) -> InstrumentationScope:
    """Return opentelemetry-sdk's scope that says the same; one object for equal scopes."""
    if isinstance(scope, InstrumentationScope):
        return scope
    found = _scopes.get(scope)
    if found is None:
        found = InstrumentationScope(scope.name, scope.version, scope.schema_url, scope.attributes)
        _scopes[scope] = found
    return found
