"""The pytest plugin of libtracer, outside of its package: it is imported by every run of pytest.

```python
def test_something(spans):
    do_something()
    assert [span.name for span in spans] == ["something"]
```
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from libtracer.testing import Capturing


@pytest.fixture
def spans() -> Iterator["Capturing"]:
    """Every span that ends and every log record while the test runs (libtracer.testing.capture).

    Where nothing has configured tracing, it is, with no destination: nothing leaves the process.
    """
    import libtracer
    from libtracer import _native

    if not _native.is_configured():
        libtracer.configure_tracing(service_name="tests", exporter="none")
    with libtracer.testing.capture() as captured:
        yield captured
