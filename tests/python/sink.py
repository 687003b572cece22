"""An OTLP receiver of a few lines, as a process of its own: `python sink.py FILE FIFO COUNT`.

Writes its port into FILE. Opens FIFO for writing, which lets a reader go on, once COUNT spans are
there. Bodies are kept beside FILE, one file a request.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def count(body):
    request = ExportTraceServiceRequest.FromString(body)
    return sum(len(scope.spans) for each in request.resource_spans for scope in each.scope_spans)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.arrived += count(body)
        if self.server.arrived >= self.server.wanted and not self.server.told:
            self.server.told = True
            self.server.fifo.open("wb").close()

    def log_message(self, *_):
        pass


def main(file, fifo, wanted):
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.arrived, server.wanted, server.told = 0, wanted, False
    server.fifo = fifo
    ready = file.with_suffix(".new")
    ready.write_text(str(server.server_port))
    ready.rename(file)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
