"""Checks of options that a program gives; each returns what native code takes."""

import os
import re
from collections.abc import Mapping, Sequence

from libtracer._errors import ConfigError

Headers = Mapping[str, str] | Sequence[tuple[str, str]]

_MAX_MILLIS = 2**32 - 1


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return re.sub(r"(?<=://)[^/@]*@", "***@", url)


def text(option: str, value: object) -> str | None:
    """Check that an option is a text; native code checks what it says."""
    if value is None or isinstance(value, str):
        return value
    raise ConfigError(f"{option} is a {type(value).__name__}: give a text")


def path(option: str, value: str | os.PathLike[str] | None) -> str | None:
    """Return the path of a file as text."""
    if value is None:
        return None
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise ConfigError(f"{option} is {value!r}: give the path of a file")
    return text


def headers(value: Headers | None) -> list[tuple[str, str]]:
    """Return the headers one by one."""
    pairs = list(value.items()) if isinstance(value, Mapping) else value or ()
    if isinstance(pairs, list | tuple) and all(map(_is_pair, pairs)):
        return list(pairs)
    # Not shown: they may hold a secret.
    raise ConfigError("headers is neither a mapping of texts nor a sequence of pairs of texts")


def _is_pair(pair: object) -> bool:
    return isinstance(pair, tuple) and [type(part) for part in pair] == [str, str]


def seconds(option: str, value: float | None) -> int | None:
    """Return a time in seconds as milliseconds."""
    return None if value is None else _time(option, value, 1000)


def millis(option: str, value: float | None) -> int | None:
    """Return a time in milliseconds as a whole number."""
    return None if value is None else _time(option, value, 1)


def _time(option: str, value: float, millis: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{option} is {value!r}: give a number")
    if not 0 < value * millis <= _MAX_MILLIS:
        raise ConfigError(f"{option} is {value}: it must be positive and less than 49 days")
    return max(int(value * millis), 1)


def positive(option: str, value: int | None) -> int | None:
    """Check that a count is 1 or more."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise ConfigError(f"{option} is {value!r}: it must be a positive integer")
    return value


def from_environment(variable: str) -> int | None:
    """Return a variable's positive number; native code says what is wrong with others."""
    text = os.environ.get(variable, "").strip()
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if 0 < number <= _MAX_MILLIS else None
