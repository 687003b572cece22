"""Tracing is configured for all tests, to nowhere; each test captures what it makes."""

import asyncio
import importlib.util
import logging
from collections.abc import Iterator

import libtracer
import pytest
from drivers import ALL, NONE, OURS, Driver, driver
from libtracer.testing import Capturing, capture
from listening import Server, listening


@pytest.fixture(scope="session", autouse=True)
def configured() -> None:
    libtracer.configure_tracing(service_name="tests", exporter="none")


@pytest.fixture
def captured() -> Iterator[Capturing]:
    with capture() as spans:
        yield spans
    assert libtracer.get_current_span() is None, "the test left a span current"


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as started:
        yield started


LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]


@pytest.fixture(params=ALL)
def way(request) -> Iterator[Driver]:
    with driver(request.param) as made:
        yield made
        assert made.current() == NONE, "the test left a span current"


@pytest.fixture(params=OURS)
def ours(request, caplog) -> Iterator[Driver]:
    """A way of ours that must not log."""
    with driver(request.param) as made, caplog.at_level(logging.DEBUG, logger="opentelemetry"):
        yield made
        if request.param != "use_span":  # the API's own; it is told once of each cause
            assert caplog.records == []


@pytest.fixture(params=LOOPS)
def run(request):
    """Return what runs a coroutine on a loop of the kind."""

    def on_new_loop(coroutine):
        if request.param == "uvloop":
            import uvloop

            loop = uvloop.new_event_loop()
        else:
            loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    return on_new_loop
