"""Writes a C file that calls every function of include/tracer.h in every way: `calls.py OUTPUT`.

A way takes one argument out of `struct world` (tests/c/world.h) for each parameter: all usual, all
zero or NULL, then each other value of each parameter with the others usual. The comment behind a
member of `struct world` says which parameter types its values are for, so that a function with a
new type fails here until there are values for it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What a call made is given back, and what it made current is current no longer.
FREED = re.compile(r"(?:const )?(tracer_\w+) \*")
UNDONE = {
    "tracer_span_enter": "tracer_span_leave({0});",
    "tracer_context_attach": "tracer_context_detach(got);",
    "tracer_task_resume": "tracer_task_suspend({0});",
    "tracer_provider_new": "made_provider(w, {1});",
}
# What may allocate without a way to fail, and so is not for recording threads short of memory.
SET_UP = re.compile(
    r"tracer_(config|provider|capture|scope|init|flush|shutdown|metrics|last_error|table)(_|$)"
    r"|_stats$|^tracer_is_|_provider_|_processor|_exporter|_handler|_view"
)


def functions(header: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Returns the result, name and parameters (type, name) of each function."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.DOTALL)
    code = re.sub(r"^#[^\n]*(\\\n[^\n]*)*$", "", code, flags=re.MULTILINE)
    code = re.sub(r"\b(TRACER_MUST_USE|TRACER_DEPRECATED)\b", "", code)
    # Callbacks' types and structs are no functions.
    code = re.sub(r"\btypedef\b[^;{]*(\{[^}]*\}[^;]*)?;", "", code, flags=re.DOTALL)
    found = []
    for result, name, text in re.findall(
        r"^\s*([\w][\w\s*]*?)\b(tracer_\w+)\(([^;]*)\);", code, re.MULTILINE
    ):
        found.append(
            (
                spaced(result),
                name,
                [parameter(name, one) for one in text.split(",") if one.strip() != "void"],
            )
        )
    return found


def spaced(text: str) -> str:
    """Returns a type with one space between its words and before its stars."""
    return " ".join(re.sub(r"(\*+)", r" \1", text).split()).replace("* *", "**")


def parameter(function: str, text: str) -> tuple[str, str]:
    """Returns the type and the name of a parameter."""
    match = re.fullmatch(r"\s*(.*?)(\w+)\s*(\[\w*\])?\s*", text, re.DOTALL)
    if not match:
        sys.exit(f"tools/calls.py cannot read a parameter of {function}: {text.strip()}")
    return spaced(match[1] + (" *" if match[3] else "")), match[2]


def values(world: str) -> dict[str, tuple[str, str]]:
    """Returns the member of `struct world` for each type, and how many values it has."""
    found = {}
    for member, count, types in re.findall(r"(\w+)\[(\w+)\];\s*/\* for: (.*?) \*/", world):
        for one in types.split(","):
            found[one.strip()] = (member, count)
    return found


def call(
    known: dict[str, tuple[str, str]], result: str, name: str, parameters: list[tuple[str, str]]
) -> str:
    """Returns the C function that makes one call."""
    for kind, parameter_name in parameters:
        if kind not in known:
            sys.exit(
                f"{name}: parameter {parameter_name} is a '{kind}': give struct world in "
                "tests/c/world.h values for it, first its NULL or zero, then the usual one"
            )
    members = [known[kind] for kind, _ in parameters]
    arguments = [f"w->{member}[pick[{at}]]" for at, (member, _) in enumerate(members)]
    counts = ", ".join(count for _, count in members) or "0"
    text = f"{name}({', '.join(arguments)})"
    lines = [
        f"    static const size_t counts[] = {{{counts}}};",
        f"    size_t pick[{max(len(members), 1)}];",
    ]
    lines.append(f"    if (!choose(counts, {len(members)}, way, pick)) return false;")
    lines.append("    ready(w);")
    owned = FREED.fullmatch(result)
    if result == "void":
        lines.append(f"    {text};")
    else:
        lines += [f"    {result} got = {text};", "    (void)got;"]
    lines.append("    over(w);")
    if name.endswith("_free"):
        lines.append(f"    {arguments[0]} = NULL;")
    if name in UNDONE:
        lines.append("    " + UNDONE[name].format(*arguments))
    if owned and not result.startswith("const"):
        lines.append(f"    {owned[1]}_free(got);")
    if result == "tracer_span" and name != "tracer_span_current":
        lines.append("    tracer_span_finish(got);")
    return "\n".join(
        [f"static bool call_{name}(world *w, size_t way) {{", *lines, "    return true;", "}"]
    )


def main() -> None:
    """Writes the file."""
    header = (ROOT / "include/tracer.h").read_text(encoding="utf-8")
    found = functions(header)
    promised = (ROOT / "ffi/abi/symbols.txt").read_text(encoding="utf-8").split()
    if missing := sorted(set(promised) ^ {name for _, name, _ in found}):
        sys.exit(
            f"tools/calls.py: only in one of include/tracer.h and ffi/abi/symbols.txt: {missing}"
        )
    known = values((ROOT / "tests/c/world.h").read_text(encoding="utf-8"))
    bodies = [call(known, *one) for one in found]
    rows = [
        f'    {{"{name}", call_{name}, {"false" if SET_UP.search(name) else "true"}}},'
        for _, name, _ in found
    ]
    text = ["/* Written by tools/calls.py. */", '#include "world.h"', *bodies]
    text += [
        "const struct call calls[] = {",
        *rows,
        "};",
        f"const size_t call_count = {len(found)};",
        "",
    ]
    Path(sys.argv[1]).write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
