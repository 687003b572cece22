"""Checks that what is written in two places agrees, and that the house's limits hold.

Run by `make drift`. Each check returns the lines that say what is wrong; all of them are printed.
What concerns the linked library (SONAME, needed libraries, visible symbols) is checked by
ffi/link.sh each time it links.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import notices
import reference

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 400
LIMITS = {"README.md": 150}
NO_LIMIT = {
    "include/tracer.h",
    "include/tracer.hpp",
    "docs/c-api.md",
    "docs/tracer.3",
    "Cargo.lock",
    "LICENSE",
}
NO_LIMIT_SUFFIXES = {".abi", ".pyi", ".sum", ".mod", ".tsv", ".txt", ".json", ".lock", ".png"}
# Structs that can never grow: by value, or in arrays (docs/abi.md).
FINAL_STRUCTS = {"tracer_attribute", "tracer_link", "tracer_span", "tracer_text"}
LANGUAGES = {"rust", "c", "cpp", "c++", "python", "py"}

# What a part may not depend on, nor mention in its sources.
ARROWS = {
    "core": (["libtracer-ffi", "libtracer-python", "pyo3"], r"pyo3|no_mangle|PyObject"),
    "abi": (["libtracer", "libtracer-ffi", "libtracer-python", "pyo3"], r"pyo3|PyObject"),
    "ffi": (["libtracer-python", "pyo3"], r"pyo3|PyObject"),
    "python": (["libtracer", "libtracer-ffi"], r"\blibtracer::"),
}


def read(path: str) -> str:
    """Returns the text of a file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def tracked() -> list[str]:
    """Returns the paths that git tracks."""
    command = ["git", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in names.split("\0") if name and (ROOT / name).is_file()]


def header() -> Iterator[str]:
    """The checked-in header is the one that the sources give."""
    fresh = ROOT / "target" / "drift" / "tracer.h"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    command = ["cargo", "run", "-q", "--locked", "-p", "libtracer-header", "--", str(fresh)]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if result.returncode:
        yield f"the header cannot be generated:\n{result.stderr.strip()}"
    elif fresh.read_text(encoding="utf-8") != read("include/tracer.h"):
        yield "include/tracer.h is not what the sources give: make header"


def pages() -> Iterator[str]:
    """The reference and the manual page say what the header says."""
    for name, text in reference.pages().items():
        if text != read(name):
            yield f"{name} is not what include/tracer.h gives: make header"


def symbols() -> Iterator[str]:
    """The frozen list of functions and the header name the same ones."""
    frozen = read("ffi/abi/symbols.txt").split()
    if frozen != sorted(set(frozen)):
        yield "ffi/abi/symbols.txt is not sorted or names a function twice"
    if strange := [name for name in frozen if not name.startswith("tracer_")]:
        yield f"ffi/abi/symbols.txt: only tracer_* is exported, not {', '.join(strange)}"
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", read("include/tracer.h"), flags=re.DOTALL)
    code = re.sub(r"^#[^\n]*(\\\n[^\n]*)*$", "", code, flags=re.MULTILINE)
    declared = set(re.findall(r"^[\w\s*]*?\b(tracer_\w+)\(", code, flags=re.MULTILINE))
    for name in sorted(declared - set(frozen)):
        yield f"{name} is in include/tracer.h, not in ffi/abi/symbols.txt"
    for name in sorted(set(frozen) - declared):
        yield f"{name} is in ffi/abi/symbols.txt, not in include/tracer.h"


def structs() -> Iterator[str]:
    """A struct says its size first, unless it is final."""
    code = re.sub(r"//[^\n]*", "", read("include/tracer.h"))
    for body, name in re.findall(r"typedef struct \{([^{}]*)\} (\w+);", code):
        if name not in FINAL_STRUCTS and body.split(";")[0].split() != ["size_t", "struct_size"]:
            yield f"{name} does not begin with size_t struct_size: it could never grow"


def versions() -> Iterator[str]:
    """The version is the workspace's, everywhere."""
    cargo = tomllib.loads(read("Cargo.toml"))["workspace"]
    version = cargo["package"]["version"]
    for name, dependency in cargo["dependencies"].items():
        if "path" in dependency and dependency.get("version", version) != version:
            yield f"Cargo.toml: workspace.dependencies.{name} is not at {version}"
    for manifest in (name for name in tracked() if name.endswith("/Cargo.toml")):
        package = tomllib.loads(read(manifest)).get("package", {})
        inherits = package.get("version") == {"workspace": True}
        if not inherits and package.get("publish", True) is not False:
            yield f"{manifest}: write version.workspace = true"
    if "version" not in tomllib.loads(read("pyproject.toml"))["project"].get("dynamic", []):
        yield "pyproject.toml: the version must be dynamic"
    if not re.search(rf"^## .*\b{re.escape(version)}\b", read("CHANGELOG.md"), flags=re.MULTILINE):
        yield f"CHANGELOG.md has no entry for {version}"


def licences() -> Iterator[str]:
    """The third-party notices are of the crates that are locked."""
    yield from notices.lacking()


def snippets() -> Iterator[str]:
    """Each program in the README is a file, or part of a file, in examples/."""

    def unindented(text: str) -> str:
        return "\n".join(line.strip() for line in text.strip().splitlines())

    examples = [
        unindented(path.read_text(encoding="utf-8"))
        for path in (ROOT / "examples").rglob("*")
        if path.suffix in {".rs", ".c", ".cpp", ".py"} and "target" not in path.parts
    ]
    fence = re.compile(r"^( *)```([\w+]+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    for _, language, text in fence.findall(read("README.md")):
        snippet = unindented(text)
        if language in LANGUAGES and not any(snippet in example for example in examples):
            yield f"README.md: in no file of examples/: {snippet.splitlines()[0]!r} ..."


def sizes() -> Iterator[str]:
    """No file is longer than one sitting."""
    for name in tracked():
        if name in NO_LIMIT or Path(name).suffix in NO_LIMIT_SUFFIXES:
            continue
        try:
            count = len(read(name).splitlines())
        except UnicodeDecodeError:
            continue
        limit = LIMITS.get(name, MAX_LINES)
        if count > limit:
            yield f"{name} has {count} lines, the limit is {limit}"


def arrows() -> Iterator[str]:
    """Dependencies point inward only."""
    for part, (forbidden, words) in ARROWS.items():
        manifest = tomllib.loads(read(f"{part}/Cargo.toml"))
        tables = [manifest, *manifest.get("target", {}).values()]
        used = {name for table in tables for name in table.get("dependencies", {})}
        for name in sorted(used.intersection(forbidden)):
            yield f"{part}/ must not depend on {name}"
        for path in sorted((ROOT / part / "src").rglob("*.rs")):
            code = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
            if found := re.search(words, code):
                yield f"{path.relative_to(ROOT)} must not know of '{found.group()}'"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    header,
    pages,
    symbols,
    structs,
    versions,
    licences,
    snippets,
    sizes,
    arrows,
)


def main() -> int:
    """Runs the checks; returns 1 when one of them found something."""
    found = 0
    for check in CHECKS:
        try:
            lines = list(check())
        except FileNotFoundError as error:
            lines = [f"{error.filename} is missing"]
        found += len(lines)
        print(f"{check.__name__:<9} {'ok' if not lines else ''}")
        for line in lines:
            print(f"  {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
