"""Threads that the process ends with, or that a fork leaves behind, do no harm."""

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import libtracer
import pytest
from libtracer import _collector, _config, _context, _threads, _tracer
from libtracer.tracing import ContextTracing

_DAEMONS = """
import asyncio, logging, sys, threading
import libtracer
from libtracer.trace import TracerProvider

libtracer.configure_tracing("tests", exporter="none")

rounds, enough = [], threading.Event()

def spin():
    for _ in range(2000):
        pass
    rounds.append(None)
    if len(rounds) >= 300:
        enough.set()

class Processor:
    def on_start(self, span, parent_context=None): spin()
    def on_end(self, span): spin()
    def shutdown(self): pass
    def force_flush(self, timeout_millis=0): return True

class Sampler:
    def should_sample(self, *asked):
        spin()
        raise ValueError

class Shown:
    def __str__(self): spin(); return "shown"
    __repr__ = __str__

logging.getLogger("libtracer").addHandler(logging.NullHandler())
logging.getLogger("libtracer").propagate = False
provider = TracerProvider()
provider.add_span_processor(Processor())
tracer = provider.get_tracer("tests")
asking = TracerProvider(sampler=Sampler()).get_tracer("tests")
shown = Shown()

@libtracer.traced
def function(): spin()

@libtracer.traced
def generator():
    while True:
        yield spin()

@libtracer.traced
def catching():
    while True:
        try:
            yield
        except ValueError:
            spin()

def thrown():
    running = catching()
    next(running)
    forever(lambda: running.throw(ValueError()))

@libtracer.traced
def closing():
    try:
        yield
    finally:
        spin()

def closed():
    running = closing()
    next(running)
    running.close()

@libtracer.traced
async def coroutine():
    while True:
        spin()
        await asyncio.sleep(0)

def started():
    with libtracer.start_span("started", attributes={"shown": shown}):
        pass

def forever(call):
    while True:
        call()

ways = {
    "function": lambda: forever(function),
    "generator": lambda: [None for _ in generator()],
    "coroutine": lambda: asyncio.run(coroutine()),
    "processor": lambda: forever(lambda: tracer.start_span("told").end()),
    "throw": thrown,
    "close": lambda: forever(closed),
    "sampler": lambda: forever(lambda: asking.start_span("asked").end()),
    "text": lambda: forever(started),
}

# The threads are to end while the interpreter goes down: one that asks for the GIL when all is over
# crashes CPython 3.10, without us too. So they ask often, and the end takes its time.
sys.setswitchinterval(0.0001)

class Last:
    def __del__(self):
        for _ in range(1_000_000):
            pass

last = Last()
for _ in range(6):
    threading.Thread(target=ways[sys.argv[1]], daemon=True).start()
enough.wait()
"""


@pytest.mark.parametrize(
    "way",
    [
        "function",
        "generator",
        "throw",
        "close",
        "coroutine",
        "processor",
        "sampler",
        "text",
    ],
)
def test_daemon_threads_in_traced_code_do_not_end_the_process(way: str) -> None:
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _DAEMONS, way], capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def _all_apis() -> None:
    libtracer.get_tracer("tests.of.a.child").start_span("one").end()
    with ContextTracing().trace("two"), libtracer.start_span("three"):
        pass
    _context.take_over()
    libtracer.instrument_threads()
    libtracer.configure_tracing("tests", exporter="none")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (_tracer, "_lock"),
        (_collector, "_lock"),
        (_config, "lock"),
        (_context, "_lock"),
        (_threads, "_lock"),
        (ContextTracing, "_lock"),
    ],
)
def test_a_forked_child_does_not_wait_for_a_thread_that_it_lacks(holder: Any, name: str) -> None:
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with getattr(holder, name):
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            _all_apis()
            status = 0
        finally:
            os._exit(status)
    over.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
