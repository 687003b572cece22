"""Any attribute value comes back as it was."""

import libtracer
import pytest

pytest.importorskip("hypothesis")
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def as_read(value):
    if isinstance(value, list):
        return tuple(map(as_read, value))
    if isinstance(value, dict):
        return {key: as_read(item) for key, item in value.items()}
    return value


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_value_comes_back(value):
    with libtracer.start_span("op", attributes={"key": value}) as span:
        assert span.attributes["key"] == as_read(value)
    assert span.attributes["key"] == as_read(value)
