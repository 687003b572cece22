"""Real OTLP receivers for tests: the OpenTelemetry Collector, or the Datadog agent for tests.

    with receivers.start() as receiver:
        ...export to receiver.endpoint...
        spans = receiver.wait_for(10_000)

`start()` takes the Collector when Go is there to build it, else ddapm-test-agent; the environment
variable LIBTRACER_RECEIVER names one. A receiver that cannot be had raises `Unavailable`, which
says why. `python -m receivers` runs a command against one.
"""

from receivers.base import Receiver, Unavailable
from receivers.choice import KINDS, start
from receivers.received import Span

__all__ = ["KINDS", "Receiver", "Span", "Unavailable", "start"]
