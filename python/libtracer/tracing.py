"""Decorator, context managers and summaries under the name that tracing APIs of others use."""

from libtracer._context_tracing import ContextTracing, agent_span, generation_span, tool_span
from libtracer._native import start_span
from libtracer._traced import traced

__all__ = [
    "ContextTracing",
    "agent_span",
    "generation_span",
    "start_span",
    "tool_span",
    "traced",
]
