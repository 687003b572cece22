"""The fixture ``spans`` in a project of its own, outside of the repository."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

INSTALLED = [
    point.value
    for point in importlib.metadata.entry_points(group="pytest11")
    if point.name == "libtracer"
]

PROJECT = """
    import sys

    import pytest

    ENDPOINT = "http://127.0.0.1:9/v1/traces"

    def work(name):
        import libtracer

        @libtracer.traced
        def inner():
            with libtracer.start_span(name, attributes={"by": name}):
                return libtracer.get_current_span().trace_id
        return inner()

    @pytest.mark.parametrize("number", range(8))
    def test_each_test_sees_its_own(spans, number):
        import libtracer
        trace_id = work(f"work {number}")
        assert [span.name for span in spans] == [f"work {number}", "inner"]
        assert {span.trace_id for span in spans} == {trace_id}
        assert spans[0].resource.attributes["service.name"] == "tests"
        assert libtracer.stats()["exported"] == 0

    def test_logs_and_snapshot_are_there(spans):
        work("one")
        assert spans.snapshot() == "inner\\n└─ one  by='one'\\n"
        assert isinstance(spans.logs, list)

    def test_the_programs_own_set_up_stays(spans):
        import libtracer
        libtracer.configure_tracing("mine", sample_rate=0.0)
        try:
            work("dropped")
            assert len(spans) == 0
        finally:
            libtracer.configure_tracing("tests", exporter="none", sample_rate=1.0)
"""


def run(folder, *options):
    plugin = [] if INSTALLED else ["-p", "pytest_libtracer"]
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST")}
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest_, *plugin, *options],
        cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path[1:]))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path):
    (tmp_path / "test_project.py").write_text(textwrap.dedent(PROJECT))
    return tmp_path


def test_the_fixture_is_there_and_tracing_configured(project):
    assert "10 passed" in run(project)


def test_workers_of_xdist_do_not_disturb_each_other(project):
    pytest.importorskip("xdist")
    assert "10 passed" in run(project, "-n", "2")


def test_a_project_that_does_not_use_it_does_not_import_libtracer(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n\ndef test_other():\n"
        "    assert 'pytest_libtracer' in sys.modules\n"
        "    assert not [name for name in sys.modules if name.startswith('libtracer')]\n"
        "    assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    assert "1 passed" in run(tmp_path)


def test_the_entry_point_is_declared():
    root = Path(__file__).parent.parent.parent
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert 'pytest11.libtracer = "pytest_libtracer"' in text
    assert importlib.util.find_spec("pytest_libtracer") is not None
    assert INSTALLED in ([], ["pytest_libtracer"])
