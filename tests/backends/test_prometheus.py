"""Metrics in a real Prometheus: scraped from the program, and from a real Pushgateway."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import libtracer
from counted import COUNTED, MINE, NAMES, OPENAI, call, counting
from receivers.prometheus import lint

if TYPE_CHECKING:
    from receivers import Prometheus, Pushgateway


def check(prometheus: Prometheus) -> None:
    """Finds each series under its name, with its labels and its value."""
    wanted = {name for name, *_ in COUNTED}
    for name in sorted(wanted):
        expected = [(labels, value) for known, labels, value in COUNTED if known == name]
        expected.sort(key=lambda one: sorted(one[0].items()))
        found = prometheus.wait_for(name, lambda seen, expected=expected: seen == expected)
        assert found == expected
    assert prometheus.query("ai_llm_duration_seconds_count") == [(MINE, 1), (OPENAI, 3)]
    # As dashboards ask: a quantile of the durations, the tokens of all, the dollars of a call.
    median = "histogram_quantile(0.5, sum by (le, model) (ai_llm_duration_seconds_bucket))"
    assert {labels["model"] for labels, _ in prometheus.query(median)} == {
        MINE["model"],
        OPENAI["model"],
    }
    assert prometheus.query("sum(ai_llm_tokens_total)") == [({}, 75)]
    ratio = "sum(ai_llm_cost_dollars) / sum(ai_llm_requests_total)"
    assert prometheus.query(ratio) == [({}, 0.1875)]


def test_prometheus_scrapes_what_the_program_serves(prometheus: Prometheus):
    with counting():
        prometheus.scrape(libtracer.serve_metrics())
        assert prometheus.wait_for("up == 1") == [({}, 1)]  # before the first call, too
        call()
        check(prometheus)
        ours = prometheus.query('group by (__name__) ({__name__=~".+", __name__!~"up|scrape_.+"})')
        assert len(ours) == len(NAMES)
        assert all(prometheus.query(f"count({name})") for name in NAMES)
    # It goes on through a new configuration, where all begins at zero.
    with counting():
        prometheus.wait_for("absent(ai_llm_requests_total)")
        call()
        check(prometheus)


def test_promtool_has_nothing_to_say():
    with counting():
        assert lint(libtracer.metrics_text()) == (0, "")
        call()
        text = libtracer.metrics_text()
    assert "ai_llm_cost_dollars{" in text
    assert lint(text) == (0, "")


def test_a_pushgateway_takes_what_is_pushed(pushgateway: Pushgateway, prometheus: Prometheus):
    gateway = f"http://127.0.0.1:{pushgateway.port}"
    prometheus.scrape(pushgateway.port)
    with counting(metrics_endpoint=f"{gateway}/metrics/job/shop/instance/one"):
        call()
        assert libtracer.force_flush(30)
        held = urllib.request.urlopen(f"{gateway}/metrics").read().decode()
        group = 'instance="one",job="shop",model="gpt-4o",provider="openai"'
        assert f"ai_llm_requests_total{{{group}}} 3\n" in held
        check(prometheus)
        # More of the same takes its place, and nothing is refused.
        call()
        assert libtracer.force_flush(30)
    twice = [(MINE, 2), (OPENAI, 6)]
    assert prometheus.wait_for("ai_llm_requests_total", lambda seen: seen == twice) == twice
