"""What ``libtracer.init`` has set up, for code that is not handed it.

```python
from libtracer.context import get_current_context_or_none

context = get_current_context_or_none()
if context is not None:
    print(context.scope.project_name)
```
"""

from typing import Any

from libtracer._errors import UninitializedError
from libtracer._init import SCOPE, Context, Prompts, Scope, current, needed

__all__ = [
    "Context",
    "Prompts",
    "Scope",
    "UninitializedError",
    "get_current_context",
    "get_current_context_or_none",
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
