"""The blocks of the document on spans with tags: starting, ending, requests, jobs."""

import asyncio
import json
from types import SimpleNamespace

import libtracer
import pytest
from libtracer.tracer import Span, get_current_span
from opentelemetry.trace import StatusCode
from served import serving
from stand_ins import by_name, one, raising

DOCUMENT = "foundation"


def test_01_basic_span_creation(block, captured):
    names = block.run()
    span = one(captured)
    assert (span.name, span.parent) == ("user_login", None)
    assert dict(span.attributes) == {"user_id": "usr_123", "method": "password"}
    assert span.status.status_code is StatusCode.UNSET
    made = names["span"]
    assert (made.status, made.tags) == ("ok", {"user_id": "usr_123", "method": "password"})
    assert made.end_time >= made.start_time
    assert made.to_dict()["duration_ms"] == made.duration_ms() >= 0


def test_02_context_manager(block, captured):
    inside = []
    names = block.run(authenticate_user=lambda: inside.append(get_current_span()))
    assert inside == [names["span"]]
    assert dict(one(captured).attributes) == {"user_id": "usr_123", "method": "password"}


def test_02_is_finished_even_if_an_exception_occurs(block, captured):
    with pytest.raises(PermissionError, match="wrong password"):
        block.run(authenticate_user=raising(PermissionError("wrong password")))
    span = one(captured)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "PermissionError: wrong password"
    assert [event.name for event in span.events] == ["exception"]


def test_03_helper_function_makes_children(block, captured):
    calls = []
    names = block.run(
        process_payment=lambda: calls.append(get_current_span().name),
        update_inventory=lambda: calls.append(get_current_span().name),
    )
    names["process_order"]()
    assert calls == ["payment_processing", "inventory_update"]
    found = by_name(captured)
    order = found["order_processing"]
    assert order.parent is None
    assert dict(order.attributes) == {"order_id": "ord_123"}
    assert dict(found["payment_processing"].attributes) == {"amount": 99.99}
    assert dict(found["inventory_update"].attributes) == {"items_count": 3}
    for name in calls:
        assert found[name].parent_id == order.span_id
        assert found[name].trace_id == order.trace_id
    assert [span.name for span in captured.spans] == [*calls, "order_processing"]


REQUEST = SimpleNamespace(method="GET", path="/users", remote_addr="10.0.0.1")


def run_request(block, validate):
    names = block.run(
        extract_token=lambda request: "token",
        validate_token=validate,
        fetch_user_data=lambda user_id: [user_id, 1, 2],
        transform_data=lambda data: data[1:],
        create_response=lambda result: SimpleNamespace(status_code=200, result=result),
    )
    return names["handle_request"](REQUEST)


def test_04_web_request(block, captured):
    response = run_request(block, lambda token: SimpleNamespace(id="usr_1"))
    assert response.result == [1, 2]
    found = by_name(captured)
    request = found["http_request"]
    assert dict(request.attributes) == {
        "method": "GET",
        "path": "/users",
        "remote_ip": "10.0.0.1",
        "user_id": "usr_1",
        "response_status": 200,
    }
    assert dict(found["authentication"].attributes) == {
        "auth_method": "jwt",
        "user_id": "usr_1",
        "token_valid": True,
    }
    assert dict(found["request_processing"].attributes) == {"user_id": "usr_1", "data_size": 2}
    assert {found[name].parent_id for name in ("authentication", "request_processing")} == {
        request.span_id
    }


def test_04_web_request_that_fails(block, captured):
    with pytest.raises(ValueError, match="expired"):
        run_request(block, raising(ValueError("expired")))
    found = by_name(captured)
    assert set(found) == {"http_request", "authentication"}
    assert found["http_request"].attributes["error_type"] == "ValueError"
    for span in found.values():
        assert span.status.description == "ValueError: expired"
        assert [event.name for event in span.events] == ["exception"]


def database(block, execute):
    # The document's block forgets to import Span, and how a transaction takes its database.
    names = block.run(Span=Span)
    names["TracedTransaction"].__init__ = lambda self, database: None

    class Database(names["TracedDatabase"]):
        def _extract_table(self, sql):
            return sql.split()[3]

        def _execute(self, sql, params):
            return execute(sql, params)

    return Database()


def test_05_database_operations(block, captured):
    db = database(block, lambda sql, params: [1, 2, 3])
    with db.transaction():
        assert db.query("select * from users", {"a": 1}) == [1, 2, 3]
    found = by_name(captured)
    assert dict(found["database_query"].attributes) == {
        "query_type": "SELECT",
        "table": "users",
        "param_count": 1,
        "row_count": 3,
        "success": True,
    }
    assert dict(found["database_transaction"].attributes) == {"committed": True}
    assert found["database_query"].parent_id == found["database_transaction"].span_id


