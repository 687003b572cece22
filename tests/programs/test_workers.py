"""Work in other processes: Celery's workers, pools of multiprocessing."""

import sys

import pytest
from running import APPS, BIN, by_id

TASKS = 30


def test_a_celery_worker_goes_on_with_the_senders_trace(surroundings):
    broker = surroundings.folder / "broker"
    broker.mkdir()
    folder = {"BROKER_FOLDER": str(broker)}
    worker = [BIN / "celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "2"]
    surroundings.run(sys.executable, APPS / "tasks.py", TASKS, OTEL_SERVICE_NAME="sender", **folder)
    with surroundings.serving(*worker, OTEL_SERVICE_NAME="worker", **folder) as log:
        spans = surroundings.wait_for(1 + TASKS * 3)
    assert "Traceback" not in log.read_text()
    assert len({span.trace_id for span in spans}) == 1
    known = by_id(spans)
    (root,) = [span for span in spans if span.parent_span_id == ""]
    assert root.name == "send"
    packed = [span for span in spans if span.name == "pack"]
    assert sorted(span.attributes["number"] for span in packed) == list(range(TASKS))
    assert len({span.attributes["pid"] for span in packed}) == 2
    for pack in packed:
        run = known[pack.parent_span_id]
        assert (run.name, run.kind) == ("run/tasks.ship", 5)
        assert run.resource["service.name"] == "worker"
        sent = known[run.parent_span_id]
        assert (sent.name, sent.kind) == ("apply_async/tasks.ship", 4)
        assert sent.resource["service.name"] == "sender"
        assert sent.parent_span_id == root.span_id


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_processes_is_in_the_trace(surroundings, method):
    surroundings.run(sys.executable, APPS / "pool.py", method, TASKS, PYTHONWARNINGS="ignore")
    spans = surroundings.wait_for(1 + TASKS)
    (root,) = [span for span in spans if span.parent_span_id == ""]
    assert root.name == "all"
    squares = [span for span in spans if span.name == "square"]
    assert sorted(span.attributes["number"] for span in squares) == list(range(TASKS))
    assert {span.trace_id for span in spans} == {root.trace_id}
    assert {span.parent_span_id for span in squares} == {root.span_id}
