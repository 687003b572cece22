"""What blocks call that their documents leave to the reader, and ways to look at what they did."""

import contextlib
import json

from served import serving

USAGE = {"prompt_tokens": 5, "completion_tokens": 20, "total_tokens": 25}


def one(captured):
    """Return the only span."""
    (span,) = captured.spans
    return span


def by_name(captured):
    """Return the spans by their names, which are all different."""
    found = {span.name: span for span in captured.spans}
    assert len(found) == len(captured.spans), "a name came twice"
    return found


def raising(error):
    """Return a function that raises."""

    def function(*_):
        raise error

    return function


def tree(spans):
    """Return the spans below each other as nested tuples of names, in the order they began."""

    def below(parent):
        children = [span for span in spans if span.parent_id == parent]
        children.sort(key=lambda span: span.start_time)
        return tuple((span.name, *below(span.span_id)) for span in children)

    return below(None)


@contextlib.contextmanager
def openai_server(*answers):
    """Serve answers as OpenAI does, the last one for ever; yields environment and requests.

    An answer is a text, or the tools to call with their arguments.
    """
    requests, left = [], list(answers)

    def answer(path, headers, body):
        requests.append(json.loads(body))
        assert path == "/v1/chat/completions"
        return 200, _completion(left.pop(0) if len(left) > 1 else left[0])

    with serving(answer) as host:
        yield {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": f"http://{host}/v1"}, requests


def _completion(said):
    message = {"role": "assistant", "content": said if isinstance(said, str) else None}
    if not isinstance(said, str):
        message["tool_calls"] = [
            {
                "id": name,
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for name, arguments in said.items()
        ]
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": USAGE,
    }