def test_05_database_operations_that_fail(block, captured):
    class LostError(Exception):
        code = 1205

    def work():
        with db.transaction():
            db.query("SELECT * FROM users")

    db = database(block, raising(LostError("connection lost")))
    with pytest.raises(LostError):
        work()
    found = by_name(captured)
    query, transaction = found["database_query"], found["database_transaction"]
    assert (query.attributes["param_count"], query.attributes["error_code"]) == (0, 1205)
    assert query.status.description.endswith("LostError: connection lost")
    assert "committed" not in transaction.attributes
    assert transaction.status.status_code is StatusCode.ERROR
    assert transaction.status.description == "LostError: connection lost"
    assert get_current_span() is None


class PaymentError(Exception):
    pass


@pytest.mark.parametrize("status", [200, 402])
def test_06_the_context_travels_to_another_service(block, captured, status):
    pytest.importorskip("requests")
    received = []

    def payment_service(path, headers, body):
        received.append((path, headers, json.loads(body)))
        context = libtracer.extract_context(headers)
        with libtracer.get_tracer().start_span("charge", context=context):
            pass
        return status, {"payment_id": "pay_1", "error": "card declined"}

    with serving(payment_service) as host:
        local = block.instead(text={"https://payment.example.com/charge": f"http://{host}/charge"})
        call = local.run(get_api_token=lambda: "secret", PaymentError=PaymentError)[
            "call_payment_service"
        ]
        if status == 200:
            assert call(9.5, "card")["payment_id"] == "pay_1"
        else:
            with pytest.raises(PaymentError, match="card declined"):
                call(9.5, "card")
    found = by_name(captured)
    span, remote = found["payment_service_call"], found["charge"]
    ((path, headers, body),) = received
    assert (path, body) == ("/charge", {"amount": 9.5, "card_token": "card"})
    assert headers["trace_id"] == span.trace_id
    assert headers["span_id"] == span.span_id
    assert headers["span_name"] == "payment_service_call"
    assert headers["traceparent"].split("-")[1:3] == [span.trace_id, span.span_id]
    assert headers["Authorization"] == "Bearer secret"
    assert (remote.trace_id, remote.parent_id) == (span.trace_id, span.span_id)
    attributes = dict(span.attributes)
    assert attributes.pop("success", False) is (status == 200)
    assert attributes == {
        "service": "payment-api",
        "amount": 9.5,
        "currency": "USD",
        "response_status": status,
        "payment_id": "pay_1",
    }
    if status == 402:  # what the program said stays, and the exception is recorded
        assert span.status.description == "Payment failed: HTTP 402"
        assert [event.name for event in span.events] == ["exception"]


def test_06_a_service_that_cannot_be_reached(block, captured):
    requests = pytest.importorskip("requests")
    with serving(lambda *_: (200, {})) as host:
        pass  # nobody listens there any more
    local = block.instead(text={"https://payment.example.com": f"http://{host}"})
    call = local.run(get_api_token=lambda: "secret")["call_payment_service"]
    with pytest.raises(requests.ConnectionError):
        call(9.5, "card")
    span = one(captured)
    assert span.attributes["error_type"] == "ConnectionError"
    assert span.status.description.startswith("ConnectionError: ")
    assert len(span.events) == 1


def job(number, kind):
    return SimpleNamespace(
        id=f"job_{number}", type=kind, priority=number, retry_count=number, data={}
    )


def test_07_background_jobs_are_traces_of_their_own(block, captured):
    jobs = [job(1, "email"), job(2, "export"), job(3, "unknown")]
    retried = []

    async def get_pending_jobs():
        return jobs

    async def work(data):
        await asyncio.sleep(0)
        return "done"

    async def schedule_retry(failed):
        retried.append(failed.id)

    names = block.run(
        get_pending_jobs=get_pending_jobs,
        send_email=work,
        generate_export=work,
        schedule_retry=schedule_retry,
    )
    with pytest.raises(ValueError, match="Unknown job type: unknown"):
        asyncio.run(names["process_background_jobs"]())
    found = by_name_and_job(captured)
    roots = {key[1]: span for key, span in found.items() if key[0] == "background_job"}
    assert len({span.trace_id for span in roots.values()}) == 3
    for number, kind in ((1, "email"), (2, "export"), (3, "unknown")):
        root, child = roots[f"job_{number}"], found[f"job_{kind}", f"job_{number}"]
        assert root.parent is None
        assert child.parent_id == root.span_id
        assert (root.attributes["job_type"], root.attributes["priority"]) == (kind, number)
    assert roots["job_1"].attributes["result"] == "done"
    assert roots["job_2"].attributes["success"] is True
    failed = roots["job_3"]
    assert failed.status.description == "ValueError: Unknown job type: unknown"
    assert failed.attributes["retry_count"] == 3
    assert "success" not in failed.attributes
    assert retried == []  # it was tried three times


def by_name_and_job(captured):
    return {(span.name, span.attributes["job_id"]): span for span in captured.spans}
