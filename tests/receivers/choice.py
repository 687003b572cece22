"""Which server a test gets."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from receivers.cache import Unavailable
from receivers.collector import Collector
from receivers.ddapm import Ddapm
from receivers.jaeger import Jaeger
from receivers.prometheus import Prometheus, PrometheusOtlp
from receivers.zipkin import Zipkin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeVar

    from receivers.base import Receiver, Server

    Kind = TypeVar("Kind", bound=Server)

KINDS: dict[str, type[Receiver]] = {"collector": Collector, "ddapm": Ddapm}
SERVERS: dict[str, type[Server]] = {
    **KINDS,
    "jaeger": Jaeger,
    "zipkin": Zipkin,
    "prometheus": Prometheus,
    "prometheus-otlp": PrometheusOtlp,
}


def choose(kind: str | None = None) -> type[Receiver]:
    """Returns the class asked for (also by LIBTRACER_RECEIVER), installed, or the best one."""
    wanted = kind or os.environ.get("LIBTRACER_RECEIVER")
    reasons = []
    for name, receiver in KINDS.items():
        if wanted in (None, name):
            try:
                receiver.install()
            except Unavailable as reason:
                reasons.append(str(reason))
            else:
                return receiver
    raise Unavailable("; ".join(reasons) or f"no receiver is called {wanted!r}")


@contextmanager
def running(kind: type[Kind]) -> Iterator[Kind]:
    """Starts a server and stops it at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="libtracer-") as folder,
        kind(Path(folder)) as server,
    ):
        yield server


@contextmanager
def start(kind: str | None = None) -> Iterator[Receiver]:
    """Starts a receiver of OTLP and stops it at the end."""
    with running(choose(kind)) as receiver:
        yield receiver
