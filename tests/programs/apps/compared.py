"""`compared.py sdk|libtracer PLACE URL`: records spans and gives them to exporters of others."""

import json
import sys

import recorded
from opentelemetry.sdk.trace import export


def otlp_http(url):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
    return export.BatchSpanProcessor(exporter, schedule_delay_millis=60_000)


def otlp_grpc(url):
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=url, insecure=True)
    return export.BatchSpanProcessor(exporter, schedule_delay_millis=60_000)


def zipkin(url):
    from opentelemetry.exporter.zipkin.json import ZipkinExporter

    return export.SimpleSpanProcessor(ZipkinExporter(endpoint=f"{url}/api/v2/spans"))


def console(_):
    return export.SimpleSpanProcessor(
        export.ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\n")
    )


def memory(_):
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    return export.SimpleSpanProcessor(InMemorySpanExporter())


def shown(span):
    """Every property that an exporter may read, as text."""
    names = "name kind start_time end_time attributes events links status resource parent context"
    names += " instrumentation_scope dropped_attributes dropped_events dropped_links"
    return {
        "type": type(span).__name__,
        **{name: text(getattr(span, name)) for name in names.split()},
        "private": text([span._name, span._start_time, span._resource, dict(span._attributes)]),
    }


def text(value):
    if isinstance(value, list | tuple) and not hasattr(value, "trace_id"):
        return [text(each) for each in value]
    if hasattr(value, "items"):
        return {key: text(each) for key, each in value.items()}
    if hasattr(value, "timestamp") or hasattr(value, "context"):
        names = "name timestamp attributes context dropped_attributes"
        return {name: text(getattr(value, name, None)) for name in names.split()}
    if hasattr(value, "status_code"):
        return [str(value.status_code), value.description, value.is_ok]
    if hasattr(value, "to_json"):
        return [type(value).__name__, value.to_json(indent=None), hash(value) == hash(value)]
    return value if isinstance(value, str) else f"{type(value).__name__} {value}"


def main(kind, place, url):
    processor = globals()[place](url)
    provider = recorded.provider(kind)
    provider.add_span_processor(processor)
    recorded.record(provider)
    assert provider.force_flush()
    if place == "memory":
        spans = processor.span_exporter.get_finished_spans()
        print(*(json.dumps(shown(span)) for span in spans), sep="\n")
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
