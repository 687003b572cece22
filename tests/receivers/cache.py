"""Where built and fetched servers are kept: outside the tree, so that they outlive it.

The default is ``${XDG_CACHE_HOME:-~/.cache}/libtracer/backends``; LIBTRACER_BACKENDS_CACHE names
another place. A server's folder carries a digest of the versions it was made from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
DIGEST_DIGITS = 12


class Unavailable(RuntimeError):  # noqa: N818 - a state of the machine, not a mistake
    """The server cannot be built or installed on this machine."""


def cache() -> Path:
    """Returns the folder of all servers."""
    if named := os.environ.get("LIBTRACER_BACKENDS_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "libtracer" / "backends"


def cached(name: str, pins: Sequence[Path], make: Callable[[Path], None]) -> Path:
    """Returns the server's folder, which `make` fills when there is none for these pins."""
    digest = hashlib.sha256(b"\0".join(pin.read_bytes() for pin in pins)).hexdigest()
    folder = cache() / f"{name}-{digest[:DIGEST_DIGITS]}"
    ready = folder / ".ready"
    if ready.is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test run may be making the same
        if not ready.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            ready.touch()
    return folder


def go_build(source: Path, package: str, program: Path) -> None:
    """Builds a program from Go modules that are pinned by the go.sum in `source`."""
    go = shutil.which("go")
    wanted = re.search(r"^go (\d+\.\d+)", (source / "go.mod").read_text("utf-8"), re.MULTILINE)
    assert wanted is not None
    remedy = "install it from https://go.dev/dl (Debian 12 packages 1.19, which is too old)"
    if go is None:
        raise Unavailable(f"{program.name} needs Go {wanted[1]} to be built: {remedy}")
    version = subprocess.run(
        [go, "env", "GOVERSION"], cwd=source.parent, check=False, capture_output=True, text=True
    ).stdout
    found = re.search(r"go(\d+)\.(\d+)", version)
    if found is None or [int(n) for n in found.groups()] < [int(n) for n in wanted[1].split(".")]:
        raise Unavailable(f"{program.name} needs Go {wanted[1]}, found {version.strip()}: {remedy}")
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"]
    environment = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    run([go, "build", *flags, "-o", program, package], source, environment)


def run(
    command: Sequence[str | Path], cwd: Path, environment: dict[str, str] | None = None
) -> None:
    """Runs a step of an installation; its output is the reason when it fails."""
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        tail = "\n".join((result.stderr or result.stdout).splitlines()[-5:])
        raise Unavailable(f"{' '.join(map(str, command))} failed:\n{tail}")
