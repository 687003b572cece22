"""OpenTelemetry's logger provider over libtracer's log records, and a handler for ``logging``."""

import logging
import traceback
import uuid
from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import Logger as ApiLogger
from opentelemetry._logs import LoggerProvider as ApiLoggerProvider
from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import SpanContext, TraceFlags

from libtracer import _native

_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
    (logging.DEBUG, SeverityNumber.DEBUG),
)


class Logger(ApiLogger):
    """Emits the log records of one instrumentation scope."""

    def __init__(self, name: str, tracer: Any, marks: Mapping[str, str]) -> None:
        super().__init__(name)
        self._tracer = tracer if isinstance(tracer, _native.Tracer) else None
        self._marks = marks

    def emit(self, record: Any = None, **fields: Any) -> None:
        """Emit a record of OpenTelemetry's API, or one of these fields.

        Args:
            record: A ``LogRecord``.
            **fields: Those of a ``LogRecord``, in place of one.
        """
        if record is None:
            self._emit(fields.pop("context", None), **fields)
            return
        flags = TraceFlags(record.trace_flags or 0)
        span = SpanContext(
            record.trace_id or 0, record.span_id or 0, is_remote=False, trace_flags=flags
        )
        self._emit(
            span,
            timestamp=record.timestamp,
            observed_timestamp=record.observed_timestamp,
            severity_number=record.severity_number,
            severity_text=record.severity_text,
            body=record.body,
            attributes=record.attributes,
            event_name=getattr(record, "event_name", None),
            exception=getattr(record, "exception", None),
        )

    def _emit(
        self,
        span: Any,
        *,
        attributes: Mapping[str, Any] | None = None,
        exception: BaseException | None = None,
        **fields: Any,
    ) -> None:
        said = dict(attributes or {})
        if exception is not None:
            said = {**_described(exception), **said}
        _native.emit_log(scope=self._tracer, span=span, attributes=said, **fields)

    def enabled(self, **_: Any) -> bool:
        """Return whether a record may reach anyone."""
        return self._tracer is not None and _native.is_configured()

    def log(  # noqa: PLR0913, the signature of others
        self,
        body: Any,
        *,
        log_attrs: Mapping[str, Any] | None = None,
        severity: SeverityNumber | None = None,
        log_type: Any = "user",
        log_id: uuid.UUID | None = None,
        span_context: SpanContext | None = None,
        event_name: str | None = None,
    ) -> uuid.UUID:
        """Emit a record that says which project it is of.

        Args:
            body: What to log, of any kind.
            log_attrs: Its attributes.
            severity: How severe it is; INFO by default.
            log_type: What kind of record it is.
            log_id: Its id, a new one by default.
            span_context: The span it belongs to, the current one by default.
            event_name: The kind of event it is.

        Returns:
            Its id.
        """
        severity = severity or SeverityNumber.INFO
        log_id = log_id or uuid.uuid4()
        said = {
            **(log_attrs or {}),
            "pat.log.id": str(log_id),
            "pat.log.type": str(getattr(log_type, "value", log_type)),
            **self._marks,
        }
        self._emit(
            span_context,
            body=body,
            severity_number=severity,
            severity_text=severity.name,
            attributes=said,
            event_name=event_name,
        )
        return log_id


class LoggerProvider(ApiLoggerProvider):
    """Makes loggers whose records go where those of traced functions go.

    Args:
        tracer_provider: The provider of the spans they belong to.
        marks: What their scopes say beside the attributes they are asked for with.
    """

    def __init__(self, tracer_provider: Any, marks: Mapping[str, str]) -> None:
        self._tracer_provider = tracer_provider
        self._marks = dict(marks)

    def get_logger(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Logger:
        """Return a logger of an instrumentation scope.

        Args:
            name: Name of the library that logs.
            version: Its version.
            schema_url: Schema its attributes follow.
            attributes: What else is known of it.
        """
        said = {**(attributes or {}), **self._marks}
        tracer = self._tracer_provider.get_tracer(name, version, schema_url, said)
        return Logger(name, tracer, self._marks)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what has been emitted; False when the time was up first."""
        return bool(self._tracer_provider.force_flush(timeout_millis))


class Handler(logging.Handler):
    """Gives the records of a standard logger to a logger of ours."""

    def __init__(self, logger: Logger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Emit one record."""
        from libtracer.logs import STANDARD_FIELDS

        try:
            said = {key: value for key, value in vars(record).items() if key not in STANDARD_FIELDS}
            severity = next(
                (number for level, number in _SEVERITIES if record.levelno >= level),
                SeverityNumber.TRACE,
            )
            if record.exc_info and record.exc_info[1] is not None:
                said.update(_described(record.exc_info[1]))
            self._logger.log(record.getMessage(), log_attrs=said, severity=severity)
        except Exception:
            self.handleError(record)


def _described(exception: BaseException) -> dict[str, str]:
    kind = type(exception)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return {
        "exception.type": f"{module}{kind.__qualname__}",
        "exception.message": str(exception),
        "exception.stacktrace": "".join(traceback.format_exception(exception)),
    }
