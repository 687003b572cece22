"""Carrying the current OpenTelemetry context into threads, for programs that ask for it.

A thread starts with no current span, as in OpenTelemetry and in Python itself. One call of
`instrument_threads` changes that for the whole process: a thread goes on where it was started, and
what is submitted to a ``ThreadPoolExecutor`` where it was submitted.
"""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from libtracer import _native, _process

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_T = TypeVar("_T")

_lock = threading.Lock()
_process.renew_after_fork(sys.modules[__name__], "_lock", threading.Lock)
_undo: list[Callable[[], None]] = []


def instrument_threads() -> None:
    """Carry the current span and baggage into threads and thread pools started from now on.

    Covers ``threading.Thread`` with its subclasses and ``concurrent.futures.ThreadPoolExecutor``,
    also below asyncio's ``run_in_executor``. A worker thread of a pool keeps nothing: each call
    runs where it was submitted. A second call changes nothing; `uninstrument_threads` undoes it.
    """
    from concurrent.futures import ThreadPoolExecutor

    with _lock:
        if not _undo:
            _undo.append(_replace(threading.Thread, "start", _carrying_start))
            _undo.append(_replace(ThreadPoolExecutor, "submit", _carrying_submit))


def uninstrument_threads() -> None:
    """Undo `instrument_threads`; threads that run already keep what they have."""
    with _lock:
        while _undo:
            _undo.pop()()


def _replace(
    owner: type, name: str, carrying: Callable[[Any, threading.Event], Any]
) -> Callable[[], None]:
    """Put a carrying method in a method's place and return what takes it away again."""
    original = getattr(owner, name)
    on = threading.Event()
    on.set()
    ours = carrying(original, on)
    ours.__name__, ours.__qualname__, ours.__doc__ = name, original.__qualname__, original.__doc__
    ours.__wrapped__ = original
    setattr(owner, name, ours)

    def undo() -> None:
        on.clear()  # someone may have wrapped ours meanwhile; it only passes on then
        if vars(owner).get(name) is ours:
            setattr(owner, name, original)

    return undo


def _carrying_start(
    original: Callable[[threading.Thread], None], on: threading.Event
) -> Callable[[threading.Thread], None]:
    def start(self: threading.Thread) -> None:
        context = _native.get_current() if on.is_set() else None
        if not context:
            original(self)
            return
        run = self.run  # a subclass's own, or one set on the object
        own = vars(self).get("run")

        def restore() -> None:
            vars(self).pop("run", None)
            if own is not None:
                vars(self)["run"] = own

        def carried() -> None:
            restore()
            _run_in(context, run)

        vars(self)["run"] = carried
        try:
            original(self)
        except BaseException:
            restore()
            raise

    return start


def _carrying_submit(
    original: "Callable[..., Future[Any]]", on: threading.Event
) -> "Callable[..., Future[Any]]":
    def submit(
        self: "ThreadPoolExecutor", fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> "Future[Any]":
        context = _native.get_current() if on.is_set() else None
        if not context:
            return original(self, fn, *args, **kwargs)
        # The pool may start a thread now, which outlives what is current here.
        return _run_in(type(context)(), original, self, _run_in, context, fn, *args, **kwargs)

    return submit


def _run_in(context: Any, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
    token = _native.attach(context)
    try:
        return function(*args, **kwargs)
    finally:
        _native.detach(token)
