"""One server for each test: what it holds is that test's."""

from collections.abc import Iterator

import pytest
import receivers

pytest.register_assert_rewrite("compare", "sender")


@pytest.fixture
def receiver() -> Iterator[receivers.Receiver]:
    try:
        with receivers.start() as started:
            yield started
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def collector() -> Iterator[receivers.Collector]:
    yield from serve(receivers.Collector)


@pytest.fixture
def jaeger() -> Iterator[receivers.Jaeger]:
    yield from serve(receivers.Jaeger)


@pytest.fixture
def prometheus() -> Iterator[receivers.Prometheus]:
    yield from serve(receivers.Prometheus)


@pytest.fixture
def prometheus_otlp() -> Iterator[receivers.PrometheusOtlp]:
    yield from serve(receivers.PrometheusOtlp)


@pytest.fixture
def pushgateway() -> Iterator[receivers.Pushgateway]:
    yield from serve(receivers.Pushgateway)


@pytest.fixture
def zipkin() -> Iterator[receivers.Zipkin]:
    yield from serve(receivers.Zipkin)


def serve(kind: type) -> Iterator[receivers.Server]:
    try:
        with receivers.running(kind) as started:
            yield started
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))
