"""Pytest plugin: puts libtracer's provider in the SDK's place and writes what each test came to.

`run.py` loads it with `-p`, so it is imported before any test module. LIBTRACER_PEERS_MODE says
whose provider it is (`sdk` or `ours`), LIBTRACER_PEERS_REPORT where the outcomes go, as JSON.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

MODE = os.environ.get("LIBTRACER_PEERS_MODE", "sdk")
REPORT = os.environ.get("LIBTRACER_PEERS_REPORT")

_outcomes: dict[str, dict[str, str]] = {}
_providers: list[None] = []
_RANK = {"passed": 0, "skipped": 1, "failed": 2}


def substitute() -> None:
    """Puts our provider where programs import the SDK's from."""
    import libtracer.trace
    import opentelemetry.sdk.trace as sdk

    ours = libtracer.trace.TracerProvider
    make = ours.__init__

    @functools.wraps(make)
    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        _providers.append(None)
        make(self, *args, **kwargs)

    reload = importlib.reload

    @functools.wraps(reload)
    def reloaded(module: ModuleType) -> ModuleType:
        # The SDK's own tests reload its module, which puts its provider back.
        again = reload(module)
        if again is sdk:
            sdk.TracerProvider = ours  # type: ignore[misc, assignment]
        return again

    ours.__init__ = counted  # type: ignore[method-assign]
    sdk.TracerProvider = ours  # type: ignore[misc, assignment]
    importlib.reload = reloaded


if MODE == "ours":
    substitute()


def _note(test: str, outcome: str, detail: str) -> None:
    known = _outcomes.get(test)
    if known is None or _RANK[outcome] > _RANK[known["outcome"]]:
        _outcomes[test] = {"outcome": outcome, "detail": detail}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keeps the worst of a test's three phases; its parts (`subTest`) count for the test."""
    if report.when != "call" and report.outcome == "passed":
        return
    outcome = "passed" if hasattr(report, "wasxfail") else report.outcome
    _note(report.nodeid, outcome, str(report.longrepr) if outcome == "failed" else "")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A module that cannot be imported is one failed test."""
    if report.outcome == "failed":
        _note(report.nodeid, "failed", str(report.longrepr))


def pytest_sessionfinish(session: pytest.Session, exitstatus: Any) -> None:
    """Writes the report."""
    del session, exitstatus
    if REPORT:
        report = {"tests": _outcomes, "providers": len(_providers)}
        Path(REPORT).write_text(json.dumps(report), encoding="utf-8")
