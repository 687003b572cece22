"""Fork, multiprocessing and the end of the process."""

import multiprocessing
import os
import subprocess
import sys
import time

import libtracer
import pytest
from program import run

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    # CPython 3.12 and later warn about every fork of a process with threads.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def in_child(function):
    """Run a function in a forked child and return its text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.write(writing, str(function()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return text


def test_ids_after_a_fork_are_new():
    def ids():
        with libtracer.start_span("op") as span:
            return (span.trace_id, span.span_id)

    found = [in_child(ids) for _ in range(3)] + [str(ids())]
    assert len(set(found)) == 4


def test_a_span_of_the_parent_is_a_valid_parent_and_takes_no_writes_in_the_child(captured):
    with libtracer.start_span("parent") as parent:

        def child():
            parent.set_attribute("from child", 1)
            recording = parent.is_recording()
            with libtracer.start_span("child") as span:
                assert span.trace_id == parent.trace_id
                found = span.parent_id
            parent.end()
            return (recording, found)

        assert in_child(child) == str((False, parent.span_id))
        assert parent.is_recording()
    assert parent.attributes == {}
    assert [span.name for span in captured.spans] == ["parent"]


def test_the_account_of_a_child_starts_from_zero():
    def started():
        with libtracer.start_span("op"):
            pass
        return libtracer.stats()["started"]

    with libtracer.start_span("op"):
        assert in_child(started) == "1"


CONSOLE = """
    import libtracer
    libtracer.configure_tracing(service_name="s", exporter="console")
"""


def test_exit_flushes():
    out = run(f"""
    {CONSOLE}
    with libtracer.start_span("at the end"):
        pass
    """)
    assert "at the end" in out


def test_sys_exit_and_a_raised_exception_flush_too():
    out = run(f"""
    {CONSOLE}
    import sys
    with libtracer.start_span("leaving"):
        sys.exit(0)
    """)
    assert "leaving" in out


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_child_of_multiprocessing_flushes(method, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import libtracer, multiprocessing, sys\n"
        "def work(n):\n"
        "    libtracer.configure_tracing(service_name='s', exporter='console')\n"
        "    with libtracer.start_span(f'work {n}'):\n"
        "        pass\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(sys.argv[1])\n"
        "    children = [context.Process(target=work, args=(n,)) for n in range(2)]\n"
        "    [child.start() for child in children]\n"
        "    [child.join() for child in children]\n"
        "    assert not any(child.exitcode for child in children)\n"
    )
    result = subprocess.run(
        [sys.executable, str(program), method],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "work 0" in result.stdout
    assert "work 1" in result.stdout


def test_a_dead_endpoint_does_not_hold_up_the_exit():
    begin = time.monotonic()
    run("""
    import libtracer
    libtracer.configure_tracing(endpoint="http://10.255.255.1:4318")
    for _ in range(100):
        with libtracer.start_span("lost"):
            pass
    """)
    assert time.monotonic() - begin < 2.0 + 3.0  # the budget, and the interpreter's own time


def test_waiting_for_a_flush_lets_other_threads_run():
    out = run("""
    import libtracer, socket, threading, time
    silent = socket.create_server(("127.0.0.1", 0))
    libtracer.configure_tracing(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
    with libtracer.start_span("op"):
        pass
    ticks = []
    def tick():
        while not done:
            ticks.append(1)
            time.sleep(0.01)
    done = []
    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    assert libtracer.force_flush(timeout=0.5) is False
    waited = time.monotonic() - begin
    done.append(1)
    thread.join()
    print(0.4 < waited < 2, len(ticks) > 10)
    libtracer.shutdown(timeout=0)
    """)
    assert out.split() == ["True", "True"]


def test_a_thread_that_runs_on_at_the_end_is_safe():
    run("""
    import libtracer, threading, time
    libtracer.configure_tracing(exporter="none")
    def forever():
        while True:
            with libtracer.start_span("op", attributes={"a": [1]}):
                pass
    for _ in range(3):
        threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.2)
    """)


OPEN_SPANS = """
import asyncio, libtracer, multiprocessing, sys
from opentelemetry import trace

def work(n):
    current = trace.get_current_span().get_span_context()
    libtracer.configure_tracing(service_name="s", exporter="none")
    with libtracer.start_span("child") as span:
        assert (span.parent.span_id if span.parent else 0) == current.span_id
    return current.span_id

def nested(n):
    return asyncio.run(coroutine(n))

async def coroutine(n):
    return work(n)

if __name__ == "__main__":
    libtracer.configure_tracing(service_name="s", exporter="none")
    method = sys.argv[1]
    context = multiprocessing.get_context(method)
    with libtracer.start_span("outer"), libtracer.start_span("inner") as inner:
        with context.Pool(2) as pool:
            seen = set(pool.map(work, range(4))) | set(pool.map(nested, range(2)))
            pool.close()
            pool.join()
        assert inner.is_recording()
    # A forked child inherits what was current; one that was not begins with nothing.
    assert seen == {int(inner.span_id, 16) if method == "fork" else 0}, seen
    assert libtracer.stats()["open"] == 0
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_children_of_multiprocessing_with_spans_open(method, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(OPEN_SPANS)
    result = subprocess.run(
        [sys.executable, str(program), method],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_an_exit_handler_of_the_program_may_record_and_be_flushed():
    out = run(f"""
    import atexit
    {CONSOLE}
    @atexit.register
    def last():
        with libtracer.start_span("in exit handler"):
            pass
    """)
    assert "in exit handler" in out


def test_threads_of_every_kind_that_run_on_at_the_end_are_safe():
    """Daemon threads stop at their next line of Python; native code of theirs runs on."""
    run("""
    import asyncio, ctypes, libtracer, threading
    from opentelemetry import baggage, context, trace
    library = ctypes.CDLL(libtracer.get_library())
    class Span(ctypes.Structure):
        _fields_ = (("slot", ctypes.c_uint64), ("generation", ctypes.c_uint64))
    library.tracer_span_begin.restype = Span
    library.tracer_span_finish.argtypes = (Span,)
    libtracer.configure_tracing(exporter="none")
    going = threading.Semaphore(0)
    def native():
        with libtracer.start_span("around"):
            while True:
                library.tracer_span_finish(library.tracer_span_begin(b"native"))
                going.release()
    def attaching():
        while True:
            token = context.attach(baggage.set_baggage("k", "v"))
            with trace.use_span(libtracer.get_tracer().start_span("op"), end_on_exit=True):
                going.release()
            context.detach(token)
    async def task():
        while True:
            with libtracer.start_span("op"):
                await asyncio.sleep(0)
                going.release()
    for work in (native, attaching, lambda: asyncio.run(task())):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(500):
        going.acquire()
    """)


def test_another_interpreter_of_the_process_is_refused_clearly():
    out = run(
        """
    import libtracer, sys
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    libtracer.configure_tracing(exporter="none")
    code = '''
    try:
        import libtracer
    except ImportError as error:
        import os
        os.write(1, str(error).encode())
    '''
    import textwrap
    made = interpreters.create(*["legacy"][: sys.version_info >= (3, 13)])
    interpreters.run_string(made, textwrap.dedent(code))
    interpreters.destroy(made)
    with libtracer.start_span("the first one goes on") as span:
        assert span.is_recording()
    """,
        warnings="default",
    )
    assert (
        "another one has imported it" in out or "does not support loading in subinterpreters" in out
    )
