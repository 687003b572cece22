"""``LLM``: calls to a model, each a span with its tokens, cost and duration."""

import inspect
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from libtracer import _llm_clients, _metrics
from libtracer._answer import Answer, price
from libtracer._tracer import get_tracer

Backend = Callable[[str], Mapping[str, Any] | Awaitable[Mapping[str, Any]]]

_DEFAULT_MODELS = {"openai": "gpt-4o", "anthropic": "claude-sonnet-5-5"}
_IO_VARIABLE = "DATAPIZZA_TRACE_CLIENT_IO"


class LLM:
    """A thin front of a model's client, traced.

    Every call is a span ``llm.generate`` with the attributes ``ai.provider``, ``ai.model``,
    ``ai.prompt_tokens``, ``ai.completion_tokens``, ``ai.total_tokens``, ``ai.cost``,
    ``ai.duration_ms`` and ``ai.stream``, and the ``gen_ai.*`` ones of OpenTelemetry's conventions.
    What is not known is left out. Where metrics are enabled every call is counted in them too.

    Args:
        provider: ``"openai"`` or ``"anthropic"``; with a backend any label.
        model: Name of the model; by default ``gpt-4o`` for openai and ``claude-sonnet-5-5`` for
            anthropic.
        client: A client of the ``openai`` or ``anthropic`` package, in place of a new one; it may
            talk to any compatible server.
        backend: A function, or coroutine function, in place of a client: it gets the prompt and
            returns ``{"text": ..., "usage": {...}, "cost": ..., "tool_calls": [...]}``, of which
            all but the text may be missing.
        trace: Whether calls make spans.
    """

    def __init__(
        self,
        provider: str,
        model: str | None = None,
        *,
        client: Any = None,
        backend: Backend | None = None,
        trace: bool = True,
    ) -> None:
        self.provider = provider
        self.model = model or _DEFAULT_MODELS.get(provider, "unknown")
        self._client = client
        self._own = _llm_clients.Own(provider)
        self._backend = backend
        self._trace = trace

    async def generate(
        self, prompt: str, *, tools: Sequence[Callable[..., Any]] | None = None
    ) -> Answer:
        """Ask the model.

        Args:
            prompt: What to ask.
            tools: Functions that the model may ask to be called; their signatures are described
                to it. A backend does not get them.

        Raises:
            ConfigError: There is neither a client nor a backend, and the package of the provider
                is not installed.
        """
        if not self._trace:
            return await self._ask(prompt, tools)
        begun = perf_counter()
        answer = None
        with get_tracer().start_as_current_span("llm.generate") as span:
            self._describe(span, prompt, stream=False)
            try:
                answer = await self._ask(prompt, tools)
                return answer
            finally:
                self._tell(span, answer, perf_counter() - begun)

    async def stream(self, prompt: str) -> AsyncIterator[str]:
        """Ask the model, and give its answer piece by piece.

        The span lasts until the answer is read or given up, and is current only while the client
        works. It has the time to the first piece as ``ai.time_to_first_token_ms``.

        Args:
            prompt: What to ask.
        """
        if not self._trace:
            async for piece in self._pieces(prompt, []):
                yield piece
            return
        begun = perf_counter()
        span = get_tracer().start_span("llm.generate")
        self._describe(span, prompt, stream=True)
        answers: list[Answer] = []
        pieces = self._pieces(prompt, answers)
        text: list[str] = []
        whole = None
        try:
            while True:
                with _current(span):
                    piece = await anext(pieces)
                if not text:
                    elapsed = perf_counter() - begun
                    span.set_attribute("ai.time_to_first_token_ms", elapsed * 1000)
                    span.set_attribute("gen_ai.response.time_to_first_chunk", elapsed)
                text.append(piece)
                yield piece
        except StopAsyncIteration:
            whole = replace(answers[-1] if answers else Answer(""), text="".join(text))
        except Exception as error:
            span.record_exception(error)
            span.set_status("error", f"{type(error).__name__}: {error}")
            raise
        finally:
            self._tell(span, whole, perf_counter() - begun)
            span.end()
            await pieces.aclose()

    async def _ask(self, prompt: str, tools: Sequence[Callable[..., Any]] | None) -> Answer:
        if self._backend is not None:
            answer = self._backend(prompt)
            return Answer.of(await answer if inspect.isawaitable(answer) else answer)
        client = self._client if self._client is not None else await self._own.get()
        said = await _llm_clients.ask(client, self.model, prompt, tools or ())
        return Answer.of(said)

    async def _pieces(self, prompt: str, answers: list[Answer]) -> Any:
        """Yield the pieces of an answer; what else is known of it goes into ``answers``."""
        if self._backend is not None:
            answer = await self._ask(prompt, None)
            answers.append(answer)
            yield answer.text
            return
        client = self._client if self._client is not None else await self._own.get()
        async for piece, usage in _llm_clients.stream(client, self.model, prompt):
            if usage:
                answers.append(Answer("", usage))
            if piece:
                yield piece

    def _describe(self, span: Any, prompt: str, *, stream: bool) -> None:
        span.set_attributes(
            {
                "ai.provider": self.provider,
                "ai.model": self.model,
                "ai.stream": stream,
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": self.provider,
                "gen_ai.request.model": self.model,
            }
        )
        if _traces_io():
            span.set_attribute("input", json.dumps([{"type": "text", "content": prompt}]))
            span.set_attribute("memory", "None")

    def _tell(self, span: Any, answer: Answer | None, seconds: float) -> None:
        """Put on the span, and into the metrics, what is known at the end."""
        usage = answer.usage if answer else {}
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        cost = answer.cost if answer else None
        if cost is None:
            cost = price(self.provider, self.model, usage)
        known = {
            "ai.duration_ms": seconds * 1000,
            "ai.prompt_tokens": prompt,
            "ai.completion_tokens": completion,
            "ai.total_tokens": None if None in (prompt, completion) else prompt + completion,  # type: ignore[operator]
            "ai.cached_tokens": usage.get("cached_tokens"),
            "ai.cost": cost,
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": completion,
            "gen_ai.usage.cache_read.input_tokens": usage.get("cached_tokens"),
            "output": answer.text if answer and _traces_io() else None,
        }
        span.set_attributes({name: value for name, value in known.items() if value is not None})
        _metrics.count(self.provider, self.model, (prompt, completion), cost, seconds)


def _traces_io() -> bool:
    return os.environ.get(_IO_VARIABLE, "").strip().lower() == "true"


def _current(span: Any) -> Any:
    from opentelemetry.trace import use_span

    return use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False)
