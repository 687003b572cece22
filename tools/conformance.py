"""Says for each row of tests/conformance/rows.tsv whether its tests pass: `conf_NNN_what_it_says`.

    python tools/conformance.py [--verbose]

Rust's are found among the test programs that `make unit` builds, C's and Python's by their names;
the library and the wheel are built first if there are such.
A row without a test needs a reason; the last line is the sum. Status 1: a row fails or lacks both.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ROWS = ROOT / "tests" / "conformance" / "rows.tsv"
# As `make unit` calls it, so that nothing is compiled a second time.
CARGO = ["cargo", "test", "--locked", "--workspace", "--exclude", "libtracer-python"]
CARGO += ["--features", os.environ.get("LIBTRACER_FEATURES", "")]
NAME = re.compile(r"conf_(\d{3})_")
LONGEST = 300.0  # seconds for one program


class Test(NamedTuple):
    """One test of a row."""

    name: str
    passed: bool
    output: str


def run(command: list[str | Path], cwd: Path = ROOT, *, apart: bool = False) -> tuple[int, str]:
    """Runs a program; its status and all that it printed, or `apart` its standard output first."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired as late:
        return 1, f"{late.stdout or ''}\nnot done after {LONGEST:.0f} s"
    return done.returncode, done.stdout + (done.stderr or "")


def make(target: str) -> None:
    """Builds what tests run against."""
    status, output = run(["make", "-s", target])
    if status:
        raise SystemExit(f"make {target}:\n{output}")


def rust() -> list[Test]:
    """Runs what is called conf_ in each test program of the workspace."""
    built = subprocess.run(
        [*CARGO, "--no-run", "--message-format=json-render-diagnostics"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    tests = []
    for line in built.stdout.splitlines():
        message = json.loads(line)
        program = message.get("executable")
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and program:
            tests += rust_program(program, Path(message["manifest_path"]).parent)
    return tests


def rust_program(program: str, package: Path) -> list[Test]:
    """Runs one test program; a test that it does not report on has failed."""
    _, listed = run([program, "--list", "conf_"], package)
    names = [
        each for each in re.findall(r"^(\S+): test$", listed, re.MULTILINE) if NAME.search(each)
    ]
    if not names:
        return []
    # What the library says on standard error would tear the lines of the report.
    _, output = run([program, "conf_"], package, apart=True)
    ok = set(re.findall(r"^test (\S+)(?: - should panic)? \.\.\. ok$", output, re.MULTILINE))
    where = Path(program).name.rsplit("-", 1)[0]
    return [Test(f"{where}: {name}", name in ok, output) for name in names]


def c() -> list[Test]:
    """Compiles and runs the C test programs with such tests."""
    tests: list[Test] = []
    folder = TARGET / "tests" / "conformance"
    library = Path(os.environ.get("LIBTRACER_LIB", TARGET / "lib"))
    sources = sorted((ROOT / "tests" / "c").glob("*.c"))
    helpers = [source for source in sources if not source.name.startswith("test_")]
    for source in sources:
        names = [
            name
            for name in re.findall(r"\bRUN\((\w+)\)", source.read_text("utf-8"))
            if NAME.match(name)
        ]
        if not names:
            continue
        if not tests:
            make("build")
            folder.mkdir(parents=True, exist_ok=True)
        program = folder / source.stem
        flags = ["-std=c99", "-g", "-O1", f"-I{ROOT / 'include'}"]
        link = [f"-L{library}", f"-Wl,-rpath,{library}", "-ltracer", "-lpthread"]
        compiler = os.environ.get("CC", "cc")
        status, output = run([compiler, *flags, source, *helpers, *link, "-o", program])
        if status == 0:
            _, output = run([program])
        ok = set(re.findall(r"^ok +(\w+)$", output, re.MULTILINE))
        tests += [Test(f"{source.name}: {name}", name in ok, output) for name in names]
    return tests


def python() -> list[Test]:
    """Runs the Python tests of such names against the installed wheel."""
    files = [
        path
        for path in sorted((ROOT / "tests").glob("*/test_*.py"))
        if path.parent.name in ("python", "mixed")
        and re.search(r"def test_conf_\d{3}_|def test_\w*conf_\d{3}", path.read_text("utf-8"))
    ]
    if not files:
        return []
    make("python")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        pytest = [sys.executable, "-m", "pytest", "-q", "-k", "conf_", f"--junitxml={report}"]
        _, output = run([*pytest, *files])
        if not report.is_file():
            raise SystemExit(f"pytest does not run:\n{output}")
        cases = ET.parse(report).iter("testcase")
        return [
            Test(f"{case.get('classname')}: {case.get('name')}", not len(case), output)
            for case in cases
        ]


def main() -> int:
    """Prints the rows and their sum."""
    tests = defaultdict(list)
    for test in [*rust(), *c(), *python()]:
        for row in set(NAME.findall(test.name)):
            tests[row].append(test)
    with ROWS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    unknown = set(tests) - {row["id"] for row in rows}
    count = {"pass": 0, "n/a": 0, "FAIL": 0}
    for row in rows:
        verdict, text = judge(row, tests[row["id"]])
        count[verdict] += 1
        print(f"conf_{row['id']} {text:24} {row['area']}: {row['row']}")
        if "--verbose" in sys.argv:
            print(*(f"    {test.name}" for test in tests[row["id"]]), sep="\n")
    for number in sorted(unknown):
        print(f"conf_{number} is no row: {', '.join(test.name for test in tests[number])}")
    for output in {test.output for found in tests.values() for test in found if not test.passed}:
        print("----", "\n".join(output.splitlines()[-60:]), sep="\n")
    failed = count["FAIL"] + len(unknown)
    print(f"conformance: {count['pass']} pass, {count['n/a']} n/a, {failed} fail of {len(rows)}")
    return 1 if failed else 0


def judge(row: dict[str, str | None], tests: list[Test]) -> tuple[str, str]:
    """Returns what became of a row, and how to say it."""
    failed = [test.name for test in tests if not test.passed]
    if failed:
        return "FAIL", f"FAIL: {', '.join(failed)}"
    if tests:
        return "pass", f"pass ({len(tests)} test{'s' if len(tests) > 1 else ''})"
    if row["n/a"]:
        return "n/a", f"n/a: {row['n/a']};"
    return "FAIL", "FAIL: no test"


if __name__ == "__main__":
    sys.exit(main())
