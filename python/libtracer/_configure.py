"""``configure_tracing``: what is recorded and where it goes, replaced by every call."""

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from libtracer import _config, _native, _propagation, _tracer
from libtracer._errors import ConfigError

Sampler = Callable[[str, Any, str], bool]

_own_samplers: list[Any] = []
_asked: list[bool] = []
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}


def configure_tracing(  # noqa: PLR0913, one argument for each option
    service_name: str | None = None,
    *,
    service_version: str | None = None,
    environment: str | None = None,
    endpoint: str | None = None,
    exporter: str | None = None,
    sample_rate: float | None = None,
    propagators: Sequence[str] | None = None,
    sampler: Sampler | None = None,
    enabled: bool | None = None,
    enable_metrics: bool | None = None,
    metrics_endpoint: str | None = None,
    logs_exporter: str | None = None,
    langsmith: bool = False,
    opentelemetry: bool = False,
    console: bool = False,
    verbose: bool = False,
) -> _native.Tracer:
    """Set tracing up; every call replaces what was set up before, which is flushed first.

    What is not given comes from the ``AI_INFRA_*`` environment variables, and what these do not say
    from the ``OTEL_*`` ones. Without any destination spans are made and not exported. Where
    OpenTelemetry has no global tracer provider, libtracer's becomes it.

    Args:
        service_name: Name of the service.
        service_version: Its version.
        environment: Where it is deployed, such as ``"production"``.
        endpoint: URL of the receiver. For OTLP one with a path, or with port 4318, means HTTP,
            any other gRPC, unless ``OTEL_EXPORTER_OTLP_PROTOCOL`` says which. For Zipkin and
            Jaeger the URL that spans are posted to.
        exporter: ``"otlp"``, ``"jaeger"``, ``"zipkin"`` or ``"console"``, which prints each
            finished trace as a tree; also ``"otlp/file"`` and ``"otlp/stdout"`` (JSON lines).
        sample_rate: Share of traces to keep, from 0 to 1, decided at their root.
        propagators: How the context travels in headers, as ``inject_context`` writes it:
            ``"tracecontext"``, ``"baggage"``, and what else is installed for OpenTelemetry.
        sampler: Asked for every span, with its name, the context of its parent or None, and the
            trace id as 32 hexadecimal digits. What it raises is a warning, once, and the span kept.
        enabled: Whether to trace at all. Off, spans record nothing and stand for their parents.
        enable_metrics: Whether to count calls of language models: ``ai_llm_requests_total``,
            ``ai_llm_tokens_total``, ``ai_llm_cost_dollars``, ``ai_llm_duration_seconds``. They are
            if ``metrics_endpoint`` is given, and not otherwise.
        metrics_endpoint: Where they go besides ``metrics_text`` and ``serve_metrics``, by the form
            of the URL: ``http://collector:4318/v1/metrics`` (OTLP), ``http://prometheus:9090``
            (its OTLP receiver), ``http://pushgateway:9091/metrics/job/NAME``. Every minute, at
            ``force_flush`` and at exit.
        logs_exporter: Where log records go: ``"otlp"`` (to the endpoint of spans, with the path of
            logs), ``"console"`` or ``"none"``. If it is not given, what ``OTEL_LOGS_EXPORTER``
            says, else beside the spans if these go by OTLP, and nowhere otherwise.
        langsmith: Not to be had by a switch: LangSmith takes OTLP, at an endpoint and with a key.
        opentelemetry: The same as ``exporter="otlp"``.
        console: The same as ``exporter="console"``.
        verbose: Accepted for programs that say it; what the console prints is whole anyway.

    Returns:
        The default tracer.

    Raises:
        ConfigError: An option is not usable. What was set up before goes on.
    """
    exporter = _switched(exporter, langsmith, {"otlp": opentelemetry, "console": console})
    found = _Environment()
    endpoint = endpoint if endpoint is not None else found.endpoint
    given = found.sample_rate if sample_rate is None and sampler is None else sample_rate
    textmap = _propagation.of_names(propagators)
    own = None if sampler is None else _own_sampler(sampler)
    resource = {
        "service.version": _or(service_version, found.service_version),
        "deployment.environment.name": _or(environment, found.environment),
        "deployment.environment": _or(environment, found.environment),
    }
    service = _or(service_name, found.service_name)
    with _config.lock:
        _native.configure(
            service_name=service,
            endpoint=endpoint,
            exporter=_config.exporter_of(endpoint, exporter),
            sample_rate=given,
            resource=[(key, text) for key, text in resource.items() if text],
            enabled=found.enabled if enabled is None else enabled,
            llm_metrics=metrics_endpoint is not None if enable_metrics is None else enable_metrics,
            metrics_endpoint=metrics_endpoint,
            protocol=_protocol(endpoint, exporter),
            logs_exporter=logs_exporter or _config.logs_exporter_of(endpoint, exporter),
        )
        _config.configured(service)
        _propagation.use(textmap)
        _config.ensure_global_provider()
        if own is not None or _own_samplers:
            from libtracer.trace import default_provider

            _own_samplers[:] = [] if own is None else [own]
            default_provider().sampler = own
    return _tracer.get_tracer()


