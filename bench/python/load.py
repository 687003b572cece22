"""Rows P7 to P9 for one peer: spans at full speed, and the answers of a service at its pace.

``load.py PEER URL`` prints row and figure. P7 and P8 are spans lost of a thousand, from one thread
and from four; P7a is thousands of spans that were delivered each second; P9 is the 99th percentile
of the answers, in percent of that without tracing.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from threading import Thread
from typing import TYPE_CHECKING, Any

from peers import PEERS, Peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

SPANS = {"libtracer": 400_000, "otel": 40_000, "ddtrace": 60_000}
THREADS = 4
ASKS_EACH_SECOND = 500
ASKS_IN_A_TURN = 250
TURNS = 6
SPANS_IN_AN_ASK = 10


def burst(peer: Peer, count: int) -> None:
    """Make spans as fast as can be, a hundred to a trace."""
    start = peer.start
    for _ in range(count // 100):
        with start("root"):
            for _ in range(99):
                with start("op"):
                    pass


def lost_of(peer: Peer, made: int, run: Callable[[], object]) -> int | None:
    """Run what makes so many spans and return how many of them were lost."""
    before = peer.lost(0)
    run()
    peer.flush()
    after = peer.lost(made)
    return None if before is None or after is None else after - before


def full_speed(peer: Peer, count: int) -> None:
    """Print what of a burst was lost, and how fast it was delivered."""
    began = time.perf_counter()
    lost = lost_of(peer, count, lambda: burst(peer, count))
    took = time.perf_counter() - began
    if lost is not None:
        print(f"P7\t{lost * 1_000 / count:.1f}\t{count}")
    print(f"P7a\t{(count - (lost or 0)) / took / 1_000:.1f}\t{count}")


def threads(peer: Peer, count: int) -> None:
    """Print what was lost of bursts on several threads at once."""

    def run() -> None:
        running = [Thread(target=burst, args=(peer, count // THREADS)) for _ in range(THREADS)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    lost = lost_of(peer, count, run)
    if lost is not None:
        print(f"P8\t{lost * 1_000 / count:.1f}\t{count}")


def work() -> int:
    """Do the work of one part of an answer: nine make 0.3 ms, as in the service of the budget."""
    return sum(index * index for index in range(1_300))


def answers(start: Callable[[str], AbstractContextManager[Any]], took: list[int]) -> None:
    """Answer at an even pace, and note how long each answer took."""
    due = time.perf_counter_ns()
    for _ in range(ASKS_IN_A_TURN):
        due += 1_000_000_000 // ASKS_EACH_SECOND
        while (left := due - time.perf_counter_ns()) > 0:
            time.sleep(left / 1e9)
        began = time.perf_counter_ns()
        with start("answer"):
            for _ in range(SPANS_IN_AN_ASK - 1):
                with start("part"):
                    work()
        took.append(time.perf_counter_ns() - began)


def pace(peer: Peer) -> None:
    """Print the 99th percentile with tracing in percent of that without, by turns."""
    nothing = nullcontext()
    traced: list[int] = []
    plain: list[int] = []
    for _ in range(TURNS):
        answers(lambda _: nothing, plain)
        answers(peer.start, traced)

    def p99(took: list[int]) -> int:
        return sorted(took)[len(took) * 99 // 100]

    print(f"P9\t{p99(traced) / p99(plain) * 100:.1f}\t{len(traced)}")


def main() -> None:
    """Measure the peer of the command line."""
    name, url = sys.argv[1:]
    peer = PEERS[name](url)
    pace(peer)
    full_speed(peer, SPANS[name])
    threads(peer, SPANS[name])


if __name__ == "__main__":
    main()
