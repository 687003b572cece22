"""PEP 517 backend of the wheel: builds libtracer.so.1, then lets maturin build the extension.

The wheel carries three things that must fit each other: the shared library, the C headers and the
extension. So one command (`pip install .`) builds all of them from one source tree. Only Rust, a C
compiler and Python are needed; the pinned maturin comes through `build-system.requires`.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maturin

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "python" / "libtracer"
SHARED_LIBRARY = "libtracer.1.dylib" if sys.platform == "darwin" else "libtracer.so.1"
# What a build reads. Tests and benchmarks stay in the repository.
SDIST_FILES = (
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "THIRD-PARTY-NOTICES.txt",
    "README.md",
    "CHANGELOG.md",
    "build_backend.py",
    "clippy.toml",
    "pyproject.toml",
)
# A member of the workspace that is missing would stop cargo: bench/native and tests/nested too.
SDIST_FOLDERS = (
    "abi",
    "bench/native",
    "core",
    "examples",
    "ffi",
    "include",
    "macros",
    "python",
    "tests/nested",
    "tools",
)
NOT_IN_SDIST = {"target", "__pycache__", ".pytest_cache", ".mypy_cache"}

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Nothing beyond `build-system.requires`."""
    return []


get_requires_for_build_editable = get_requires_for_build_wheel
get_requires_for_build_sdist = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Writes the `.dist-info` folder without building anything."""
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Builds the library, then the wheel that holds it."""
    _build_library()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Builds the library into the source tree, then the wheel that points there."""
    _build_library()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Packs the sources of all parts, which maturin's own sdist (one crate) would leave out."""
    with tempfile.TemporaryDirectory() as folder:
        info = maturin.prepare_metadata_for_build_wheel(folder, config_settings)
        metadata = (Path(folder) / info / "METADATA").read_bytes()
    stem = info.removesuffix(".dist-info")
    path = Path(sdist_directory) / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for source in _sdist_sources():
            archive.add(source, f"{stem}/{source.relative_to(ROOT)}", recursive=False)
        member = tarfile.TarInfo(f"{stem}/PKG-INFO")
        member.size = len(metadata)
        archive.addfile(member, io.BytesIO(metadata))
    return path.name


def _sdist_sources() -> Iterator[Path]:
    yield from (ROOT / name for name in SDIST_FILES if (ROOT / name).is_file())
    for folder in SDIST_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not NOT_IN_SDIST.intersection(parts) and not _is_built(path):
                yield path


def _is_built(path: Path) -> bool:
    return (
        ".so" in path.suffixes
        or path.suffix in {".dylib", ".pyc"}
        or path.parent == PACKAGE / "include"
    )


def _build_library() -> None:
    """Builds libtracer.so.1 and puts it and the headers into the package's folder."""
    cargo = _tool("cargo", "install Rust 1.88 or newer (https://rustup.rs)")
    compiler = _tool(os.environ.get("CC", "cc"), "apt-get install gcc")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "CC": compiler}
    _run([cargo, "build", "--release", "--locked", "-p", "libtracer-ffi"], environment)
    output = target / "lib"
    _run(["sh", str(ROOT / "ffi" / "link.sh"), str(output)], environment)
    shutil.copy2(output / SHARED_LIBRARY, PACKAGE / SHARED_LIBRARY)
    (PACKAGE / "include").mkdir(exist_ok=True)
    for header in sorted((ROOT / "include").iterdir()):
        shutil.copy2(header, PACKAGE / "include" / header.name)


def _tool(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"libtracer: '{name}' is not installed: {remedy}")
    return found


def _run(command: list[str], environment: dict[str, str]) -> None:
    sys.stderr.write(f"+ {' '.join(command)}\n")
    status = subprocess.call(command, cwd=ROOT, env=environment)
    if status:
        raise SystemExit(f"libtracer: '{command[0]}' failed with status {status}")
