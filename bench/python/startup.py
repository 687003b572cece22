"""Row P10 for one peer: what tracing adds to the start of a process that has OpenTelemetry's API.

``startup.py PEER URL`` prints ``P10``, milliseconds of import and set-up, and ``P10a``, mebibytes.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import opentelemetry.trace  # noqa: F401, what is there without the peer
from peers import PEERS


def resident() -> float:
    """Return the memory of the process that is in use, in mebibytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def main() -> None:
    """Measure the peer of the command line."""
    name, url = sys.argv[1:]
    before, began = resident(), time.perf_counter()
    peer = PEERS[name](url)
    with peer.start("first"):
        pass
    took = time.perf_counter() - began
    print(f"P10\t{took * 1_000:.1f}\t1")
    print(f"P10a\t{resident() - before:.2f}\t1")


if __name__ == "__main__":
    main()
