"""Measures libtracer and its peers in one run, by turns, and writes bench/report.md.

Each program prints lines ``row<TAB>p10<TAB>...``; the best p10 of the rounds counts, for it is
nearest to the true cost on a machine with slow phases, and the ratio to a peer is taken within the
run. What may be lost is judged by the worst round.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "4"))
# Programs of seconds have several turns in a round, so that each meets a fast phase of the machine.
TURNS = 3
# Measured once a round, with the number of spans where others have a median.
TOTALS = {"N5", "N6", "N7", "N8", "P3", "P7", "P7a", "P8", "P9", "P10", "P10a"}
WORST = {"N7", "P7", "P8"}
HIGHER = {"P7a"}  # what is wanted is more
DDTRACE_PYTHON = TARGET / "venv-bench/bin/python"  # there if it could be installed
OTEL_CPP = TARGET / "bench/otel-cpp"  # there if opentelemetry-cpp is installed
SPANS = {"libtracer": "1000000", "otel": "300000"}
THREADS = (2, 4)

Figures = dict[tuple[str, str], list[tuple[float, float]]]  # p10 and median of each round

# Row, what it is, budget in ns, the program that is judged, the peers with the wanted ratio.
BSP, NO_OP, DYNAMIC = "otel-rust BSP", "otel-rust no-op", "otel-rust BSP, dynamic keys"
OFF, PYTHON, DDTRACE = "otel-rust AlwaysOff", "otel-python", "ddtrace"
CPP, FAST = "otel-cpp BSP", "fastrace"
START, LOCAL = "fastrace, at start", "fastrace, local"
APART = "processes of one thread"
ANY = [(PYTHON, 0), (DDTRACE, 0)]
FROM_C = [(BSP, 5), (DYNAMIC, 5), (NO_OP, 0), (CPP, 15)]
ROWS: list[tuple[str, str, int | None, str, list[tuple[str, int]]]] = [
    ("N1", "C: start, 4 attributes, end; OTLP on", 110, "c", FROM_C),
    ("N1", "C++: the same, through tracer.hpp", 110, "c++", [("c", 0)]),
    ("N2", "Rust: the same", 90, "rust", [(FAST, 3), (START, 0), (LOCAL, 0), (BSP, 0)]),
    ("N3", "C: no attributes", 70, "c", [(BSP, 0), (NO_OP, 0), (CPP, 0)]),
    ("N3", "C++: the same, through tracer.hpp", 70, "c++", [("c", 0)]),
    ("N3", "Rust: the same", 70, "rust", [(FAST, 0), (LOCAL, 0), (BSP, 0)]),
    ("N4", "C: child of an unsampled parent", 25, "c", [(OFF, 0), (CPP, 0)]),
    ("N4", "Rust: the same", 25, "rust", [(OFF, 0)]),
    ("N4", "C++: the same, through tracer.hpp", 25, "c++", [("c", 0)]),
    ("N4a", "C: a call on an unsampled span", 5, "c", []),
    ("N4a", "C++: the same, through tracer.hpp", 5, "c++", [("c", 0)]),
    ("N4b", "C: a call on the no-op span", 5, "c", []),
    ("N4b", "C++: the same, through tracer.hpp", 5, "c++", [("c", 0)]),
    ("N5", "Rust: record, batch, OTLP/HTTP, whole process", 250, "rust", [(BSP, 0)]),
    ("N6", "Rust: the same by gRPC", 350, "rust", [(BSP, 0)]),
    ("N7", "Rust: spans lost of 1,000,000 at full speed", 0, "rust", [(BSP, 0)]),
    ("N8", "Rust: bytes of a finished span that waits", 220, "rust", [(BSP, 0)]),
    *(
        (f"N9 {n}", f"Rust: {n} threads, CPU in % of one", 115, "rust", [(APART, 0), (BSP, 0)])
        for n in THREADS
    ),
    ("P1", "Python: with start_span, child", 550, "python", [(PYTHON, 30), (DDTRACE, 20)]),
    ("P2", "Python: 4 attributes at start, 2 set", 950, "python", ANY),
    ("P2a", "Python: 4 attributes at start alone", None, "python", ANY),
    ("P2b", "Python: one set_attribute alone", None, "python", ANY),
    ("P3", "Python: P1, whole process with OTLP/HTTP", 1500, "python", ANY),
    ("P4", "Python: traced function, over the plain call", 450, "python", ANY),
    ("P4a", "Python: the same, arguments and result logged", 1500, "python", []),
    ("P5", "Python: traced coroutine, over the plain one", 600, "python", ANY),
    ("P5a", "Python: an item of a traced generator, over a plain one", 400, "python", []),
    ("P6", "Python: P1 through the OpenTelemetry API", 700, "python", ANY),
    ("P7", "Python: spans lost of 1,000 at full speed", 0, "python", [(PYTHON, 0)]),
    ("P7a", "Python: thousands of spans delivered each second", 500, "python", ANY),
    ("P8", "Python: spans lost of 1,000 at full speed, 4 threads", 0, "python", [(PYTHON, 0)]),
    ("P9", "Python: p99 of 500 answers/s, 10 spans each, in % of none", 110, "python", ANY),
    ("P10", "Python: ms of import and set-up beyond the API's", 40, "python", ANY),
    ("P10a", "Python: MiB of memory for it", 8, "python", ANY),
    ("P11", "Python: bytes of the wheel", 5_000_000, "python", []),
    ("P12", "Python: with with_span of libtracer.tracer, child", 1500, "python", []),
    ("P12a", "Python: with Span of libtracer.tracer, child", 1500, "python", []),
]


def lines(command: list[str]) -> list[list[str]]:
    """Run a program and split what it prints."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def note(figures: Figures, peer: str, command: list[str]) -> None:
    """Add what a program measured."""
    for name, p10, second in lines(command):
        row, _, kind = name.partition(" ")
        who = f"{peer}, {kind}" if kind and peer != "clock" else peer
        middle = p10 if row in TOTALS else second
        key = (row if who != "clock" else name, who)
        figures.setdefault(key, []).append((float(p10), float(middle)))


