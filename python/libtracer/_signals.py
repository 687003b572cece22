"""Metrics and logs of zero-code set-up: those of opentelemetry-sdk, where they are asked for."""

import os
from collections.abc import Callable
from typing import Any

from libtracer import _environment


def set_up(resource: Any) -> None:
    """Make the providers that ``OTEL_METRICS_EXPORTER`` and ``OTEL_LOGS_EXPORTER`` ask for.

    Args:
        resource: That of the traces.
    """
    _signal("METRICS", _metrics, resource)
    _signal("LOGS", _logs, resource)


def _signal(signal: str, make: Callable[[list[Any], Any], None], resource: Any) -> None:
    variable = f"OTEL_{signal}_EXPORTER"
    names = _environment.names(variable)
    if not names:
        return
    try:
        from opentelemetry.sdk.resources import Resource

        group = f"opentelemetry_{signal.lower()}_exporter"
        exporters = [_environment.load(group, _entry_point(name, signal))() for name in names]
        make(exporters, Resource(dict(resource.attributes), resource.schema_url))
    except Exception as error:
        _environment.left_out(variable, ",".join(names), error)


def _entry_point(name: str, signal: str) -> str:
    if name != "otlp":
        return name
    own = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL")
    protocol = own or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
    return "otlp_proto_grpc" if protocol.strip() == "grpc" else "otlp_proto_http"


def _metrics(exporters: list[Any], resource: Any) -> None:
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader

    readers = [
        each if isinstance(each, MetricReader) else PeriodicExportingMetricReader(each)
        for each in exporters
    ]
    set_meter_provider(MeterProvider(resource=resource, metric_readers=readers))


def _logs(exporters: list[Any], resource: Any) -> None:
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(resource=resource)
    for each in exporters:
        provider.add_log_record_processor(BatchLogRecordProcessor(each))
    set_logger_provider(provider)
