"""Arguments and results in log records: by name, within bounds, and unnoticed by the program."""

import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import functools
import gc
import pickle
import signal
import sys
import types
import weakref

import libtracer
import pytest


def arguments(captured):
    return captured.logs[-1].body["function.arguments"]


def shown(value, captured):
    """Return what a record shows of a value."""
    libtracer.traced(lambda: value)()
    return captured.logs[-1].body["function.output"]


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "bound"),
    [
        (lambda a, b=2, *, c=3: 0, (1,), {}, {"a": 1}),
        (lambda a, b=2, *, c=3: 0, (1, 5), {"c": 7}, {"a": 1, "b": 5, "c": 7}),
        (lambda a, b: 0, (), {"b": 1, "a": 2}, {"a": 2, "b": 1}),
        (lambda a, /, b: 0, (1,), {"b": 2}, {"a": 1, "b": 2}),
        (lambda a, /, **rest: 0, (1,), {"a": 2}, {"a": 1, "rest": {"a": 2}}),
        (lambda *some, **rest: 0, (1, 2), {"x": 3}, {"some": [1, 2], "rest": {"x": 3}}),
        (lambda *some, **rest: 0, (), {}, {}),
        (lambda a, *some, b=0, **rest: 0, (1, 2, 3), {"b": 4}, {"a": 1, "some": [2, 3], "b": 4}),
    ],
)
def test_arguments_have_the_names_of_the_parameters(function, args, kwargs, bound, captured):
    libtracer.traced(function)(*args, **kwargs)
    assert arguments(captured) == bound

    @functools.wraps(function)
    def wrapper(*a, **k):
        return function(*a, **k)

    libtracer.traced(wrapper)(*args, **kwargs)
    assert arguments(captured) == bound


def test_names_that_are_equal_and_not_the_same(captured):
    name = "".join(["par", "ameter"])
    libtracer.traced(lambda parameter=0: 0)(**{copy.copy(name): 1})
    assert arguments(captured) == {"parameter": 1}


def test_methods_show_what_they_are_bound_to(captured):
    class Thing:
        def __str__(self):
            return "a thing"

        @libtracer.traced
        def method(self, x):
            return x

        @libtracer.traced
        @classmethod
        def of_class(cls, x):
            return x

        @classmethod
        @libtracer.traced
        def class_of(cls, x):
            return x

        @staticmethod
        @libtracer.traced
        def static(x):
            return x

        @libtracer.traced
        def __call__(self, x):
            return x

    thing = Thing()
    for call in (thing.method, functools.partial(Thing.method, thing), thing):
        call(1)
        assert arguments(captured) == {"self": "a thing", "x": 1}
    for call in (thing.of_class, Thing.class_of):
        call(x=1)
        assert arguments(captured) == {"cls": str(Thing), "x": 1}
    Thing.static(1)
    assert arguments(captured) == {"x": 1}
    libtracer.traced(thing.__call__.__func__.__wrapped__.__get__(thing))(1)
    assert arguments(captured) == {"x": 1}


def test_partials_callable_objects_classes_and_builtins(captured):
    class Adder:
        def __call__(self, x, y=0):
            return x + y

    libtracer.traced(Adder())(1)
    assert arguments(captured) == {"x": 1}
    libtracer.traced(functools.partial(lambda a, b: a, 1))(b=2)
    assert arguments(captured) == {"b": 2}
    libtracer.traced(len)([1])
    assert arguments(captured) == {"obj": [1]}
    libtracer.traced(dict.fromkeys)([1])  # tells no parameters in some releases
    assert next(iter(arguments(captured).values())) in ([1], [[1]])
    libtracer.traced(max)(1, 2, key=abs)
    assert arguments(captured) == {"args": [1, 2], "kwargs": {"key": str(abs)}}


def test_what_the_call_has_changed_is_shown_changed(captured):
    @libtracer.traced
    def change(items, table):
        items.append(2)
        table.clear()
        return items

    change([1], {"a": 1})
    assert arguments(captured) == {"items": [1, 2], "table": {}}


