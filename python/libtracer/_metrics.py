"""Calls of language models, counted where metrics are asked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from libtracer import _native, _usage

# Whether a call was counted inside of the generation that is current.
_inside: ContextVar[list[bool] | None] = ContextVar("libtracer_generation", default=None)


def count(
    provider: object, model: object, tokens: tuple[Any, Any], cost: Any, seconds: float
) -> None:
    """Count a call of a language model; what is not known is None.

    Args:
        provider: Who offers the model.
        model: Its name.
        tokens: How many it read, and how many it wrote.
        cost: In US dollars.
        seconds: How long the call took.
    """
    if not _native.counts_llm_calls():
        return
    around = _inside.get()
    if around is not None:
        around[:] = [True]
    # A backend may say anything; what cannot be counted changes nothing in the program.
    with suppress(TypeError, ValueError, OverflowError):
        _native.record_llm_call(
            str(provider),
            str(model),
            input_tokens=int(tokens[0] or 0),
            output_tokens=int(tokens[1] or 0),
            cost=float(cost or 0),
            duration=seconds,
        )


@contextmanager
def generation(span: Any) -> Iterator[None]:
    """Count the block of a generation's span by what the span has at its end.

    Calls of ``LLM`` in the block count themselves, and the block no more. Of a span that is not
    recorded nothing is known.
    """
    if not _native.counts_llm_calls() or not span.is_recording():
        yield
        return
    begun = perf_counter()
    counted = [False]
    token = _inside.set(counted)
    try:
        yield
    finally:
        _inside.reset(token)
        if not counted[0]:
            _count(getattr(span, "attributes", None) or {}, perf_counter() - begun)


def _count(attributes: Mapping[str, Any], seconds: float) -> None:
    def said(names: tuple[str, ...]) -> Any:
        return _usage.first(attributes, names)

    provider, model = said(_usage.PROVIDER), said(_usage.MODEL)
    tokens = (said(_usage.PROMPT), said(_usage.COMPLETION))
    count(provider or "unknown", model or "unknown", tokens, said(_usage.COST), seconds)
