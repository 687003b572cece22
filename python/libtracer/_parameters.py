"""The names of a function's parameters, found when it is decorated."""

import inspect
import types
from typing import Any

from libtracer import _native


def parameters_of(function: Any) -> _native.Parameters | None:
    """Return what a function can be called with; None where it does not tell."""
    if isinstance(function, types.FunctionType) and not vars(function):
        return _of_code(function.__code__)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    names: dict[Any, list[str]] = {}
    for name, parameter in signature.parameters.items():
        names.setdefault(parameter.kind, []).append(name)
    positional = names.get(inspect.Parameter.POSITIONAL_ONLY, [])
    both = names.get(inspect.Parameter.POSITIONAL_OR_KEYWORD, [])
    return _native.Parameters(
        (*positional, *both),
        len(positional),
        next(iter(names.get(inspect.Parameter.VAR_POSITIONAL, [])), None),
        tuple(names.get(inspect.Parameter.KEYWORD_ONLY, [])),
        next(iter(names.get(inspect.Parameter.VAR_KEYWORD, [])), None),
    )


def _of_code(code: types.CodeType) -> _native.Parameters:
    names = iter(code.co_varnames)
    by_position = tuple(next(names) for _ in range(code.co_argcount))
    by_name = tuple(next(names) for _ in range(code.co_kwonlyargcount))
    rest = next(names) if code.co_flags & inspect.CO_VARARGS else None
    others = next(names) if code.co_flags & inspect.CO_VARKEYWORDS else None
    return _native.Parameters(by_position, code.co_posonlyargcount, rest, by_name, others)
