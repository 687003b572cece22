"""The packages ``openai`` and ``anthropic``, spoken to in their own ways."""

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

from libtracer._errors import ConfigError

Said = dict[str, Any]
Tool = Callable[..., Any]

_CLIENTS = {"openai": "AsyncOpenAI", "anthropic": "AsyncAnthropic"}
_MAX_TOKENS = 4096  # Anthropic's API wants a limit.
_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array"}


def new(provider: str) -> Any:
    """Return a client of the provider's own package.

    Raises:
        ConfigError: The package is not installed, or there is none for this provider.
    """
    name = _CLIENTS.get(provider)
    if name is None:
        raise ConfigError(
            f"there is no client for provider {provider!r}: use openai or anthropic, or give a "
            "client or a backend"
        )
    try:
        package = __import__(provider)
    except ImportError as error:
        raise ConfigError(
            f"LLM({provider!r}) needs the package {provider!r}: pip install {provider}, or give "
            "a client or a backend"
        ) from error
    return getattr(package, name)()


class Own:
    """Clients of a provider's own package: one for each event loop, as its connections are."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._loop: Any = None
        self._client: Any = None
        self._kept: AsyncGenerator[Any, None] | None = None

    async def get(self) -> Any:
        """Return the client of the running loop, which closes it when it ends."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # another library's loop
            loop = None
        if self._client is None or self._loop is not loop:
            self._kept = _kept(new(self._provider))
            self._client, self._loop = await anext(self._kept), loop
        return self._client


async def _kept(client: Any) -> AsyncGenerator[Any, None]:
    """Keep a client until the loop closes its generators, at its end."""
    try:
        yield client
    finally:
        await client.close()


def _is_anthropic(client: Any) -> bool:
    return hasattr(client, "messages") and not hasattr(client, "chat")


async def _awaited(result: Any) -> Any:
    """Return what a client's call gives, be the client asynchronous or not."""
    return await result if inspect.isawaitable(result) else result


async def ask(client: Any, model: str, prompt: str, tools: Sequence[Tool]) -> Said:
    """Ask once, and return text, usage and the tools that were asked for."""
    messages = [{"role": "user", "content": prompt}]
    options: dict[str, Any] = {"model": model, "messages": messages}
    if _is_anthropic(client):
        if tools:
            options["tools"] = [
                {"name": name, "description": text, "input_schema": schema}
                for name, text, schema in map(_described, tools)
            ]
        made = await _awaited(client.messages.create(max_tokens=_MAX_TOKENS, **options))
        return _of_anthropic(made)
    if tools:
        options["tools"] = [
            {
                "type": "function",
                "function": {"name": name, "description": text, "parameters": schema},
            }
            for name, text, schema in map(_described, tools)
        ]
    return _of_openai(await _awaited(client.chat.completions.create(**options)))


def _of_openai(made: Any) -> Said:
    message = made.choices[0].message
    calls = [
        {"name": call.function.name, "args": json.loads(call.function.arguments or "{}")}
        for call in getattr(message, "tool_calls", None) or ()
    ]
    return {"text": message.content, "usage": _openai_usage(made.usage), "tool_calls": calls}


def _openai_usage(usage: Any) -> dict[str, int]:
    if usage is None:
        return {}
    details = getattr(usage, "prompt_tokens_details", None)
    found = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": getattr(details, "cached_tokens", None),
    }
    return {name: number for name, number in found.items() if number is not None}


def _of_anthropic(made: Any) -> Said:
    text = "".join(block.text for block in made.content if block.type == "text")
    calls = [
        {"name": block.name, "args": dict(block.input)}
        for block in made.content
        if block.type == "tool_use"
    ]
    return {"text": text, "usage": _anthropic_usage(made.usage), "tool_calls": calls}


def _anthropic_usage(usage: Any) -> dict[str, int]:
    found = {
        "prompt_tokens": getattr(usage, "input_tokens", None),
        "completion_tokens": getattr(usage, "output_tokens", None),
        "cached_tokens": getattr(usage, "cache_read_input_tokens", None),
    }
    return {name: number for name, number in found.items() if number is not None}


async def _each(events: Any) -> AsyncIterator[Any]:
    if hasattr(events, "__aiter__"):
        async for event in events:
            yield event
    else:
        for event in events:
            yield event


async def stream(client: Any, model: str, prompt: str) -> AsyncIterator[tuple[str, dict[str, int]]]:
    """Ask once, and give the answer's pieces, each with the usage known by then."""
    messages = [{"role": "user", "content": prompt}]
    if _is_anthropic(client):
        made = client.messages.create(
            model=model, max_tokens=_MAX_TOKENS, messages=messages, stream=True
        )
        usage: dict[str, int] = {}
        async for event in _each(await _awaited(made)):
            if event.type == "message_start":
                usage.update(_anthropic_usage(event.message.usage))
            elif event.type == "message_delta":
                usage["completion_tokens"] = event.usage.output_tokens
                yield "", dict(usage)
            elif event.type == "content_block_delta":
                yield getattr(event.delta, "text", ""), {}
        return
    made = client.chat.completions.create(
        model=model, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    async for chunk in _each(await _awaited(made)):
        piece = chunk.choices[0].delta.content if chunk.choices else None
        yield piece or "", _openai_usage(chunk.usage)


def _described(tool: Tool) -> tuple[str, str, dict[str, Any]]:
    """Return name, description and JSON schema of a function's parameters."""
    parameters = inspect.signature(tool).parameters.values()
    properties = {}
    for each in parameters:
        kind = _JSON_TYPES.get(each.annotation)
        properties[each.name] = {"type": kind} if kind else {}
    required = [each.name for each in parameters if each.default is each.empty]
    schema = {"type": "object", "properties": properties, "required": required}
    return tool.__name__, inspect.getdoc(tool) or "", schema
