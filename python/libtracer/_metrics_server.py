"""Metrics served to Prometheus, by the standard library on a thread of its own."""

import os
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from libtracer import _native
from libtracer._errors import ConfigError

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MAX_PORT = 65535


class _Handler(BaseHTTPRequestHandler):
    """Answers ``/metrics`` with everything that is measured."""

    protocol_version = "HTTP/1.1"
    server_version = "libtracer"
    sys_version = ""
    timeout = 30  # of a connection on which nothing comes

    def do_GET(self) -> None:
        """Answer with the text."""
        path = self.path.partition("?")[0]
        if path != "/metrics":
            self._answer(404, "metrics are at /metrics\n")
        else:
            self._answer(200, _native.metrics_text())

    do_HEAD = do_GET  # noqa: N815, the name http.server looks for

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", _CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: this is the program's standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which may take long and is never used."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that goes away is no concern of the program's."""


class _ServerV6(_Server):
    address_family = socket.AF_INET6


_servers: dict[tuple[str, int], _Server] = {}
_lock = threading.Lock()


def serve_metrics(port: int = 0, host: str = "127.0.0.1") -> int:
    """Serve everything that is measured at ``/metrics``, for Prometheus to scrape.

    It goes on until the process ends, through every ``configure_tracing``. Asked again, it is the
    server that is there. A forked child serves when it asks itself.

    Args:
        port: Port to listen at; 0 is a free one.
        host: Address to listen at; only this machine unless said.

    Returns:
        The port.

    Raises:
        ConfigError: It cannot listen there.
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= _MAX_PORT:
        raise ConfigError(f"port is {port!r}: give a number from 0 to {_MAX_PORT}")
    with _lock:
        for known, at in _servers:
            if known == host and port in (0, at):
                return at
        kind = _ServerV6 if ":" in host else _Server
        try:
            server = kind((host, port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"metrics cannot be served at {host!r} port {port}: {error.strerror or error}; "
                "give another port, or 0 for a free one"
            ) from error
        at = int(server.server_address[1])
        serve = threading.Thread(target=server.serve_forever, name="libtracer-metrics", daemon=True)
        serve.start()
        _servers[host, at] = server
        return at


def _in_child() -> None:
    """Close what the parent listens with: nobody would answer here."""
    _lock.release()
    for server in _servers.values():
        server.socket.close()
    _servers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_in_child
    )
