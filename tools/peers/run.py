"""Runs the test suites of opentelemetry-python with libtracer's provider in the SDK's place.

Each suite runs twice in an environment under `target/`: with the SDK's `TracerProvider`, and with
ours. A test that passes only with the SDK's is a difference; the exit status is 1 when one is not
in `accepted.tsv`. The suites come from the packages' sdists on PyPI, or from `--checkout`.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import fnmatch
import json
import os
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PASSED, SKIPPED = "passed", "skipped"
SUITE_SECONDS = 900


@dataclass(frozen=True)
class Suite:
    """A line of `suites.tsv`."""

    name: str
    requirement: str
    environment: dict[str, str]

    @property
    def package(self) -> str:
        """The package's name, as PyPI has it."""
        return self.requirement.partition("==")[0]

    @property
    def unpacked(self) -> str:
        """The directory that its sdist holds."""
        return self.requirement.replace("-", "_").replace("==", "-")


@dataclass(frozen=True)
class Outcomes:
    """What a run came to: each test's outcome with what it said, and our providers made."""

    tests: dict[str, dict[str, str]]
    providers: int = 0

    @classmethod
    def read(cls, report: Path) -> Outcomes:
        """What the plugin wrote."""
        return cls(**json.loads(report.read_text(encoding="utf-8")))

    def of(self, outcome: str) -> set[str]:
        """The tests that came to this."""
        return {test for test, said in self.tests.items() if said["outcome"] == outcome}


@dataclass(frozen=True)
class Difference:
    """A test that passes with the SDK's provider alone."""

    suite: str
    test: str
    detail: str
    reason: str | None


def read_rows(table: Path) -> list[list[str]]:
    """The rows of one of our tables, without comments."""
    with table.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if line.strip() and not line.startswith("#"))
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter="\t")]


def read_suites(listed: Path, wanted: list[str]) -> list[Suite]:
    """The suites of a list whose name matches one of the patterns."""
    suites = [
        Suite(row[0], row[1], dict(setting.split("=", 1) for setting in row[2:]))
        for row in read_rows(listed / "suites.tsv")
    ]
    return [s for s in suites if any(fnmatch.fnmatch(s.name, pattern) for pattern in wanted)]


