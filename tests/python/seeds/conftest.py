"""Each test of a document gets the block of its number."""

from collections.abc import Iterator

import pytest
from blocks import Block, block_of


@pytest.fixture
def block(request) -> Iterator[Block]:
    found = block_of(request.module.DOCUMENT, request.node.name)
    yield found
    assert found.used, "the test did not run its block"
