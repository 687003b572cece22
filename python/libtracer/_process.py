"""The process's end: flush at exit, and in children of ``multiprocessing``, which run no exit."""

import atexit
import math
import os
import sys

from libtracer import _native

EXIT_BUDGET_SECONDS = 2.0
"""Time that all exporters together may take at exit."""

_FOREVER_MS = 2**32 - 1


def milliseconds(timeout: float | None) -> int:
    """Return a time-out in seconds as the runtime takes it; None is no limit."""
    if timeout is None or math.isinf(timeout):
        return _FOREVER_MS
    return min(max(int(timeout * 1000), 0), _FOREVER_MS)


def _at_exit() -> None:
    _native.shutdown(milliseconds(EXIT_BUDGET_SECONDS))


def _after_fork_by_multiprocessing(_: object) -> None:
    from multiprocessing import util

    util.Finalize(None, _at_exit, exitpriority=0)


def _after_fork_in_child() -> None:
    # A child of multiprocessing ends without atexit, after running its own finalizers.
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        _after_fork_by_multiprocessing(None)


def install() -> None:
    """Arrange for the flush at the end of this process and of its children."""
    atexit.register(_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_register_in_child)


def _register_in_child() -> None:
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_native, _after_fork_by_multiprocessing)
