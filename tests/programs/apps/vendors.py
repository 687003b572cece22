"""`vendors.py sdk|libtracer NAME URL`: what a vendor's library does with a provider."""

import asyncio
import sys

import recorded
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import export


def otlp(url):
    return OTLPSpanExporter(endpoint=f"{url}/v1/traces")


def langfuse_processor(provider, url):
    """Langfuse's processor, alone."""
    from langfuse._client.span_processor import LangfuseSpanProcessor

    processor = LangfuseSpanProcessor(
        public_key="pk",
        secret_key="sk",
        base_url=url,
        should_export_span=lambda span: span.name != "telling",
    )
    provider.add_span_processor(processor)
    recorded.record(provider)


def langfuse_client(provider, url):
    """Langfuse's client, which makes its tracer from the provider that it is given."""
    from langfuse import Langfuse, propagate_attributes

    client = Langfuse(
        public_key="pk",
        secret_key="sk",
        base_url=url,
        tracer_provider=provider,
        mask=lambda *, data, **_: "masked" if data == "secret" else data,
    )
    with (
        client.start_as_current_observation(name="chat", as_type="agent", input={"q": 1}) as chat,
        propagate_attributes(user_id="ada", session_id="s1"),
    ):
        with client.start_as_current_observation(
            name="answer", as_type="generation", model="m", input="secret"
        ) as generation:
            generation.update(output={"a": [1, 2]}, usage_details={"input": 3, "output": 4})
        with provider.get_tracer("other").start_as_current_span("not of langfuse"):
            pass
        child = chat.start_observation(name="tool", as_type="tool", metadata={"k": "v"})
        child.update(level="ERROR", status_message="broke").end()
    client.flush()


def logfire_processors(provider, url):
    """The processors that logfire puts before its exporters, in its order."""
    from logfire._internal.baggage import DirectBaggageAttributesSpanProcessor
    from logfire._internal.exporters.dynamic_batch import DynamicBatchSpanProcessor
    from logfire._internal.exporters.processor_wrapper import (
        CheckSuppressInstrumentationProcessorWrapper,
        MainSpanProcessorWrapper,
    )
    from logfire._internal.scrubbing import Scrubber
    from logfire._internal.tracer import PendingSpanProcessor
    from opentelemetry.sdk.trace import SynchronousMultiSpanProcessor

    scrubber = Scrubber([])
    several = SynchronousMultiSpanProcessor()
    several.add_span_processor(DirectBaggageAttributesSpanProcessor())
    several.add_span_processor(DynamicBatchSpanProcessor(otlp(url)))
    pending = MainSpanProcessorWrapper(export.SimpleSpanProcessor(otlp(url)), scrubber)
    several.add_span_processor(PendingSpanProcessor(recorded.Counting(), pending))
    main = MainSpanProcessorWrapper(several, scrubber)
    provider.add_span_processor(CheckSuppressInstrumentationProcessorWrapper(main))
    recorded.record(provider)
    tracer = provider.get_tracer("opentelemetry.instrumentation.fastapi")
    attributes = {"http.status_code": 500, "password": "hunter2"}
    tracer.start_span("GET /", kind=trace.SpanKind.SERVER, attributes=attributes).end()


def openinference_tracer(provider, url):
    """OpenInference's tracer around ours, with its decorators and its masks."""
    from openinference.instrumentation import OITracer, TraceConfig, using_attributes

    provider.add_span_processor(export.SimpleSpanProcessor(otlp(url)))
    config = TraceConfig(hide_outputs=True)
    tracer = OITracer(provider.get_tracer("agents"), config=config)

    @tracer.tool
    def add(left: int, right: int) -> int:
        """Adds."""
        return left + right

    @tracer.chain
    async def chain(question: str) -> str:
        return f"{question} {add(1, 2)}"

    with (
        using_attributes(session_id="s1", user_id="ada", metadata={"k": "v"}, tags=["a"]),
        tracer.start_as_current_span("agent", openinference_span_kind="agent") as span,
    ):
        span.set_input("question")
        assert asyncio.run(chain("1 + 2 =")) == "1 + 2 = 3"
        span.set_output({"answer": 3})
        span.set_status(trace.StatusCode.OK)
        try:
            add("1", 2)
        except TypeError:
            span.add_event("refused")


def openinference_project(provider, url):
    """OpenInference's project switch, which changes how the SDK's class is made."""
    from openinference.instrumentation import dangerously_using_project

    provider.add_span_processor(export.SimpleSpanProcessor(otlp(url)))
    tracer = provider.get_tracer("project")
    with dangerously_using_project("other"), tracer.start_as_current_span("inside"):
        pass
    with tracer.start_as_current_span("outside"):
        pass


def main(kind, name, url):
    provider = recorded.provider(kind)
    globals()[name](provider, url)
    assert provider.force_flush()
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
