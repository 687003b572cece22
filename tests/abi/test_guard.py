"""The guard of the ABI sees what breaks a program, and lets through what may change."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import abi

try:
    abi.compiler()
except abi.LackingError as lacking:
    pytest.skip(str(lacking), allow_module_level=True)


class Guarded:
    """A header, and what is stored of it in a folder of its own."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.text = abi.whole_header(work).read_text("utf-8")
        abi.store(self.altered(), work, work)

    def altered(self, pattern: str = "$^", replacement: str = "") -> Path:
        """Writes a header with the first place that matches changed."""
        text, count = re.subn(pattern, replacement, self.text, count=1, flags=re.DOTALL)
        assert count == (pattern != "$^"), f"{pattern} is not in the header"
        path = self.work / "altered.h"
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    return Guarded(tmp_path_factory.mktemp("abi"))


BREAKS = {
    "a function goes": (r"void tracer_span_set_int\([^;]*;", ""),
    "a parameter is of another size": (
        r"(void tracer_span_set_int\([^;]*)int64_t",
        r"\1int32_t",
    ),
    "a parameter comes": (r"(void tracer_span_end\(tracer_span span)\)", r"\1, int how)"),
    "a result is another": (r"bool (tracer_span_is_recording)", r"uint64_t \1"),
    "a member comes in the middle": (
        r"(size_t struct_size;)(.*?uint64_t started;)",
        r"\1 int x;\2",
    ),
    "a member changes places": (
        r"uint64_t (dropped_queue_full;.*?)uint64_t dropped_open_limit;",
        r"uint64_t dropped_open_limit; uint64_t \1",
    ),
    "the last member of a versioned struct goes": (r"uint64_t memory_bytes;", ""),
    "a struct of arrays grows": (r"(size_t attribute_count;\s*)(\} tracer_link;)", r"\1 int x; \2"),
    "a struct becomes opaque": (
        r"typedef struct \{[^{}]*\} (tracer_stats);",
        r"typedef struct \1 \1;",
    ),
    "the handle grows": (r"(uint64_t generation;\s*)(\} tracer_span;)", r"\1 int x; \2"),
    "a number is another": (r"#define TRACER_KIND_CLIENT 3", "#define TRACER_KIND_CLIENT 6"),
    "a constant goes": (r"#define TRACER_TIMEOUT 3", ""),
    "a function comes before others in the table": (
        r"(void \(\*span_start\)\()",
        r"void (*before)(void); \1",
    ),
    "a function of the table takes something else": (
        r"(\(\*span_is_recording\)\()tracer_span span",
        r"\1const void *span",
    ),
}
ADDITIONS = {
    "a function": (r"(void tracer_span_end\()", r"void tracer_span_mend(tracer_span span);\n\1"),
    "a constant": (r"(#define TRACER_KIND_CLIENT 3)", r"\1\n#define TRACER_KIND_BROKER 6"),
    "a member at the end of a versioned struct": (
        r"(\} tracer_stats;)",
        r"uint64_t late; \1",
    ),
    "a member at the end of the options": (r"(\} tracer_span_options;)", r"uint64_t late; \1"),
    "a member at the end of the limits": (r"(\} tracer_limits;)", r"size_t late; \1"),
    "a function at the end of the table": (r"(\} tracer_table;)", r"void (*late)(void); \1"),
}


def test_what_is_the_same_is_silent(guarded):
    assert abi.compare(guarded.altered(), guarded.work, guarded.work) == ([], [])


def test_names_of_parameters_and_comments_are_free(guarded):
    header = guarded.altered(r"(void tracer_span_end\(tracer_span )span\)", r"/* it */ \1ended)")
    assert abi.compare(header, guarded.work, guarded.work) == ([], [])


@pytest.mark.parametrize("change", BREAKS)
def test_breaks(guarded, change):
    broken, _ = abi.compare(guarded.altered(*BREAKS[change]), guarded.work, guarded.work)
    assert broken


@pytest.mark.parametrize("change", ADDITIONS)
def test_additions(guarded, change):
    header = guarded.altered(*ADDITIONS[change])
    broken, added = abi.compare(header, guarded.work, guarded.work)
    assert not broken, broken
    assert added


def test_a_member_in_the_padding_of_a_versioned_struct_breaks(tmp_path):
    guarded = Guarded(tmp_path)
    guarded.text = re.sub(r"(\} tracer_limits;)", r"uint32_t odd; \1", guarded.text)
    abi.store(guarded.altered(), tmp_path, tmp_path)
    for late, breaks in (("uint32_t late;", True), ("uint64_t late;", False)):
        header = guarded.altered(r"(\} tracer_limits;)", rf"{late} \1")
        broken, added = abi.compare(header, tmp_path, tmp_path)
        assert bool(broken) == breaks, broken
        assert added


def test_what_is_stored_says_nothing_of_this_machine(guarded):
    for name in (abi.TYPES, abi.CONSTANTS):
        stored = (guarded.work / name).read_text("utf-8")
        assert str(guarded.work) not in stored
        assert "/tmp" not in stored
