"""The current context in the headers of a request, and back."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from libtracer import _log
from libtracer._errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.propagators.textmap import TextMapPropagator

Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]

_GROUP = "opentelemetry_propagator"
_chosen: "list[TextMapPropagator]" = []


def of_names(names: Sequence[str] | None) -> "TextMapPropagator | None":
    """Return the propagator of these names; None leaves it to OpenTelemetry's global one.

    Raises:
        ConfigError: No such propagator is installed.
    """
    if names is None:
        return None
    from opentelemetry.propagators.composite import CompositePropagator

    if isinstance(names, str):
        names = names.split(",")
    wanted = [name.strip() for name in names]
    return CompositePropagator([_named(name) for name in wanted if name not in {"", "none"}])


def _named(name: str) -> "TextMapPropagator":
    if name == "tracecontext":
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        return TraceContextTextMapPropagator()
    if name == "baggage":
        from opentelemetry.baggage.propagation import W3CBaggagePropagator

        return W3CBaggagePropagator()
    from importlib.metadata import entry_points

    for found in entry_points(group=_GROUP, name=name):
        made: TextMapPropagator = found.load()()
        return made
    raise ConfigError(
        f"propagators names {name!r}, which is not installed: use tracecontext or baggage, or "
        "install the OpenTelemetry package that has it"
    )


def use(propagator: "TextMapPropagator | None") -> None:
    """Use a propagator from now on; None for OpenTelemetry's global one."""
    _chosen[:] = [] if propagator is None else [propagator]


def _propagator() -> "TextMapPropagator":
    if _chosen:
        return _chosen[0]
    from opentelemetry import propagate

    return propagate.get_global_textmap()


def inject_context(headers: MutableMapping[str, str], context: "Context | None" = None) -> None:
    """Write the current span and baggage into the headers of a request.

    Nothing is written where no span is current.

    Args:
        headers: A mutable mapping, which gets ``traceparent`` and, where there are any,
            ``tracestate`` and ``baggage``.
        context: What to write in place of the current context.
    """
    propagator = _propagator()
    try:
        propagator.inject(headers, context=context)
    except Exception:
        _log.contained(propagator, "inject")


def extract_context(headers: Headers | None) -> "Context":
    """Read the caller's span and baggage from the headers of a request.

    Args:
        headers: A mapping or pairs; names in any case, names and values text or bytes. What is
            malformed is left out.

    Returns:
        A context, to start a span with: ``tracer.start_span("handle", context=context)``.
    """
    from opentelemetry.context import Context

    propagator = _propagator()
    try:
        return propagator.extract(_plain(headers), context=Context())
    except Exception:
        _log.contained(propagator, "extract")
        return Context()


def _plain(headers: Headers | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    items = headers.items() if isinstance(headers, Mapping) else headers or ()
    for item in items:
        try:
            name, value = item
            values = value if isinstance(value, (list, tuple)) else [value]
            texts = [_text(each) for each in values if each is not None]
            key = _text(name).lower()
        except Exception:
            continue
        if texts:
            joined = ",".join(texts)
            # A header that is there twice: baggage is a list, of the others neither is believed.
            found[key] = f"{found[key]},{joined}" if key in found else joined
    return found


def _text(given: Any) -> str:
    if isinstance(given, (bytes, bytearray)):
        return given.decode("latin-1")
    # Servers that read bytes with ``surrogateescape`` give texts that no propagator encodes.
    return str(given).encode("utf-8", "replace").decode()
