"""Writes THIRD-PARTY-NOTICES.txt: the licences of what is linked into the library and the wheel.

    tools/notices.py           writes it, from Cargo.lock and the crates' own packages
    tools/notices.py --check   says what it lacks; needs no package's text

Where a crate may be used under one of several licences, ours is the first of CHOICE. A licence that
is not there is an error: somebody has to decide.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "THIRD-PARTY-NOTICES.txt"
SHIPPED = ("libtracer-ffi", "libtracer-python")
TARGETS = (
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
)
CHOICE = ("Apache-2.0", "MIT", "BSD-3-Clause", "BSD-2-Clause", "ISC", "Zlib", "0BSD", "Unicode-3.0")
# Words in a file's name that say which licence it holds.
NAMES = {
    "APACHE": "Apache-2.0",
    "MIT": "MIT",
    "BSD-3": "BSD-3-Clause",
    "ZLIB": "Zlib",
    "0BSD": "0BSD",
    "UNLICENSE": "Unlicense",
    "LGPL": "LGPL-2.1-or-later",
}
# GPL, the other licence of the zstd sources.
NEVER = {"zstd/COPYING"}
LINE = "=" * 80
HEAD = f"""Third-party notices of libtracer
{LINE}

libtracer itself is under the Apache License 2.0 (LICENSE). libtracer.so.1, libtracer.a and the
Python extension contain code of the packages below, on one platform or another, each under the
licence named here. The texts follow the list. Written by `make notices`.

The Rust standard library is linked in too. It is under MIT or Apache-2.0, here Apache-2.0,
copyright The Rust Project Contributors; what it is made of in turn is named by each toolchain
(share/doc/rust/COPYRIGHT-library.html).
"""


def cargo(*arguments: str) -> str:
    """Returns what cargo prints."""
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def crates() -> dict[str, str]:
    """Returns "name version" of each crate that is linked in, with its licence expression."""
    arguments = ["-e", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}|{l}"]
    for name in SHIPPED:
        arguments += ["-p", name]
    for target in TARGETS:
        arguments += ["--target", target]
    found = {}
    for line in filter(None, cargo("tree", "--no-dedupe", *arguments).splitlines()):
        package, _, licence = line.partition("|")
        name, version, *rest = package.split()
        if not any(part.startswith("(/") for part in rest):  # not of this workspace
            found[f"{name} {version.removeprefix('v')}"] = licence
    return found


def chosen(expression: str) -> list[str]:
    """Returns the licences of an expression that are taken: all parts of an AND, one of each OR."""
    text = expression.replace("/", " OR ")
    parts = re.split(r"\s+AND\s+", text) if "(" in text or " OR " not in text else [text]
    taken = []
    for part in parts:
        offered = [name.strip() for name in re.split(r"\s+OR\s+", part.strip("() "))]
        best = next((name for name in CHOICE if name in offered), None)
        if best is None:
            raise SystemExit(f"tools/notices.py: none of {offered} in {expression!r} is known")
        taken.append(best)
    return taken


def texts(folder: Path, licences: list[str]) -> list[str]:
    """Returns the licence texts and notices of a crate's package that are about these licences."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.name.upper()
        inside = path.relative_to(folder).as_posix()
        if not path.is_file() or inside in NEVER or path.suffix in {".rs", ".py", ".html"}:
            continue
        if not re.match(r"(UN)?LICEN[SC]E|COPYING|NOTICE|COPYRIGHT", name):
            continue
        about = {licence for word, licence in NAMES.items() if word in name}
        if not about or about.intersection(licences):
            found.append(path.read_text(encoding="utf-8", errors="replace").strip())
    return found


def notices(linked: dict[str, str]) -> str:
    """Returns the whole file."""
    packages = {
        f"{package['name']} {package['version']}": package
        for package in json.loads(cargo("metadata", "--format-version", "1"))["packages"]
    }
    listed, users = [], {}
    standard = (ROOT / "LICENSE").read_text(encoding="utf-8").strip()
    for crate, expression in sorted(linked.items()):
        licences = chosen(expression)
        package = packages[crate]
        listed.append(f"{crate}: {' AND '.join(licences)}  {package['repository'] or ''}".rstrip())
        found = texts(Path(package["manifest_path"]).parent, licences)
        if not found and licences == ["Apache-2.0"]:
            found = [standard]
        elif not found and licences != ["0BSD"]:  # which asks for no notice
            raise SystemExit(f"tools/notices.py: the package of {crate} has no licence text")
        for text in found:
            users.setdefault(" ".join(text.split()), (text, []))[1].append(crate)
    users.setdefault(" ".join(standard.split()), (standard, []))[1].append("Rust standard library")
    parts = [HEAD, "\n".join(listed) + "\n"]
    for text, of in users.values():
        names = ", ".join(dict.fromkeys(of))
        parts.append(f"{LINE}\n{names}\n{LINE}\n\n{text}\n")
    return "\n".join(parts)


def lacking() -> list[str]:
    """Returns what the file does not say of the crates that are linked in, as lines."""
    written = (
        OUTPUT.read_text(encoding="utf-8").partition(f"\n{LINE}\n")[2] if OUTPUT.exists() else ""
    )
    head = written.partition(f"\n{LINE}\n")[0]
    named = set(re.findall(r"^(\S+ \d\S*): ", head, flags=re.MULTILINE))
    linked = set(crates())
    lines = [f"{OUTPUT.name} lacks {crate}: make notices" for crate in sorted(linked - named)]
    lines += [f"{OUTPUT.name} names {crate}, which is gone" for crate in sorted(named - linked)]
    return lines


def main() -> int:
    """Writes the file, or checks it."""
    if sys.argv[1:] == ["--check"]:
        lines = lacking()
        print("\n".join(lines))
        return 1 if lines else 0
    OUTPUT.write_text(notices(crates()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
