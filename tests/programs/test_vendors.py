"""Vendors' processors and wrappers on our provider send what they send on the SDK's."""

import re
import sys
from collections import Counter

import pytest
from compared_with import differences, same
from running import APPS
from sink import Sink

EXPECTED = {
    "langfuse_processor": ("/api/public/otel/v1/traces", 5),
    "langfuse_client": ("/api/public/otel/v1/traces", 3),
    "logfire_processors": ("/v1/traces", 10),
    "openinference_tracer": ("/v1/traces", 4),
    "openinference_project": ("/v1/traces", 2),
}


def spans_of(requests):
    """All spans with their scope and resource; how they were batched is left out."""
    for request in requests:
        for resource_spans in request["resourceSpans"]:
            for scope_spans in resource_spans["scopeSpans"]:
                for span in scope_spans["spans"]:
                    yield {
                        "span": {key: span[key] for key in span if "Time" not in key},
                        "timed": sorted(key for key in span if "Time" in key),
                        "scope": scope_spans["scope"],
                        "resource": resource_spans["resource"],
                    }


def untimed(document):
    """The document without times in events and without ids that are random in each run."""
    if isinstance(document, dict):
        return {key: untimed(value) for key, value in document.items() if key != "timeUnixNano"}
    if isinstance(document, list):
        return [untimed(each) for each in document]
    if isinstance(document, str):
        return re.sub(r"0x[0-9a-f]{6,}", "0x", document)
    return document


@pytest.mark.parametrize("name", EXPECTED)
def test_a_vendor_sees_the_same_spans(surroundings, name):
    path, count = EXPECTED[name]
    seen = []
    with Sink() as sink:
        for kind in ("sdk", "libtracer"):
            surroundings.run(sys.executable, APPS / "vendors.py", kind, name, sink.url)
            spans = untimed(same(list(spans_of(sink.bodies(path)))))
            seen.append(sorted(spans, key=lambda each: (each["span"]["spanId"], str(each))))
    assert differences(*seen) == []
    assert len(seen[0]) == count, Counter(each["span"]["name"] for each in seen[0])
