"""Attributes of a generation: what each figure is called by those who record it."""

from collections.abc import Iterable, Mapping
from typing import Any

PROMPT = ("prompt_tokens_used", "ai.prompt_tokens", "gen_ai.usage.input_tokens")
COMPLETION = ("completion_tokens_used", "ai.completion_tokens", "gen_ai.usage.output_tokens")
CACHED = (
    "cached_tokens_used",
    "ai.cached_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.input_tokens.cached",
)
THINKING = ("thinking_tokens_used", "gen_ai.usage.reasoning.output_tokens")
MODEL = ("model_name", "ai.model", "gen_ai.response.model", "gen_ai.request.model")
PROVIDER = ("ai.provider", "gen_ai.provider.name", "gen_ai.system")
COST = ("ai.cost",)


def first(attributes: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the first of these attributes that is there."""
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)
