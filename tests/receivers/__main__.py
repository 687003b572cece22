"""Runs a command against a receiver and counts what arrived.

    python -m receivers [--kind collector|ddapm] [--expect N] -- COMMAND...
    python -m receivers --kind collector|ddapm|jaeger|zipkin --install

COMMAND finds the receiver in OTEL_EXPORTER_OTLP_ENDPOINT. Status 77: it cannot be had here.
"""

import argparse
import os
import subprocess
import sys

from receivers import SERVERS, Unavailable, choice


def main() -> int:
    """Returns the command's status, or 1 when another number of spans arrived."""
    parser = argparse.ArgumentParser(prog="receivers", description=__doc__)
    parser.add_argument("--kind", choices=SERVERS)
    parser.add_argument("--expect", type=int)
    parser.add_argument("--install", action="store_true", help="install it and end")
    parser.add_argument("command", nargs="*")
    arguments = parser.parse_args()
    try:
        if arguments.install:
            kind = SERVERS.get(arguments.kind) or choice.choose()
            print(f"{kind.kind}: {kind.install()}")
            return 0
        with choice.start(arguments.kind) as receiver:
            environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
            status = subprocess.call(arguments.command, env=environment)
            spans = receiver.wait_for(arguments.expect or 0)
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return 77
    print(f"{receiver.kind}: {len(spans)} spans arrived")
    if status == 0 and arguments.expect not in (None, len(spans)):
        print(f"expected {arguments.expect}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
