"""The guard of the C ABI: compares it with what ffi/abi/ stores of it. docs/abi.md has the policy.

    tools/abi.py check             says what differs; 77 without gcc or libabigail
    tools/abi.py accept [FORCE]    stores additions; with FORCE also what breaks programs

The functions, types and numbers are the generated header's, with the table for bindings: a shared
library without bodies is compiled from it, and `abidiff` compares that one with `tracer.abi`. That
the real library exports these functions is checked where it is linked (ffi/link.sh).
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
STORED = ROOT / "ffi" / "abi"
TYPES, CONSTANTS = "tracer.abi", "constants.txt"
# Structs that may grow at their end: the caller, or the struct, says how much of it is there.
STRUCT = re.compile(r"typedef struct \{([^{}]*)\} (\w+);")
VERSIONED = re.compile(r"\s*size_t struct_size;|\s*uint32_t version;\s*uint32_t size;")
PROTOTYPE = re.compile(r"^([\w\s*]*?\b(tracer_\w+)\((?:[^(){};]|\([^()]*\))*\));", re.MULTILINE)
NOT_NUMBERS = re.compile(r"_INIT$")
# Where no file or folder of this machine is named, and no number that a new function would shift.
ABIDW = (
    "--no-corpus-path",
    "--no-comp-dir-path",
    "--no-show-locs",
    "--no-elf-needed",
    "--no-parameter-names",
    "--exported-interfaces-only",
    "--type-id-style",
    "hash",
)


class LackingError(Exception):
    """A tool is not there, or not for this machine."""


class Difference(NamedTuple):
    """What a header has that the stored ABI has not, and the other way round."""

    broken: list[str]
    added: list[str]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Returns what a command prints."""
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def compiler() -> str:
    """Returns the C compiler that describes the types, or says that it cannot be done here."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise LackingError("the stored ABI is that of Linux on x86-64")
    for tool in ("gcc", "abidw", "abidiff"):
        if shutil.which(tool) is None:
            raise LackingError(f"{tool} is not installed: apt-get install gcc abigail-tools")
    return "gcc"


def constants(header: Path, work: Path) -> dict[str, str]:
    """Returns the header's numbers as the compiler sees them."""
    macros = run("gcc", "-std=c99", "-dM", "-E", "-x", "c", header)
    names = sorted(
        re.findall(r"^#define (TRACER_\w+) (?!__attribute__|\")\S", macros, re.MULTILINE)
    )
    lines = [
        f'printf("%s %lld\\n", "{name}", (long long)({name}));'
        for name in names
        if not NOT_NUMBERS.search(name)
    ]
    source = work / "constants.c"
    text = "\n".join(lines)
    source.write_text(
        f'#include <stdio.h>\n#include "{header}"\nint main(void) {{\n{text}\nreturn 0;\n}}\n',
        encoding="utf-8",
    )
    run("gcc", "-std=c99", "-o", work / "constants", source)
    return dict(line.split() for line in run(work / "constants").splitlines())


def bodiless_source(header: Path) -> str:
    """Returns a definition of each function of the header, without what it does."""
    text = re.sub(
        r"__attribute__\(\(\w+\)\)", "", run("gcc", "-std=c99", "-E", "-P", "-x", "c", header)
    )
    bodies = [f"{prototype} {{ __builtin_trap(); }}" for prototype, _ in PROTOTYPE.findall(text)]
    return "\n".join([*bodies, ""])


def bodiless(header: Path, work: Path) -> Path:
    """Compiles a library that has each function of the header."""
    source = work / "bodiless.c"
    source.write_text(f'#include "{header.name}"\n{bodiless_source(header)}', encoding="utf-8")
    library = work / "libtracer.so.1"
    options = ["-std=c99", "-gdwarf-4", "-O0", "-shared", "-fPIC", "-Wl,-soname,libtracer.so.1"]
    script = f"-Wl,--version-script,{ROOT / 'ffi' / 'libtracer.map'}"
    run("gcc", *options, script, "-o", library, source.name, cwd=work)
    return library


def structs(stored: Path) -> dict[str, tuple[int, int]]:
    """Returns the number of members and of bytes of each struct that is stored."""
    return {
        found.get("name", ""): (
            len(found.findall("data-member")),
            int(found.get("size-in-bits", "0")) // 8,
        )
        for found in ElementTree.parse(stored / TYPES).iter("class-decl")
    }


