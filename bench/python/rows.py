"""Rows P1 to P6 and P12 for one peer: ``rows.py PEER URL`` prints row, p10 and median in ns."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from peers import PEERS, Peer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from peers import Start

BURST = 500
SECONDS = 0.6  # for a row of a slow peer, but this many samples at least
FEWEST = 40
TEXT = "GET /api/v1/users"
WHOLE = {"libtracer": 100_000, "otel": 20_000, "ddtrace": 20_000}


def row(name: str, work: Callable[[int], object], less: float = 0.0, samples: int = 150) -> float:
    """Print the thread's processor time for each call of ``work``'s loop, less a known part."""
    costs: list[float] = []
    enough = time.perf_counter() + SECONDS
    while len(costs) < samples and (len(costs) < FEWEST or time.perf_counter() < enough):
        start = time.thread_time_ns()
        work(BURST)
        costs.append((time.thread_time_ns() - start) / BURST)
    costs.sort()
    p10, median = costs[len(costs) // 10], costs[len(costs) // 2]
    if name:
        print(f"{name}\t{p10 - less:.1f}\t{median - less:.1f}")
    return p10


def loop(count: int) -> None:
    """Run the bare loop."""
    for _ in range(count):
        pass


def empty(start: Start) -> Callable[[int], None]:
    """Return work that makes spans with nothing in them."""

    def work(count: int) -> None:
        for _ in range(count):
            with start("op"):
                pass

    return work


def spans(peer: Peer) -> None:
    """Print the rows of spans that are children of a current one."""
    start, set_attribute = peer.start, peer.set_attribute

    def attributes(i: int) -> dict[str, Any]:
        return {
            "http.request.method": TEXT,
            "http.response.status_code": i,
            "app.duration_ms": 1.5,
            "cache.hit": True,
        }

    def four(count: int) -> None:
        for i in range(count):
            with start("op", attributes=attributes(i)):
                pass

    def two_more(count: int) -> None:
        for i in range(count):
            with start("op", attributes=attributes(i)) as span:
                set_attribute(span, "result", "found")
                set_attribute(span, "rows", i)

    bare = row("", loop)
    with start("root"):
        row("P1", empty(start), bare)
        row("P2", two_more, bare)
        row("P2a", four, bare)
        with start("op") as span:
            row("P2b", lambda count: [set_attribute(span, "rows", i) for i in range(count)], bare)
        for name, way in peer.more:
            row(name, empty(way), bare)
    by_api = peer.by_api()
    with by_api("root"):
        row("P6", empty(by_api), bare)


def calls(peer: Peer) -> None:
    """Print what a traced function costs beyond the plain one."""

    def function(a: int, b: int) -> int:
        return a

    async def coroutine(a: int, b: int) -> int:
        return a

    def items(count: int) -> Iterator[int]:
        yield from range(count)

    def call(function: Callable[[int, int], int]) -> Callable[[int], None]:
        def work(count: int) -> None:
            for _ in range(count):
                function(1, 2)

        return work

    def wait(coroutine: Callable[[int, int], Awaitable[int]]) -> Callable[[int], None]:
        async def work(count: int) -> None:
            for _ in range(count):
                await coroutine(1, 2)

        return lambda count: run(work(count))

    def consume(items: Callable[[int], Iterator[int]]) -> Callable[[int], None]:
        def work(count: int) -> None:
            for _ in items(count):
                pass

        return work

    with peer.start("root"):
        row("P4", call(peer.decorate(function)), row("", call(function)))
        if peer.log is not None:
            row("P4a", call(peer.log(function)), row("", call(function)))
        row("P5", wait(peer.decorate(coroutine)), row("", wait(coroutine)))
        row("P5a", consume(peer.decorate(items)), row("", consume(items)))


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing: an event loop's price is not what is measured."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("the coroutine waits")


def whole(peer: Peer, count: int, window: int = 2_000) -> None:
    """Print the processor time of the whole process for each span, export included."""
    work = empty(peer.start)
    before = time.process_time_ns()
    for _ in range(0, count, window):
        with peer.start("root"):
            work(window - 1)
        peer.flush()
    print(f"P3\t{(time.process_time_ns() - before) / count:.1f}\t{count}")


def main() -> None:
    """Measure the peer of the command line."""
    os.sched_setaffinity(0, {0})
    name, url = sys.argv[1:]
    peer = PEERS[name](url)
    spans(peer)
    calls(peer)
    whole(peer, WHOLE[name])
    if name == "libtracer" and (lost := peer.lost(0)):
        sys.exit(f"{lost} spans were dropped")


if __name__ == "__main__":
    main()
