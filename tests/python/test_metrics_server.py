"""Metrics served: to a scraper, to clients that misbehave, after a fork."""

import http.client
import os
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import libtracer
import pytest
from libtracer import ConfigError


@pytest.fixture(scope="module")
def port():
    libtracer.configure_tracing("tests", exporter="none", enable_metrics=True)
    libtracer._native.record_llm_call("p", "m", input_tokens=1)
    yield libtracer.serve_metrics()
    libtracer.configure_tracing("tests", exporter="none")


def get(port, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_the_text_is_at_metrics(port):
    answer, body = get(port)
    assert (answer.status, body) == (200, libtracer.metrics_text())
    assert answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert "ai_llm_requests_total{" in body
    answer, body = get(port, "/metrics?name[]=x")
    assert answer.status == 200
    answer, body = get(port, method="HEAD")
    assert (answer.status, body) == (200, "")
    assert int(answer.getheader("Content-Length")) == len(libtracer.metrics_text())


def test_nothing_else_is_there(port):
    assert get(port, "/")[0].status == 404
    assert get(port, "/metrics", "POST")[0].status == 501


def test_only_this_machine_is_served_unless_said(port):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), 20)
    other = libtracer.serve_metrics(host="127.0.0.2")
    socket.create_connection(("127.0.0.2", other), 20).close()


def test_asked_again_it_is_the_same(port):
    assert libtracer.serve_metrics() == port
    assert libtracer.serve_metrics(port) == port
    assert libtracer.serve_metrics(port=0, host="127.0.0.1") == port


def test_clients_that_misbehave_harm_nobody(port, capfd):
    silent = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(5)]
    for garbage in (b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"x" * 70_000):
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")  # and away, without reading
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: get(port)[1], range(32)))
    assert set(bodies) == {libtracer.metrics_text()}
    for each in silent:
        each.close()
    assert capfd.readouterr() == ("", "")


def test_a_port_that_cannot_be_had_is_told(port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match=f"port {taken.getsockname()[1]}.*in use"):
            libtracer.serve_metrics(taken.getsockname()[1])
    with pytest.raises(ConfigError, match=r"cannot be served at '203\.0\.113\.1'"):
        libtracer.serve_metrics(host="203.0.113.1")
    for wrong in (-1, 65536, "9090", True):
        with pytest.raises(ConfigError, match="port is"):
            libtracer.serve_metrics(wrong)


# CPython 3.12 and later warn about every fork of a process with threads.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_does_not_listen_until_it_asks(port):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"failed"
        try:
            libtracer._native.record_llm_call("child", "m")
            own = libtracer.serve_metrics()
            text = urllib.request.urlopen(f"http://127.0.0.1:{own}/metrics", timeout=20).read()
            if own != port and b'{model="m",provider="child"} 1\n' in text and b'"p"' not in text:
                said = b"good"
        finally:
            os.write(write, said)
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"good"
    os.waitpid(child, 0)
    assert get(port)[0].status == 200


PROGRAM = """
import libtracer, urllib.request
libtracer.configure_tracing("x", exporter="none", enable_metrics=True)
port = libtracer.serve_metrics()
urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read()
"""


def test_a_program_that_serves_ends_as_any_other():
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
