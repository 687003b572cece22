"""``init``: set-up once, whose context other APIs and instrumentations are given."""

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from libtracer import _config, _configure, _native
from libtracer._errors import ConfigError, UninitializedError

SCOPE = "patronus.sdk"
"""The instrumentation scope of what ``init`` stands for."""

_PREFIX = "PATRONUS_"
_DEFAULT_API_URL = "https://api.patronus.ai"
_HTTP_PORT = 4318
_PROTOCOLS = ("TRACES_PROTOCOL", "LOGS_PROTOCOL", "PROTOCOL")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_current: "list[Context]" = []


@dataclass(frozen=True)
class Scope:
    """What traces and log records belong to.

    Attributes:
        service: Name of the service.
        project_name: The project.
        app: The application within the project.
        experiment_id: An experiment, whose spans carry it in place of the application.
        experiment_name: Its name.
    """

    service: str | None
    project_name: str | None
    app: str | None
    experiment_id: str | None = None
    experiment_name: str | None = None

    def attributes(self) -> dict[str, str]:
        """Return what spans and log records say of it."""
        if self.experiment_id:
            part = {"pat.experiment.id": self.experiment_id}
        else:
            part = {"pat.app": self.app or ""}
        said = {"pat.project.name": self.project_name or "", **part}
        return {key: text for key, text in said.items() if text}


@dataclass(frozen=True)
class Prompts:
    """Where prompts are, for programs that read them.

    Attributes:
        directory: Where they are kept.
        providers: Who is asked for them, in order.
        templating_engine: How variables are put in.
    """

    directory: Path
    providers: tuple[str, ...]
    templating_engine: str


@dataclass(frozen=True)
class Context:
    """What ``init`` has set up.

    Attributes:
        scope: What traces belong to.
        tracer_provider: The provider of tracers, for OpenTelemetry's instrumentations.
        prompts: Where prompts are.
        api_client: None, as the three below: no vendor's service is called.
        async_api_client: None.
        api_client_deprecated: None.
        exporter: None; spans and log records have exporters of their own.
    """

    scope: Scope
    tracer_provider: Any
    prompts: Prompts
    api_client: None = None
    async_api_client: None = None
    api_client_deprecated: None = None
    exporter: None = None

    @cached_property
    def logger_provider(self) -> Any:
        """The provider of loggers, for log records beside the spans."""
        from libtracer._log_provider import LoggerProvider

        return LoggerProvider(self.tracer_provider, self.scope.attributes())

    @property
    def service(self) -> str | None:
        """Name of the service."""
        return self.scope.service


def init(  # noqa: PLR0913, PLR0917, the documented signature
    project_name: str | None = None,
    app: str | None = None,
    api_url: str | None = None,
    otel_endpoint: str | None = None,
    otel_exporter_otlp_protocol: str | None = None,
    api_key: str | None = None,
    service: str | None = None,
    resource_dir: str | os.PathLike[str] | None = None,
    prompt_providers: Sequence[str] | None = None,
    prompt_templating_engine: str | None = None,
    integrations: Iterable[Any] | None = None,
    **kwargs: Any,
) -> Context:
    """Set tracing up, once; a later call warns and changes nothing.

    What is not given comes from the variable ``PATRONUS_*`` of the same name, and what these do not
    say from the ``OTEL_*`` ones. Without any destination spans are made and not exported. Where
    tracing is configured already, that stays, and the endpoint is one more destination. Where
    OpenTelemetry has no global tracer provider, libtracer's becomes it.

    Args:
        project_name: The project that spans of ``traced``, ``start_span`` and the returned
            context's provider belong to; ``"Global"`` by default.
        app: The application within it; ``"default"`` by default.
        api_url: Address of the vendor's service, which is not called. One that is not the vendor's
            own needs an ``otel_endpoint`` beside it.
        otel_endpoint: Base URL of the OTLP receiver of spans and log records, such as
            ``http://localhost:4317``.
        otel_exporter_otlp_protocol: ``"grpc"``, ``"http/protobuf"`` or ``"http/json"``. By default
            gRPC, except to port 4318 and to a URL with a path.
        api_key: Sent to the endpoint as the header ``x-api-key``, and nowhere else.
        service: Name of the service; the host's name by default.
        resource_dir: Where resources are kept; prompts are in its directory ``prompts``.
        prompt_providers: Who is asked for prompts.
        prompt_templating_engine: How variables are put into prompts.
        integrations: What to set up with the context, in order: objects with ``apply(ctx=...)``,
            or OpenTelemetry's instrumentations, with ``instrument(tracer_provider=...)``.
        **kwargs: ``experiment_id`` and ``experiment_name``; others are ignored.

    Returns:
        What was set up: the same object from every call.

    Raises:
        ConfigError: An option is not usable. Nothing has changed, and ``init`` may be called again,
            as after any exception of an integration.
    """
    from libtracer.trace import default_provider

    with _config.lock:
        if _current:
            warnings.warn(
                "libtracer has already been initialized. Duplicate initialization attempts are "
                "ignored.",
                UserWarning,
                stacklevel=2,
            )
            return _current[0]
        each = _checked(integrations)
        to = _Destination(otel_endpoint, otel_exporter_otlp_protocol, api_key)
        to.check(api_url)
        named = _or(service, "SERVICE")
        scope = Scope(
            named or _said_service() or _host(),
            _or(project_name, "PROJECT_NAME", "Global"),
            _or(app, "APP", "default"),
            kwargs.get("experiment_id"),
            kwargs.get("experiment_name"),
        )
        prompts = Prompts(
            Path(resource_dir or _or(None, "RESOURCE_DIR") or "./patronus", "prompts"),
            tuple(prompt_providers or _names("PROMPT_PROVIDERS") or ("local", "api")),
            _or(prompt_templating_engine, "PROMPT_TEMPLATING_ENGINE", "f-string") or "",
        )
        context = Context(scope, default_provider(), prompts)
        _set_up(context, None if _said_service() and not named else scope.service, to, each)
        _native.set_marks(SCOPE, list(scope.attributes().items()))
        _config.ensure_global_provider()
        _current.append(context)
        return context


