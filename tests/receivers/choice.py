"""Which receiver a test gets."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from receivers.base import Unavailable
from receivers.collector import Collector
from receivers.ddapm import Ddapm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from receivers.base import Receiver

KINDS: dict[str, type[Receiver]] = {"collector": Collector, "ddapm": Ddapm}


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
def start(kind: str | None = None) -> Iterator[Receiver]:
    """Starts a receiver and stops it at the end."""
    chosen = choose(kind)
    with (
        tempfile.TemporaryDirectory(prefix="libtracer-") as folder,
        chosen(Path(folder)) as receiver,
    ):
        yield receiver
