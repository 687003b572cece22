"""What core/examples/export_all.rs sends, as plain values: the judge of what servers give back."""

from __future__ import annotations

from typing import Any

from receivers.received import Event, Link, Scope

START = 1_700_000_000_123_456_789
MILLISECOND = 1_000_000
LEAST, MOST = -(2**63), 2**63 - 1

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
REMOTE_PARENT = "b7ad6b7169203331"
TRACE_STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
SCHEMA_URL = "https://opentelemetry.io/schemas/1.30.0"
ENVIRONMENT = {
    "OTEL_SERVICE_NAME": "sender",
    "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=pr%C3%BCfung,empty=",
}
RESOURCE = {
    "service.name": "sender",
    "deployment.environment.name": "prüfung",
    "empty": "",
    "telemetry.sdk.name": "libtracer",
    "telemetry.sdk.language": "rust",
}

# Span.flags of OTLP: the W3C flags, and above them what is known of the parent.
SAMPLED = 0x01
RANDOM = 0x02
HAS_IS_REMOTE = 0x100
IS_REMOTE = 0x200

STRINGS = ["a", "", "ç"]
INTS = [LEAST, 0, MOST]
INNER = {"deep": STRINGS, "none": None}
VALUES = {
    "text": "häuser 🏠",
    "text.empty": "",
    "text.control": 'tab\t quote" backslash\\ newline\n bell\x07',
    "schlüssel": "Schlüssel",
    "yes": True,
    "no": False,
    "int.least": LEAST,
    "int.most": MOST,
    "int.zero": 0,
    "double": 0.1,
    "double.whole": 2.0,
    "double.large": 1.797e308,
    "bytes": bytes([0, 1, 127, 128, 255]),
    "bytes.empty": b"",
    "null": None,
    "array.strings": STRINGS,
    "array.ints": INTS,
    "array.doubles": [0.5, -3.0],
    "array.bools": [True, False],
    "array.empty": [],
    "array.mixed": [1, "two", True, None, 2.5, b"raw", INTS, INNER],
    "map": {"a": 1, "b": INNER},
    "map.empty": {},
}
EXCEPTION = {"exception.type": "ValueError", "exception.message": "zu spät ⏰", "attempt": 2}
LINKS = [
    Link(
        "1" * 16 + "a" * 16,
        "2" * 16,
        {"reason": "batch", "index": 0},
        trace_state="vendor=1",
        flags=SAMPLED | HAS_IS_REMOTE | IS_REMOTE,
    ),
    Link("3" * 16 + "4" * 16, "5" * 16, {}, flags=HAS_IS_REMOTE | IS_REMOTE),
]

ALL = Scope("export.all", "1.2.3", {}, SCHEMA_URL)
OTHER = Scope("häuser")
DEFAULTS: dict[str, Any] = {
    "trace_id": TRACE_ID,
    "trace_state": TRACE_STATE,
    "parent": "GET /shop/{id}",
    "kind": 1,
    "attributes": {},
    "events": [],
    "links": [],
    "status": (0, ""),
    "flags": SAMPLED | HAS_IS_REMOTE,
    "dropped": (0, 0, 0),
    "scope": ALL,
}
BRIEF = {"start": START + 5 * MILLISECOND, "end": START + 5 * MILLISECOND + 999, "scope": OTHER}

# By name; `parent` is a name too, `None` for a root.
SPANS: dict[str, dict[str, Any]] = {
    "GET /shop/{id}": {
        "parent": REMOTE_PARENT,
        "kind": 2,
        "start": START,
        "end": START + 50 * MILLISECOND,
        "attributes": {
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "server.address": "shop.example",
        },
        "events": [
            Event("received", START + MILLISECOND, {}),
            Event("exception", START + 2 * MILLISECOND, EXCEPTION),
        ],
        "links": LINKS,
        "status": (1, ""),
        "flags": SAMPLED | HAS_IS_REMOTE | IS_REMOTE,
    },
    "attributes 🏠": {
        "start": START + 3 * MILLISECOND,
        "end": START + 4 * MILLISECOND,
        "attributes": VALUES,
    },
    "query": {
        **BRIEF,
        "kind": 3,
        "attributes": {
            "peer.service": "datenbank",
            "server.address": "127.0.0.9",
            "server.port": 5432,
        },
        "status": (2, "zu spät"),
    },
    "publish": {**BRIEF, "kind": 4},
    "receive": {**BRIEF, "kind": 5},
    "extremes": {
        "trace_id": None,
        "trace_state": "",
        "parent": None,
        "start": START,
        "end": START + 1,
        "attributes": {
            "nan": float("nan"),
            "infinite": float("inf"),
            "infinite.minus": float("-inf"),
            **{f"many.{index}": index for index in range(125)},
        },
        "events": [Event("many", START + index, {}) for index in range(128)],
        "links": [Link(*LINKS[0][:2], {}, flags=LINKS[0].flags)] * 128,
        "flags": SAMPLED | RANDOM | HAS_IS_REMOTE,
        "dropped": (5, 2, 2),
    },
}
COUNT = len(SPANS)
IN_TRACE = COUNT - 1
