"""Emits log records in spans, then holds the GIL until FIFO can be opened: `emit.py FIFO COUNT`.

Where they go the OTEL_* variables say. Prints the account as JSON.
"""

import ctypes
import json
import os
import sys

import libtracer
from emit_body import BODY
from libtracer import _native


def main(fifo: str, count: int) -> None:
    libtracer.configure_tracing(service_name="emitter")
    tracer = libtracer.get_tracer("emit.py", "1.2.3")
    for number in range(count):
        with tracer.start_as_current_span("op"):
            _native.emit_log(
                scope=tracer,
                body=BODY if number % 2 == 0 else "text",
                severity_number=9 if number % 2 == 0 else 17,
                severity_text="INFO" if number % 2 == 0 else "oh no",
                attributes={"number": number, "nested": {"list": ["a", None], "map": {}}},
                event_name="greeted" if number % 2 == 0 else None,
            )
    _native.emit_log(body="outside")
    ctypes.PyDLL(None).open(fifo.encode(), os.O_RDONLY)  # PyDLL: the call keeps the GIL
    assert libtracer.force_flush(20.0)
    print(json.dumps(libtracer.stats()))


main(sys.argv[1], int(sys.argv[2]))
