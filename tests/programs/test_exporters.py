"""Python exporters on our provider get what they get on the SDK's, field by field."""

import json
import sys

import pytest
from compared_with import differences, same
from running import APPS
from sink import Sink

SPANS = 6


@pytest.fixture
def sink():
    with Sink() as started:
        yield started


def program(surroundings, kind, place, url):
    return surroundings.run(sys.executable, APPS / "compared.py", kind, place, url)


@pytest.mark.parametrize("place", ["otlp_http", "otlp_grpc"])
def test_otlp_at_a_collector(surroundings, place):
    collector = surroundings.collector
    url = collector.endpoint if place == "otlp_http" else f"127.0.0.1:{collector.grpc_port}"
    seen = []
    for kind in ("sdk", "libtracer"):
        known = len(collector.requests())
        program(surroundings, kind, place, url)
        surroundings.collector.wait_for(SPANS * (len(seen) + 1))
        seen.append(same(collector.requests()[known:]))
    assert differences(*seen) == []
    names = [
        s["name"]
        for r in seen[1]
        for e in r["resourceSpans"]
        for o in e["scopeSpans"]
        for s in o["spans"]
    ]
    assert sorted(names) == ["child", "plain", "raising", "renamed", "served", "telling"]


def test_otlp_as_sent(surroundings, sink):
    seen = [
        (program(surroundings, kind, "otlp_http", sink.url), same(sink.bodies("/v1/traces")))[1]
        for kind in ("sdk", "libtracer")
    ]
    assert seen[0]
    assert differences(*seen) == []


def test_zipkin(surroundings, sink):
    seen = []
    for kind in ("sdk", "libtracer"):
        program(surroundings, kind, "zipkin", sink.url)
        seen.append(same(sink.bodies("/api/v2/spans")))
    assert differences(*seen) == []
    assert len(seen[1]) == SPANS


@pytest.mark.parametrize("place", ["console", "memory"])
def test_what_is_read_from_spans(surroundings, place):
    printed = [program(surroundings, kind, place, "-") for kind in ("sdk", "libtracer")]
    seen = [[same(json.loads(line)) for line in text.splitlines()] for text in printed]
    assert differences(*seen) == []
    assert len(seen[1]) == SPANS
