"""Samplers: the built-in ones become native, the program's own are asked here."""

import os
import sys
from typing import Any

from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

from libtracer._log import contained
from libtracer.trace import _ids

_SDK = "opentelemetry.sdk.trace.sampling"

# TRACER_SAMPLER_* of the C ABI.
_PARENT_ALWAYS_ON, _ALWAYS_ON, _ALWAYS_OFF, _PARENT_ALWAYS_OFF, _RATIO, _PARENT_RATIO = range(6)
_BELOW_PARENT = {
    _ALWAYS_ON: _PARENT_ALWAYS_ON,
    _ALWAYS_OFF: _PARENT_ALWAYS_OFF,
    _RATIO: _PARENT_RATIO,
}
_ASK, _DROP, _RECORD, _SAMPLE = -1, 0, 1, 2

Native = list[tuple[int, float]]
"""A native sampler and its ratio; then those below parents, unless they are the usual ones."""

# By the kind of parent, in the order of TRACER_PARENT_*.
_DELEGATES = (
    "_remote_parent_sampled",
    "_remote_parent_not_sampled",
    "_local_parent_sampled",
    "_local_parent_not_sampled",
)
_USUAL = [_ALWAYS_ON, _ALWAYS_OFF, _ALWAYS_ON, _ALWAYS_OFF]


class EnvironmentSampler:
    """Stands for the sampler that ``OTEL_TRACES_SAMPLER`` names."""

    def get_description(self) -> str:
        """Return the name and the argument of the sampler."""
        name = os.environ.get("OTEL_TRACES_SAMPLER") or "parentbased_always_on"
        argument = os.environ.get("OTEL_TRACES_SAMPLER_ARG")
        return f"{name}{{{argument}}}" if argument else name


def default() -> Any:
    """Return the sampler of a provider that was given none."""
    of_environment = getattr(sys.modules.get(_SDK), "_get_from_env_or_default", EnvironmentSampler)
    return of_environment()


def is_of_environment(sampler: Any) -> bool:
    """Whether the runtime reads this sampler from the environment itself."""
    return type(sampler) is EnvironmentSampler


def native_of(sampler: Any) -> Native | None:
    """Return the native sampler that decides as this one does; None when there is none."""
    sdk = sys.modules.get(_SDK)
    if sdk is None:
        return None
    kind = type(sampler)
    if kind is sdk.StaticSampler:
        return _native_static(sampler, sdk)
    if kind is sdk.TraceIdRatioBased:
        return [(_RATIO, float(sampler.rate))]
    if kind in {
        getattr(sdk, name, None)
        for name in (
            "ParentBased",
            "ParentBasedTraceIdRatio",
            "_ParentBasedAlwaysOn",
            "_ParentBasedAlwaysOff",
        )
    }:
        return _native_parent_based(sampler)
    return None


def _native_static(sampler: Any, sdk: Any) -> Native | None:
    decision = getattr(sampler, "_decision", None)
    if decision is sdk.Decision.RECORD_AND_SAMPLE:
        return [(_ALWAYS_ON, 1.0)]
    return [(_ALWAYS_OFF, 0.0)] if decision is sdk.Decision.DROP else None


def _native_parent_based(sampler: Any) -> Native | None:
    parts: Native = []
    for name in ("_root", *_DELEGATES):
        part = native_of(getattr(sampler, name, None))
        if part is None or len(part) > 1:
            return None
        parts += part
    (kind, ratio), *delegates = parts
    if kind not in _BELOW_PARENT:
        return None
    usual = [kind for kind, _ in delegates] == _USUAL
    return [(_BELOW_PARENT[kind], ratio), *([] if usual else delegates)]


Verdict = tuple[int, int, bool, int, str, Any]
"""Trace id, span id, whether the trace id is random, decision, trace state, attributes."""


class Decider:
    """Asks a sampler and an id generator of the program's own about spans that are to start.

    Args:
        sampler: The sampler; None leaves the decision to the runtime.
        ids: The id generator; None leaves the ids to the runtime.
    """

    def __init__(self, sampler: Any, ids: Any) -> None:
        self._sampler = sampler
        self._ids = ids
        self._own_ids = _ids.RandomIdGenerator()

    def decide(  # noqa: PLR0913, PLR0917, what a sampler is asked with
        self,
        context: Any,
        native_parent: SpanContext | None,
        trace_id: int,
        name: str,
        kind: Any,
        attributes: Any,
        links: Any,
    ) -> Verdict:
        """Say what a span is to be.

        Args:
            context: The context the program gave, None for the current one.
            native_parent: The parent, when it is a span of native code, which no context knows.
            trace_id: The parent's; 0 for a root.
            name: Name of the span.
            kind: Its ``SpanKind``.
            attributes: What it starts with.
            links: What it starts linked to.
        """
        trace_id, random = self._trace_id(trace_id)
        span_id = self._span_id()
        if self._sampler is None:
            return trace_id, span_id, random, _ASK, "", None
        if native_parent is not None:
            context = set_span_in_context(NonRecordingSpan(native_parent), context)
        try:
            result = self._sampler.should_sample(
                context, trace_id, name, kind, attributes, links or ()
            )
            decision = _DROP
            if result.decision.is_sampled():
                decision = _SAMPLE
            elif result.decision.is_recording():
                decision = _RECORD
            state = result.trace_state
            header = state.to_header() if state else ""
        except Exception:
            contained(self._sampler, "should_sample")
            return trace_id, span_id, random, _ASK, "", None
        return trace_id, span_id, random, decision, header, result.attributes

    def _trace_id(self, of_parent: int) -> tuple[int, bool]:
        if of_parent:
            return of_parent, False
        if self._ids is not None:
            try:
                drawn = self._ids.generate_trace_id()
                # Older generators do not say.
                is_random = getattr(self._ids, "is_trace_id_random", bool)()
            except Exception:
                contained(self._ids, "generate_trace_id")
            else:
                if isinstance(drawn, int) and 0 < drawn < 2**128:
                    return drawn, bool(is_random)
        return self._own_ids.generate_trace_id(), True

    def _span_id(self) -> int:
        """Return the generator's id; 0 leaves it to the runtime."""
        if self._ids is None:
            return 0
        try:
            drawn = self._ids.generate_span_id()
        except Exception:
            contained(self._ids, "generate_span_id")
            return 0
        return drawn if isinstance(drawn, int) and 0 < drawn < 2**64 else 0
