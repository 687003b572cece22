"""The later blocks of the document on spans with tags: testing, patterns, practices."""

import gc
from types import SimpleNamespace
from unittest.mock import patch

import libtracer
import pytest
from libtracer import tracer
from libtracer.tracer import Span, get_current_span, set_current_span, with_span
from opentelemetry.trace import StatusCode
from stand_ins import one

DOCUMENT = "foundation"


def hierarchy():
    with with_span("root"):
        with with_span("first"):
            pass
        with Span("second"):
            pass


def test_14_capturing_spans_in_tests(block, captured):
    def traced_function():
        assert get_current_span() is None
        with with_span("work"):
            return 42

    names = block.run(
        my_traced_function=traced_function,
        expected_value=42,
        my_hierarchical_function=hierarchy,
        patch=patch,
    )
    left = Span("left by another test")
    set_current_span(left)
    names["test_traced_function"]()
    assert [span.name for span in captured.spans] == ["work"]
    assert captured.spans[0].parent is None, "isolated from what was current"
    names["test_span_hierarchy"]()
    assert get_current_span() is None
    left.finish()
    del names
    gc.collect()  # what the mock kept from finishing ends with its last reference
    assert {span.name for span in captured.spans} > {"root", "first", "second"}


def test_15_mock_tracing(block, captured):
    def traced_function():
        with tracer.Span("expected_operation_name") as span:
            span.set_tag("expected_key", "expected_value")

    names = block.run(traced_function=traced_function)
    names["test_without_actual_tracing"]()
    assert captured.spans == []
    traced_function()
    assert dict(one(captured).attributes) == {"expected_key": "expected_value"}


def test_16_a_decorator(block, captured):
    names = block.run(create_user=lambda email, password: {"email": email})
    register = names["register_user"]
    assert register.__name__ == "register_user"
    assert register("a@b.c", password="x") == {"email": "a@b.c"}
    span = one(captured)
    assert span.name == "user_registration"
    assert dict(span.attributes) == {
        "function": "register_user",
        "module": "snippet",
        "arg_count": 1,
        "kwarg_count": 1,
        "success": True,
    }


def test_16_a_decorator_of_what_fails(block, captured):
    def create_user(email, password):
        raise ValueError("taken")

    names = block.run(create_user=create_user)
    with pytest.raises(ValueError, match="taken"):
        names["trace_function"]()(names["register_user"])("a@b.c", "x")
    inner, outer = captured.spans
    assert outer.name == "snippet.register_user"
    assert inner.parent_id == outer.span_id
    assert {span.status.description for span in (inner, outer)} == {"ValueError: taken"}
    assert [len(span.events) for span in (inner, outer)] == [1, 1]


def test_17_a_class(block, captured):
    service = block.run(transformed_data=[1, 2])["TracedService"]("users")
    assert service.process_data([3]) == [1, 2]
    inner, outer = captured.spans
    assert (inner.name, outer.name) == ("users.transform_data", "users.process_data")
    assert inner.parent_id == outer.span_id
    assert dict(outer.attributes) == {"data_size": 1, "service": "users", "result_size": 2}


def test_18_names(block, captured):
    made = []

    def with_span_(name):
        made.append(with_span(name))
        return made[-1]

    block.run(with_span=with_span_)
    assert [span.name for span in made] == [
        "user_service.authenticate",
        "database.users.query",
        "payment_gateway.charge",
        "function1",
        "db",
        "call",
    ]
    assert get_current_span() is None, "making a span does not make it current"
    assert {span.parent_id for span in made} == {None}
    for span in made:
        span.finish()
    assert [span.name for span in captured.spans] == [span.name for span in made]


def test_19_tags(block, captured):
    with with_span("tagged") as span:
        block.run(
            span=span,
            user=SimpleNamespace(id="usr_1"),
            tenant=SimpleNamespace(id="ten_1"),
            request=SimpleNamespace(correlation_id="cor_1"),
        )
    assert dict(one(captured).attributes) == {
        "service": "user-api",
        "version": "1.2.0",
        "environment": "production",
        "user_id": "usr_1",
        "tenant_id": "ten_1",
        "correlation_id": "cor_1",
    }


def test_20_the_context_of_an_error(block, captured):
    requests = pytest.importorskip("requests")
    error = requests.HTTPError(
        "503 Server Error",
        response=SimpleNamespace(status_code=503),
        request=SimpleNamespace(url="http://api/x"),
    )

    def external_api_call():
        raise error

    with with_span("call") as span, pytest.raises(requests.HTTPError) as raised:
        block.run(requests=requests, span=span, external_api_call=external_api_call)
    assert raised.value is error
    span = one(captured)
    assert dict(span.attributes) == {
        "http_status": 503,
        "endpoint": "http://api/x",
        "retry_eligible": True,
    }
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "HTTPError: 503 Server Error"
    assert [event.name for event in span.events] == ["exception"]


def test_21_finished_either_way(block, captured):
    current = []
    names = block.run(
        with_span=with_span, Span=Span, do_work=lambda: current.append(get_current_span())
    )
    assert [span.name for span in captured.spans] == ["operation", "operation"]
    assert current[0].name == "operation"
    assert current[1] is None, "a span that is managed by hand is not current"
    assert names["span"].end_time is not None


def test_22_over_instrumentation(block, captured):
    with pytest.raises(SyntaxError):  # as written its last block has a comment for a body
        block.run()
    calls = []
    block.instead(text={"# Too granular!": "pass"}).run(
        with_span=with_span,
        validate_email=lambda: calls.append("validate"),
        hash_password=lambda: calls.append("hash"),
        save_to_db=lambda: calls.append("save"),
    )
    assert calls == ["validate", "hash", "save"]
    names = [span.name for span in captured.spans]
    assert names == [
        "user_registration",
        "string_match",
        "regex_check",
        "validate_email",
        "user_registration",
    ]
    *nested, root = captured.spans[1:]
    assert [span.parent_id for span in nested] == [
        nested[1].span_id,
        nested[2].span_id,
        root.span_id,
    ]
    assert libtracer.get_current_span() is None
