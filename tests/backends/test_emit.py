"""Log records of Python beside its spans, at a real collector, while a call holds the GIL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from emit_body import BODY
from receivers.base import wait_until
from receivers.received import value

if TYPE_CHECKING:
    from receivers import Collector

Json = dict[str, Any]
COUNT = 300
INFO, ERROR = 9, 17
PROGRAM = Path(__file__).with_name("emit.py")


def attributes(of: Json) -> Json:
    return {each["key"]: value(each["value"]) for each in of.get("attributes", [])}


def records(collector: Collector) -> list[tuple[Json, Json, Json]]:
    """Returns resource, scope and record of all that arrived."""
    return [
        (each["resource"], scope["scope"], record)
        for request in collector.requests("logs")
        for each in request["resourceLogs"]
        for scope in each["scopeLogs"]
        for record in scope["logRecords"]
    ]


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_log_records_arrive_while_a_call_holds_the_gil(
    protocol: str, collector: Collector, tmp_path: Path
):
    port = collector.grpc_port if protocol == "grpc" else collector.port
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
    }
    fifo = tmp_path / "go_on"
    os.mkfifo(fifo)
    command = [sys.executable, str(PROGRAM), str(fifo), str(COUNT)]
    with subprocess.Popen(
        command, env={**inherited, **variables}, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            found = wait_until(lambda: records(collector), lambda found: len(found) > COUNT)
            spans = {span.span_id: span for span in collector.wait_for(COUNT)}
            assert program.poll() is None
        except BaseException:
            program.kill()
            raise
        fifo.open("wb").close()
        account = json.loads(program.communicate(timeout=30)[0])
    assert program.returncode == 0
    check(found, spans)
    named = ("logs_emitted", "logs_exported", "logs_dropped", "logs_queued")
    assert [account[name] for name in named] == [COUNT + 1, COUNT + 1, 0, 0]


def check(found: list[tuple[Json, Json, Json]], spans: Json) -> None:
    assert len(found) == COUNT + 1
    assert all(attributes(resource)["service.name"] == "emitter" for resource, _, _ in found)
    (outside,) = [record for _, scope, record in found if not scope.get("name")]
    assert value(outside["body"]) == "outside"
    assert not outside.get("traceId")
    inside = [record for _, scope, record in found if scope.get("name")]
    assert all(scope == {"name": "emit.py", "version": "1.2.3"} for _, scope, _ in found if scope)
    assert len({record["spanId"] for record in inside}) == COUNT
    for record in inside:
        check_record(record, spans[record["spanId"]])


def check_record(record: Json, span: Any) -> None:
    assert (record["traceId"], record["flags"] & 1) == (span.trace_id, 1)
    assert span.start <= int(record["timeUnixNano"]) <= span.end
    assert span.start <= int(record["observedTimeUnixNano"]) <= span.end
    found = attributes(record)
    number = found.pop("number")
    assert found == {"nested": {"list": ["a", None], "map": {}}}
    said = (record["severityNumber"], record["severityText"], record.get("eventName", ""))
    if number % 2:
        assert said == (ERROR, "oh no", "")
        assert value(record["body"]) == "text"
    else:
        assert said == (INFO, "INFO", "greeted")
        assert value(record["body"]) == BODY
