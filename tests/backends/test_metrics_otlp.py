"""Metrics at Prometheus' own receiver of OTLP: the series have the names that they are known by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libtracer
from counted import COUNTED, NAMES, call, counting

if TYPE_CHECKING:
    from receivers import PrometheusOtlp


def test_prometheus_takes_otlp_and_adds_no_suffix(prometheus_otlp: PrometheusOtlp):
    # As in the document: the server and nothing else.
    with counting(metrics_endpoint=f"http://127.0.0.1:{prometheus_otlp.port}"):
        call()
        assert libtracer.force_flush(30)
    series = prometheus_otlp.series()
    ours = [(dict(labels), value) for labels, value in series if "provider" in labels]
    assert {labels["__name__"] for labels, _ in ours} == NAMES
    for labels, _ in ours:
        assert labels.pop("job") == "shop"
        assert labels.pop("instance", "") is not None
    for name, labels, value in COUNTED:
        assert ({"__name__": name, **labels}, value) in ours
