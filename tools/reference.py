"""Writes the reference page and the manual page from the C header: `reference.py`.

docs/c-api.md and docs/tracer.3 say what include/tracer.h says, for browsers and for man(1).
`make header` writes them, `make drift` compares.
"""

from __future__ import annotations

import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/c-api.md", "docs/tracer.3")


@dataclass
class Item:
    """A declaration and what its comment says."""

    name: str
    code: str
    text: str


@dataclass
class Section:
    """A heading of the header and what stands below it."""

    word: str
    about: str
    items: list[Item]


@dataclass
class Header:
    """The parts of the header."""

    contract: list[tuple[str, str]]
    programs: list[tuple[str, str]]
    sections: list[Section]


def read(text: str) -> Header:
    """Takes the header apart."""
    top, below = text.split("*/\n", 1)
    lines = [line[3:] if line.startswith(" * ") else "" for line in top.splitlines()[1:]]
    contract: list[tuple[str, str]] = []
    programs: list[tuple[str, str]] = []
    for line in lines[lines.index("Contract") + 1 :]:
        if match := re.match(r" (\w+) +(.*)", line):
            contract.append((match[1], match[2]))
        elif line.startswith("  ") and not programs and contract and not line.startswith("     #"):
            word, said = contract[-1]
            contract[-1] = (word, f"{said} {line.strip()}")
        else:
            break
    for match in re.finditer(
        r"^(A \w+ program.*:.*)\n\n((?: {4}.*\n|\n)+)", "\n".join(lines), re.M
    ):
        programs.append((match[1].rstrip(":"), textwrap.dedent(match[2]).strip()))
    parts = re.split(r"^/\* \[([\w-]+)\] (.*?) \*/\n", below, flags=re.M)
    words = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    return Header(
        contract, programs, [Section(word, about, items(part)) for word, about, part in words]
    )


def items(part: str) -> list[Item]:
    """Returns the declarations of a section: comment lines, then code up to its end."""
    found: list[Item] = []
    said: list[str] = []
    code: list[str] = []
    for line in part.splitlines():
        if not code and line.startswith("//"):
            said.append(line[2:].strip())
        elif not code and not (said and line.strip()):
            said = []
        else:
            code.append(line)
            text = "\n".join(code)
            whole = text.startswith("#define") or text.rstrip().endswith(";")
            if whole and text.count("{") == text.count("}"):
                bare = re.sub(r"TRACER_MUST_USE\s+", "", text)
                found.append(Item(name_of(bare), bare, " ".join(said)))
                said, code = [], []
    return found


def name_of(code: str) -> str:
    """Returns what a declaration declares."""
    if match := re.match(r"#define (\w+)", code):
        return match[1]
    if match := re.match(r"typedef .*?\(\*(\w+)\)", code, re.S):
        return match[1]
    if code.startswith("typedef"):
        return code.rstrip(";").split()[-1]
    match = re.search(r"\b(tracer_\w+)\(", code)
    if not match:
        sys.exit(f"tools/reference.py cannot name: {code}")
    return match[1]


def markdown(header: Header, version: str) -> str:
    """Returns the reference page."""
    out = [
        f"# The C API of libtracer {version}",
        "",
        "Written from `include/tracer.h` by `make header`: change it in `ffi/` and `abi/`.",
        "",
    ]
    out += [f"* [{one.word}](#{one.word}): {one.about}" for one in header.sections]
    for title, source in header.programs:
        out += ["", f"## {title}", "", "```c", source, "```"]
    out += ["", "## Contract", ""]
    out += [f"* **{word}**: {said}" for word, said in header.contract]
    for section in header.sections:
        out += ["", f"## {section.word}", "", f"{section.about[0].upper()}{section.about[1:]}."]
        for item in section.items:
            out += ["", f"### {item.name}", "", "```c", item.code, "```", "", item.text]
    return "\n".join(out) + "\n"


def roff(text: str) -> str:
    """Returns text as roff wants it."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return "\n".join(f"\\&{line}" if line[:1] in {".", "'"} else line for line in text.splitlines())


def manual(header: Header, version: str) -> str:
    """Returns the manual page."""
    out = [
        '.\\" Written from include/tracer.h by `make header`.',
        f'.TH TRACER 3 "" "libtracer {version}" "Library Functions"',
        ".SH NAME",
        "tracer \\- record what a program does, as OpenTelemetry traces, logs and metrics",
        ".SH SYNOPSIS",
        ".nf",
        ".B #include <tracer.h>",
        ".PP",
        ".B cc file.c $(pkg\\-config \\-\\-cflags \\-\\-libs tracer)",
        ".fi",
        ".SH DESCRIPTION",
    ]
    for word, said in header.contract:
        out += [".TP", f".B {word}", roff(said)]
    for section in header.sections:
        if section.word == "types":
            continue
        out += [
            f".SH {section.word.upper()}",
            roff(f"{section.about[0].upper()}{section.about[1:]}."),
        ]
        for item in section.items:
            out += [
                ".PP",
                ".nf",
                f".B {roff(' '.join(item.code.split()))}",
                ".fi",
                ".RS 4",
                roff(item.text),
                ".RE",
            ]
    out += [".SH ENVIRONMENT", roff(ENVIRONMENT), ".SH EXAMPLES"]
    for title, source in header.programs:
        out += [roff(f"{title}:"), ".PP", ".nf", ".RS 4", roff(source), ".RE", ".fi"]
    out += [
        ".SH SEE ALSO",
        ".BR pkg\\-config (1)",
        ".PP",
        "https://opentelemetry.io/docs/specs/otel/",
    ]
    return "\n".join(out) + "\n"


ENVIRONMENT = (
    "tracer_init_from_env and tracer_config_load_env read the OTEL_ variables of the OpenTelemetry "
    "specification, such as OTEL_SERVICE_NAME, OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, "
    "OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_PROPAGATORS, OTEL_RESOURCE_ATTRIBUTES, "
    "OTEL_SDK_DISABLED, OTEL_LOG_LEVEL and OTEL_CONFIG_FILE."
)


def pages() -> dict[str, str]:
    """Returns the text of each page."""
    header = read((ROOT / "include/tracer.h").read_text(encoding="utf-8"))
    workspace = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.*?)"', workspace, re.MULTILINE)
    version = found[1] if found else sys.exit("Cargo.toml names no version")
    return dict(zip(PAGES, (markdown(header, version), manual(header, version)), strict=True))


def main() -> None:
    """Writes the pages."""
    for name, text in pages().items():
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
