"""Export without Python: it goes on while the GIL is held, and runs no Python code."""

import subprocess
import sys
from pathlib import Path

import pytest
from program import run
from receivers.base import wait_until

SPANS = 300
SINK = Path(__file__).with_name("sink.py")
PROVIDER = """
    import ctypes, os, sys, threading, time

    from libtracer.trace import TracerProvider
    from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter

    provider = TracerProvider()
    exporter = OTLPSpanExporter(os.environ["ENDPOINT"])
    processor = BatchSpanProcessor(exporter, schedule_delay_millis=200, max_export_batch_size=100)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("native")


    def record(count):
        for number in range(count):
            with tracer.start_as_current_span("op", attributes={"number": number}):
                pass


    arrived = os.environ["FIFO"].encode()
"""


@pytest.fixture
def sink(tmp_path):
    """A receiver in another process; the FIFO can be opened once all spans have arrived there."""
    file, fifo = tmp_path / "port", tmp_path / "arrived"
    subprocess.run(["mkfifo", str(fifo)], check=True)
    process = subprocess.Popen([sys.executable, SINK, file, fifo, str(SPANS)])
    try:
        assert wait_until(file.exists, bool)
        yield {"ENDPOINT": f"http://127.0.0.1:{file.read_text()}", "FIFO": str(fifo)}
    finally:
        process.terminate()
        process.wait()


def test_spans_arrive_while_a_call_holds_the_gil(sink):
    program = f"""
    sys.setswitchinterval(1000)  # a thread gets the GIL only when another one gives it away
    ticks = 0


    def tick():
        global ticks
        while True:
            time.sleep(0.001)
            ticks += 1


    threading.Thread(target=tick, daemon=True).start()
    record({SPANS})
    wait = ctypes.PyDLL(None).open  # PyDLL: the call keeps the GIL
    before = ticks
    descriptor = wait(arrived, os.O_RDONLY)
    after = ticks
    print(descriptor > 2, after - before)
    """
    assert run(PROVIDER + program, **sink).split() == ["True", "0"]


def test_no_python_code_runs_after_the_last_end(sink):
    program = f"""
    events = []


    def note(frame, event, argument):
        events.append((threading.get_ident(), event, frame.f_code.co_name))


    record({SPANS - 1})
    last = tracer.start_span("last")
    wait = ctypes.CDLL(None).open  # CDLL: whoever wants the GIL can have it
    threading.setprofile(note)
    sys.setprofile(note)
    last.end()
    wait(arrived, os.O_RDONLY)
    sys.setprofile(None)
    threading.setprofile(None)
    own = threading.get_ident()
    print([event for event in events if event[0] != own or event[1] in ("call", "return")])
    print(len(sys._current_frames()), threading.active_count())
    """
    assert run(PROVIDER + program, **sink).splitlines() == ["[]", "1 1"]
