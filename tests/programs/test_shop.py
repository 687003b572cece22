"""A C++ web server and a Python program that asks it by httpx, in one trace: `examples/shop`."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import free_port, tree

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"
PROGRAM = os.environ["SHOP_PROGRAM"]  # built by tools/shop_test.sh

TRACE = """\
customer: check_orders (1)
  customer: GET (3)
    shop: GET /orders/{id} (2)
      shop: load order (1)
      shop: total (1)
        shop: price (1)
        shop: price (1)
        shop: price (1)
  customer: GET (3)
    shop: GET /orders/{id} (2)
      shop: load order (1)
      shop: total (1)
        shop: price (1)
  customer: GET (3)
    shop: GET /orders/{id} (2)
      shop: load order (1)""".splitlines()


@pytest.fixture
def shop(surroundings):
    """The running shop: its URL and its log."""
    port = free_port()
    with surroundings.serving(PROGRAM, port, port=port) as log:
        yield f"http://127.0.0.1:{port}", log


def ask(surroundings, url, *orders):
    return surroundings.run(sys.executable, SHOP / "customer.py", url, *orders).splitlines()


def named(spans, service, name):
    return [s for s in spans if (s.resource["service.name"], s.name) == (service, name)]


def test_a_python_program_and_a_cpp_server_are_in_one_trace(surroundings, shop):
    url, _ = shop
    assert ask(surroundings, url, "1", "2", "9") == [
        '1: 200 {"user": "ada", "total": 30}',
        '2: 200 {"user": "grace", "total": 370}',
        "9: 404 no such order",
    ]
    spans = surroundings.wait_for(16)
    assert len({span.trace_id for span in spans}) == 1
    assert sorted(tree(spans)) == sorted(TRACE)
    by_id = {span.span_id: span for span in spans}
    for request in named(spans, "shop", "GET /orders/{id}"):
        assert by_id[request.parent_span_id].resource["service.name"] == "customer"
        assert request.attributes["http.route"] == "/orders/{id}"
        assert request.attributes["client.address"] == "127.0.0.1"
    languages = {span.resource["telemetry.sdk.language"] for span in spans}
    assert languages == {"cpp", "python"}
    loaded = [span.attributes.get("shop.articles") for span in named(spans, "shop", "load order")]
    assert ["lamp", "desk", "chair"] in loaded
    assert None in loaded


def test_errors_are_on_the_spans_they_passed(surroundings, shop):
    url, log = shop
    assert ask(surroundings, url, "3", "9") == [
        "3: 500 something went wrong",
        "9: 404 no such order",
    ]
    spans = surroundings.wait_for(9)
    (price,) = named(spans, "shop", "price")
    requests = {s.attributes["url.path"]: s for s in named(spans, "shop", "GET /orders/{id}")}
    failed, refused = requests["/orders/3"], requests["/orders/9"]
    for span in (price, failed):
        assert span.status == (2, "no price for unicorn")
        (event,) = span.events
        assert event.attributes["exception.type"] == "std::out_of_range"
        assert event.attributes["exception.message"] == "no price for unicorn"
    assert failed.attributes["http.response.status_code"] == 500
    assert refused.attributes["http.response.status_code"] == 404
    assert refused.status == (0, "")
    (missed,) = (
        s for s in named(spans, "shop", "load order") if s.parent_span_id == refused.span_id
    )
    assert [(event.name, event.attributes["shop.orders"]) for event in missed.events] == [
        ("not found", 3)
    ]
    lines = re.findall(r"trace_id=(\w+) span_id=(\w+) (.*)", log.read_text())
    assert (failed.trace_id, failed.span_id, "failed: no price for unicorn") in lines
    assert (refused.trace_id, refused.span_id, "GET /orders/9 -> 404") in lines


def test_many_at_once_keep_their_own_trees(surroundings, shop):
    url, _ = shop
    answers = ask(surroundings, url, *["2"] * 50)
    assert answers == ['2: 200 {"user": "grace", "total": 370}'] * 50
    spans = surroundings.wait_for(1 + 50 * 7)
    assert len({span.trace_id for span in spans}) == 1
    by_id = {span.span_id: span for span in spans}
    requests = named(spans, "shop", "GET /orders/{id}")
    assert len({span.parent_span_id for span in requests}) == 50
    totals = named(spans, "shop", "total")
    assert len({span.parent_span_id for span in totals}) == 50
    for price in named(spans, "shop", "price"):
        assert by_id[price.parent_span_id].name == "total"


def test_a_request_without_a_caller_begins_a_trace(surroundings, shop):
    url, _ = shop
    subprocess.run(["curl", "-sf", f"{url}/orders/1"], check=True, capture_output=True, timeout=60)
    spans = surroundings.wait_for(4)
    (request,) = named(spans, "shop", "GET /orders/{id}")
    assert (request.parent_span_id, request.kind) == ("", 2)


def test_what_was_served_before_the_end_is_delivered(surroundings):
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, str(port)],
        env={**surroundings.environment, "OTEL_BSP_SCHEDULE_DELAY": "60000"},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        for line in process.stderr:
            if "/orders/1" in line:
                break
        ask(surroundings, f"http://127.0.0.1:{port}", "1")
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(60) == 0
    assert {span.resource["service.name"] for span in surroundings.wait_for(6)} == {
        "customer",
        "shop",
    }
