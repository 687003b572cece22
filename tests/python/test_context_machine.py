"""What is current after any sequence of steps in any number of contexts, compared with a model.

Each step is done three times: by libtracer, by the SDK on its own context, and by a model of what
Python's context variables do. Contexts stand for tasks: a step runs in one of them, and spans and
tokens may be left and detached in another one than they were made in.
"""

import contextlib
import contextvars
import gc
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import hypothesis.strategies as st
import libtracer
from drivers import OURS, WITH_GIL, WITHOUT_GIL, driver
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule
from opentelemetry import baggage, context, trace


@dataclass
class Place:
    """A context: the real ones, and in the model what is current there."""

    ours: contextvars.Context
    sdk: contextvars.Context
    span: int = 0
    baggage: dict[str, str] = field(default_factory=dict)


@dataclass
class Opened:
    """A span that is entered, or a context that is attached, and what undoes it."""

    ours: Any
    sdk: Any
    place: Place
    before: tuple[int, dict[str, str]]
    undone: bool = False


class Machine(RuleBasedStateMachine):
    """Steps on spans and contexts."""

    places = Bundle("places")
    spans = Bundle("spans")
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        # A detach that fails is logged, by the SDK's context each time.
        logging.getLogger("opentelemetry.context").disabled = True
        self.made = 0
        self.names: dict[tuple[str, int], int] = {("ours", 0): 0, ("sdk", 0): 0}
        with driver("sdk alone") as way:
            self.open_sdk = way.open_span
            self.sdk_runtime = context._RUNTIME_CONTEXT
        self.our_runtime = context._RUNTIME_CONTEXT
        self.abandoned: list[Opened] = []

    def both(
        self, place: Place, ours: Callable[[], Any], sdk: Callable[[], Any]
    ) -> tuple[Any, Any]:
        """Do a step in a place, by libtracer and by the SDK."""
        first = place.ours.run(ours)
        context._RUNTIME_CONTEXT = self.sdk_runtime
        try:
            return first, place.sdk.run(sdk)
        finally:
            context._RUNTIME_CONTEXT = self.our_runtime

    def same(self, place: Place, step: Callable[[], Any]) -> tuple[Any, Any]:
        return self.both(place, step, step)

    def number(self, ours: Any, sdk: Any) -> int:
        """Number a span; its ids are those of libtracer's and of the SDK's."""
        self.made += 1
        self.names["ours", ours.get_span_context().span_id] = self.made
        self.names["sdk", sdk.get_span_context().span_id] = self.made
        return self.made

    def parents(self, ours: Any, sdk: Any) -> tuple[int, int]:
        return (
            self.names["ours", ours.parent.span_id if ours.parent else 0],
            self.names["sdk", sdk.parent.span_id if sdk.parent else 0],
        )

    @rule(target=places)
    def a_context(self) -> Place:
        return Place(contextvars.Context(), contextvars.Context())

    @rule(target=places, of=places)
    def a_copy(self, of: Place) -> Place:
        return Place(of.ours.copy(), of.sdk.copy(), of.span, of.baggage)

    @rule(target=spans, place=places, kind=st.sampled_from(sorted(OURS)))
    def enter(self, place: Place, kind: str) -> Opened:
        def entered(way: Callable[[str], AbstractContextManager[Any]]) -> tuple[Any, Any]:
            held = way("span")
            return held, held.__enter__()

        before = (place.span, place.baggage)
        (ours, our_span), (sdk, sdk_span) = self.both(
            place, lambda: entered(OURS[kind]), lambda: entered(self.open_sdk)
        )
        assert self.parents(our_span, sdk_span) == (place.span, place.span)
        place.span = self.number(our_span, sdk_span)
        return Opened(ours, sdk, place, before)

    def undo(self, opened: Opened, place: Place) -> None:
        if opened.place is place and not opened.undone:
            place.span, place.baggage = opened.before
        opened.undone = True

    @rule(opened=consumes(spans))
    def leave(self, opened: Opened) -> None:
        nothing = (None, None, None)
        self.both(
            opened.place,
            lambda: opened.ours.__exit__(*nothing),
            lambda: opened.sdk.__exit__(*nothing),
        )
        self.undo(opened, opened.place)

    @rule(opened=consumes(spans), place=places)
    def leave_elsewhere(self, opened: Opened, place: Place) -> None:
        nothing = (None, None, None)
        self.both(
            place, lambda: opened.ours.__exit__(*nothing), lambda: opened.sdk.__exit__(*nothing)
        )
        self.undo(opened, place)

    @rule(opened=consumes(spans), place=places)
    def leave_with_an_error(self, opened: Opened, place: Place) -> None:
        error = ValueError("x")

        def leave(held: Any) -> None:
            with contextlib.suppress(ValueError):  # a generator's context manager may raise it
                assert not held.__exit__(ValueError, error, None)

        self.both(place, lambda: leave(opened.ours), lambda: leave(opened.sdk))
        self.undo(opened, place)

    @rule(opened=consumes(spans))
    def abandon(self, opened: Opened) -> None:
        """Nobody leaves the span: it stays current where it is."""
        self.abandoned.append(opened)

    @rule()
    def drop_what_was_abandoned(self) -> None:
        self.abandoned.clear()

    @rule(target=tokens, place=places, value=st.sampled_from("abc"))
    def attach_baggage(self, place: Place, value: str) -> Opened:
        def attach() -> Any:
            return context.attach(baggage.set_baggage("k", value))

        before = (place.span, place.baggage)
        tokens = self.same(place, attach)
        place.baggage = {**place.baggage, "k": value}
        return Opened(*tokens, place, before)

    @rule(target=tokens, place=places, of=places)
    def attach_the_context_of_another(self, place: Place, of: Place) -> Opened:
        theirs = self.same(of, context.get_current)
        before = (place.span, place.baggage)
        tokens = self.both(
            place, lambda: context.attach(theirs[0]), lambda: context.attach(theirs[1])
        )
        place.span, place.baggage = of.span, of.baggage
        return Opened(*tokens, place, before)

    @rule(target=tokens, place=places)
    def attach_nothing(self, place: Place) -> Opened:
        before = (place.span, place.baggage)
        tokens = self.same(place, lambda: context.attach(context.Context()))
        place.span, place.baggage = 0, {}
        return Opened(*tokens, place, before)

    @rule(opened=tokens)
    def detach(self, opened: Opened) -> None:
        self.detach_in(opened, opened.place)

    @rule(opened=tokens, place=places)
    def detach_in(self, opened: Opened, place: Place) -> None:
        self.both(place, lambda: context.detach(opened.ours), lambda: context.detach(opened.sdk))
        if opened.place is place and not opened.undone:
            place.span, place.baggage = opened.before
            opened.undone = True

    @rule(place=places)
    def look(self, place: Place) -> None:
        def seen() -> tuple[int, dict[str, object]]:
            span_id = trace.get_current_span().get_span_context().span_id
            return span_id, dict(baggage.get_all())

        ours, sdk = self.same(place, seen)
        assert (self.names["ours", ours[0]], ours[1]) == (place.span, place.baggage)
        assert (self.names["sdk", sdk[0]], sdk[1]) == (place.span, place.baggage)

    @rule(place=places)
    def start_a_leaf(self, place: Place) -> None:
        def leaf(held: AbstractContextManager[Any]) -> Any:
            with held as span:
                return span

        ours, sdk = self.both(
            place,
            lambda: leaf(libtracer.start_span("leaf")),
            lambda: leaf(self.open_sdk("leaf")),
        )
        assert self.parents(ours, sdk) == (place.span, place.span)

    @rule(place=places)
    def ask_native_code(self, place: Place) -> None:
        for native in (WITH_GIL, WITHOUT_GIL):
            assert self.names["ours", place.ours.run(native.current)] == place.span

    @rule(place=consumes(places))
    def drop_a_context(self, place: Place) -> None:
        del place

    @rule()
    def collect(self) -> None:
        gc.collect(1)

    def teardown(self) -> None:
        logging.getLogger("opentelemetry.context").disabled = False


Machine.TestCase.settings = hypothesis.settings(
    max_examples=30, stateful_step_count=30, deadline=None, database=None
)
TestMachine = Machine.TestCase