def test_wrong_arguments_raise_the_functions_own_error(captured):
    @libtracer.traced
    def two(a, b):
        pass

    with pytest.raises(TypeError, match=r"two\(\) takes 2 positional arguments but 3 were given"):
        two(1, 2, 3)
    assert captured.logs[-1].body["exception.type"] == "TypeError"
    assert arguments(captured) == {"a": 1, "b": 2, "args": [3]}
    with pytest.raises(TypeError, match="multiple values"):
        two(1, a=2)
    with pytest.raises(TypeError, match="unexpected keyword"):
        two(1, 2, c=3)
    assert arguments(captured) == {"a": 1, "b": 2, "kwargs": {"c": 3}}


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Name(str):
    __slots__ = ()

    def __str__(self):
        return "not this"


@dataclasses.dataclass
class Point:
    x: int


Pair = collections.namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (-(2**63), -(2**63)),
        (2**64, str(2**64)),
        (1.5, 1.5),
        ("text", "text"),
        ("\ud800", "\ufffd" * 3),
        (Name("name"), "name"),
        (Number.ONE, 1),
        (Colour.RED, "Colour.RED"),
        (b"raw", "b'raw'"),
        (bytearray(b"raw"), "bytearray(b'raw')"),
        ({1}, "{1}"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (decimal.Decimal("1.10"), "1.10"),
        (Point(1), "Point(x=1)"),
        (range(3), "range(0, 3)"),
        (collections.deque([1]), "deque([1])"),
        ((1, [2, {"a": (None,)}]), [1, [2, {"a": [None]}]]),
        (Pair(1, 2), [1, 2]),
        ({1: "a", None: {"b": 2}, Colour.RED: 0}, {"1": "a", "None": {"b": 2}, "Colour.RED": 0}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (types.MappingProxyType({"a": {1}}), {"a": "{1}"}),
        (collections.UserDict(a=1), "{'a': 1}"),
        (ValueError("no"), "no"),
        (int, "<class 'int'>"),
    ],
)
def test_values(value, expected, captured):
    assert shown(value, captured) == expected
    assert shown([value], captured) == [expected]


class Words:
    def __init__(self, words):
        self.words = words

    def dump_as_log(self):
        if isinstance(self.words, Exception):
            raise self.words
        return self.words


def test_objects_that_say_how_they_are_logged(captured):
    assert shown(Words({"a": (1, Words("b"))}), captured) == {"a": [1, "b"]}
    assert shown(Words(ValueError()), captured) == "<Words without a usable dump_as_log>"
    endless = Words(None)
    endless.words = endless
    assert shown(endless, captured) == "<cycle>"

    class Anything:
        def __getattr__(self, name):
            raise AssertionError(name)

        def __str__(self):
            return "anything"

    assert shown(Anything(), captured) == "anything"

    class Table(dict):
        def dump_as_log(self):
            return "table"

    assert shown(Table(a=1), captured) == "table"


class Failing:
    def __init__(self, error):
        self.error = error

    def __str__(self):
        raise self.error


def test_what_fails_to_show_itself_is_named(captured):
    for error in (ValueError("no"), RecursionError(), SystemExit(1), MemoryError()):
        assert shown(Failing(error), captured) == "<Failing without a usable str>"
    assert shown({Failing(ValueError()): 1}, captured) == {"<Failing without a usable str>": 1}
    libtracer.traced(lambda x: x)(Failing(ValueError()))
    assert arguments(captured) == {"x": "<Failing without a usable str>"}

    @libtracer.traced
    def fails():
        raise NoTextError

    class NoTextError(Exception):
        def __str__(self):
            raise ValueError

    with pytest.raises(NoTextError):
        fails()
    assert captured.logs[-1].body["exception.message"] == "<exception without a usable str>"


def test_an_interrupt_that_comes_meanwhile_is_not_lost(captured):
    class Interrupted:
        def __str__(self):
            signal.raise_signal(signal.SIGINT)
            return "never"

    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, it comes at the next instruction
        libtracer.traced(lambda: [Interrupted()])()
        for _ in range(10):
            pass
    assert len(captured.logs) == 1


