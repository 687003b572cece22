"""One receiver for each test: what it holds is that test's."""

from collections.abc import Iterator

import pytest
import receivers


@pytest.fixture
def receiver() -> Iterator[receivers.Receiver]:
    try:
        with receivers.start() as started:
            yield started
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))
