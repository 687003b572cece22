"""Trace and span ids for whoever asks in Python; native ones are drawn by the runtime."""

import random
import sys
from typing import Any

_SDK = "opentelemetry.sdk.trace.id_generator"

# Not the module's functions: a program that seeds those would draw the same ids again.
_random = random.SystemRandom()


class RandomIdGenerator:
    """Draws ids from the system's source of randomness."""

    def generate_span_id(self) -> int:
        """Return a span id."""
        return _random.randrange(1, 2**64)

    def generate_trace_id(self) -> int:
        """Return a trace id."""
        return _random.randrange(1, 2**128)

    def is_trace_id_random(self) -> bool:
        """Whether the trace ids are random: they are."""
        return True


def default() -> Any:
    """Return the generator of a provider that was given none."""
    made = getattr(sys.modules.get(_SDK), "RandomIdGenerator", RandomIdGenerator)
    return made()


def is_plain(generator: Any) -> bool:
    """Whether the generator draws as the runtime does, which then does it instead."""
    sdk = getattr(sys.modules.get(_SDK), "RandomIdGenerator", None)
    return type(generator) in {RandomIdGenerator, sdk}
