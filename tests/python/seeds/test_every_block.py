"""No block of the documents is left out."""

import ast
from pathlib import Path

import pytest
from blocks import DOCUMENTS, PREFIXES, blocks, number_of

COUNTS = {"patronus": 9, "datapizza": 6, "ai_infra": 22, "foundation": 22}


def having_tests():
    """Return which blocks have a test, by document, from the sources of the tests."""
    found = {document: set() for document in DOCUMENTS}
    for path in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = [
            each.value.value
            for each in tree.body
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "DOCUMENT"
        ]
        tests = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
        for document in named:
            found[document] |= {number_of(name) for name in tests if name.startswith("test_")}
    return {document: numbers - {None} for document, numbers in found.items()}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_has_a_test(document):
    numbers = [block.number for block in blocks(document)]
    assert len(numbers) == COUNTS[document]
    assert having_tests()[document] == set(numbers)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_fence_belongs_to_a_block(document):
    found = blocks(document)
    text = (Path(__file__).parent / "documents" / f"{document}.txt").read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(found)
    assert {block.language for block in found} <= {"python", "bash"}


def test_the_import_rule_leaves_nothing_of_the_others():
    for document in DOCUMENTS:
        for block in blocks(document):
            assert not PREFIXES.search(block.read())
    assert PREFIXES.sub("libtracer", "from provide.foundation.tracer import Span") == (
        "from libtracer.tracer import Span"
    )
