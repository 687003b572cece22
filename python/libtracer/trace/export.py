"""Native exporters and the processors that hold them: what a provider exports without Python.

```python
from libtracer.trace import TracerProvider
from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter("http://localhost:4318")))
```

These objects hold options and run nothing: spans are encoded, queued and sent by native code that
never takes the GIL. What is not given comes from the ``OTEL_EXPORTER_*`` and ``OTEL_BSP_*``
environment variables. Exporters written in Python go into opentelemetry.sdk's own processors, which
a provider takes as well.
"""

import os
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, Protocol

from libtracer import _options
from libtracer._errors import ConfigError
from libtracer._native import check_exporter
from libtracer._options import Headers

__all__ = [
    "BatchSpanProcessor",
    "ConsoleSpanExporter",
    "JaegerExporter",
    "NativeExporter",
    "NativeSpanProcessor",
    "OTLPFileExporter",
    "OTLPSpanExporter",
    "SimpleSpanProcessor",
    "ZipkinExporter",
]

Options = dict[str, Any]
_VARIABLES = {
    "max_queue_size": "OTEL_BSP_MAX_QUEUE_SIZE",
    "schedule_delay_ms": "OTEL_BSP_SCHEDULE_DELAY",
    "max_export_batch_size": "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "export_timeout_ms": "OTEL_BSP_EXPORT_TIMEOUT",
}


@dataclass(frozen=True, repr=False)
class NativeExporter:
    """A destination that native code exports to."""

    def __post_init__(self) -> None:
        check_exporter(self.native_options())

    def native_options(self) -> Options:
        """Return the destination as the extension takes it."""
        raise NotImplementedError

    def export(self, spans: object) -> Any:
        """Refuse: there is no way from Python into a native exporter.

        Raises:
            TypeError: Always; it says which processor takes this exporter.
        """
        raise TypeError(
            f"{type(self).__name__} exports without Python: give it to "
            "libtracer.trace.export.BatchSpanProcessor and that to a libtracer TracerProvider"
        )

    def __repr__(self) -> str:
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.repr}
        shown = [f"{name}={_shown(value)!r}" for name, value in given.items() if value is not None]
        return f"{type(self).__name__}({', '.join(shown)})"

    def shutdown(self) -> None:
        """Do nothing: the provider's shutdown ends the export."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing: the provider's flush waits for the export."""
        return True


@dataclass(frozen=True, repr=False)
class OTLPSpanExporter(NativeExporter):
    """OTLP over HTTP or gRPC.

    Args:
        endpoint: ``http(s)://host[:port][/path]``; without a path ``/v1/traces`` is appended.
        protocol: ``"http/protobuf"``, ``"http/json"`` or ``"grpc"``; port 4317 means gRPC.
        headers: Sent with every request; values appear in no message and no ``repr``.
        timeout: Seconds that one request may take.
        compression: ``"gzip"``, ``"zstd"`` or ``"none"``, or opentelemetry.sdk's ``Compression``.
        certificate_file: PEM file of the authorities to trust in place of the system's.
        client_certificate_file: PEM file of the certificate to show.
        client_key_file: PEM file of its private key.

    Raises:
        ConfigError: An option is not usable. Files are read when the exporter is added to a
            provider, which raises it then.
    """

    endpoint: str | None = None
    _: KW_ONLY
    protocol: str | None = None
    headers: Headers | None = field(default=None, repr=False)
    timeout: float | None = None
    compression: Any = None
    certificate_file: str | os.PathLike[str] | None = None
    client_certificate_file: str | os.PathLike[str] | None = None
    client_key_file: str | os.PathLike[str] | None = None

    def native_options(self) -> Options:
        """Return the destination as the extension takes it."""
        certificate = _options.path("client_certificate_file", self.client_certificate_file)
        key = _options.path("client_key_file", self.client_key_file)
        if (certificate is None) != (key is None):
            missing = "client_key_file" if key is None else "client_certificate_file"
            raise ConfigError(f"{missing} is missing: a client certificate needs its key")
        compression = getattr(self.compression, "value", self.compression)
        return {
            "exporter": "otlp",
            "endpoint": _options.text("endpoint", self.endpoint),
            "protocol": _options.text("protocol", self.protocol),
            "headers": _options.headers(self.headers),
            "timeout_ms": _options.seconds("timeout", self.timeout),
            "compression": _options.text("compression", compression),
            "certificate": _options.path("certificate_file", self.certificate_file),
            "client_certificate": certificate,
            "client_key": key,
        }


@dataclass(frozen=True, repr=False)
class _ServerExporter(NativeExporter):
    endpoint: str | None = None
    _: KW_ONLY
    timeout: float | None = None

    def _server(self, exporter: str) -> Options:
        return {
            "exporter": exporter,
            "endpoint": _options.text("endpoint", self.endpoint),
            "timeout_ms": _options.seconds("timeout", self.timeout),
        }


@dataclass(frozen=True, repr=False)
class ZipkinExporter(_ServerExporter):
    """Zipkin's version 2 JSON.

    Args:
        endpoint: URL of the server; without a path ``/api/v2/spans`` is appended.
        timeout: Seconds that one request may take.

    Raises:
        ConfigError: An option is not usable.
    """

    def native_options(self) -> Options:
        """Return the destination as the extension takes it."""
        return self._server("zipkin")


