"""10,000 spans each from Python and from C reach a real receiver, none lost, fields intact."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from receivers import Receiver, Span

HERE = Path(__file__).parent
COUNT = 10_000
ITEM = {
    "text": "häuser 🏠",
    "ratio": 0.1,
    "flag": True,
    "list": ["a", "b"],
}


def python_sender(_: Path) -> list[str]:
    return [sys.executable, str(HERE / "send.py")]


def c_sender(folder: Path) -> list[str]:
    library = Path(os.environ["LIBTRACER_LIB"])
    program = folder / "send"
    include = HERE.parent.parent / "include"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    paths = [f"-I{include}", f"-L{library}", f"-Wl,-rpath,{library}"]
    compiler = os.environ.get("CC", "cc")
    command = [compiler, *flags, *paths, str(HERE / "send.c"), "-ltracer", "-o", str(program)]
    subprocess.run(command, check=True)
    return [str(program)]


@pytest.mark.parametrize("sender", [python_sender, c_sender])
def test_ten_thousand_spans_arrive_intact(sender, receiver: Receiver, tmp_path: Path):
    before = time.time_ns()
    command = [*sender(tmp_path), str(COUNT)]
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    output = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    stats = json.loads(output.stdout)
    spans = receiver.wait_for(COUNT)
    after = time.time_ns()

    assert len(spans) == COUNT
    assert (stats["started"], stats["exported"]) == (COUNT, COUNT)
    assert len({span.span_id for span in spans}) == COUNT
    assert Counter(span.name for span in spans) == {"batch": COUNT // 10, "item": COUNT * 9 // 10}
    parents = {span.span_id: span for span in spans if span.name == "batch"}
    assert sorted(span.attributes["batch"] for span in parents.values()) == list(range(COUNT // 10))
    for span in spans:
        check_common(span, before, after)
        if span.name == "item":
            check_item(span, parents[span.parent_span_id])


def check_common(span: Span, before: int, after: int) -> None:
    assert len(bytes.fromhex(span.trace_id)) == 16
    assert len(bytes.fromhex(span.span_id)) == 8
    assert before - 10**9 <= span.start <= span.end <= after + 10**9
    assert span.resource["service.name"] == "sender"
    assert span.resource["telemetry.sdk.name"] == "libtracer"
    assert span.scope.name.startswith("send")
    assert span.scope.version == "1.2.3"
    assert span.flags & 0x301 == 0x101  # sampled; the parent is known not to be remote
    assert span.dropped == (0, 0, 0)
    if span.name == "batch":
        assert (span.parent_span_id, span.kind, span.status) == ("", 2, (0, ""))


def check_item(span: Span, parent: Span) -> None:
    assert span.trace_id == parent.trace_id
    assert parent.start <= span.start
    assert span.kind == 3
    attributes = dict(span.attributes)
    number = -(attributes.pop("number") + 2**62)
    assert attributes == ITEM
    (event,) = span.events
    assert (event.name, event.attributes) == ("reached", {"step": number})
    assert span.start <= event.time <= span.end
    assert span.status == ((2, "too late") if number == 8 else (0, ""))
