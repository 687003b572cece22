"""The summary of a trace, in a box on standard output."""

import math
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from libtracer import _usage

_FIGURES = (_usage.PROMPT, _usage.COMPLETION, _usage.CACHED, _usage.THINKING)
_COLUMNS = ("Model", "Prompt Tokens", "Completion Tokens", "Cached Tokens", "Thinking Tokens")


def token_usage(spans: Sequence[Any]) -> dict[str, list[int]]:
    """Return prompt, completion, cached and thinking tokens of each model.

    A generation inside another one that has figures, as an instrumented client makes it below
    ``LLM``, is the same one and counts once.
    """
    by_id = {span.context.span_id: span for span in spans}
    counting = {each for each, span in by_id.items() if _is_generation(span.attributes or {})}
    usage: dict[str, list[int]] = {}
    for span in spans:
        if span.context.span_id in counting and not _is_below(span, counting, by_id):
            attributes = span.attributes or {}
            model = _usage.first(attributes, _usage.MODEL) or "unknown"
            row = usage.setdefault(str(model), [0, 0, 0, 0])
            for at, names in enumerate(_FIGURES):
                row[at] += _number(_usage.first(attributes, names))
    return usage


def _is_generation(attributes: Mapping[str, Any]) -> bool:
    if attributes.get("type") == "generation":
        return True
    return any(name in attributes for names in _FIGURES for name in names)


def _is_below(span: Any, counting: set[int], by_id: Mapping[int, Any]) -> bool:
    for _ in range(len(by_id)):
        if span.parent is None:
            return False
        if span.parent.span_id in counting:
            return True
        span = by_id.get(span.parent.span_id)
        if span is None:
            return False
    return False


def _number(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0


def show(name: str | None, total: int, seconds: float, usage: Mapping[str, list[int]]) -> None:
    """Print the summary of a trace on standard output."""
    lines = [f"Total Spans: {total}", f"Duration: {round(seconds, 2)}s"]
    thinking = any(row[3] for row in usage.values())
    columns = _COLUMNS if thinking else _COLUMNS[:4]
    rows = [
        (model, *(str(number) for number in row[: len(columns) - 1]))
        for model, row in usage.items()
    ]
    try:
        _with_rich(name, lines, columns, rows)
    except ImportError:
        table = _table(columns, rows) if rows else ["No token usage"]
        _plainly(f"Trace Summary of {name}", [*lines, *table])


def _with_rich(
    name: str | None, lines: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    shown: list[Any] = [Text(line) for line in lines]
    shown.append(table if rows else Text("No token usage"))
    title = Text.assemble("Trace Summary of ", (str(name), "bold"))
    Console().print(Panel(Group(*shown), title=title, title_align="left"))


def _plainly(title: str, lines: Sequence[str]) -> None:
    """Print lines in a box as wide as the terminal, as rich would."""
    inside = max(shutil.get_terminal_size().columns, 24) - 4
    title = _cut(title, inside - 2)
    print("╭─ " + title + " " + "─" * (inside - _width(title) - 1) + "╮")
    for line in lines:
        print("│ " + _padded(_cut(line, inside), inside) + " │")
    print("╰" + "─" * (inside + 2) + "╯", flush=True)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(_width, cells)) for cells in zip(columns, *rows, strict=True)]

    def line(left: str, fill: str, between: str, right: str) -> str:
        return left + between.join(fill * (width + 2) for width in widths) + right

    def cells(row: Sequence[str], side: str) -> str:
        texts = (_padded(cell, width) for cell, width in zip(row, widths, strict=True))
        return side + side.join(f" {text} " for text in texts) + side

    return [
        line("┏", "━", "┳", "┓"),
        cells(columns, "┃"),
        line("┡", "━", "╇", "┩"),
        *(cells(row, "│") for row in rows),
        line("└", "─", "┴", "┘"),
    ]


def _width(text: str) -> int:
    """Return the columns that a text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _cut(text: str, width: int) -> str:
    text = text.replace("\n", " ")
    while _width(text) > width:
        text = text[: -2 if text.endswith("…") else -1] + "…" if len(text) > 1 else ""
    return text