@dataclass(frozen=True, repr=False)
class JaegerExporter(_ServerExporter):
    """Jaeger: Thrift over HTTP at ``/api/traces`` or port 14268, else OTLP, which Jaeger prefers.

    Args:
        endpoint: URL of the server.
        timeout: Seconds that one request may take.

    Raises:
        ConfigError: An option is not usable.
    """

    def native_options(self) -> Options:
        """Return the destination as the extension takes it."""
        return self._server("jaeger")


@dataclass(frozen=True, repr=False)
class ConsoleSpanExporter(NativeExporter):
    """Prints each finished trace as a tree, on standard output."""

    def native_options(self) -> Options:
        """Return the destination as the extension takes it."""
        return {"exporter": "console"}


@dataclass(frozen=True, repr=False)
class OTLPFileExporter(NativeExporter):
    """OTLP as JSON lines.

    Args:
        path: File to append to, made if it is not there; None is standard output.

    Raises:
        ConfigError: The path is not usable.
    """

    path: str | os.PathLike[str] | None = None

    def native_options(self) -> Options:
        """Return the destination as the extension takes it."""
        path = _options.path("path", self.path)
        return (
            {"exporter": "otlp/stdout"} if path is None else {"exporter": "otlp/file", "path": path}
        )


def _shown(value: Any) -> Any:
    return _options.without_password(value) if isinstance(value, str) else value


class _Flushed(Protocol):
    def force_flush(self, timeout_millis: int = 30_000) -> bool: ...


class NativeSpanProcessor:
    """Leads the spans of the provider it is added to into one native exporter."""

    def __init__(self, span_exporter: NativeExporter) -> None:
        if not isinstance(span_exporter, NativeExporter):
            kind = f"{type(span_exporter).__module__}.{type(span_exporter).__qualname__}"
            own = type(self).__name__
            raise TypeError(
                f"libtracer's {own} takes the exporters of libtracer.trace.export, not {kind}: "
                f"give a Python exporter to opentelemetry.sdk.trace.export.{own} and add that"
            )
        self.span_exporter = span_exporter
        self._providers: list[_Flushed] = []

    def native_options(self) -> Options:
        """Return the pipeline as the extension takes it: the exporter's options and its own."""
        return self.span_exporter.native_options()

    def added_to(self, provider: _Flushed) -> None:
        """Remember a provider, whose flush is then this processor's."""
        self._providers.append(provider)

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Do nothing: a provider it was added to exports without asking."""

    def on_end(self, span: Any) -> None:
        """Do nothing: a provider it was added to exports without asking."""

    def shutdown(self) -> None:
        """Export what is finished; the provider's shutdown ends the export."""
        self.force_flush()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what the providers that it was added to have finished.

        Args:
            timeout_millis: Time to wait at most for each.

        Returns:
            False when the time was up first.
        """
        in_time = [provider.force_flush(timeout_millis) for provider in self._providers]
        return all(in_time)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.span_exporter!r})"


class BatchSpanProcessor(NativeSpanProcessor):
    """Exports in batches, on a schedule.

    Args:
        span_exporter: An exporter of this module.
        max_queue_size: Spans that wait at most; unless it or ``OTEL_BSP_MAX_QUEUE_SIZE`` is given,
            the queue is bounded by memory only.
        schedule_delay_millis: The longest that a finished span waits for its batch (5,000).
        max_export_batch_size: Spans of one batch at most (512).
        export_timeout_millis: Time that one batch may take with all its retries (30,000).

    Raises:
        ConfigError: A number is not usable.
        TypeError: The exporter is not native.
    """

    def __init__(
        self,
        span_exporter: NativeExporter,
        max_queue_size: int | None = None,
        schedule_delay_millis: float | None = None,
        max_export_batch_size: int | None = None,
        export_timeout_millis: float | None = None,
    ) -> None:
        super().__init__(span_exporter)
        queue = _options.positive("max_queue_size", max_queue_size)
        batch = _options.positive("max_export_batch_size", max_export_batch_size)
        if queue is not None and batch is not None and batch > queue:
            raise ConfigError(
                f"max_export_batch_size is {batch}: it must be less than or equal to "
                f"max_queue_size, {queue}"
            )
        self._batch: Options = {
            "max_queue_size": queue,
            "schedule_delay_ms": _options.millis("schedule_delay_millis", schedule_delay_millis),
            "max_export_batch_size": batch,
            "export_timeout_ms": _options.millis("export_timeout_millis", export_timeout_millis),
        }
        if any(self._batch.values()):
            # Native code takes all four or none.
            for option, variable in _VARIABLES.items():
                self._batch[option] = self._batch[option] or _options.from_environment(variable)

    def native_options(self) -> Options:
        """Return the pipeline as the extension takes it: the exporter's options and its own."""
        return {**super().native_options(), **self._batch}


class SimpleSpanProcessor(NativeSpanProcessor):
    """Exports every span by itself as soon as it has ended, without making ``end`` wait.

    For development: each span costs a request.

    Args:
        span_exporter: An exporter of this module.

    Raises:
        TypeError: The exporter is not native.
    """

    def native_options(self) -> Options:
        """Return the pipeline as the extension takes it: the exporter's options and its own."""
        return {**super().native_options(), "max_export_batch_size": 1}