def threads(figures: Figures, peer: str, program: Path, library: str) -> None:
    """Add what a span costs on several threads, in percent of its cost on one.

    As many processes of one thread at once show what of it is the machine's doing.
    """

    def cost(count: int) -> float:
        return float(lines([str(program), library, str(count)])[0][1])

    def apart(count: int) -> float:
        with ThreadPoolExecutor(count) as pool:
            return max(pool.map(lambda _: cost(1), range(count)))

    alone = cost(1)
    shapes = {peer: cost, APART: apart} if peer == "rust" else {peer: cost}
    for who, measure in shapes.items():
        for count in THREADS:
            percent = measure(count) / alone * 100
            figures.setdefault((f"N9 {count}", who), []).append((percent, percent))


def rounds(url: str, grpc: str) -> Figures:
    """Run everything by turns."""
    figures: Figures = {}
    native = TARGET / "release"
    hot, pipe = str(native / "hot"), str(native / "pipe")
    pythons = {"python": "libtracer", PYTHON: "otel", DDTRACE: "ddtrace"}
    if not DDTRACE_PYTHON.exists():
        del pythons[DDTRACE]
    for turn in range(ROUNDS):
        print(f"round {turn + 1} of {ROUNDS}", file=sys.stderr)
        for _ in range(TURNS):
            note(figures, "clock", [hot, "clock"])
            note(figures, "c", [str(TARGET / "bench/hot"), url])
            note(figures, "c++", [str(TARGET / "bench/hot-cpp"), url])
            if OTEL_CPP.exists():
                note(figures, CPP, [str(OTEL_CPP)])
            note(figures, "rust", [hot, "libtracer"])
            note(figures, FAST, [hot, "fastrace"])
            note(figures, BSP, [hot, "otel-bsp"])
            note(figures, NO_OP, [hot, "otel-noop"])
            note(figures, OFF, [hot, "otel-off"])
        for who, library in (("rust", "libtracer"), (BSP, "otel")):
            note(figures, who, [pipe, library, "http", url, SPANS[library]])
            note(figures, who, [pipe, library, "grpc", grpc, SPANS[library]])
            note(figures, who, [str(native / "loss"), library, url, "1000000"])
            note(figures, who, [str(native / "held"), library])
            threads(figures, who, native / "threads", library)
        for who, peer in pythons.items():
            python = DDTRACE_PYTHON if who == DDTRACE else sys.executable
            for program in ("rows", "load", "startup"):
                path = ROOT / f"bench/python/{program}.py"
                note(figures, who, [str(python), str(path), peer, url])
    wheel = max((TARGET / "wheels").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    figures["P11", "python"] = [(wheel.stat().st_size,) * 2]
    return figures


def machine() -> str:
    """Say what was measured on."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    rustc = lines(["rustc", "--version"])[0][0]
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}, {rustc}"


def locked(crate: str) -> str:
    """Return the version of a crate that was measured."""
    text = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    found = re.search(f'name = "{crate}"\nversion = "(.*)"', text)
    assert found is not None
    return found[1]


def pinned() -> str:
    """Return the name and version of the peer in a venv of its own."""
    text = (ROOT / "bench/requirements.txt").read_text(encoding="utf-8")
    found = re.search(r"^(ddtrace)==(.*)$", text, re.MULTILINE)
    assert found is not None
    return f"{found[1]} {found[2]}"


def built() -> str:
    """Name the version of opentelemetry-cpp where it is measured."""
    if not OTEL_CPP.exists():
        return ""
    return f", opentelemetry-cpp {lines([str(OTEL_CPP), 'version'])[0][0]}"


def report(figures: Figures) -> str:
    """Write the figures as a table."""
    costs = {row: min(runs)[0] for (row, who), runs in figures.items() if who == "clock"}
    clock = ", ".join(f"{row} {cost:.0f} ns" for row, cost in costs.items())
    text = [
        "# Benchmark report",
        "",
        f"`make bench` on {machine()}, CPython {platform.python_version()}; peers:",
        f"opentelemetry_sdk and opentelemetry-otlp {locked('opentelemetry_sdk')} (Rust), fastrace",
        f"{locked('fastrace')}, opentelemetry-sdk {version('opentelemetry-sdk')} (Python),",
        f"{pinned()}{built()}.",
        f"Nanoseconds per span where nothing else is said; {ROUNDS} rounds by turns, N1 to N4 with",
        f"{TURNS} turns in each.",
        "The best p10 is judged (N5, N6, N8, P3, P9 and P10: the best total; N7, P7 and P8: the",
        "worst; N9: the median); the other end shows the spread, the median is that of the rounds'",
        "medians.",
        "In the same run:",
        f"{clock}.",
        "",
        "| row | work | budget | judged | spread to | median | peers in the same run |",
        "|---|---|---|---|---|---|---|",
    ]
    text += [line(figures, entry) for entry in ROWS]
    return "\n".join(text) + "\n"


def line(figures: Figures, entry: tuple[str, str, int | None, str, list[tuple[str, int]]]) -> str:
    """Write one row of the table."""
    row, what, budget, who, peers = entry
    key = "N1" if row == "N2" else row  # one work, two budgets
    judge, other = (max, min) if row in WORST | HIGHER else (min, max)
    if row.startswith("N9"):  # the best quotient may be that of a slow divisor
        judge = median
    ours = judge(p10 for p10, _ in figures[key, who])
    shown = [against(figures, key, peer, ours, wanted, judge) for peer, wanted in peers]
    mark = ""
    if budget is not None and (ours < budget if row in HIGHER else ours > budget):
        mark = " (under)" if row in HIGHER else " (over)"
    spread = other(p10 for p10, _ in figures[key, who])
    middle = median(each for _, each in figures[key, who])
    name = re.match(r"[NP]\d+", row)
    assert name is not None
    figure = "{:.1f}" if ours < 20 else "{:.0f}"
    cells = [name[0], what, "-" if budget is None else budget, figure.format(ours) + mark]
    cells += [figure.format(spread), figure.format(middle)]
    return f"| {' | '.join(map(str, cells))} | {'; '.join(shown)} |"


def against(  # noqa: PLR0913, PLR0917, one cell of the table
    figures: Figures, row: str, peer: str, ours: float, wanted: int, judge: Any
) -> str:
    """Write what a peer needs for a row, and how much more than we that is."""
    found = figures.get((row, peer))
    if found is None:
        return f"{peer} is not installed here"
    theirs = judge(p10 for p10, _ in found)
    times = theirs / ours if ours and row not in HIGHER else ours / theirs if theirs else 0
    ratio = [f"{times:.1f}x"] if ours and not row.startswith("N9") else []
    verdict = ratio + ([f"wanted {wanted}x"] if wanted else [])
    return f"{peer} {theirs:.0f}" + (f" ({', '.join(verdict)})" if verdict else "")


def main() -> None:
    """Start the sink, measure, write the report."""
    with subprocess.Popen(
        [TARGET / "release/sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdout is not None
        ports = sink.stdout.readline().split()
        figures = rounds(*(f"http://127.0.0.1:{port}" for port in ports))
        sink.communicate()
    text = report(figures)
    (ROOT / "bench/report.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
