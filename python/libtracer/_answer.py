"""What a model answered, and what that cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a model answered.

    Attributes:
        text: The text.
        usage: ``prompt_tokens``, ``completion_tokens`` and ``cached_tokens``, as far as known.
        cost: In US dollars, None if it is not known.
        tool_calls: Calls of tools the model asks for: ``{"name": ..., "args": {...}}``.
    """

    text: str
    usage: dict[str, int] = field(default_factory=dict)
    cost: float | None = None
    tool_calls: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Answer":
        """Return the answer that a backend or client gave as a mapping."""
        return cls(
            str(said.get("text") or ""),
            dict(said.get("usage") or {}),
            said.get("cost"),
            [dict(call) for call in said.get("tool_calls") or ()],
        )


def price(provider: str, model: str, usage: Mapping[str, int]) -> float | None:
    """Return what the tokens cost in US dollars, if ``genai-prices`` is installed and knows."""
    if not usage:
        return None
    try:
        prices = import_module("genai_prices")
    except ImportError:
        return None
    try:
        tokens = prices.Usage(
            input_tokens=usage.get("prompt_tokens"),
            output_tokens=usage.get("completion_tokens"),
            cache_read_tokens=usage.get("cached_tokens"),
        )
        return float(prices.calc_price(tokens, model_ref=model, provider_id=provider).total_price)
    except Exception:  # a model that nobody has priced
        return None
