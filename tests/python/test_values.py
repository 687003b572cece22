"""Attribute values: everything OpenTelemetry knows, and everything else without an error."""

import collections
import collections.abc
import enum
import types

import libtracer
import pytest


def recorded(value):
    with libtracer.start_span("op") as span:
        span.set_attribute("key", value)
    return span.attributes["key"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("text", "text"),
        ("", ""),
        ("grüß 🌍\0nul", "grüß 🌍\0nul"),
        (True, True),
        (7, 7),
        (-(2**63), -(2**63)),
        (2**63 - 1, 2**63 - 1),
        (2.5, 2.5),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
        (None, None),
        ([1, 2], (1, 2)),
        ((), ()),
        (["a", 1, None, [True]], ("a", 1, None, (True,))),
        ({"a": {"b": [1]}}, {"a": {"b": (1,)}}),
        ({1: "one"}, {"1": "one"}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (memoryview(b"ab"), b"ab"),
        (range(3), (0, 1, 2)),
        (collections.deque(["a"]), ("a",)),
        (collections.UserList([1, [2]]), (1, (2,))),
        (collections.UserDict(a=1), {"a": 1}),
    ],
)
def test_a_value_is_read_back_as_it_was(value, read):
    got = recorded(value)
    assert got == read
    assert type(got) is type(read)


def test_infinities_and_nan_survive():
    assert recorded(float("inf")) == float("inf")
    nan = recorded(float("nan"))
    assert nan != nan  # noqa: PLR0124 - the definition of NaN


def test_an_int_beyond_64_bits_is_decimal_text():
    assert recorded(2**63) == str(2**63)
    assert recorded(-(2**100)) == str(-(2**100))
    assert isinstance(recorded(10**100_000), str)


def test_subclasses_are_taken_for_what_they_are():
    class Number(enum.IntEnum):
        ONE = 1

    class Text(str):
        __slots__ = ()

        def __str__(self):
            raise AssertionError

    Point = collections.namedtuple("Point", "x y")
    assert recorded(Number.ONE) == 1
    assert recorded(Text("a")) == "a"
    assert recorded(Point(1, 2)) == (1, 2)


def test_scalars_of_numpy_are_what_they_stand_for():
    numpy = pytest.importorskip("numpy")
    for value, read in [
        (numpy.int64(3), 3),
        (numpy.uint8(3), 3),
        (numpy.float32(1.5), 1.5),
        (numpy.float64(1.5), 1.5),
        (numpy.bool_(1), True),
        (numpy.str_("a"), "a"),
        (numpy.array([1, 2]), "array([1, 2])"),
    ]:
        got = recorded(value)
        assert got == read
        assert type(got) is type(read)


def test_an_endless_sequence_is_cut():
    class Endless(collections.abc.Sequence):
        def __getitem__(self, index):
            return index

        def __len__(self):
            return 1

    assert 1_000 < len(recorded(Endless())) < 100_000


def test_a_sequence_that_fails_keeps_what_it_gave():
    class Failing(collections.abc.Sequence):
        def __getitem__(self, index):
            if index == 2:
                raise RuntimeError("no")
            return index

        def __len__(self):
            return 3

    assert recorded(Failing()) == (0, 1)


def test_other_objects_are_their_bounded_repr():
    class Big:
        def __repr__(self):
            return "x" * 1_000_000

    before = libtracer.stats()["converted_values"]
    assert recorded({1}) == "{1}"
    assert recorded(Big()) == "x" * 1024 + "..."
    assert libtracer.stats()["converted_values"] == before + 2


def test_a_failing_repr_is_no_error():
    class Broken:
        def __repr__(self):
            raise RuntimeError("no")

    assert recorded(Broken()) == "<Broken without a usable repr>"
    assert recorded([Broken(), 1]) == ("<Broken without a usable repr>", 1)
    assert recorded({Broken(): 1}) == {"<Broken without a usable repr>": 1}


def test_cycles_and_depth_are_bounded():
    cycle = []
    cycle.append(cycle)
    got = recorded(cycle)
    depth = 0
    while isinstance(got, tuple):
        (got,) = got
        depth += 1
    assert (got, depth) == ("...", 32)
    assert len(recorded(list(range(100_000)))) < 100_000


def test_lone_surrogates_are_mended_and_counted():
    before = libtracer.stats()["invalid_utf8"]
    assert "\ufffd" in recorded("a\ud800b")
    with libtracer.start_span("n\udc80") as span:
        span.set_attribute("k\ud800", 1)
        (key,) = span.attributes
    assert "\ufffd" in key
    assert libtracer.stats()["invalid_utf8"] >= before + 3


def test_a_bad_key_is_dropped_and_counted():
    before = libtracer.stats()["invalid_attribute"]
    with libtracer.start_span("op") as span:
        span.set_attribute("", 1)
        span.set_attribute(7, 1)
        span.set_attributes(7)
        assert span.attributes == {}
    assert libtracer.stats()["invalid_attribute"] == before + 3


def test_the_last_write_of_a_key_wins():
    with libtracer.start_span("op", attributes={"k": 1}) as span:
        span.set_attribute("k", "two")
    assert span.attributes == {"k": "two"}


def test_a_repr_that_uses_the_span_is_safe():
    class Reentrant:
        def __init__(self, span):
            self.span = span

        def __repr__(self):
            self.span.set_attribute("inner", [1, {"a": 2}])
            with libtracer.start_span("inside", attributes={"v": [self.span.name]}):
                return "done"

    with libtracer.start_span("op") as span:
        span.set_attribute("outer", [Reentrant(span), {"x": Reentrant(span)}])
        assert span.attributes == {"inner": (1, {"a": 2}), "outer": ("done", {"x": "done"})}


def test_a_dict_that_changes_while_it_is_recorded_is_safe():
    items = {}

    class Grows:
        def __repr__(self):
            items.clear()
            return "grown"

    items.update(a=Grows(), b=1, c=2)
    with libtracer.start_span("op", attributes=items) as span:
        assert span.attributes["a"] == "grown"
