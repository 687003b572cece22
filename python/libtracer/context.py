"""What ``libtracer.init`` has set up, for code that is not handed it.

```python
from libtracer.context import get_current_context_or_none

context = get_current_context_or_none()
if context is not None:
    print(context.scope.project_name)
```
"""

import logging
from typing import TYPE_CHECKING, Any

from libtracer._errors import UninitializedError
from libtracer._init import SCOPE, Context, Prompts, Scope, current, needed

if TYPE_CHECKING:
    from libtracer._log_provider import Logger

__all__ = [
    "Context",
    "Prompts",
    "Scope",
    "UninitializedError",
    "get_current_context",
    "get_current_context_or_none",
    "get_logger",
    "get_logger_or_none",
    "get_pat_logger",
    "get_pat_logger_or_none",
    "get_prompts_config",
    "get_prompts_config_or_none",
    "get_scope",
    "get_scope_or_none",
    "get_tracer",
    "get_tracer_or_none",
]


def get_current_context() -> Context:
    """Return what ``init`` has set up.

    Raises:
        UninitializedError: There was no ``init``.
    """
    return needed()


def get_current_context_or_none() -> Context | None:
    """Return what ``init`` has set up, None before it."""
    return current()


def get_scope(ctx: Context | None = None) -> Scope:
    """Return what traces belong to; the context is the current one by default."""
    return (ctx or needed()).scope


def get_scope_or_none() -> Scope | None:
    """Return what traces belong to, None before ``init``."""
    context = current()
    return None if context is None else context.scope


def get_prompts_config(ctx: Context | None = None) -> Prompts:
    """Return where prompts are; the context is the current one by default."""
    return (ctx or needed()).prompts


def get_prompts_config_or_none() -> Prompts | None:
    """Return where prompts are, None before ``init``."""
    context = current()
    return None if context is None else context.prompts


def get_tracer(ctx: Context | None = None) -> Any:
    """Return the tracer that ``traced`` uses; the context is the current one by default."""
    return (ctx or needed()).tracer_provider.get_tracer(SCOPE)


def get_tracer_or_none() -> Any:
    """Return the tracer that ``traced`` uses, None before ``init``."""
    context = current()
    return None if context is None else get_tracer(context)


def get_pat_logger(ctx: Context | None = None) -> "Logger":
    """Return the logger of what ``init`` stands for; the context is the current one by default."""
    logger: Logger = (ctx or needed()).logger_provider.get_logger(SCOPE)
    return logger


def get_pat_logger_or_none() -> "Logger | None":
    """Return the logger of what ``init`` stands for, None before it."""
    context = current()
    return None if context is None else get_pat_logger(context)


def get_logger(ctx: Context | None = None, level: int = logging.INFO) -> logging.Logger:
    """Return a standard logger whose records go where those of traced functions go.

    Args:
        ctx: The context; the current one by default.
        level: The least level that is logged.
    """
    from libtracer._log_provider import Handler

    target = get_pat_logger(ctx)
    logger = logging.getLogger(SCOPE)
    if not any(isinstance(each, Handler) for each in logger.handlers):
        logger.addHandler(Handler(target))
    logger.setLevel(level)
    return logger


def get_logger_or_none(level: int = logging.INFO) -> logging.Logger | None:
    """Return the standard logger of ``get_logger``, None before ``init``."""
    context = current()
    return None if context is None else get_logger(context, level)