class Place:
    """What the runs need on disk: an environment, the sources, and where reports go."""

    def __init__(self, work: Path, checkouts: list[Path], path: Path | None) -> None:
        self.work = work
        self.python = work / "venv" / "bin" / "python"
        self._checkouts = checkouts
        self._path = path

    def pip(self, *arguments: str) -> None:
        """Runs the environment's pip."""
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
        subprocess.run(command, check=True)

    def prepare(self, listed: Path, interpreter: str, wheel: Path | None) -> None:
        """Makes the environment, once for each state of the lists, and installs our wheel."""
        if not self.python.exists():
            subprocess.run([interpreter, "-m", "venv", str(self.work / "venv")], check=True)
        stamp = self.work / "installed"
        wanted = [suite.requirement for suite in read_suites(listed, ["*"])]
        libraries = listed / "requirements.txt"
        state = "\n".join([*wanted, libraries.read_text(encoding="utf-8")])
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != state:
            self.pip("install", "-r", str(libraries), *wanted)
            stamp.write_text(state, encoding="utf-8")
        if wheel:
            self.pip("install", "--no-deps", "--force-reinstall", str(wheel))

    def source(self, suite: Suite) -> Path:
        """The directory that holds the suite's `tests`."""
        for checkout in self._checkouts:
            for found in checkout.glob(f"**/{suite.package}/tests"):
                return found.parent
        place = self.work / "src" / suite.unpacked
        if not place.is_dir():
            self._download(suite)
        return place

    def _download(self, suite: Suite) -> None:
        sources = self.work / "sdist"
        # The build backend is in the environment: pip runs it to read an sdist's metadata.
        flags = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", str(sources)]
        self.pip("download", *flags, suite.requirement)
        with tarfile.open(sources / f"{suite.unpacked}.tar.gz") as archive:
            archive.extractall(self.work / "src", filter="data")

    def run(self, suite: Suite, mode: str, *, again: bool = True) -> Outcomes:
        """Runs one suite in one mode."""
        report = self.work / "reports" / f"{suite.name}.{mode}.json"
        report.parent.mkdir(exist_ok=True)
        if report.exists() and not again:
            return Outcomes.read(report)
        report.unlink(missing_ok=True)
        path = [str(HERE), *([str(self._path)] if self._path else [])]
        environment = {
            **os.environ,
            **suite.environment,
            "PATH": os.pathsep.join([str(self.python.parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(path),
            "LIBTRACER_PEERS_MODE": mode,
            "LIBTRACER_PEERS_REPORT": str(report),
        }
        command = [str(self.python), "-m", "pytest", "-c", str(HERE / "pytest.ini")]
        command += ["--rootdir=.", "-p", "libtracer_peers", "-p", "no:cacheprovider", "-q"]
        source = self.source(suite)
        log = report.with_suffix(".log")
        with (
            log.open("w", encoding="utf-8") as said,
            contextlib.suppress(subprocess.TimeoutExpired),
        ):
            subprocess.run(
                [*command, "tests"],
                cwd=source,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=SUITE_SECONDS,
                check=False,
            )
        if not report.exists():
            return Outcomes({"(the run)": {"outcome": "failed", "detail": f"see {log}"}})
        return Outcomes.read(report)


def reason_for(accepted: list[list[str]], suite: str, test: str) -> str | None:
    """Why this difference is accepted; None when it is not."""
    for name, pattern, reason in accepted:
        if fnmatch.fnmatchcase(suite, name) and fnmatch.fnmatchcase(test, pattern):
            return reason
    return None


def compare(
    suite: Suite, sdk: Outcomes, ours: Outcomes, accepted: list[list[str]]
) -> list[Difference]:
    """The tests that pass with the SDK's provider and not with ours."""
    missing = {"detail": "not run: its module did not load"}
    return [
        Difference(
            suite.name,
            test,
            ours.tests.get(test, missing)["detail"],
            reason_for(accepted, suite.name, test),
        )
        for test in sorted(sdk.of(PASSED) - ours.of(PASSED))
    ]


def say(line: str = "") -> None:
    """Prints a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def judge(place: Place, suites: list[Suite], jobs: int, *, keep: bool) -> list[Difference]:
    """Runs the suites and prints the table."""
    accepted = read_rows(HERE / "accepted.tsv")
    differences: list[Difference] = []
    columns = ("tests", "SDK", "ours", "accepted", "open", "providers")
    say(_line("suite", columns))
    totals = (0,) * len(columns)

    def both(suite: Suite) -> tuple[Outcomes, Outcomes]:
        return place.run(suite, "sdk", again=not keep), place.run(suite, "ours")

    with ThreadPoolExecutor(jobs) as pool:
        for suite, (sdk, ours) in zip(suites, pool.map(both, suites), strict=True):
            found = compare(suite, sdk, ours, accepted)
            differences += found
            known = sum(d.reason is not None for d in found)
            tests = len(sdk.tests) - len(sdk.of(SKIPPED))
            passed = (len(sdk.of(PASSED)), len(ours.of(PASSED)))
            row = (tests, *passed, known, len(found) - known, ours.providers)
            totals = tuple(a + b for a, b in zip(totals, row, strict=True))
            say(_line(suite.name, row))
    say(_line("all", totals))
    return differences


def _line(name: str, cells: Iterable[object]) -> str:
    return f"{name:26}" + "".join(f"{cell!s:>10}" for cell in cells)


def write_details(place: Place, differences: list[Difference]) -> None:
    """Writes what each difference said, a file for each suite."""
    by_suite: dict[str, list[Difference]] = {}
    for difference in differences:
        by_suite.setdefault(difference.suite, []).append(difference)
    for suite, found in by_suite.items():
        text = "\n".join(f"## {d.test}\n# {d.reason or 'OPEN'}\n{d.detail}\n" for d in found)
        (place.work / "reports" / f"{suite}.differences").write_text(text, encoding="utf-8")


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", default=["*"], help="names or patterns (default: all)")
    lists = sorted(path.parent.name for path in HERE.glob("*/suites.tsv"))
    parser.add_argument("--list", choices=lists, default="newest", help="of which versions")
    parser.add_argument("--wheel", type=Path, help="libtracer's wheel, installed first")
    parser.add_argument("--path", type=Path, help="a directory to import libtracer from instead")
    parser.add_argument("--checkout", type=Path, action="append", default=[], help="sources")
    parser.add_argument("--python", default=sys.executable, help="makes the environment")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "peers")
    parser.add_argument("--jobs", type=int, default=1, help="suites at once")
    parser.add_argument(
        "--keep-baseline", action="store_true", help="use the SDK's results of the last run"
    )
    options = parser.parse_args()
    work: Path = options.work.resolve() / options.list
    listed = HERE / options.list
    work.mkdir(parents=True, exist_ok=True)
    place = Place(work, [c.resolve() for c in options.checkout], options.path)
    place.prepare(listed, options.python, options.wheel)
    suites = read_suites(listed, options.suites)
    if not suites:
        parser.error("no suite has that name")
    for suite in suites:
        place.source(suite)
    differences = judge(place, suites, options.jobs, keep=options.keep_baseline)
    write_details(place, differences)
    left = [d for d in differences if d.reason is None]
    if left:
        say(f"\nopen differences (what they said: {work / 'reports'}):")
        for difference in left:
            say(f"  {difference.suite}: {difference.test}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
