"""Decorator and context manager under the name the tracing APIs of other packages use."""

from libtracer._native import start_span
from libtracer._traced import traced

__all__ = ["start_span", "traced"]
