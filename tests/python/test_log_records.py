"""Log records: what is emitted is what a capture shows, and belongs to the span it should."""

import asyncio
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import libtracer
import pytest
from libtracer import _native, testing
from listening import Server
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from program import run


def one(captured: testing.Capturing) -> testing.LogRecord:
    """The only record."""
    (record,) = captured.logs
    return record


def test_a_record_says_what_it_was_given() -> None:
    body = {"function.name": "f", "arguments": {"x": [1, None, {"deep": 2.5}], "b": b"\0\xff"}}
    with testing.capture() as captured:
        _native.emit_log(
            scope=libtracer.get_tracer("shop", "1.2"),
            body=body,
            severity_number=SeverityNumber.WARN2,
            severity_text="careful",
            attributes={"text": "t", "flag": True, "list": [1, 2], "map": {"k": None}},
            timestamp=1_700_000_000_000_000_001,
            observed_timestamp=1_700_000_000_000_000_002,
            event_name="shop.sold",
        )
    record = one(captured)
    assert record.body == body
    assert record.severity_number == SeverityNumber.WARN2
    assert record.severity_number == SeverityNumber.WARN2
    assert (record.severity_number, record.severity_number.name) == (14, "WARN2")
    assert record.severity_number != SeverityNumber.WARN
    assert record.severity_text == "careful"
    assert record.attributes == {
        "text": "t",
        "flag": True,
        "list": (1, 2),
        "map": {"k": None},
    }
    assert record.timestamp == 1_700_000_000_000_000_001
    assert record.observed_timestamp == 1_700_000_000_000_000_002
    assert record.event_name == "shop.sold"
    assert (record.instrumentation_scope.name, record.instrumentation_scope.version) == (
        "shop",
        "1.2",
    )
    assert "service.name" in record.resource.attributes


def test_a_record_without_anything_is_a_record() -> None:
    with testing.capture() as captured:
        _native.emit_log()
    record = one(captured)
    assert (record.body, record.severity_text, record.event_name) == (None, None, None)
    assert record.severity_number == 0
    assert (record.trace_id, record.span_id, record.trace_flags) == (None, None, 0)
    assert record.timestamp == record.observed_timestamp > 0


def test_it_belongs_to_the_current_span_unless_another_is_named() -> None:
    tracer = libtracer.get_tracer("t")
    foreign = trace.SpanContext(0xA1, 0xB2, is_remote=True, trace_flags=trace.TraceFlags(1))
    with testing.capture() as captured:
        with tracer.start_span("outer") as outer:
            with tracer.start_span("inner") as inner:
                _native.emit_log(body="current")
                _native.emit_log(body="outer", span=outer)
                _native.emit_log(body="foreign", span=trace.NonRecordingSpan(foreign))
                _native.emit_log(body="context", span=foreign)
            _native.emit_log(body="ended", span=inner)
        _native.emit_log(body="none")
    ids = {record.body: (record.trace_id, record.span_id) for record in captured.logs}
    assert ids == {
        "current": (inner.trace_id, inner.span_id),
        "outer": (outer.trace_id, outer.span_id),
        "foreign": (f"{0xA1:032x}", f"{0xB2:016x}"),
        "context": (f"{0xA1:032x}", f"{0xB2:016x}"),
        "ended": (inner.trace_id, inner.span_id),
        "none": (None, None),
    }
    assert all(record.trace_flags & 1 for record in captured.logs[:-1])
    span = next(span for span in captured.spans if span.name == "inner")
    record = captured.logs[0]
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= record.timestamp <= span.end_time


def test_a_capture_sees_all_threads_in_order_and_gives_the_same_objects() -> None:
    with testing.capture() as captured:
        _native.emit_log(body=0)
        first = captured.logs
        thread = threading.Thread(target=lambda: _native.emit_log(body=1))
        thread.start()
        thread.join()
        _native.emit_log(body=2)
    _native.emit_log(body="too late")
    assert [record.body for record in captured.logs] == [0, 1, 2]
    assert captured.logs[0] is first[0]
    assert captured.spans == []


def test_what_has_no_type_becomes_text_and_what_has_no_key_is_counted() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd>"

    before = libtracer.stats()["invalid_attribute"]
    with testing.capture() as captured:
        _native.emit_log(body=Odd(), attributes={"": 1, "odd": Odd()})
    record = one(captured)
    assert record.body == "<odd>"
    assert record.attributes == {"odd": "<odd>"}
    assert record.dropped_attributes == 1
    assert libtracer.stats()["invalid_attribute"] == before + 1


def test_a_wrong_severity_is_told() -> None:
    with pytest.raises((TypeError, AttributeError)):
        _native.emit_log(severity_number="high")


def test_records_have_an_account_of_their_own() -> None:
    before = libtracer.stats()
    _native.emit_log(body="nobody listens")
    after = libtracer.stats()
    moved = {key: after[key] - before[key] for key in after if after[key] != before[key]}
    assert moved in (
        {"logs_emitted": 1, "logs_dropped": 1, "logs_dropped_no_exporter": 1},
        {"logs_emitted": 1, "logs_dropped": 1, "logs_dropped_no_exporter": 1, "memory_bytes": 0},
    )


