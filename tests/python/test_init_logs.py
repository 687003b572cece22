"""Log records after `init`: where they go, and the loggers of the context."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from program import run

PROGRAM = """
    import os
    import libtracer
    {before}
    libtracer.init({options})

    @libtracer.traced
    def work():
        return "done"

    work()
    assert libtracer.force_flush(5)
    """
HTTP = "otel_endpoint=os.environ['URL'], otel_exporter_otlp_protocol='http/protobuf', api_key='k'"


def records(server):
    found = []
    for path, _, body in server.requests:
        if path == "/v1/logs":
            request = ExportLogsServiceRequest.FromString(body)
            for resource in request.resource_logs:
                for scope in resource.scope_logs:
                    found += scope.log_records
    return found


def test_records_go_beside_the_spans_with_the_key(server):
    run(PROGRAM.format(before="", options=HTTP), URL=server.url)
    assert len(records(server)) == 1
    assert {path for path, _, _ in server.requests} == {"/v1/traces", "/v1/logs"}
    assert {headers["x-api-key"] for _, headers, _ in server.requests} == {"k"}


@pytest.mark.parametrize("before", ["exporter='none'", "endpoint=os.environ['URL'] + '/first'"])
def test_records_go_to_the_endpoint_of_init_after_another_configuration_too(server, before):
    before = f"libtracer.configure_tracing('first', {before})"
    run(PROGRAM.format(before=before, options=HTTP), URL=server.url)
    assert len(records(server)) == 1
    (key,) = {headers["x-api-key"] for path, headers, _ in server.requests if path == "/v1/logs"}
    assert key == "k"


def test_the_endpoint_of_all_signals_gets_records_and_that_of_spans_does_not(server):
    program = PROGRAM.format(before="", options="")
    run(program, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{server.url}/v1/traces")
    assert [path for path, _, _ in server.requests] == ["/v1/traces"]
    run(program, OTEL_EXPORTER_OTLP_ENDPOINT=server.url)
    assert len(records(server)) == 1


def test_the_environment_may_switch_records_off(server):
    run(PROGRAM.format(before="", options=HTTP), URL=server.url, OTEL_LOGS_EXPORTER="none")
    assert {path for path, _, _ in server.requests} == {"/v1/traces"}


def test_a_configuration_after_init_takes_the_records_along(server):
    run(
        """
        import os
        import libtracer
        libtracer.init()
        libtracer.configure_tracing(endpoint=os.environ["URL"] + "/v1/traces")
        libtracer.traced(lambda: 1)()
        assert libtracer.force_flush(5)
        """,
        URL=server.url,
    )
    assert len(records(server)) == 1


def test_the_context_has_a_provider_of_loggers():
    run("""
    import libtracer
    from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber
    from opentelemetry.trace import set_span_in_context
    context = libtracer.init(project_name="shop", app="search")
    provider = context.logger_provider
    assert provider is context.logger_provider and isinstance(provider, LoggerProvider)
    logger = provider.get_logger("lib", "1", "https://schema", {"k": 1})
    assert logger.enabled()
    with libtracer.testing.capture() as captured:
        with libtracer.start_span("op") as span:
            logger.emit(body="fields", severity_number=SeverityNumber.WARN, attributes={"a": 1})
            logger.emit(LogRecord(body="record", severity_text="odd", event_name="e"))
        logger.emit(body="of", context=set_span_in_context(span))
        logger.emit(body="none", exception=ValueError("no"))
    fields, record, of, none = captured.logs
    for each in (fields, record, of):
        assert (each.trace_id, each.span_id) == (span.trace_id, span.span_id), each
    assert none.span_id in ("", "0" * 16, None)
    assert fields.attributes == {"a": 1}
    assert fields.severity_number == 13
    assert (record.severity_text, record.event_name) == ("odd", "e")
    assert none.attributes["exception.type"] == "ValueError"
    scope = fields.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url) == ("lib", "1", "https://schema")
    assert scope.attributes == {"k": 1, "pat.project.name": "shop", "pat.app": "search"}
    assert provider.force_flush()
    """)


def test_the_loggers_of_the_context():
    run("""
    import logging
    import uuid
    import libtracer
    from libtracer import context
    assert context.get_logger_or_none() is context.get_pat_logger_or_none() is None
    made = libtracer.init(project_name="shop")
    logger = context.get_logger(level=logging.DEBUG)
    assert logger is context.get_logger_or_none(logging.DEBUG) is context.get_logger(made, 10)
    assert isinstance(logger, logging.Logger) and logger.name == "patronus.sdk"
    with libtracer.testing.capture() as captured, libtracer.start_span("op") as span:
        logger.debug("sold %d", 3, extra={"sku": "s1"})
        try:
            raise KeyError("k")
        except KeyError:
            logger.exception("failed")
        id = context.get_pat_logger().log({"x": [1]}, log_attrs={"a": 1}, log_type="eval")
        context.get_pat_logger_or_none().log("text")
    sold, failed, own, text = captured.logs
    marks = {"pat.log.type": "user", "pat.project.name": "shop", "pat.app": "default"}
    assert sold.body == "sold 3" and sold.severity_text == "DEBUG"
    assert sold.attributes == {"sku": "s1", "pat.log.id": sold.attributes["pat.log.id"], **marks}
    assert failed.severity_number == 17
    assert failed.attributes["exception.type"] == "KeyError"
    assert own.body == {"x": [1]} and own.attributes["pat.log.type"] == "eval"
    assert uuid.UUID(own.attributes["pat.log.id"]) == id
    assert {each.span_id for each in captured.logs} == {span.span_id}
    """)


@pytest.mark.parametrize("ours", ["start_span", "traced"])
def test_records_of_other_loggers_find_the_span(ours):
    run(f"""
    import libtracer
    from libtracer import context
    libtracer.init()
    with libtracer.testing.capture() as captured:
        libtracer.{ours}("op")(lambda: context.get_logger().info("here"))()
    assert captured.logs[0].span_id == captured.spans[0].span_id
    """)
