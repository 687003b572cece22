"""Log lines that say which trace and span they belong to.

```python
import libtracer

libtracer.configure_logging(level="INFO")
libtracer.logger.info("order placed", order_id="ord_1")
# {"timestamp": "...", "level": "INFO", "logger": "app", "message": "order placed", "order_id": ...}
```

For programs with loggers of their own: `TraceContextFilter` for the standard library's,
`add_trace_context` for structlog, `patch_record` for loguru.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timezone
from typing import Any, TextIO

from libtracer import _native
from libtracer._errors import ConfigError

__all__ = [
    "Logger",
    "TraceContextFilter",
    "add_trace_context",
    "configure_logging",
    "get_logger",
    "logger",
    "patch_record",
]

_FIELDS = "libtracer_fields"
# What every record has; the rest came by ``extra``.
STANDARD_FIELDS = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName", _FIELDS}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CORE = ("timestamp", "level", "logger", "message")


def trace_context() -> dict[str, str]:
    """Return ``trace_id`` and ``span_id`` of the current span as text; nothing outside of one."""
    span = _native.get_current_span()
    if span is None:
        return {}
    context = span.get_span_context() if hasattr(span, "get_span_context") else None
    if context is None:
        return {"trace_id": span.trace_id, "span_id": span.span_id}
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


class TraceContextFilter(logging.Filter):
    """Gives log records ``trace_id`` and ``span_id``, empty outside of a span.

    ```python
    handler.addFilter(TraceContextFilter())
    handler.setFormatter(logging.Formatter("%(message)s trace=%(trace_id)s"))
    ```
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids, unless the record has them; keep every record."""
        found = trace_context()
        for name in ("trace_id", "span_id"):
            if not hasattr(record, name):
                setattr(record, name, found.get(name, ""))
        return True


def add_trace_context(
    logger: Any, method: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the ids of the current span to an event: a processor for structlog."""
    for name, value in trace_context().items():
        event_dict.setdefault(name, value)
    return event_dict


def patch_record(record: MutableMapping[str, Any]) -> None:
    """Add the ids of the current span to a record's ``extra``: a patcher for loguru.

    ``loguru.logger.configure(patcher=libtracer.logs.patch_record)``
    """
    for name, value in trace_context().items():
        record["extra"].setdefault(name, value)


class Logger:
    """Logs events with fields, through the standard library's logger of the same name.

    Methods take a message, its ``%`` arguments, what ``logging`` knows (``exc_info``, ``extra``,
    ``stack_info``) and any other keyword as a field of the line.
    """

    def __init__(self, name: str, fields: Mapping[str, Any] | None = None) -> None:
        self._logger = logging.getLogger(name)
        self._fields = dict(fields or {})

    @property
    def name(self) -> str:
        """Name of the logger."""
        return self._logger.name

    def bind(self, /, **fields: Any) -> "Logger":
        """Return a logger whose lines have these fields too."""
        return Logger(self.name, {**self._fields, **fields})

    def debug(self, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at level DEBUG."""
        self._log(logging.DEBUG, event, args, fields)

    def info(self, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at level INFO."""
        self._log(logging.INFO, event, args, fields)

    def warning(self, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at level WARNING."""
        self._log(logging.WARNING, event, args, fields)

    def error(self, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at level ERROR."""
        self._log(logging.ERROR, event, args, fields)

    def critical(self, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at level CRITICAL."""
        self._log(logging.CRITICAL, event, args, fields)

    def exception(self, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at level ERROR, with the exception that is being handled."""
        self._log(logging.ERROR, event, args, {"exc_info": True, **fields})

    def log(self, level: int, event: object, /, *args: Any, **fields: Any) -> None:
        """Log at a level of the standard library's."""
        self._log(level, event, args, fields)

    def _log(
        self, level: int, event: object, args: tuple[Any, ...], fields: dict[str, Any]
    ) -> None:
        if not self._logger.isEnabledFor(level):
            return
        exc_info = fields.pop("exc_info", None)
        stack_info = bool(fields.pop("stack_info", False))
        depth = int(fields.pop("stacklevel", 1)) + 2
        extra = {**(fields.pop("extra", None) or {}), _FIELDS: {**self._fields, **fields}}
        self._logger.log(
            level,
            event,
            *args,
            exc_info=exc_info,
            stack_info=stack_info,
            stacklevel=depth,
            extra=extra,
        )


class _Lines(logging.Handler):
    """Writes to a stream, or to what is ``sys.stdout`` when a record comes."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            stream = self._stream if self._stream is not None else sys.stdout
            line = self.format(record) + "\n"
            try:
                stream.write(line)
            except UnicodeEncodeError:
                stream.write(_NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], line))
            stream.flush()
        except Exception:
            self.handleError(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "timestamp": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in _fields_of(record).items():
            line[f"{name}_" if name in _CORE else name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        try:
            return _as_json(line)
        except Exception:  # a cycle, a number that JSON lacks, too deep: the rest of the line stays
            return _as_json({name: _plain(value) for name, value in line.items()})


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802, logging's name
        """Return the record as a line of text, its fields behind it."""
        fields = "".join(f" {name}={_shown(value)}" for name, value in _fields_of(record).items())
        return super().formatMessage(record) + fields


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    extra = {name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS}
    return {**trace_context(), **extra, **getattr(record, _FIELDS, {})}


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _as_json(value: object) -> str:
    return json.dumps(value, default=_shown, ensure_ascii=False, skipkeys=True, allow_nan=False)


def _plain(value: object) -> object:
    """Return a value that JSON has, else its text."""
    try:
        _as_json(value)
    except Exception:
        return _shown(value)
    return value


_installed: list[logging.Handler] = []
_FORMATS = {"json": _Json, "text": _Text, "human": _Text}


def configure_logging(
    level: str | int = "INFO",
    format: str = "json",  # noqa: A002, the documented name
    stream: TextIO | None = None,
) -> None:
    """Write the program's log records as lines, with the ids of the span they belong to.

    A later call replaces what an earlier one set up. Other handlers stay.

    Args:
        level: The lowest level that is written, by name or number.
        format: ``"json"``, one object a line, or ``"text"``.
        stream: Where to write; by default what is ``sys.stdout`` at the time of the record.

    Raises:
        ConfigError: There is no such level or format.
    """
    made = _FORMATS.get(format)
    if made is None:
        raise ConfigError(f"format is {format!r}: use json or text")
    known = level.upper() if isinstance(level, str) else level
    handler = _Lines(stream)
    try:
        handler.setLevel(known)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"level is {level!r}: use a level of the logging module") from error
    handler.setFormatter(made())
    root = logging.getLogger()
    for earlier in _installed:
        root.removeHandler(earlier)
    _installed[:] = [handler]
    root.addHandler(handler)
    root.setLevel(handler.level)


def get_logger(name: str = "app") -> Logger:
    """Return the logger of a name, usually ``__name__``; it takes fields as keywords."""
    return Logger(name)


logger = get_logger()
