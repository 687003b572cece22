"""One trace, four languages: a search over Markdown documents, in Python, C++, C and Rust.

    make run                          # three queries over this repository's documents
    python search.py "memory bound"   # your own

A Python asyncio service answers the queries at the same time. Its index is in C++, which splits
words in C, releases the GIL, and calls back into Python, which calls Rust. Each query's spans, in
all four, make one tree. They are printed, and also exported if ``OTEL_EXPORTER_OTLP_ENDPOINT`` is
set.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import libtracer
from service import Service

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
QUERIES = (
    "one trace across Python and C++",
    "what happens after a fork",
    "how is memory bounded",
)


def documents(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the Markdown documents of a folder: name and passages."""
    skipped = {"target", "node_modules"}
    for path in sorted(folder.rglob("*.md")):
        parts = path.relative_to(folder).parts
        if not any(part in skipped or part.startswith(".") for part in parts):
            passages = path.read_text(encoding="utf-8", errors="replace").split("\n\n")
            yield str(path.relative_to(folder)), [text for text in passages if text.strip()]


async def serve(service: Service, queries: list[str]) -> None:
    """Answer all queries at once and print what was found."""
    answers = await asyncio.gather(*(service.answer(query) for query in queries))
    for query, found in zip(queries, answers, strict=True):
        print(f"\n? {query}")
        for answer in found:
            print(f"  {answer.score:5.2f}  {answer.title}: {answer.excerpt}")
        if not found:
            print("  nothing found")
    print(flush=True)


def account() -> tuple[str, bool]:
    """Return what became of the spans, in one line, and whether it adds up."""
    stats = libtracer.stats()
    started, exported, dropped = stats["started"], stats["exported"], stats["dropped"]
    line = f"started {started} = exported {exported} + dropped {dropped}"
    return line, started == exported + dropped


def main() -> int:
    """Run the program; the status is 0 when every span is accounted for."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("queries", nargs="*", default=QUERIES)
    arguments.add_argument("--documents", type=Path, default=ROOT, help="folder of *.md files")
    arguments.add_argument("--pieces", type=Path, default=ROOT / "target" / "search")
    arguments.add_argument(
        "--no-hand-over", action="store_true", help="release the GIL without the context"
    )
    given = arguments.parse_args()
    if not (given.pieces / "libsearch.so").exists():
        print(f"no pieces in {given.pieces}: run `make -C {HERE}`", file=sys.stderr)
        return 2

    # The account is that of the first exporter: of what was sent, when something is sent.
    first = "otlp," if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") else ""
    libtracer.configure_tracing(service_name="search", exporter=first + "console")
    service = Service(given.pieces, hand_over=not given.no_hand_over)
    with libtracer.start_span("index", attributes={"language": "Python"}):
        for title, passages in documents(given.documents):
            service.add(title, passages)
    asyncio.run(serve(service, list(given.queries)))
    libtracer.shutdown()
    line, adds_up = account()
    print(line)
    return 0 if adds_up else 1


if __name__ == "__main__":
    sys.exit(main())