def current() -> Context | None:
    """Return what ``init`` has set up, None before it."""
    return _current[0] if _current else None


def needed() -> Context:
    """Return what ``init`` has set up.

    Raises:
        UninitializedError: There was no ``init``.
    """
    if not _current:
        raise UninitializedError("libtracer is not initialized: call libtracer.init() first")
    return _current[0]


def _set_up(
    context: Context, service: str | None, to: "_Destination", integrations: list[Any]
) -> None:
    """Configure tracing where nothing has, and let the integrations have the context."""
    fresh = not _config.is_configured()
    try:
        if fresh:
            _native.configure(
                service_name=service,
                enabled=_configure.is_enabled(),
                exporter=_config.exporter_of(to.endpoint, None),
                logs_exporter=_config.logs_exporter_of(to.endpoint, None),
                **to.options(),
            )
            _config.configured(service)
        for each in integrations:
            if hasattr(each, "apply"):
                each.apply(ctx=context)
            else:
                each.instrument(tracer_provider=context.tracer_provider)
        if not fresh and to.endpoint:
            logs = {"logs_exporter": _config.logs_exporter_of(to.endpoint, None)}
            _native.Provider.default().add_exporter({**to.description(), **logs})
    except BaseException:
        if fresh and _config.is_configured():
            _config.undo()
        raise


def _checked(integrations: Iterable[Any] | None) -> list[Any]:
    each = list(integrations or ())
    for one in each:
        if not hasattr(one, "apply") and not hasattr(one, "instrument"):
            raise ConfigError(f"Unrecognized integration type: {one!r}.")
    return each


class _Destination:
    """Where ``init`` was told to send to: no more than that gets the key."""

    def __init__(self, endpoint: str | None, protocol: str | None, api_key: str | None) -> None:
        found = _or(endpoint, "OTEL_ENDPOINT")
        self.endpoint = found.rstrip("/") if found else None
        self._protocol = _or(protocol, "OTEL_EXPORTER_OTLP_PROTOCOL")
        self._api_key = _or(api_key, "API_KEY")

    def check(self, api_url: str | None) -> None:
        """Refuse what cannot be used."""
        url = (_or(api_url, "API_URL") or _DEFAULT_API_URL).rstrip("/")
        elsewhere = self.endpoint or any(os.environ.get(name) for name in _ENDPOINTS)
        if url != _DEFAULT_API_URL and not elsewhere:
            raise ConfigError(
                "api_url is set and otel_endpoint is not: give the otel_endpoint that belongs to it"
            )
        _native.check_exporter(self.description())

    def options(self) -> dict[str, Any]:
        """Return what ``configure`` takes."""
        if self.endpoint is None:
            return {"protocol": self._protocol}
        return {
            "endpoint": self.endpoint,
            "protocol": self._spoken(self.endpoint),
            "headers": [("x-api-key", self._api_key)] if self._api_key else [],
        }

    def description(self) -> dict[str, Any]:
        """Return what an exporter is made of."""
        return {"exporter": "otlp" if self.endpoint else None, **self.options()}

    def _spoken(self, endpoint: str) -> str:
        if self._protocol:
            return self._protocol
        for name in _PROTOCOLS:
            said = os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "").strip()
            if said:
                return said
        try:
            parts = urlsplit(endpoint)
            http = parts.port == _HTTP_PORT or bool(parts.path)
        except ValueError:
            http = True
        return "http/protobuf" if http else "grpc"


def _or(given: str | None, name: str, default: str | None = None) -> str | None:
    """Return what was given, else what the variable says."""
    return given or os.environ.get(_PREFIX + name, "").strip() or default


def _names(name: str) -> list[str]:
    """Return a list of names, written with commas or as JSON."""
    import json

    text = _or(None, name) or ""
    try:
        found = json.loads(text)
    except ValueError:
        found = text.split(",")
    if not isinstance(found, list):
        found = [found]
    return [str(each).strip() for each in found if str(each).strip()]


def _said_service() -> str | None:
    """Return the service's name as OpenTelemetry's variables say it."""
    named = os.environ.get("OTEL_SERVICE_NAME", "").strip()
    for each in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, _, value = each.partition("=")
        if key.strip() == "service.name":
            named = named or unquote(value.strip())
    return named or None


def _host() -> str | None:
    return os.uname().nodename if hasattr(os, "uname") else None
