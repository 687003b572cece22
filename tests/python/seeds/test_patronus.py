"""The blocks of the document on traced functions; ``init`` is once a process, so each is alone."""

import libtracer
import pytest
from alone import alone, in_new_process
from libtracer import start_span, traced
from libtracer.testing import capture
from opentelemetry.trace import StatusCode
from served import serving
from stand_ins import one

DOCUMENT = "patronus"
PROJECT = {"pat.project.name": "Global", "pat.app": "default"}


@alone
def test_01_the_decorator(block):
    with capture() as captured:
        names = block.run()
    assert names["result"] == "Response to: Tell me about machine learning"
    assert names["generate_response"].__name__ == "generate_response"
    span = one(captured)
    assert (span.name, span.parent) == ("generate_response", None)
    assert dict(span.attributes) == PROJECT
    assert span.status.status_code is StatusCode.UNSET
    (record,) = captured.logs
    assert record.body == {
        "function.name": "generate_response",
        "function.arguments": {"prompt": "Tell me about machine learning"},
        "function.output": "Response to: Tell me about machine learning",
    }
    assert (record.severity_text, record.severity_number.value) == ("INFO", 9)
    assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
    assert record.attributes["pat.log.type"] == "trace"
    assert dict(record.attributes).items() >= PROJECT.items()


def decorated(block, error=None, **replaced):
    """Run the block with other options and call its function; return the span and the logs."""
    libtracer.init()
    replaced = {old.replace("_is_", "="): new for old, new in replaced.items()}
    body = {"def my_function():\n    pass": "def my_function(a, b=2):\n    return work(a)"}
    names = block.instead(text={**body, **replaced}).run(traced=traced, work=work_or(error))
    with capture() as captured:
        if error is None:
            assert names["my_function"](1) == 2
        else:
            with pytest.raises(type(error)):
                names["my_function"](1)
    return one(captured), captured.logs


def work_or(error):
    def work(number):
        if error is not None:
            raise error
        return number + 1

    return work


@alone
def test_02_decorator_options(block):
    span, (record,) = decorated(block)
    assert span.name == "Custom span name"
    assert dict(span.attributes) == {"key": "value", **PROJECT}
    assert record.body == {
        "function.name": "Custom span name",
        "function.arguments": {"a": 1},
        "function.output": 2,
    }


@alone
def test_02_without_arguments(block):
    _, (record,) = decorated(block, log_args_is_True="log_args=False")
    assert record.body == {"function.name": "Custom span name", "function.output": 2}


@alone
def test_02_without_results(block):
    _, (record,) = decorated(block, log_results_is_True="log_results=False")
    assert record.body == {
        "function.name": "Custom span name",
        "function.arguments": {"a": 1},
    }


@alone
def test_02_an_exception_is_logged(block):
    span, (record,) = decorated(block, error=ValueError("no"))
    assert (record.severity_text, record.severity_number.value) == ("ERROR", 17)
    assert record.body == {
        "function.name": "Custom span name",
        "function.arguments": {"a": 1},
        "exception.type": "ValueError",
        "exception.message": "no",
    }
    assert [event.name for event in span.events] == ["exception"]
    assert (span.status.status_code, span.status.description) == (
        StatusCode.ERROR,
        "ValueError: no",
    )


@alone
def test_02_without_exceptions(block):
    no = {"log_exceptions_is_True": "log_exceptions=False"}
    span, (record,) = decorated(block, error=ValueError("no"), **no)
    assert record.severity_text == "INFO"
    assert record.body == {
        "function.name": "Custom span name",
        "function.arguments": {"a": 1},
    }
    assert span.events == ()
    assert span.status.description == "ValueError: no", "the status is set either way"


@alone
def test_02_without_logging(block):
    no = {"disable_log_is_False": "disable_log=True"}
    span, logs = decorated(block, error=ValueError("no"), **no)
    assert logs == []
    assert span.events == ()
    assert span.status.description == "ValueError: no"
    assert dict(span.attributes) == {"key": "value", **PROJECT}, "the span stays"


