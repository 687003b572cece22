"""Real servers for tests: OpenTelemetry Collector, Jaeger, Zipkin, the Datadog agent for tests.

    with receivers.start() as receiver:
        ...export to receiver.endpoint...
        spans = receiver.wait_for(10_000)

`start()` takes the Collector when Go is there to build it, else ddapm-test-agent; the environment
variable LIBTRACER_RECEIVER names one. `running(Jaeger)` is a given server. One that cannot be had
raises `Unavailable`, which says why. `python -m receivers` runs a command against one.
"""

from receivers.base import Receiver, Server
from receivers.cache import Unavailable
from receivers.choice import KINDS, SERVERS, running, start
from receivers.collector import Collector
from receivers.jaeger import Jaeger
from receivers.prometheus import Prometheus, PrometheusOtlp, Pushgateway
from receivers.received import Span
from receivers.zipkin import Zipkin

__all__ = [
    "KINDS",
    "SERVERS",
    "Collector",
    "Jaeger",
    "Prometheus",
    "PrometheusOtlp",
    "Pushgateway",
    "Receiver",
    "Server",
    "Span",
    "Unavailable",
    "Zipkin",
    "running",
    "start",
]
