"""``Agent``: a model that calls tools until it has an answer, every step a span."""

import inspect
import json
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from libtracer._answer import Answer
from libtracer._llm import LLM
from libtracer._tracer import get_tracer

_UNKNOWN = "there is no tool of this name"


class Agent:
    """Runs a task with a model and tools.

    The spans are ``agent.run``, below it ``agent.step.1``, ``agent.step.2`` and so on, and in each
    step ``tool.<name>`` for what the step before asked for, then ``llm.generate``.

    Args:
        persona: What the model is to be; put before the task.
        tools: Functions or coroutine functions that the model may call, by their names.
        llm: The model, by default ``LLM("openai")``.
        max_steps: Calls of the model at most.
    """

    def __init__(
        self,
        persona: object = None,
        tools: Sequence[Callable[..., Any]] = (),
        llm: LLM | None = None,
        *,
        max_steps: int = 10,
    ) -> None:
        self._persona = persona
        self._tools = {tool.__name__: tool for tool in tools or ()}
        self._llm = llm if llm is not None else LLM("openai")
        self._max_steps = max_steps

    async def run(self, task: str) -> Answer:
        """Work on a task until the model asks for no more tools, or the steps are used up.

        A tool that is unknown or raises is no end: the model is told.

        Args:
            task: What to do.

        Returns:
            The last answer.
        """
        prompt = task if self._persona is None else f"{self._persona}\n\n{task}"
        answer = Answer("")
        with get_tracer().start_as_current_span("agent.run") as span:
            span.set_attribute("gen_ai.operation.name", "invoke_agent")
            for number in range(1, self._max_steps + 1):
                with get_tracer().start_as_current_span(f"agent.step.{number}"):
                    for call in answer.tool_calls:
                        result = await self._call(call)
                        prompt += f"\n\nResult of {call.get('name')}: {result}"
                    answer = await self._llm.generate(prompt, tools=list(self._tools.values()))
                if not answer.tool_calls:
                    break
        return answer

    async def _call(self, call: dict[str, Any]) -> str:
        name, args = str(call.get("name")), call.get("args") or {}
        begun = perf_counter()
        with get_tracer().start_as_current_span(f"tool.{name}") as span:
            span.set_attributes(
                {
                    "tool.name": name,
                    "tool.args": json.dumps(args, default=str),
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": name,
                }
            )
            try:
                tool = self._tools.get(name)
                if tool is None:
                    span.set_status("error", _UNKNOWN)
                    return _UNKNOWN
                result = tool(**args)
                return str(await result if inspect.isawaitable(result) else result)
            except Exception as error:
                told = f"{type(error).__name__}: {error}"
                span.record_exception(error)
                span.set_status("error", told)
                return told
            finally:
                span.set_attribute("tool.duration_ms", (perf_counter() - begun) * 1000)