def test_cycles(captured):
    items, table = [1], {"a": 1}
    items.append(items)
    table["self"] = [table]
    assert shown(items, captured) == [1, "<cycle>"]
    assert shown(table, captured) == {"a": 1, "self": ["<cycle>"]}
    assert shown([items[:1], items[:1]], captured) == [[1], [1]]
    twice = [0]
    assert shown([twice, twice], captured) == [[0], [0]]


def test_depth_has_a_limit(captured):
    deep = 0
    for _ in range(1_000):
        deep = [deep]
    levels, value = 0, shown(deep, captured)
    while isinstance(value, list):
        [value] = value
        levels += 1
    assert value == "..."
    assert 10 <= levels <= 32


def test_sizes_have_limits_and_what_is_cut_says_so(captured):
    many = shown(list(range(100_000)), captured)
    assert 1_000 < len(many) <= 10_001
    assert many[-1] == f"... {100_000 - len(many) + 1} more"
    table = shown({str(i): i for i in range(100_000)}, captured)
    assert table["..."] == f"{100_000 - len(table) + 1} more"
    text = shown("ä" * 1_000_000, captured)
    assert len(text) < 100_000
    assert text.startswith("ää")
    assert text.endswith("ä... <1000000 characters>")
    for raw in (bytes(1_000_000), bytearray(1_000_000)):
        assert shown(raw, captured).endswith("... <1000000 bytes>")
    assert shown(set(range(100_000)), captured) == "<set of 100000 items>"
    whole = shown(["x" * 60_000 for _ in range(100)], captured)
    assert sum(len(each) for each in whole) < 1_200_000
    assert whole[-1].startswith("...")
    wide = shown([[0] * 1_000 for _ in range(1_000)], captured)
    assert sum(len(each) for each in wide) < 11_000


def test_a_text_that_is_cut_is_left_as_it_was(captured):
    text = "ä" * 1_000_000
    before = sys.getsizeof(text)
    shown(text, captured)
    assert sys.getsizeof(text) == before


def test_containers_that_change_while_they_are_shown(captured):
    class Clearing:
        def __init__(self, owner):
            self.owner = owner

        def __str__(self):
            self.owner.clear()
            return "cleared"

    items, table = [], {}
    items.extend([Clearing(items), 1, 2])
    table.update(a=Clearing(table), b=1)
    assert shown(items, captured) == ["cleared"]
    assert shown(table, captured)["a"] == "cleared"


def test_traced_code_that_describes_a_value_is_not_traced(captured):
    class Traced:
        @libtracer.traced
        def __str__(self):
            return "traced"

    thing = Traced()
    assert shown([thing], captured) == ["traced"]
    assert len(captured.logs) == len(captured.spans) == 1
    assert str(thing) == "traced"
    assert captured.logs[1].body["function.arguments"] == {"self": "traced"}
    assert len(captured.logs) == len(captured.spans) == 2


def test_a_record_keeps_nothing_alive(captured):
    class Thing:
        pass

    @libtracer.traced
    def function(thing):
        return thing

    @libtracer.traced
    def generator(thing):
        yield 1

    thing = Thing()
    alive = weakref.ref(thing)
    function(thing)
    list(generator(thing))
    cycle = [generator(thing)]
    cycle.append(cycle)
    next(cycle[0])
    del thing, cycle
    gc.collect()
    assert alive() is None
    assert len(captured.spans) == 3


def test_options_and_names_go_with_a_pickled_function(captured):
    traced = libtracer.traced("named", log_results=False, attributes={"k": 1})(
        functools.partial(int, base=8)
    )
    again = pickle.loads(pickle.dumps(traced))
    assert again("17") == 15
    assert captured.logs[-1].body.keys() == {"function.name", "function.arguments"}
    silent = pickle.loads(pickle.dumps(libtracer.traced(disable_log=True)(functools.partial(int))))
    silent("1")
    assert len(captured.logs) == 1
