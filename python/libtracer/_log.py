"""What the library says about the program's use of it, through ``logging``.

Recording never prints a line per span. A message is told for the place in the program that caused
it, and only the first few times; the last of them says so.
"""

import logging
import sys

logger = logging.getLogger("libtracer.trace")

# Lines for one cause at one place in the program.
_TIMES = 3
# Places that are remembered; beyond, nothing more is told.
_MAX_PLACES = 1_000

_warned: set[tuple[type, str]] = set()
_told: dict[tuple[str, str, int], int] = {}


def tell(message: str, detail: str) -> None:
    """Log a warning for the line of the program that called into the library."""
    calls = 1
    frame = sys._getframe(calls)
    while frame.f_back and _is_ours(frame.f_globals.get("__name__")):
        frame = frame.f_back
        calls += 1
    place = (message, frame.f_code.co_filename, frame.f_lineno)
    times = _told.get(place, 0) + 1
    if times > _TIMES or (times == 1 and len(_told) >= _MAX_PLACES):
        return
    _told[place] = times
    if times == _TIMES:
        message += " This place is not mentioned again."
    logger.warning(message, detail, stacklevel=calls + 1)


def _is_ours(module: object) -> bool:
    return str(module).partition(".")[0] == "libtracer"


def text(value: object) -> str:
    """Return the text of an object, whatever its ``__str__`` does."""
    try:
        return "".join([str(value), ""])  # of a subclass of str, too, a plain one
    except Exception:
        return f"<{type(value).__name__}>"


def contained(owner: object, doing: str) -> None:
    """Log the exception that is being handled, once for each class and occasion.

    The program's own calls go on: a span must not fail because a processor does.
    """
    key = (type(owner), doing)
    if key not in _warned:
        _warned.add(key)
        logger.exception(
            "%s of %s raised: passed over, now and later without a word",
            doing,
            type(owner).__name__,
        )
