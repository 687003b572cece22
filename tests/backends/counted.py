"""Calls of language models as a program of the documents makes them, and what must be counted."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import libtracer

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENAI = {"provider": "openai", "model": "gpt-4o"}
MINE = {"provider": "mine", "model": "ein \"Modell\"\n"}  # fmt: skip
# Name, labels and value of each series but the durations, whose sums differ from run to run.
COUNTED: list[tuple[str, dict[str, str], float]] = [
    ("ai_llm_cost_dollars", OPENAI, 0.75),
    ("ai_llm_requests_total", MINE, 1),
    ("ai_llm_requests_total", OPENAI, 3),
    ("ai_llm_tokens_total", {**OPENAI, "type": "input"}, 15),
    ("ai_llm_tokens_total", {**OPENAI, "type": "output"}, 60),
]
NAMES = {
    "ai_llm_cost_dollars",
    "ai_llm_duration_seconds_bucket",
    "ai_llm_duration_seconds_count",
    "ai_llm_duration_seconds_sum",
    "ai_llm_requests_total",
    "ai_llm_tokens_total",
}


@contextmanager
def counting(**options: Any) -> Iterator[None]:
    """Counts in the block."""
    libtracer.configure_tracing("shop", exporter="none", enable_metrics=True, **options)
    yield
    libtracer.configure_tracing("shop", exporter="none")


def call() -> None:
    """Makes the calls."""
    usage = {"prompt_tokens": 5, "completion_tokens": 20}
    answer = {"text": "Hi", "usage": usage, "cost": 0.25}
    for labels, said in (
        (OPENAI, answer),
        (OPENAI, answer),
        (OPENAI, answer),
        (MINE, {"text": ""}),
    ):
        llm = libtracer.LLM(labels["provider"], labels["model"], backend=lambda _, said=said: said)
        asyncio.run(llm.generate("Hello"))
