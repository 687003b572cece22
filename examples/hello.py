"""Run it: python hello.py prints one trace of two spans."""

import libtracer

libtracer.configure_tracing(service_name="hello", exporter="console")


@libtracer.traced
def greet(name: str) -> str:
    """Return a greeting, traced."""
    with libtracer.start_span("compose", attributes={"user": name}) as span:
        span.set_attribute("letters", len(name))
        return f"hello, {name}"


print(greet("ada"))
