"""Builds the pieces of `examples/search` against the installed libtracer, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEARCH = Path(__file__).resolve().parents[2] / "examples" / "search"
sys.path.insert(0, str(SEARCH))


@pytest.fixture(scope="session")
def program() -> Path:
    return SEARCH / "search.py"


@pytest.fixture(scope="session")
def pieces(tmp_path_factory) -> Path:
    given = os.environ.get("SEARCH_PIECES")
    out = Path(given) if given else tmp_path_factory.mktemp("search")
    subprocess.run(
        ["make", "-s", "-C", str(SEARCH), f"PYTHON={sys.executable}", f"OUT={out}", "all"],
        check=True,
        timeout=300,
    )
    return out


@pytest.fixture(scope="session", autouse=True)
def configured() -> None:
    import libtracer

    libtracer.configure_tracing(service_name="tests", exporter="none")
