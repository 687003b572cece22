"""Measures libtracer and its peers in one run, by turns, and writes bench/report.md.

Each program prints lines ``row<TAB>p10<TAB>...``; the best p10 of the rounds counts, for it is
nearest to the true cost on a machine with slow phases, and the ratio to a peer is taken within the
run.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "4"))
TOTALS = {"N5", "P3"}
SPANS = {"libtracer": "1000000", "otel": "300000"}

Figures = dict[tuple[str, str], list[tuple[float, float]]]  # p10 and median of each round

# Row, what it is, budget in ns, the program that is judged, the peers with the wanted ratio.
BSP, NO_OP, DYNAMIC = "otel-rust BSP", "otel-rust no-op", "otel-rust BSP, dynamic keys"
PYTHON = "otel-python"
ROWS = [
    ("N1", "C: start, 4 attributes, end; OTLP on", 110, "c", [(BSP, 5), (DYNAMIC, 5), (NO_OP, 0)]),
    ("N1", "Rust: the same", 90, "rust", [(BSP, 0)]),
    ("N3", "C: no attributes", 70, "c", [(BSP, 0), (NO_OP, 0)]),
    ("N3", "Rust: the same", 70, "rust", [(BSP, 0)]),
    ("N5", "Rust: record, batch, OTLP/HTTP, whole process", 250, "rust", [(BSP, 0)]),
    ("P1", "Python: with start_span, child", 550, "python", [(PYTHON, 30)]),
    ("P2", "Python: 4 attributes at start, 2 set", 950, "python", [(PYTHON, 0)]),
    ("P3", "Python: P1, whole process with OTLP/HTTP", 1500, "python", [(PYTHON, 0)]),
    ("P4", "Python: traced function, over the plain call", 450, "python", [(PYTHON, 0)]),
]


def lines(command: list[str]) -> list[list[str]]:
    """Run a program and split what it prints."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def note(figures: Figures, peer: str, command: list[str]) -> None:
    """Add what a program measured."""
    for name, p10, second in lines(command):
        row, _, kind = name.partition(" ")
        who = f"{peer}, {kind}" if kind == "dynamic keys" else peer
        # What runs once a round (N5, P3) prints its total, and the number of spans for a median.
        middle = p10 if row in TOTALS else second
        key = (row if who != "clock" else name, who)
        figures.setdefault(key, []).append((float(p10), float(middle)))


def rounds(url: str) -> Figures:
    """Run everything by turns."""
    figures: Figures = {}
    native = TARGET / "release"
    rows = str(ROOT / "bench/python/rows.py")
    for turn in range(ROUNDS):
        print(f"round {turn + 1} of {ROUNDS}", file=sys.stderr)
        note(figures, "clock", [str(native / "hot"), "clock"])
        note(figures, "c", [str(TARGET / "bench/hot"), url])
        note(figures, "rust", [str(native / "hot"), "libtracer"])
        note(figures, "otel-rust BSP", [str(native / "hot"), "otel-bsp"])
        note(figures, "otel-rust no-op", [str(native / "hot"), "otel-noop"])
        note(figures, "rust", [str(native / "pipe"), "libtracer", url, SPANS["libtracer"]])
        note(figures, "otel-rust BSP", [str(native / "pipe"), "otel", url, SPANS["otel"]])
        note(figures, "python", [sys.executable, rows, "libtracer", url])
        note(figures, "otel-python", [sys.executable, rows, "otel", url])
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


def report(figures: Figures) -> str:
    """Write the figures as a table."""

    def best(row: str, who: str) -> float:
        return min(p10 for p10, _ in figures[row, who])

    text = [
        "# Benchmark report",
        "",
        f"`make bench` on {machine()}, CPython {platform.python_version()}; peers:",
        "opentelemetry_sdk and opentelemetry-otlp 0.33 (Rust), opentelemetry-sdk",
        f"{version('opentelemetry-sdk')} (Python). Nanoseconds per span; {ROUNDS} rounds by turns.",
        "The best p10 is judged (N5 and P3: the best total); the worst p10 of the rounds shows the",
        "spread, the median is that of the rounds' medians. In the same run: "
        + ", ".join(f"{row} {best(row, 'clock'):.0f} ns" for row, who in figures if who == "clock")
        + ".",
        "",
        "| row | work | budget | best | worst | median | peers in the same run |",
        "|---|---|---|---|---|---|---|",
    ]
    for row, what, budget, who, peers in ROWS:
        ours = best(row, who)
        shown = []
        for peer, wanted in peers:
            ratio = best(row, peer) / ours
            verdict = f", wanted {wanted}x" if wanted else ""
            shown.append(f"{peer} {best(row, peer):.0f} ({ratio:.1f}x{verdict})")
        mark = "" if ours <= budget else " (over)"
        worst = max(p10 for p10, _ in figures[row, who])
        middle = median(each for _, each in figures[row, who])
        cells = [row, what, budget, f"{ours:.0f}{mark}", f"{worst:.0f}", f"{middle:.0f}"]
        text.append(f"| {' | '.join(map(str, cells))} | {'; '.join(shown)} |")
    return "\n".join(text) + "\n"


def main() -> None:
    """Start the sink, measure, write the report."""
    with subprocess.Popen(
        [TARGET / "release/sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdout is not None
        figures = rounds(f"http://127.0.0.1:{sink.stdout.readline().strip()}")
        sink.communicate()
    text = report(figures)
    (ROOT / "bench/report.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
