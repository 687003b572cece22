"""The search program as a user runs it: trees on the screen, one account."""

import http.server
import os
import re
import subprocess
import sys
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@pytest.fixture
def search(program):
    """Return what runs the program; `OTEL_*` variables are those given."""

    def run(pieces, folder, *arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        command = [sys.executable, str(program), f"--pieces={pieces}", f"--documents={folder}"]
        return subprocess.run(
            [*command, *arguments],
            env={**kept, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one.md").write_text("# Fork\n\nAfter a fork the child has its own ids.\n")
    (tmp_path / "two.md").write_text("# Memory\n\nMemory is bounded in bytes.\n")
    return tmp_path


def account(line):
    found = re.fullmatch(r"started (\d+) = exported (\d+) \+ dropped (\d+)", line)
    assert found, line
    return tuple(int(number) for number in found.groups())


def test_it_prints_answers_trees_and_the_account(search, pieces, folder):
    done = search(pieces, folder, "after a fork", "bounded memory")
    assert (done.returncode, done.stderr) == (0, "")
    assert "one.md: After a fork the child has its own ids." in done.stdout
    assert len(re.findall(r"^trace [0-9a-f]{32}  search ", done.stdout, re.MULTILINE)) == 3
    assert re.search(r"│  └─ review .*\n.*│     └─ rank\.score ", done.stdout)
    started, exported, dropped = account(done.stdout.splitlines()[-1])
    assert started == exported == 3 + 10 + 9
    assert dropped == 0


def test_without_documents_it_finds_nothing(search, pieces, tmp_path):
    done = search(pieces, tmp_path, "zebra")
    assert done.returncode == 0
    assert "nothing found" in done.stdout


@pytest.fixture
def receiver():
    """Yield the URL of an OTLP/HTTP receiver and the spans it gets."""
    spans = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            request = ExportTraceServiceRequest.FromString(body)
            spans.extend(
                span
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            )
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()
        thread.join()


def test_with_an_endpoint_it_also_exports_there(search, pieces, folder, receiver):
    endpoint, spans = receiver
    done = search(pieces, folder, "fork", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(re.findall(r"^trace ", done.stdout, re.MULTILINE)) == 2
    started, exported, dropped = account(done.stdout.splitlines()[-1])
    assert (started, dropped) == (exported, 0)
    assert len({span.span_id for span in spans}) == len(spans) == exported
    assert len({span.trace_id for span in spans}) == 2


def test_a_dead_endpoint_costs_no_console_and_is_accounted_for(search, pieces, folder):
    endpoint = "http://127.0.0.1:9"
    done = search(pieces, folder, "fork", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert done.returncode == 0
    assert len(re.findall(r"^trace ", done.stdout, re.MULTILINE)) == 2
    started, exported, dropped = account(done.stdout.splitlines()[-1])
    assert (exported, dropped) == (0, started)


def test_missing_pieces_are_named(search, folder, tmp_path):
    done = search(tmp_path / "nowhere", folder, "fork")
    assert done.returncode == 2
    assert "make -C" in done.stderr
