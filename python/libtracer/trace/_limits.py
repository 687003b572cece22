"""How much a span may hold: the SDK's own class when the program has loaded the SDK, else ours."""

import os
import sys
from typing import Any

_SDK = "opentelemetry.sdk.trace"

Native = tuple[int | None, int | None, int | None, int | None, int | None, int | None, int | None]
"""Limits in the order of the C ABI's ``tracer_limits``; None is no limit."""

_USUAL = 128


class SpanLimits:
    """Limits of spans, their events and links; what is not given comes from the environment.

    Args:
        max_attributes: Attributes of a span, an event and a link, where nothing else is said.
        max_events: Events of a span.
        max_links: Links of a span.
        max_span_attributes: Attributes of a span.
        max_event_attributes: Attributes of an event.
        max_link_attributes: Attributes of a link.
        max_attribute_length: Characters of a text.
        max_span_attribute_length: Characters of a text of the span itself.
    """

    UNSET = -1

    def __init__(  # noqa: PLR0913, PLR0917, the SDK's signature
        self,
        max_attributes: int | None = None,
        max_events: int | None = None,
        max_links: int | None = None,
        max_span_attributes: int | None = None,
        max_event_attributes: int | None = None,
        max_link_attributes: int | None = None,
        max_attribute_length: int | None = None,
        max_span_attribute_length: int | None = None,
    ) -> None:
        usual = _limit(max_attributes, "OTEL_ATTRIBUTE_COUNT_LIMIT", _USUAL)
        length = _limit(max_attribute_length, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", None)
        self.max_attributes = usual
        self.max_events = _limit(max_events, "OTEL_SPAN_EVENT_COUNT_LIMIT", _USUAL)
        self.max_links = _limit(max_links, "OTEL_SPAN_LINK_COUNT_LIMIT", _USUAL)
        self.max_span_attributes = _limit(
            max_span_attributes, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", usual
        )
        self.max_event_attributes = _limit(
            max_event_attributes, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", usual
        )
        self.max_link_attributes = _limit(
            max_link_attributes, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", usual
        )
        self.max_attribute_length = length
        self.max_span_attribute_length = _limit(
            max_span_attribute_length, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length
        )


def _limit(given: int | None, variable: str, usual: int | None) -> int | None:
    """Return a limit: what was given, else the variable, else the usual one; None is no limit."""
    if given == SpanLimits.UNSET:
        return None
    value: int | str | None = given
    if value is None:
        value = os.environ.get(variable)
        if value is None:
            return usual
        if not value.strip():
            return None
    try:
        limit = int(value)
    except ValueError:
        limit = -1
    if limit < 0:
        raise ValueError(f"{variable} must be a non-negative integer but got {value}")
    return limit


def default() -> Any:
    """Return the limits of a provider that was given none."""
    return getattr(sys.modules.get(_SDK), "SpanLimits", SpanLimits)()


def native_of(limits: Any) -> Native:
    """Return the limits as the runtime takes them."""
    return (
        limits.max_span_attributes,
        limits.max_span_attribute_length,
        limits.max_events,
        limits.max_links,
        limits.max_event_attributes,
        limits.max_link_attributes,
        limits.max_attribute_length,
    )