def records_of(server: Server) -> dict[str, list[LogRecord]]:
    """What arrived, by the path it was posted to, as OpenTelemetry's own classes decode it."""
    found: dict[str, list[LogRecord]] = {}
    for path, _, body in server.requests:
        if path.endswith("/v1/logs"):
            request = ExportLogsServiceRequest.FromString(body)
            scopes = [scope for each in request.resource_logs for scope in each.scope_logs]
            found.setdefault(path, []).extend(r for scope in scopes for r in scope.log_records)
    return found


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Configures, emits a record, flushes; the tests' own configuration comes back."""

    def configured(**options: Any) -> None:
        libtracer.configure_tracing("logs", **options)
        _native.emit_log(body="sent")
        assert libtracer.force_flush(10)

    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    yield configured
    monkeypatch.undo()
    libtracer.configure_tracing("tests", exporter="none")


@pytest.mark.parametrize(
    ("options", "environment", "path"),
    [
        ({"endpoint": "{url}"}, {}, "/v1/logs"),
        ({"endpoint": "{url}/v1/traces", "exporter": "otlp"}, {}, "/v1/logs"),
        ({"endpoint": "{url}/base/v1/traces/"}, {}, "/base/v1/logs"),
        ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "{url}/base"}, "/base/v1/logs"),
        ({}, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "{url}/own/v1/logs"}, "/own/v1/logs"),
        ({"logs_exporter": "otlp"}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "{url}"}, "/v1/logs"),
        (
            {"exporter": "none"},
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "{url}", "OTEL_LOGS_EXPORTER": "otlp"},
            "/v1/logs",
        ),
        ({"endpoint": "{url}"}, {"OTEL_LOGS_EXPORTER": "none"}, None),
        ({"endpoint": "{url}", "logs_exporter": "none"}, {}, None),
        ({"endpoint": "{url}", "exporter": "zipkin"}, {}, None),
        ({"endpoint": "{url}/made/for/spans"}, {}, None),
        ({"exporter": "console"}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "{url}"}, None),
        ({"enabled": False, "endpoint": "{url}"}, {}, None),
        ({}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "{url}"}, None),
    ],
)
def test_log_records_go_beside_the_spans_that_go_by_otlp(
    server: Server,
    configure: Callable[..., None],
    *,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    environment: dict[str, str],
    path: str | None,
) -> None:
    def filled(given: dict[str, Any]) -> dict[str, Any]:
        return {
            name: text.format(url=server.url) if isinstance(text, str) else text
            for name, text in given.items()
        }

    for name, text in filled(environment).items():
        monkeypatch.setenv(name, text)
    configure(**filled(options))
    found = {
        path: [r.body.string_value for r in records] for path, records in records_of(server).items()
    }
    assert found == ({path: ["sent"]} if path else {})


def test_log_records_on_the_console(configure: Callable[..., None], capfd: Any) -> None:
    configure(logs_exporter="console", exporter="none")
    assert "sent" in capfd.readouterr().out


def test_what_is_sent_is_accounted_for(server: Server, configure: Callable[..., None]) -> None:
    configure(endpoint=server.url)
    read = libtracer.stats()
    assert (read["logs_emitted"], read["logs_exported"], read["logs_queued"]) == (1, 1, 0)
    assert read["logs_dropped"] == 0


def test_an_unknown_exporter_is_refused(configure: Callable[..., None]) -> None:
    with pytest.raises(libtracer.ConfigError, match="use otlp, console or none"):
        configure(logs_exporter="zipkin")


def native() -> tuple[ctypes.PyDLL, ctypes.CDLL]:
    """The C functions, called with the GIL and without."""
    return ctypes.PyDLL(_native.library_path()), ctypes.CDLL(_native.library_path())


def test_records_of_c_belong_to_the_current_span_of_python_with_the_gil_and_without() -> None:
    async def task(name: str) -> str:
        with libtracer.get_tracer("t").start_span(name) as span:
            for library in native():
                library.tracer_log_emit(None, 9, name.encode(), len(name), None)
                await asyncio.sleep(0)  # the other tasks' spans become current
            return str(span.span_id)

    async def all_tasks() -> list[str]:
        return list(await asyncio.gather(*(task(name) for name in "abc")))

    with testing.capture() as captured:
        ids = asyncio.run(all_tasks())
    found = [(record.body, record.span_id) for record in captured.logs]
    assert sorted(found) == sorted(2 * list(zip("abc", ids, strict=True)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_sends_its_own_records(server: Server) -> None:
    program = """
        import os, warnings
        import libtracer
        from libtracer import _native

        warnings.simplefilter("ignore", DeprecationWarning)  # of fork, where there are threads
        libtracer.configure_tracing("forks", logs_exporter="otlp")
        _native.emit_log(body="parent")
        with libtracer.get_tracer().start_span("shared"):
            pid = os.fork()
            _native.emit_log(body="parent" if pid else "child")
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
        assert libtracer.force_flush(20)
        print(libtracer.stats()["logs_exported"], flush=True)
        if not pid:
            os._exit(0)
    """
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    assert run(program, **environment).split() == ["1", "2"]
    (records,) = records_of(server).values()
    assert sorted(record.body.string_value for record in records) == ["child", "parent", "parent"]
    (first, *inside) = sorted(records, key=lambda record: record.span_id)
    assert not first.span_id
    assert inside[0].span_id == inside[1].span_id
    assert inside[0].trace_id == inside[1].trace_id
