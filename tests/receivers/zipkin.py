"""A real Zipkin server, fetched by Maven, run by Java, in memory."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import urllib.error
from typing import TYPE_CHECKING

from receivers.base import Server, free_ports, get_json, wait_until
from receivers.cache import ROOT, Unavailable, cached, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from receivers.received import Json

PINS = ROOT / "tests" / "backends" / "zipkin.json"
JAVA = 17


class Zipkin(Server):
    """Decodes and stores as Zipkin's users have it; knows nothing of OTLP."""

    kind = "zipkin"

    @classmethod
    def install(cls) -> Path:
        """Fetches the server (130 MB, once) and compares its digest with the pinned one."""
        java()
        pins = json.loads(PINS.read_text(encoding="utf-8"))

        def make(folder: Path) -> None:
            maven = shutil.which("mvn")
            if maven is None:
                raise Unavailable("Zipkin is fetched with Maven: apt-get install maven")
            goal = ["dependency:copy", f"-Dartifact={pins['artifact']}"]
            run([maven, "-q", "-B", *goal, f"-DoutputDirectory={folder}"], folder)
            (fetched,) = folder.glob("*.jar")
            found = hashlib.sha256(fetched.read_bytes()).hexdigest()
            if found != pins["sha256"]:
                raise Unavailable(f"{fetched.name} has the digest {found}, not the pinned one")
            fetched.rename(folder / "zipkin.jar")

        return cached("zipkin", [PINS], make)

    def command(self) -> Sequence[str | Path]:
        """Chooses a free port; 256 MiB are enough for tests."""
        (self.port,) = free_ports(1)
        return [java(), "-Xmx256m", "-jar", self.install() / "zipkin.jar"]

    def environment(self) -> dict[str, str]:
        """Names the storage and the one port, on the loopback interface only."""
        settings = {
            "STORAGE_TYPE": "mem",
            "ARMERIA_PORTS_0_IP": "127.0.0.1",
            "ARMERIA_PORTS_0_PORT": str(self.port),
            "ARMERIA_PORTS_0_PROTOCOLS": "http",
        }
        return {**os.environ, **settings}

    def is_ready(self) -> bool:
        """Whether it says that it is up."""
        try:
            return get_json(f"http://127.0.0.1:{self.port}/health")["status"] == "UP"
        except (urllib.error.URLError, OSError):
            return False

    def trace(self, trace_id: str, count: int) -> list[Json]:
        """Returns the trace's spans once `count` of them are there."""
        url = f"http://127.0.0.1:{self.port}/api/v2/trace/{trace_id}"

        def enough(answer: list[Json] | None) -> bool:
            return answer is not None and len(answer) >= count

        return wait_until(lambda: get_json(url), enough)

    def traces(self, service: str, until: int, count: int) -> list[list[Json]]:
        """Returns the traces of a service up to a time in ns once there are `count`."""
        day = 24 * 3600 * 1000
        query = f"serviceName={service}&endTs={until // 1_000_000 + 1000}&lookback={day}"
        url = f"http://127.0.0.1:{self.port}/api/v2/traces?{query}"
        return wait_until(lambda: get_json(url), lambda found: len(found) >= count)


def java() -> str:
    """Returns the Java to use."""
    remedy = "apt-get install default-jre-headless"
    program = shutil.which("java")
    if program is None:
        raise Unavailable(f"Zipkin runs on Java {JAVA}: {remedy}")
    version = subprocess.run([program, "-version"], check=False, capture_output=True, text=True)
    found = re.search(r'version "(\d+)', version.stderr)
    if found is None or int(found[1]) < JAVA:
        raise Unavailable(f"Zipkin runs on Java {JAVA}, found {found and found[1]}: {remedy}")
    return program
