"""Each test of a document gets the block of its number."""

from collections.abc import Iterator

import pytest
import receivers
from blocks import Block, block_of
from receivers.base import wait_until

PASSED = pytest.StashKey[bool]()


@pytest.fixture
def block(request) -> Iterator[Block]:
    found = block_of(request.module.DOCUMENT, request.node.name)
    yield found
    if request.node.stash.get(PASSED, False):
        assert found.used, "the test did not run its block"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def collector() -> Iterator[receivers.Collector]:
    """A real OpenTelemetry Collector; its receivers take OTLP, Zipkin's and Jaeger's formats."""
    try:
        with receivers.running(receivers.Collector) as started:
            yield started
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def arrived(collector):
    """Return what waits for the spans of a trace to arrive there."""

    def of_trace(trace_id, count):
        def found():
            return [span for span in collector.read() if span.trace_id == trace_id]

        return wait_until(found, lambda spans: len(spans) >= count)

    return of_trace
