"""The search program as a user runs it: trees on the screen, one account."""

import os
import re
import subprocess
import sys

import pytest


@pytest.fixture
def search(program):
    """Return what runs the program; `OTEL_*` variables are those given."""

    def run(pieces, folder, *arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        command = [sys.executable, str(program), f"--pieces={pieces}", f"--documents={folder}"]
        return subprocess.run(
            [*command, *arguments],
            env={**kept, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one.md").write_text("# Fork\n\nAfter a fork the child has its own ids.\n")
    (tmp_path / "two.md").write_text("# Memory\n\nMemory is bounded in bytes.\n")
    return tmp_path


def account(line):
    found = re.fullmatch(r"started (\d+) = exported (\d+) \+ dropped (\d+)", line)
    assert found, line
    return tuple(int(number) for number in found.groups())


def test_it_prints_answers_trees_and_the_account(search, pieces, folder):
    done = search(pieces, folder, "after a fork", "bounded memory")
    assert (done.returncode, done.stderr) == (0, "")
    assert "one.md: After a fork the child has its own ids." in done.stdout
    assert len(re.findall(r"^trace [0-9a-f]{32}  search ", done.stdout, re.MULTILINE)) == 3
    assert re.search(r"│  └─ review .*\n.*│     └─ rank\.score ", done.stdout)
    started, exported, dropped = account(done.stdout.splitlines()[-1])
    assert started == exported == 3 + 10 + 9
    assert dropped == 0


def test_without_documents_it_finds_nothing(search, pieces, tmp_path):
    done = search(pieces, tmp_path, "zebra")
    assert done.returncode == 0
    assert "nothing found" in done.stdout


def test_a_dead_endpoint_costs_no_console_and_no_exit(search, pieces, folder):
    endpoint = "http://127.0.0.1:9"
    done = search(pieces, folder, "fork", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert len(re.findall(r"^trace ", done.stdout, re.MULTILINE)) == 2
    assert account(done.stdout.splitlines()[-1])


def test_missing_pieces_are_named(search, folder, tmp_path):
    done = search(tmp_path / "nowhere", folder, "fork")
    assert done.returncode == 2
    assert "make -C" in done.stderr
