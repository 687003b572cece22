"""Calls of language models, counted where metrics are asked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from libtracer import _native, _usage

_MOST = 2.0**53
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
    _native.record_llm_call(
        _label(provider),
        _label(model),
        input_tokens=int(_number(tokens[0])),
        output_tokens=int(_number(tokens[1])),
        cost=_number(cost),
        duration=seconds,
    )


def _label(value: object) -> str:
    """Return a label that can be written, whatever a program gives."""
    with suppress(Exception):
        return str(value).encode("utf-8", "replace").decode()
    return "unknown"


def _number(value: Any) -> float:
    """Return a number that can be counted; 0 for what is none."""
    with suppress(TypeError, ValueError, OverflowError):
        number = float(value or 0)
        return number if 0 < number < _MOST else 0.0
    return 0.0


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
        with suppress(ValueError):  # the block may end in another context than it began in
            _inside.reset(token)
        if not counted[0]:
            _count(getattr(span, "attributes", None) or {}, perf_counter() - begun)


def _count(attributes: Mapping[str, Any], seconds: float) -> None:
    def said(names: tuple[str, ...]) -> Any:
        return _usage.first(attributes, names)

    provider, model = said(_usage.PROVIDER), said(_usage.MODEL)
    tokens = (said(_usage.PROMPT), said(_usage.COMPLETION))
    count(provider or "unknown", model or "unknown", tokens, said(_usage.COST), seconds)
