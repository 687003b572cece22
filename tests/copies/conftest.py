"""The libraries that tools/copies_test.sh has built: each has a copy of libtracer of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PIECES = Path(os.environ["LIBTRACER_PIECES"])
KINDS = ["static", "rust", "grafted"]

# What every program begins with. `work`: a span of Python, two of the piece, again one of Python.
# `tree`: who is whose child.
PRELUDE = """
import ctypes, json, sys

BACK = ctypes.CFUNCTYPE(None)

def piece(path, kind=ctypes.CDLL):
    return kind(path)

def account(piece):
    out = (ctypes.c_uint64 * 3)()
    piece.piece_account(out)
    return list(out)

def back():
    with libtracer.start_span("back"):
        pass

def work(piece):
    with libtracer.start_span("root"):
        piece.piece_work(BACK(back))
    assert libtracer.get_current_span() is None

def tree(spans):
    names = {span.context.span_id: span.name for span in spans}
    parent = lambda span: names[span.parent.span_id] if span.parent else None
    return [f"{parent(span)} > {span.name}" for span in spans]
"""


def path_of(kind: str) -> Path:
    """Return where a piece is; a test without it is skipped, with the reason."""
    if kind == "grafted":
        found = list(PIECES.glob("grafted/grafted/piece*.so"))
        if not found:
            pytest.skip("the tools that put a library into a wheel cannot be had here")
        return found[0]
    return PIECES / f"{kind}.so"


@pytest.fixture(params=KINDS)
def piece(request) -> Path:
    return path_of(request.param)


@pytest.fixture
def run():
    """Run a program in an interpreter of its own and return what it printed."""

    def run(program: str, *arguments: object, said: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(program), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (said in done.stderr) if said else not done.stderr, done.stderr
        return done.stdout

    return run
