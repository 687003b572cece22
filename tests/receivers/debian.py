"""Programs out of Debian's packages, unpacked and not installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from receivers.cache import Unavailable, cached, run

if TYPE_CHECKING:
    from collections.abc import Sequence


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Returns the folder of the packages' programs (some 100 MB, fetched once)."""

    def make(folder: Path) -> None:
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Unavailable(f"{name} comes out of Debian's packages: this is no Debian")
        try:
            run(["apt-get", "download", *packages], folder)
        except Unavailable:
            if os.geteuid() != 0:
                raise
            run(["apt-get", "update", "-qq"], folder)
            run(["apt-get", "download", *packages], folder)
        for package in folder.glob("*.deb"):
            run(["dpkg-deb", "--extract", package, folder], folder)
            package.unlink()
        for unused in ("usr/share", "usr/lib", "etc", "var", "lib"):
            shutil.rmtree(folder / unused, ignore_errors=True)

    return cached(name, [Path(__file__)], make) / "usr" / "bin"