@alone
def test_02_the_name_is_the_functions_by_default(block):
    quoted = '    span_name="Custom span name",   # Default: function name\n'
    span, (record,) = decorated(block, **{quoted: ""})
    assert span.name == record.body["function.name"] == "my_function"


@alone
def test_03_blocks_of_code(block):
    steps = []

    def step(name):
        def work(data):
            steps.append((name, libtracer.get_current_span().span_id))
            return [*data, name]

        return work

    with capture() as captured:
        names = block.run(preprocess=step("a"), run_model=step("b"), postprocess=step("c"))
        assert names["complex_workflow"](["x", "y"]) == ["x", "y", "a", "b", "c"]
    expected = ["Data preparation", "Model inference", "Post-processing"]
    assert [span.name for span in captured.spans] == expected
    assert [span_id for _, span_id in steps] == [span.span_id for span in captured.spans]
    assert dict(captured.spans[0].attributes) == {"data_size": 2, **PROJECT}
    assert captured.logs == []


@alone
def test_04_options_of_the_context_manager(block):
    libtracer.init()
    with capture() as captured:
        block.run(start_span=start_span)
    span = one(captured)
    assert span.name == "Span name"
    assert dict(span.attributes) == {"custom": "attribute", "dynamic_value": 42, **PROJECT}


@alone
def test_04_an_exception_that_is_not_recorded(block):
    libtracer.init()
    failing = block.instead(text={"# Your code here": "raise ValueError('no')"})
    with capture() as captured:
        with pytest.raises(ValueError, match="no"):
            failing.run(start_span=start_span)
        recorded = block.instead(
            text={"# Your code here": "raise ValueError('no')", "=False": "=True"}
        )
        with pytest.raises(ValueError, match="no"):
            recorded.run(start_span=start_span)
    for span in captured.spans:
        assert span.status.description == "ValueError: no"
    assert [len(span.events) for span in captured.spans] == [0, 1]


@alone
def test_04_before_init_there_is_a_span_that_does_nothing(block):
    with capture() as captured:
        names = block.run(start_span=start_span)
    assert captured.spans == []
    assert not names["span"].is_recording()


@alone
def test_05_custom_attributes(block):
    libtracer.init()
    with capture() as captured:
        names = block.run(start_span=start_span, traced=traced)
        names["generate_with_gpt4"]("Hello")
    by_context_manager, by_decorator = captured.spans
    assert by_context_manager.name == "Query processing"
    assert dict(by_context_manager.attributes) == {
        "query_type": "search",
        "filters_applied": True,
        "result_limit": 10,
        **PROJECT,
    }
    assert by_decorator.name == "generate_with_gpt4"
    assert dict(by_decorator.attributes) == {
        "model": "gpt-4",
        "version": "1.0",
        "temperature": 0.7,
        **PROJECT,
    }
    (record,) = captured.logs
    assert record.body["function.arguments"] == {"prompt": "Hello"}


def run_09_the_key(block, url):
    block.read()
    libtracer.init(otel_endpoint=url, otel_exporter_otlp_protocol="http/protobuf")
    with libtracer.start_span("operation"):
        pass
    assert libtracer.force_flush(30)


def test_09_the_key_goes_to_the_endpoint(block):
    ((name, value),) = [
        line.removeprefix("export ").split("=", 1) for line in block.read().splitlines()
    ]
    assert (name, value) == ("PATRONUS_API_KEY", '"your-api-key"')
    received = []

    def receiver(path, headers, body):
        received.append((path, {key.lower(): text for key, text in headers.items()}))
        return 200, b""

    with serving(receiver) as host:
        in_new_process(run_09_the_key, f"http://{host}", **{name: value.strip('"')})
    ((_, headers),) = [each for each in received if each[0] == "/v1/traces"]
    assert headers["x-api-key"] == "your-api-key"
