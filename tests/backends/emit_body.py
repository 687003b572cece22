"""What emit.py says."""

BODY = {
    "function.name": "greet",
    "function.arguments": {"name": "häuser 🏠", "rest": [1, -(2**63), 0.5, True, None, b"\0\xff"]},
    "deep": [[{"k": []}], {}],
}
