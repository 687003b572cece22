"""Servers that fork their workers: every request's spans arrive, no id comes twice."""

import json
from collections import Counter

import pytest
from running import BIN, by_id, free_port, get_all

REQUESTS = 60
WORKERS = 3


def serve(surroundings, app, path, *options, **environment):
    """Sends the requests to gunicorn; returns the answers and what arrived."""
    port = free_port()
    command = [BIN / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", WORKERS, *options, app]
    with surroundings.serving(*command, port=port, **environment) as log:
        urls = [f"http://127.0.0.1:{port}/{path}/{number}" for number in range(REQUESTS)]
        answers = [json.loads(body) for body in get_all(urls)]
        # The request that found the server ready is a span too.
        spans = surroundings.wait_for(REQUESTS * 2 + 1)
    assert "Traceback" not in log.read_text()
    return answers, spans


def check(answers, spans, route, path):
    known = by_id(spans)
    pids = Counter()
    for number, answer in enumerate(answers):
        load = known[format(answer["span"], "016x")]
        assert load.name == "load"
        assert load.attributes == {"number": number, "pid": answer["pid"]}
        request = known[load.parent_span_id]
        assert (request.name, request.kind) == (f"GET {route}", 2)
        assert f"/{path}/{number}" in request.attributes.values()
        assert request.trace_id == load.trace_id
        assert request.parent_span_id == ""
        pids[answer["pid"]] += 1
    assert len({span.trace_id for span in spans}) == REQUESTS + 1
    assert len(pids) > 1, "one worker answered all of it"


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["loaded-after", "loaded-before"])
@pytest.mark.parametrize(
    "worker",
    [["--worker-class", "sync"], ["--worker-class", "gthread", "--threads", "2"]],
    ids=" ".join,
)
def test_flask_under_gunicorn(surroundings, worker, preload):
    answers, spans = serve(surroundings, "flask_app:app", "order", *worker, *preload)
    check(answers, spans, "/order/<int:number>", "order")


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["loaded-after", "loaded-before"])
def test_flask_with_the_sdks_processor(surroundings, preload):
    answers, spans = serve(surroundings, "flask_app:app", "order", *preload, PROVIDER="python")
    check(answers, spans, "/order/<int:number>", "order")


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["loaded-after", "loaded-before"])
def test_django_under_gunicorn(surroundings, preload):
    answers, spans = serve(surroundings, "django_app:app", "book", *preload)
    check(answers, spans, "book/<int:number>", "book")
