"""The two services of the document on traced functions, as it runs them, and one trace of both."""

import importlib.metadata
import json
import os
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from blocks import blocks
from receivers.base import free_ports, wait_until

DOCUMENT = "patronus"
NEEDED = (
    "fastapi",
    "opentelemetry.instrumentation.fastapi",
    "opentelemetry.instrumentation.httpx",
    "uvicorn",
)


@contextmanager
def running(block, folder, ports, collector):
    """Run a block as a program, from when it answers until the end of the block."""
    text = block.instead(text=ports).read()
    program = folder / f"service_{block.number}.py"
    program.write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    with (folder / f"log_{block.number}").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, program], env=environment, stdout=log, stderr=log, cwd=folder
        )
    try:
        port = list(ports.values())[-1].rsplit("=", 1)[-1]
        wait_until(lambda: process.poll() is not None or answers(port), bool, 60)
        assert process.poll() is None, Path(log.name).read_text(encoding="utf-8")
        yield
    finally:
        process.terminate()
        process.wait(60)


def answers(port):
    try:
        get(port, "/openapi.json")
    except OSError:
        return False
    return True


def get(port, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


@pytest.fixture
def ready(collector):
    for name in NEEDED:
        pytest.importorskip(name)
    return collector


def test_06_the_packages_are_what_this_environment_has(block):
    words = block.read().replace("\\\n", " ").split()
    assert words[:2] == ["uv", "add"]
    assert words[2:] == [
        "opentelemetry-instrumentation-httpx",
        "opentelemetry-instrumentation-fastapi",
        "fastapi[all]",
        "libtracer",
    ]
    pinned = (Path(__file__).parents[2] / "requirements.txt").read_text(encoding="utf-8")
    for word in words[2:-1]:
        name = word.partition("[")[0]
        assert f"\n{name}==" in pinned
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{name} is not installed")


def test_07_the_backend(block, ready, arrived, tmp_path):
    (port,) = free_ports(1)
    trace_id = "7" * 32
    with running(block, tmp_path, {"port=8001": f"port={port}"}, ready):
        answer = get(port, "/hello/ada", traceparent=f"00-{trace_id}-{'8' * 16}-01")
    assert answer == {"message": "Hello ada from Backend Service!", "service": "backend"}
    spans = arrived(trace_id, 3)
    (server,) = [span for span in spans if span.kind == 2]
    assert server.name == "GET /hello/{name}"
    assert server.parent_span_id == "8" * 16, "the context of the request is taken on"
    assert server.resource["service.name"] == "backend"
    assert server.attributes["http.route"] == "/hello/{name}"


def test_08_the_gateway_and_the_backend_in_one_trace(block, ready, arrived, tmp_path):
    backend, gateway = free_ports(2)
    trace_id = "9" * 32
    ports = {"localhost:8001": f"localhost:{backend}", "port=8000": f"port={gateway}"}
    services = (
        running(blocks(DOCUMENT)[6], tmp_path, {"port=8001": f"port={backend}"}, ready),
        running(block, tmp_path, ports, ready),
    )
    with services[0], services[1]:
        answer = get(gateway, "/hello/world", traceparent=f"00-{trace_id}-{'8' * 16}-01")
    assert answer == {
        "gateway_message": "Gateway received request for world",
        "backend_response": {
            "message": "Hello world from Backend Service!",
            "service": "backend",
        },
    }
    spans = arrived(trace_id, 7)
    known = {span.span_id: span for span in spans}

    def service(span):
        return span.resource["service.name"], span.name, span.kind

    (server,) = [span for span in spans if service(span)[0] == "backend" and span.kind == 2]
    client = known[server.parent_span_id]
    assert service(server) == ("backend", "GET /hello/{name}", 2)
    assert service(client) == ("gateway", "GET", 3)
    assert service(known[client.parent_span_id]) == ("gateway", "GET /hello/{name}", 2)
    assert known[client.parent_span_id].parent_span_id == "8" * 16
