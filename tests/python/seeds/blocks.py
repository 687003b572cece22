"""The code blocks of the four documents, with libtracer in the place of what they import."""

import ast
import asyncio
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "documents"
DOCUMENTS = ("patronus", "datapizza", "ai_infra", "foundation")
# The one rule that makes every snippet ours.
PREFIXES = re.compile(r"\b(?:patronus|datapizza|ai_infra|provide\.foundation)\b")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"(?:test|run)_(\d+)_")


@dataclass
class Block:
    """A block of a document; `run` and `read` note that it was used."""

    document: str
    number: int
    line: int
    language: str
    text: str
    used: bool = field(default=False, compare=False)

    def read(self):
        """Return the text with the import rule applied."""
        self.used = True
        return PREFIXES.sub("libtracer", self.text)

    def instead(self, **replaced):
        """Return the block with other text at some places, each of which must be there."""
        text = self.text
        for old, new in replaced.pop("text", {}).items():
            assert old in text, f"{old!r} is not in block {self.number} of {self.document}"
            text = text.replace(old, new)
        self.used = True
        return Block(self.document, self.number, self.line, self.language, text)

    def run(self, **names):
        """Run the block where these names are known, and return all names afterwards.

        A block with ``await`` or ``async with`` at its top runs inside an async function.
        """
        assert self.language == "python"
        program, file = self.read(), f"{self.document}.txt:{self.line}"
        names.setdefault("__name__", "snippet")
        if not _waits(program):
            exec(compile(program, file, "exec"), names)
            return names
        body = textwrap.indent(program, "    ")
        exec(compile(f"async def block():\n{body}\n    return locals()", file, "exec"), names)
        return {**names, **asyncio.run(names["block"]())}


def _waits(program):
    """Whether a program awaits something outside of its own functions."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    tree = compile(program, "block", "exec", flags)
    return any(_waiting(each) for each in tree.body)


def _waiting(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return False
    if isinstance(node, (ast.Await, ast.AsyncWith, ast.AsyncFor)):
        return True
    return any(_waiting(child) for child in ast.iter_child_nodes(node))


def blocks(document):
    """Return the blocks of a document in order, numbered from 1."""
    text = (FOLDER / f"{document}.txt").read_text(encoding="utf-8")
    return [
        Block(document, number, text.count("\n", 0, found.start(2)) + 1, found[1], found[2])
        for number, found in enumerate(_FENCE.finditer(text), 1)
    ]


def number_of(function_name):
    """Return which block a function named ``test_07_...`` or ``run_07_...`` is about."""
    found = _TEST.match(function_name)
    return int(found[1]) if found else None


def block_of(document, function_name):
    """Return the block that a function is about."""
    return blocks(document)[number_of(function_name) - 1]
