"""Reads back what an outside program wrote: judge.py FILE ID, where ID is its root span's."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def values(entries: list[dict]) -> dict[str, object]:
    return {entry["key"]: next(iter(entry["value"].values())) for entry in entries}


def main(file: str, root: str) -> None:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    resources = [resource for line in lines for resource in json.loads(line)["resourceSpans"]]
    services = {
        values(resource["resource"]["attributes"])["service.name"] for resource in resources
    }
    assert services == {"outside"}, services
    spans = {
        span["name"]: span
        for resource in resources
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }
    assert set(spans) == {"request", "load"}, set(spans)
    request, load = spans["request"], spans["load"]
    assert request["spanId"] == root == load["parentSpanId"], (request, root, load)
    assert not request.get("parentSpanId"), request
    assert request["traceId"] == load["traceId"], (request, load)
    assert values(request["attributes"]) == {"user": "ada"}, request
    assert values(load["attributes"]) == {"layers": "32"}, load


main(*sys.argv[1:])
