"""The blocks of the document on spans with tags: logs, errors, what to trace and what not."""

import json
import logging
from types import SimpleNamespace

import libtracer
import pytest
from libtracer import logs
from opentelemetry.trace import StatusCode
from stand_ins import one, raising

DOCUMENT = "foundation"


def logged(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def json_lines(monkeypatch):
    """Lines of JSON while the test runs, and the loggers as they were afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    libtracer.configure_logging(level="INFO")
    yield
    root.handlers[:], logs._installed[:] = handlers, []
    root.setLevel(level)


def test_08_logs_carry_the_context(block, captured, capsys, json_lines):
    operation = block.run(perform_operation=lambda user_id: [1, 2])["traced_operation"]
    assert operation("usr_1") == [1, 2]
    span = one(captured)
    assert dict(span.attributes) == {"user_id": "usr_1", "result_size": 2}
    started, completed = logged(capsys)
    ids = {"trace_id": span.trace_id, "span_id": span.span_id, "level": "INFO"}
    assert started.items() >= {**ids, "message": "operation_started", "user_id": "usr_1"}.items()
    assert completed.items() >= {**ids, "message": "operation_completed", "result_count": 2}.items()


def test_08_a_failure_is_logged_too(block, captured, capsys, json_lines):
    operation = block.run(perform_operation=raising(KeyError("k")))["traced_operation"]
    with pytest.raises(KeyError):
        operation("usr_1")
    span = one(captured)
    assert span.status.description == "KeyError: 'k'"
    _, failed = logged(capsys)
    assert failed["message"] == "operation_failed"
    assert failed["level"] == "ERROR"
    assert failed["error"] == "'k'"
    assert failed["error_type"] == "KeyError"
    assert (failed["trace_id"], failed["span_id"]) == (span.trace_id, span.span_id)


def test_09_errors_are_captured(block, captured):
    operation = block.run(dangerous_operation=lambda: 7)["error_prone_operation"]
    assert operation() == 7
    assert dict(one(captured).attributes) == {"retry_attempt": 1, "success": True}


@pytest.mark.parametrize(
    ("error", "category"),
    [(ValueError("bad"), "validation"), (ConnectionError("down"), "network")],
)
def test_09_errors_by_category(block, captured, error, category):
    operation = block.run(dangerous_operation=raising(error))["error_prone_operation"]
    with pytest.raises(type(error)) as raised:
        operation()
    assert raised.value is error
    span = one(captured)
    assert span.attributes["error_category"] == category
    assert span.attributes.get("retry_eligible") is (True if category == "network" else None)
    assert span.status.description == f"{type(error).__name__}: {error}"
    assert len(span.events) == 1, "the same exception is recorded once"


def test_10_custom_error_handling(block, captured):
    waits, answers = [], [ConnectionError("1"), ConnectionError("2"), "fine"]

    def service():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clock = SimpleNamespace(sleep=waits.append)
    operation = block.run(unreliable_service_call=service, time=clock)["robust_operation"]
    assert operation() == "fine"
    assert waits == [1, 2]
    span = one(captured)
    assert dict(span.attributes) == {
        "attempt_1": True,
        "attempt_1_error": "1",
        "attempt_2": True,
        "attempt_2_error": "2",
        "attempt_3": True,
        "success_attempt": 3,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_10_custom_error_text_stays(block, captured):
    clock = SimpleNamespace(sleep=lambda seconds: None)
    names = block.run(unreliable_service_call=raising(ConnectionError("down")), time=clock)
    with pytest.raises(ConnectionError, match="down"):
        names["robust_operation"]()
    span = one(captured)
    assert span.status.description == "Failed after 3 attempts: down"
    assert span.attributes["attempt_3_error"] == "down"
    assert [event.attributes["exception.message"] for event in span.events] == ["down"]


def test_11_sampling_by_hand(block, captured):
    names = block.run(do_work=lambda: "done")
    draws = iter([0.005, 0.5])
    names["random"] = SimpleNamespace(random=lambda: next(draws))
    assert [names["high_frequency_operation"]() for _ in range(2)] == ["done"] * 2
    span = one(captured)
    assert span.name == "sampled_operation"
    assert dict(span.attributes) == {"sampled": True, "sample_rate": 0.01}


def test_12_conditional_tracing(block, captured, monkeypatch):
    operation = block.run(perform_operation=lambda: "done")["conditionally_traced_operation"]
    monkeypatch.delenv("ENABLE_TRACING", raising=False)
    assert operation() == "done"
    assert captured.spans == []
    monkeypatch.setenv("ENABLE_TRACING", "TRUE")
    monkeypatch.setenv("ENVIRONMENT", "staging")
    assert operation() == "done"
    assert dict(one(captured).attributes) == {"environment": "staging"}


def lazily(block):
    calls = []
    names = block.run(
        input_data=b"data",
        hash_large_input=lambda data: calls.append("hash") or "abc",
        get_system_metrics=lambda: calls.append("metrics") or "calm",
        do_work=lambda: calls.append("work") or [1, 2],
    )
    assert names["expensive_operation"]() == [1, 2]
    return calls


def test_13_lazy_tags(block, captured):
    assert lazily(block) == ["work", "hash", "metrics"]  # at the end, once
    assert dict(one(captured).attributes) == {
        "input_hash": "abc",
        "system_state": "calm",
        "result_count": 2,
    }


def test_13_lazy_tags_cost_nothing_when_nobody_records(block, captured):
    libtracer.configure_tracing("tests", exporter="none", enabled=False)
    try:
        assert lazily(block) == ["work"]
    finally:
        libtracer.configure_tracing("tests", exporter="none", enabled=True)
    assert captured.spans == []