def trimmed(header: Path, work: Path, stored: Path) -> tuple[Path, dict[str, list[str]]]:
    """Returns the header without what came at the end of versioned structs, and that."""
    known, came = structs(stored), {}

    def trim(found: re.Match[str]) -> str:
        body, name = found.groups()
        text = re.sub(r"//[^\n]*", "", body)
        if name not in known or not VERSIONED.match(text):
            return found.group()
        each = [f"{' '.join(member.split())};" for member in text.split(";")[:-1]]
        count, _ = known[name]
        if each[count:]:
            came[name] = each[count:]
        return f"typedef struct {{{' '.join(each[:count])}}} {name};"

    path = work / "trimmed.h"
    path.write_text(STRUCT.sub(trim, header.read_text("utf-8")), encoding="utf-8")
    return path, came


def in_padding(header: Path, work: Path, stored: Path, came: dict[str, list[str]]) -> list[str]:
    """Returns what came where an earlier struct has padding: its size says it is there."""
    known, source, found = structs(stored), work / "padding.c", []
    for struct, each in came.items():
        member = re.search(r"\(\*(\w+)\)|(\w+)(\[\w+\])*;$", each[0])
        name = (member[1] or member[2]) if member else each[0]
        source.write_text(
            f'#include <stdio.h>\n#include "{header.name}"\n'
            f'int main(void) {{ printf("%zu", offsetof({struct}, {name})); return 0; }}\n',
            encoding="utf-8",
        )
        run("gcc", "-std=c99", "-o", "padding", source.name, cwd=work)
        if int(run(work / "padding")) < known[struct][1]:
            found.append(f"{struct}.{name} is in the padding of the struct as it was")
    return found


def abidiff(old: Path, new: Path, *options: str) -> str:
    """Returns what differs between two descriptions or libraries, or nothing."""
    command = ["abidiff", "--no-show-locs", *options, str(old), str(new)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode & 3:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout if done.returncode else ""


def compare(header: Path, work: Path, stored: Path = STORED) -> Difference:
    """Compares a header with what is stored."""
    earlier, came = trimmed(header, work, stored)
    broken = in_padding(header, work, stored, came)
    added = [f"new in {struct}: {member}" for struct, each in came.items() for member in each]
    text = header.read_text("utf-8")
    for name, (members, _) in structs(stored).items():
        if members and f"}} {name};" not in text:  # to abidiff that is no difference
            broken.append(f"gone: what is in {name}")
    library = bodiless(earlier, work)
    if report := abidiff(stored / TYPES, library, "--no-added-syms"):
        broken.append(report)
    elif report := abidiff(stored / TYPES, library):
        added.append(report)
    old = dict(line.split() for line in (stored / CONSTANTS).read_text("utf-8").splitlines())
    new = constants(header, work)
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            added.append(f"new: {name} {new[name]}")
        elif name not in new:
            broken.append(f"gone: {name} {old[name]}")
        elif old[name] != new[name]:
            broken.append(f"changed: {name} was {old[name]}, is {new[name]}")
    return Difference(broken, added)


def store(header: Path, work: Path, stored: Path = STORED) -> None:
    """Stores what a header promises."""
    description = run("abidw", *ABIDW, bodiless(header, work))
    (stored / TYPES).write_text(description, encoding="utf-8")
    numbers = [f"{name} {value}\n" for name, value in constants(header, work).items()]
    (stored / CONSTANTS).write_text("".join(numbers), encoding="utf-8")


def whole_header(work: Path) -> Path:
    """Writes the header with the table for bindings."""
    header = work / "tracer.h"
    run("cargo", "run", "-q", "--locked", "-p", "libtracer-header", "--", header, "--table")
    named = set(re.findall(r"\b(tracer_\w+)\(", bodiless_source(header)))
    if named != set((STORED / "symbols.txt").read_text("utf-8").split()):
        raise SystemExit("tools/abi.py: the header and ffi/abi/symbols.txt differ: make drift")
    return header


def main(arguments: list[str]) -> int:
    """Checks or accepts."""
    try:
        compiler()
    except LackingError as lacking:
        print(f"abi: {lacking}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        header = whole_header(work)
        first = not (STORED / TYPES).exists()
        broken, added = ([], []) if first else compare(header, work)
        for line in [*broken, *added]:
            print(line)
        if arguments[:1] == ["accept"]:
            if broken and "FORCE" not in arguments:
                print("abi: not accepted: compiled programs would break (docs/abi.md)")
                return 1
            store(header, work)
            print("abi: stored in ffi/abi/")
            return 0
    if broken:
        print("abi: programs that are compiled would break; take the change back (docs/abi.md)")
    elif added:
        print("abi: an addition that is not stored: make abi-accept, and commit ffi/abi/")
    else:
        print("abi: 1 passed, 0 failed")
    return 1 if broken or added else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
