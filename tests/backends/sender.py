"""Runs the sender, core/examples/export_all.rs, with an environment of OTEL_* variables."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path

from sent import COUNT, ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def program(name: str) -> Path:
    """Returns an example of the crate, built."""
    # As the tests of the workspace are built, so that nothing is compiled a second time.
    command = ["cargo", "build", "-q", "--locked", "--workspace", "--exclude", "libtracer-python"]
    features = os.environ.get("LIBTRACER_FEATURES", "")
    subprocess.run([*command, "--features", features, "--example", name], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug" / "examples" / name


def send(variables: dict[str, str]) -> None:
    """Sends everything; the account must say that all of it was delivered."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [program("export_all")],
        env={**inherited, **ENVIRONMENT, **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"started": COUNT, "exported": COUNT, "dropped": 0}
