"""Log lines with the ids of the span they belong to."""

import io
import json
import logging
import sys

import libtracer
import pytest
from libtracer import ConfigError, logs


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    level = root.level
    yield
    for handler in logs._installed:
        root.removeHandler(handler)
    logs._installed.clear()
    root.setLevel(level)


def configured(**options):
    stream = io.StringIO()
    libtracer.configure_logging(stream=stream, **options)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_the_ids_of_the_span():
    lines = configured()
    libtracer.logger.info("before")
    with libtracer.with_span("op") as span:
        libtracer.logger.info("inside", order="o1", count=2)
        logging.getLogger("plain").warning("by %s", "hand", extra={"more": [1]})
    before, inside, plain = lines()
    assert {key: before[key] for key in before if key != "timestamp"} == {
        "level": "INFO",
        "logger": "app",
        "message": "before",
    }
    assert (inside["order"], inside["count"]) == ("o1", 2)
    assert (inside["trace_id"], inside["span_id"]) == (span.trace_id, span.span_id)
    assert (plain["message"], plain["level"], plain["more"]) == ("by hand", "WARNING", [1])
    assert plain["trace_id"] == span.trace_id


def test_ids_of_the_programs_own_win():
    lines = configured()
    with libtracer.with_span("op"):
        libtracer.logger.info("inside", trace_id="mine", span_id="too")
    assert (lines()[0]["trace_id"], lines()[0]["span_id"]) == ("mine", "too")


def test_awkward_fields_are_shown():
    class Unprintable:
        def __str__(self):
            raise ValueError("no")

    lines = configured()
    libtracer.logger.bind(bound=1).info("100%", level=3, odd=Unprintable(), type=int)
    line = lines()[0]
    assert (line["message"], line["level"], line["level_"]) == ("100%", "INFO", 3)
    assert (line["odd"], line["type"], line["bound"]) == ("<Unprintable>", "<class 'int'>", 1)


def test_an_exception_is_in_the_line():
    lines = configured()
    try:
        raise ValueError("no")
    except ValueError:
        libtracer.get_logger("x").exception("failed")
    line = lines()[0]
    assert (line["level"], line["logger"]) == ("ERROR", "x")
    assert line["exception"].endswith("ValueError: no")


def test_levels_and_repeated_configuration():
    first = configured(level="warning")
    libtracer.logger.info("not written")
    second = configured(level=logging.DEBUG)
    libtracer.logger.debug("written")
    libtracer.logger.log(logging.CRITICAL, "%d too", 2)
    assert first() == []
    assert [line["message"] for line in second()] == ["written", "2 too"]


def test_standard_output_is_looked_up_for_each_record(capsys):
    libtracer.configure_logging(format="text")
    with libtracer.with_span("op") as span:
        libtracer.logger.error("gone", why="moved")
    out = capsys.readouterr().out
    assert "ERROR app gone" in out
    assert f"trace_id={span.trace_id}" in out
    assert out.endswith("why=moved\n")


@pytest.mark.parametrize("options", [{"level": "LOUD"}, {"format": "xml"}])
def test_what_cannot_be_configured_is_said(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        libtracer.configure_logging(**options)


def test_where_it_was_called_is_the_callers_line(caplog):
    with caplog.at_level(logging.INFO):
        libtracer.logger.info("here")
    assert caplog.records[0].funcName == sys._getframe().f_code.co_name


def test_the_filter_for_the_standard_library():
    record = logging.makeLogRecord({"msg": "x"})
    assert logs.TraceContextFilter().filter(record)
    assert (record.trace_id, record.span_id) == ("", "")
    with libtracer.get_tracer().start_as_current_span("op") as span:
        record = logging.makeLogRecord({"msg": "x", "span_id": "kept"})
        logs.TraceContextFilter().filter(record)
        assert (record.trace_id, record.span_id) == (span.trace_id, "kept")


def test_the_processor_for_structlog_and_the_patcher_for_loguru():
    record = {"extra": {"a": 1}}
    assert logs.add_trace_context(None, "info", {"event": "x"}) == {"event": "x"}
    with libtracer.get_tracer().start_as_current_span("op") as span:
        ids = {"trace_id": span.trace_id, "span_id": span.span_id}
        assert logs.add_trace_context(None, "info", {"event": "x"}) == {"event": "x", **ids}
        logs.patch_record(record)
    assert record == {"extra": {"a": 1, **ids}}


def test_real_structlog_and_loguru():
    structlog = pytest.importorskip("structlog")
    loguru = pytest.importorskip("loguru")
    capture = structlog.testing.capture_logs(processors=[logs.add_trace_context])
    with capture as captured, libtracer.with_span("op") as span:
        structlog.get_logger().info("x")
    assert captured[0]["trace_id"] == span.trace_id
    written = []
    number = loguru.logger.add(lambda message: written.append(message.record["extra"]))
    with libtracer.with_span("op") as span:
        loguru.logger.patch(logs.patch_record).info("x")
    loguru.logger.remove(number)
    assert written[0]["span_id"] == span.span_id
