"""``ContextTracing``: what it collects, and the summary it prints."""

import asyncio
import re
import sys
import threading

import libtracer
import pytest
from libtracer import _collector
from libtracer.tracing import (
    ContextTracing,
    agent_span,
    generation_span,
    start_span,
    tool_span,
    traced,
)
from opentelemetry import trace
from program import run


@pytest.fixture(params=["rich", "plain"])
def panel(request, monkeypatch, capsys):
    if request.param == "plain":
        for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)
    else:
        pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "90")
    return lambda: capsys.readouterr().out


def generation(model=None, **tokens):
    with generation_span("call") as span:
        if model is not None:
            span.set_attribute("model_name", model)
        for kind, number in tokens.items():
            span.set_attribute(f"{kind}_tokens_used", number)


def cells(line):
    return [cell.strip() for cell in re.split("[│┃]", line)[1:-1] if cell.strip()]


def test_the_summary_counts_spans_and_tokens(panel):
    with ContextTracing().trace("my_operation"):
        generation("gpt-4o-mini", prompt=31, completion=27, cached=0)
        generation("gpt-4o-mini", prompt=1, completion=2, cached=3)
        generation(prompt=5)
        with agent_span("a"), tool_span("t"):
            pass
    lines = panel().splitlines()
    assert lines[0].startswith("╭─ Trace Summary of my_operation ─")
    assert lines[0].endswith("─╮")
    assert lines[-1] == "╰" + "─" * 88 + "╯"
    assert {len(line) for line in lines} == {90}
    assert cells(lines[1]) == ["Total Spans: 6"]
    assert re.fullmatch(r"Duration: \d+\.\d+s", cells(lines[2])[0])
    table = [cells(line) for line in lines if "Tokens" in line or "gpt" in line or "unkn" in line]
    assert table == [
        ["Model", "Prompt Tokens", "Completion Tokens", "Cached Tokens"],
        ["gpt-4o-mini", "32", "29", "3"],
        ["unknown", "5", "0", "0"],
    ]


def test_the_summary_without_generations_and_name(panel):
    with ContextTracing().trace():
        pass
    lines = panel().splitlines()
    assert "Trace Summary of None" in lines[0]
    assert cells(lines[1]) == ["Total Spans: 1"]
    assert cells(lines[3]) == ["No token usage"]


def test_thinking_tokens_have_a_column_when_there_are_some(panel):
    with ContextTracing().trace("thinking"):
        generation("o1", prompt=1, thinking=7)
    assert "Thinking Tokens" in panel()


def test_figures_of_other_conventions_count_once(panel):
    with (
        ContextTracing().trace("conventions"),
        libtracer.get_tracer().start_as_current_span("llm.generate") as front,
    ):
        front.set_attributes({"ai.model": "m", "ai.prompt_tokens": 3, "ai.completion_tokens": 4})
        with libtracer.get_tracer().start_as_current_span("chat m") as client:
            client.set_attributes({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3})
    rows = [cells(line) for line in panel().splitlines() if line.startswith("│ │ m ")]
    assert rows == [["m", "3", "4", "0"]]


def test_markup_and_control_characters_in_names_are_text(panel):
    with ContextTracing().trace("[bold]name[/bold]"):
        generation("[red]model")
    shown = panel()
    assert "[bold]name[/bold]" in shown
    assert "[red]model" in shown


def test_the_summary_is_printed_after_an_error_too(panel, caplog):
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as raised, ContextTracing().trace("failing"):
        raise error
    assert raised.value is error
    assert "Trace Summary of failing" in panel()
    assert [record.message for record in caplog.records] == ["Error in trace collection: no"]


def test_spans_of_every_api_are_collected_in_the_order_of_their_ends(panel):
    @traced
    def function():
        with start_span("block"):
            pass

    with ContextTracing().trace("root") as current:
        spans = current.get_spans()
        function()
        with libtracer.with_span("tagged"):
            pass
        with trace.get_tracer("api").start_as_current_span("api"):
            pass
        assert current.get_spans() is spans
        assert [span.name for span in spans] == ["block", "function", "tagged", "api"]
        assert {span.context.trace_id for span in spans} == {current.trace_id}
    assert current.get_spans() == []
    assert "Total Spans: 5" in panel()


def test_an_inner_trace_has_its_own_list_and_the_outer_all(panel):
    with ContextTracing().trace("outer") as outer:
        with start_span("before"):
            pass
        with ContextTracing().trace("inner") as inner:
            with start_span("inside"):
                pass
            assert [span.name for span in inner.get_spans()] == ["inside"]
        assert [span.name for span in outer.get_spans()] == ["before", "inside", "inner"]
    shown = panel()
    assert re.findall(r"Trace Summary of (\w+)", shown) == ["inner", "outer"]
    assert re.findall(r"Total Spans: (\d+)", shown) == ["2", "4"]


def test_concurrent_traces_are_apart(panel):
    barrier = threading.Barrier(4)

    async def task(name, count):
        with ContextTracing().trace(name):
            for _ in range(count):
                with start_span("step"):
                    await asyncio.sleep(0)

    async def tasks():
        await asyncio.gather(*(task(f"task{count}", count) for count in range(1, 4)))

    def thread(count):
        with ContextTracing().trace(f"thread{count}"):
            barrier.wait()
            for _ in range(count):
                with start_span("step"):
                    pass
            barrier.wait()

    asyncio.run(tasks())
    threads = [threading.Thread(target=thread, args=(count,)) for count in range(1, 5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = re.findall(r"Summary of ([a-z]+)(\d).*?Total Spans: (\d+)", panel(), re.DOTALL)
    assert sorted(found) == sorted(
        [("task", str(n), str(n + 1)) for n in range(1, 4)]
        + [("thread", str(n), str(n + 1)) for n in range(1, 5)]
    )


def test_nothing_is_kept_outside_of_a_block():
    with start_span("outside"):
        pass
    assert _collector._active == {}
    assert _collector._capture == []
    assert ContextTracing() is ContextTracing()


def test_a_global_provider_of_the_sdk_is_heard():
    out = run("""
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        trace.set_tracer_provider(TracerProvider())
        exporter = InMemorySpanExporter()
        trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
        import libtracer
        from libtracer.tracing import ContextTracing, start_span
        for name in ("first", "second"):
            with ContextTracing().trace(name) as current:
                with trace.get_tracer("app").start_as_current_span("sdk's"):
                    with start_span("ours"):
                        pass
                print([span.name for span in current.get_spans()])
        print(len([1 for span in exporter.get_finished_spans()]))
    """)
    assert "Trace Summary of first" in out
    assert out.count("['ours', \"sdk's\"]") == 2
    assert out.count("Total Spans: 3") == 2
    assert out.rstrip().endswith("4")


def test_without_a_global_provider_libtracers_is_set_and_a_sampled_out_trace_is_quiet():
    out = run("""
        import libtracer
        from opentelemetry import trace
        from libtracer.tracing import ContextTracing
        with ContextTracing().trace("first"):
            pass
        print(type(trace.get_tracer_provider()).__module__)
        libtracer.configure_tracing(exporter="none", sample_rate=0.0)
        with ContextTracing().trace("dropped") as current:
            assert current.get_spans() == []
    """)
    assert "Trace Summary of first" in out
    assert "libtracer.trace" in out
    assert "dropped" not in out
