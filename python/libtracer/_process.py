"""The process's end: flush at exit, and in children of ``multiprocessing``, which run no exit."""

import atexit
import logging
import math
import os
import sys
from collections.abc import Callable
from types import ModuleType

from libtracer import _native

EXIT_BUDGET_SECONDS = 2.0
"""Time that all exporters together may take at exit."""

_FOREVER_MS = 2**32 - 1
_LAST = -100  # after whatever finalizers of the program still record


def milliseconds(timeout: float | None) -> int:
    """Return a time-out in seconds as the runtime takes it; None is no limit."""
    if timeout is None or math.isinf(timeout):
        return _FOREVER_MS
    return min(max(int(timeout * 1000), 0), _FOREVER_MS)


# What closes at exit, by owner, in the order in which it came.
_open: dict[int, Callable[[], None]] = {}
_state = {"exiting": False}


def at_exit(owner: object, close: Callable[[], object]) -> None:
    """Call ``close`` at exit: before the runtime's end, and in its place among exit handlers."""
    if id(owner) in _open:
        return

    def closing() -> None:
        _state["exiting"] = True
        if _open.pop(id(owner), None) is None:
            return
        try:
            close()
        except Exception:
            logging.getLogger("libtracer").exception("A provider failed to shut down at exit")

    _open[id(owner)] = closing
    atexit.register(closing)


def done(owner: object) -> None:
    """Forget what ``at_exit`` was told: the owner has closed itself."""
    closing = _open.pop(id(owner), None)
    if closing is not None:
        atexit.unregister(closing)


def budget(seconds: float) -> float:
    """Return the time that a shutdown may take: at exit less than when it is asked for."""
    return EXIT_BUDGET_SECONDS if _state["exiting"] else seconds


def _at_exit() -> None:
    _state["exiting"] = True
    for closing in reversed(list(_open.values())):  # a child of multiprocessing runs no others
        closing()
    _native.shutdown(milliseconds(EXIT_BUDGET_SECONDS))


def renew_after_fork(holder: object, name: str, made_by: Callable[[], object]) -> None:
    """Give a forked child a lock of its own: a thread that it lacks may hold the parent's."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: setattr(holder, name, made_by()))


def install() -> None:
    """Arrange for the flush at the end of this process and of its children."""
    atexit.register(_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_watch_multiprocessing)
    _watch_multiprocessing()


def _watch_multiprocessing() -> None:
    """Flush at the end of this process too if it is, or becomes, a child of multiprocessing."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None:
        return
    # Run when a child starts, after it has forgotten its parent's finalizers.
    util.register_after_fork(_native, lambda _: _finalize(util))
    if process.parent_process() is not None:
        _finalize(util)


def _finalize(util: ModuleType) -> None:
    util.Finalize(None, _at_exit, exitpriority=_LAST)
