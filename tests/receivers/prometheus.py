"""A real Prometheus, which scrapes, and a real Pushgateway, from Debian's packages."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
from typing import TYPE_CHECKING

from receivers.base import Server, free_ports, get_json, wait_until
from receivers.cache import ROOT, cached, go_build
from receivers.debian import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CONFIG = """\
global: {scrape_interval: 300ms, scrape_timeout: 300ms}
scrape_configs:
- job_name: tests
  honor_labels: true
  file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]
"""

Labels = dict[str, str]
SOURCE = ROOT / "tests" / "backends" / "prometheus"


def programs() -> Path:
    """Returns the folder with prometheus, promtool and prometheus-pushgateway."""
    return unpacked("prometheus", ["prometheus", "prometheus-pushgateway"])


def lint(text: str) -> tuple[int, str]:
    """Returns what promtool says of a text: its status, 0 for no complaint, and the complaints."""
    command = [programs() / "promtool", "check", "metrics"]
    done = subprocess.run(command, input=text, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Prometheus(Server):
    """Scrapes what it is told to, and answers queries."""

    kind = "prometheus"

    @classmethod
    def install(cls) -> Path:
        """Fetches it."""
        return programs()

    def command(self) -> Sequence[str | Path]:
        """Chooses a free port."""
        (self.port,) = free_ports(1)
        (self.folder / "targets.json").write_text("[]", encoding="utf-8")
        (self.folder / "prometheus.yml").write_text(CONFIG, encoding="utf-8")
        return [
            self.install() / "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def is_ready(self) -> bool:
        """Whether it says so."""
        url = f"http://127.0.0.1:{self.port}/api/v1/status/runtimeinfo"
        try:
            return get_json(url) is not None
        except (urllib.error.URLError, OSError):
            return False

    def scrape(self, port: int) -> None:
        """Scrapes this port of this machine from now on."""
        targets = [{"targets": [f"127.0.0.1:{port}"]}]
        new = self.folder / "new.json"
        new.write_text(json.dumps(targets), encoding="utf-8")
        new.rename(self.folder / "targets.json")

    def query(self, expression: str) -> list[tuple[Labels, float]]:
        """Returns the series of an expression, without the labels that tell the target."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?"
        answer = get_json(url + urllib.parse.urlencode({"query": expression}))
        found = []
        for series in answer["data"]["result"]:
            labels = {
                name: text
                for name, text in series["metric"].items()
                if name not in ("__name__", "instance", "job")
            }
            found.append((labels, float(series["value"][1])))
        return sorted(found, key=lambda one: sorted(one[0].items()))

    def wait_for(
        self, expression: str, enough: Callable[[list[tuple[Labels, float]]], bool] = bool
    ) -> list[tuple[Labels, float]]:
        """Returns the series of an expression once they are enough."""
        return wait_until(lambda: self.query(expression), enough)


class Pushgateway(Server):
    """Keeps what is pushed, checked as it checks everybody's."""

    kind = "pushgateway"

    @classmethod
    def install(cls) -> Path:
        """Fetches it."""
        return programs()

    def command(self) -> Sequence[str | Path]:
        """Chooses a free port."""
        (self.port,) = free_ports(1)
        program = self.install() / "prometheus-pushgateway"
        return [program, f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]


class PrometheusOtlp(Server):
    """Prometheus' own receiver of OTLP, which Debian's is too old to have, in front of a store."""

    kind = "prometheus-otlp"

    @classmethod
    def install(cls) -> Path:
        """Builds the program (about two minutes, once)."""

        def make(folder: Path) -> None:
            go_build(SOURCE, ".", folder / "prometheus-otlp")

        return cached("prometheus-otlp", [SOURCE / "go.sum", SOURCE / "main.go"], make)

    def command(self) -> Sequence[str | Path]:
        """Chooses a free port."""
        (self.port,) = free_ports(1)
        return [self.install() / "prometheus-otlp", f"127.0.0.1:{self.port}", self.folder / "data"]

    def series(self) -> list[tuple[Labels, float]]:
        """Returns the labels and last values of all series."""
        found = get_json(f"http://127.0.0.1:{self.port}/series")
        return [(each["labels"], each["value"]) for each in found]
