"""Programs as processes of their own, and what they sent."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from receivers.base import free_ports, wait_until

APPS = Path(__file__).parent / "apps"
BIN = Path(sys.executable).parent
SECONDS = 60


class Surroundings:
    """Where a program runs: its folder, its environment, and the receiver that it exports to."""

    def __init__(self, collector, folder):
        self.collector = collector
        self.folder = folder
        self.environment = {
            **os.environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(APPS), os.environ.get("PYTHONPATH")])),
            "PYTHONWARNINGS": "default",
        }

    def run(self, *command, **environment):
        """Runs a program to its end and returns what it printed."""
        done = subprocess.run(
            [str(part) for part in command],
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, *command, port=None, **environment):
        """Runs a program until the block ends, from when its port answers; yields its log."""
        log = self.folder / f"log-{len(list(self.folder.glob('log-*')))}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                env={**self.environment, **environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            if port is not None:
                wait_until(lambda: answers(port) or process.poll() is not None, bool, SECONDS)
                assert process.poll() is None, log.read_text()
            yield log
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise

    def wait_for(self, count):
        """Returns the spans that arrived once there are `count`, each with an id of its own."""
        spans = self.collector.wait_for(count)
        assert len(spans) == count, Counter(span.name for span in spans)
        assert len({span.span_id for span in spans}) == count
        return spans


def answers(port):
    """Whether something listens there."""
    try:
        get(f"http://127.0.0.1:{port}/")
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def get(url):
    """Returns the body of a page."""
    with urllib.request.urlopen(url, timeout=SECONDS) as response:
        return response.read()


def get_all(urls, at_once=8):
    """Returns the bodies of pages that are asked for at the same time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(get, urls))


def free_port():
    """Returns a port that was free a moment ago."""
    return free_ports(1)[0]


def by_id(spans):
    """Returns spans by their ids."""
    return {span.span_id: span for span in spans}


def tree(spans):
    """Returns the names of the spans of a trace, each below its parent, brothers by name."""
    known = by_id(spans)
    children = {}
    for span in spans:
        parent = span.parent_span_id if span.parent_span_id in known else ""
        children.setdefault(parent, []).append(span)

    def below(parent, depth):
        for span in sorted(children.get(parent, []), key=lambda span: (span.name, span.start)):
            service = span.resource.get("service.name", "")
            yield f"{'  ' * depth}{service}: {span.name} ({span.kind})"
            yield from below(span.span_id, depth + 1)

    return list(below("", 0))