def first_use() -> None:
    """Configure tracing as ``AI_INFRA_*`` says, if it says anything; asked once."""
    if _asked:
        return
    _asked.append(True)
    found = _Environment()
    if found.enabled is not None or found.endpoint:
        try:
            configure_tracing()
        except ConfigError as error:
            warnings.warn(f"tracing stays off: {error}", RuntimeWarning, stacklevel=2)


def is_enabled() -> bool | None:
    """Return what ``AI_INFRA_TRACING_ENABLED`` says, None for nothing."""
    return _Environment().enabled


def _switched(exporter: str | None, langsmith: bool, switches: dict[str, bool]) -> str | None:  # noqa: FBT001
    """Return the exporter that arguments of other APIs name."""
    if langsmith:
        raise ConfigError(
            "langsmith=True names no receiver: LangSmith takes OTLP, so give its endpoint, and its "
            "key in OTEL_EXPORTER_OTLP_HEADERS"
        )
    named = {name for name, on in switches.items() if on} | ({exporter} if exporter else set())
    if len(named) > 1:
        raise ConfigError(f"exporter is {' and '.join(sorted(named))}: give one")
    return named.pop() if named else None


def _protocol(endpoint: str | None, exporter: str | None) -> str | None:
    """Return how to speak OTLP to an endpoint; None where something else decides or is asked."""
    if endpoint is None or exporter not in {None, "otlp"}:
        return None
    if any(os.environ.get(name, "").strip() for name in _PROTOCOLS):
        return None
    _, _, rest = endpoint.partition("://")
    host, _, path = rest.partition("/")
    return None if not rest or path or host.endswith(":4318") else "grpc"


def _or(given: str | None, found: str | None) -> str | None:
    return found if given is None else given


def _own_sampler(sampler: Sampler) -> Any:
    if not callable(sampler):
        raise ConfigError(
            f"sampler is {sampler!r}: it must be a function of a span's name, the context of its "
            "parent and the trace id, that returns whether to keep the span"
        )
    from libtracer._sampler import FunctionSampler

    return FunctionSampler(sampler)


class _Environment:
    """What the ``AI_INFRA_*`` variables say; what cannot be used is said once and ignored."""

    def __init__(self) -> None:
        self.enabled = self._switch("AI_INFRA_TRACING_ENABLED")
        self.endpoint = self._text("AI_INFRA_TRACING_ENDPOINT")
        self.service_name = self._text("AI_INFRA_SERVICE_NAME")
        self.service_version = self._text("AI_INFRA_SERVICE_VERSION")
        self.environment = self._text("AI_INFRA_ENVIRONMENT")
        self.sample_rate = self._rate("AI_INFRA_TRACING_SAMPLE_RATE")

    @staticmethod
    def _text(name: str) -> str | None:
        return os.environ.get(name, "").strip() or None

    def _switch(self, name: str) -> bool | None:
        text = self._text(name)
        if text is None:
            return None
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        warnings.warn(f"{name} is {text!r}: use true or false", RuntimeWarning, stacklevel=4)
        return None

    def _rate(self, name: str) -> float | None:
        text = self._text(name)
        if text is None:
            return None
        try:
            rate = float(text)
        except ValueError:
            rate = -1.0
        if 0 <= rate <= 1:
            return rate
        warnings.warn(f"{name} is {text!r}: use a number from 0 to 1", RuntimeWarning, stacklevel=4)
        return None
