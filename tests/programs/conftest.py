"""One receiver for each test; programs run in this interpreter's environment."""

import os
from collections.abc import Iterator

import pytest
import receivers

pytest.register_assert_rewrite("running")
collect_ignore = [] if "SHOP_PROGRAM" in os.environ else ["test_shop.py"]  # of tools/shop_test.sh


@pytest.fixture
def collector() -> Iterator[receivers.Collector]:
    try:
        with receivers.running(receivers.Collector) as started:
            yield started
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def surroundings(collector, tmp_path):
    from running import Surroundings

    return Surroundings(collector, tmp_path)
