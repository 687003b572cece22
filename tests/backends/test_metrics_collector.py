"""Metrics of calls of language models in a real Collector, as Python sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libtracer
from counted import COUNTED, call, counting
from receivers.received import value

if TYPE_CHECKING:
    from receivers import Collector

CUMULATIVE = 2


def test_the_four_series_arrive(collector: Collector):
    with counting(metrics_endpoint=f"{collector.endpoint}/v1/metrics"):
        call()
        assert libtracer.force_flush(30)
    request = collector.wait_for_requests("metrics")[0]
    (resource,) = request["resourceMetrics"]
    attributes = {one["key"]: value(one["value"]) for one in resource["resource"]["attributes"]}
    assert (attributes["service.name"], attributes["telemetry.sdk.language"]) == ("shop", "python")
    (scope,) = resource["scopeMetrics"]
    metrics = {one["name"]: one for one in scope["metrics"]}
    assert metrics.keys() == {name for name, *_ in COUNTED} | {"ai_llm_duration_seconds"}
    for name, labels, number in COUNTED:
        assert (labels, number) in points(metrics[name]["sum"])
        assert metrics[name]["sum"].get("isMonotonic", False) == name.endswith("_total")
    durations = points(metrics["ai_llm_duration_seconds"]["histogram"])
    assert sorted(count for _, count in durations) == [1, 3]
    assert metrics["ai_llm_duration_seconds"]["unit"] == "s"


def points(data: dict[str, Any]) -> list[tuple[dict[str, Any], float]]:
    """Returns labels and values; of a histogram the counts."""
    assert data["aggregationTemporality"] == CUMULATIVE
    found = []
    for point in data["dataPoints"]:
        labels = {one["key"]: value(one["value"]) for one in point["attributes"]}
        number = point.get("asInt", point.get("asDouble", point.get("count")))
        found.append((labels, float(number)))
    return found
