"""Tracing is configured for all tests, to nowhere; each test captures what it makes."""

from collections.abc import Iterator

import libtracer
import pytest
from libtracer.testing import Capturing, capture


@pytest.fixture(scope="session", autouse=True)
def configured() -> None:
    libtracer.configure_tracing(service_name="tests", exporter="none")


@pytest.fixture
def captured() -> Iterator[Capturing]:
    with capture() as spans:
        yield spans
    assert libtracer.get_current_span() is None, "the test left a span current"
