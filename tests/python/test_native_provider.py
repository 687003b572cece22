"""What a provider has natively: samplers below parents, limits, the account."""

import gc

import pytest
from libtracer.trace import TracerProvider
from libtracer.trace.export import BatchSpanProcessor, OTLPFileExporter
from opentelemetry import trace as api
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    TraceIdRatioBased,
)


def below(sampled: bool, remote: bool) -> object:
    """A context with a parent of this kind."""
    flags = api.TraceFlags(int(sampled))
    parent = api.SpanContext(7, 9, is_remote=remote, trace_flags=flags)
    return api.set_span_in_context(api.NonRecordingSpan(parent))


@pytest.mark.parametrize(
    ("kind", "sampled", "remote"),
    [
        ("remote_parent_sampled", True, True),
        ("remote_parent_not_sampled", False, True),
        ("local_parent_sampled", True, False),
        ("local_parent_not_sampled", False, False),
    ],
)
def test_each_delegate_of_parent_based_decides_natively(
    kind: str, sampled: bool, remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opposite = ALWAYS_OFF if sampled else ALWAYS_ON
    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON, **{kind: opposite}))
    asked = []
    monkeypatch.setattr(ParentBased, "should_sample", lambda *args: asked.append(args))
    tracer = provider.get_tracer("t")
    for is_sampled in (True, False):
        for is_remote in (True, False):
            span = tracer.start_span("s", context=below(is_sampled, is_remote))
            chosen = (is_sampled, is_remote) == (sampled, remote)
            assert span.is_recording() is (not is_sampled if chosen else is_sampled)
            span.end()
    assert tracer.start_span("root").is_recording()
    assert not asked


def test_parent_based_within_parent_based_is_asked_in_python_or_natively_alike() -> None:
    inner = ParentBased(ALWAYS_OFF, remote_parent_sampled=TraceIdRatioBased(0.0))
    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON, remote_parent_sampled=inner))
    tracer = provider.get_tracer("t")
    span = tracer.start_span("s", context=below(sampled=True, remote=True))
    assert not span.is_recording()


@pytest.mark.parametrize(("limit", "kept"), [(0, 0), (None, 200), (3, 3)])
def test_a_limit_may_be_none_or_zero(limit: int | None, kept: int) -> None:
    limits = SpanLimits(
        max_span_attributes=SpanLimits.UNSET if limit is None else limit,
        max_events=SpanLimits.UNSET if limit is None else limit,
    )
    tracer = TracerProvider(span_limits=limits).get_tracer("t")
    span = tracer.start_span("s")
    for number in range(200):
        span.set_attribute(f"k{number}", number)
        span.add_event("e")
    span.end()
    assert len(span.attributes) == kept
    assert len(span.events) == kept


def test_the_account_of_a_provider_is_its_own(tmp_path) -> None:
    provider = TracerProvider()
    tracer = provider.get_tracer("t")
    tracer.start_span("lost").end()
    assert provider._native.stats()["dropped_no_exporter"] == 1
    exporter = OTLPFileExporter(str(tmp_path / "traces.jsonl"))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer.start_span("written").end()
    assert provider.force_flush()
    account = provider._native.stats()
    assert (account["started"], account["exported"], account["dropped"]) == (1, 1, 0)
    assert '"written"' in (tmp_path / "traces.jsonl").read_text()


@pytest.mark.parametrize("exports", [False, True])
def test_a_provider_accounts_for_nothing_of_those_that_were_dropped(
    exports: bool, tmp_path
) -> None:
    def end_one(provider: TracerProvider) -> None:
        provider.get_tracer("t").start_span("s").end()

    end_one(TracerProvider())
    gc.collect()
    provider = TracerProvider()
    end_one(provider)
    assert provider.stats()["started"] == provider.stats()["dropped_no_exporter"] == 1
    if exports:
        exporter = OTLPFileExporter(str(tmp_path / "traces.jsonl"))
        provider.add_span_processor(BatchSpanProcessor(exporter))
        end_one(provider)
        assert provider.force_flush()
    account = provider.stats()
    counted = account["started"], account["exported"], account["dropped"]
    assert counted == ((1, 1, 0) if exports else (1, 0, 1))
