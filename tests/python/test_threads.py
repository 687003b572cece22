"""Carrying the current span into threads and pools, by our own call and by contrib's package."""

import asyncio
import concurrent.futures
import contextvars
import multiprocessing.pool
import threading
from collections.abc import Iterator

import libtracer
import pytest
from opentelemetry import baggage, context, trace


@pytest.fixture
def instrumented() -> Iterator[None]:
    libtracer.instrument_threads()
    yield
    libtracer.uninstrument_threads()


@pytest.fixture(params=["ours", "contrib"])
def carried(request) -> Iterator[None]:
    if request.param == "ours":
        request.getfixturevalue("instrumented")
        yield
        return
    contrib = pytest.importorskip("opentelemetry.instrumentation.threading")
    instrumentor = contrib.ThreadingInstrumentor()
    instrumentor.instrument()
    yield
    instrumentor.uninstrument()
    del threading.Timer.start  # it puts back what Timer only inherited


def in_thread(work, make=threading.Thread):
    """Run work in a thread and return its result."""
    results = []
    thread = make(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def child_of_current():
    with libtracer.start_span("child") as span:
        return span.parent_id, baggage.get_baggage("b")


def test_a_thread_goes_on_where_it_was_started(carried):
    token = context.attach(baggage.set_baggage("b", "1"))
    with libtracer.start_span("parent") as parent:
        assert in_thread(child_of_current) == (parent.span_id, "1")
    context.detach(token)
    assert in_thread(child_of_current) == (None, None)


def test_a_call_in_a_pool_goes_on_where_it_was_submitted(carried):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with libtracer.start_span("one") as one:
            assert pool.submit(child_of_current).result() == (one.span_id, None)
            assert (
                list(pool.map(lambda _: child_of_current(), range(2))) == [(one.span_id, None)] * 2
            )
        with libtracer.start_span("two") as two:
            assert pool.submit(child_of_current).result() == (two.span_id, None)
        assert pool.submit(child_of_current).result() == (None, None)


def test_a_timer_goes_on_where_it_was_started(carried):
    found = concurrent.futures.Future()
    with libtracer.start_span("parent") as parent:
        timer = threading.Timer(0, lambda: found.set_result(child_of_current()))
        timer.start()
        timer.join()
    assert found.result() == (parent.span_id, None)


def test_asyncios_executor_goes_on_where_it_was_asked(carried):
    async def main():
        loop = asyncio.get_running_loop()
        with libtracer.start_span("parent") as parent:
            assert await loop.run_in_executor(None, child_of_current) == (parent.span_id, None)
            assert await asyncio.to_thread(child_of_current) == (parent.span_id, None)
        assert await loop.run_in_executor(None, child_of_current) == (None, None)

    asyncio.run(main())


def test_a_thread_class_with_a_run_of_its_own_is_carried_into(instrumented):
    class Worker(threading.Thread):
        def run(self):
            self.found = child_of_current()

    with libtracer.start_span("parent") as parent:
        worker = Worker()
        worker.start()
        worker.join()
    assert worker.found == (parent.span_id, None)
    assert "run" not in vars(worker)


def test_a_run_set_on_the_object_is_called_and_stays(instrumented):
    found = []
    thread = threading.Thread()
    thread.run = own = lambda: found.append(child_of_current())
    with libtracer.start_span("parent") as parent:
        thread.start()
        thread.join()
    assert found == [(parent.span_id, None)]
    assert thread.run is own


def test_a_span_of_another_library_is_carried_too(carried):
    remote = trace.SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(remote)):
        assert in_thread(child_of_current)[0] == f"{0xDEF:016x}"


def test_a_worker_of_a_pool_keeps_nothing_of_the_submitter(instrumented):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with libtracer.start_span("first"):
            pool.submit(int).result()
        base = pool.submit(contextvars.copy_context).result()
        assert base.run(trace.get_current_span) is trace.INVALID_SPAN
        assert base.run(context.get_current) == {}


def test_what_an_initializer_attached_stays(instrumented):
    def initialize():
        context.attach(baggage.set_baggage("b", "of the pool"))

    with concurrent.futures.ThreadPoolExecutor(1, initializer=initialize) as pool:
        assert pool.submit(child_of_current).result() == (None, "of the pool")
        with libtracer.start_span("parent") as parent:
            assert pool.submit(child_of_current).result() == (parent.span_id, None)
        assert pool.submit(child_of_current).result() == (None, "of the pool")


def test_exceptions_and_arguments_pass_unchanged(instrumented):
    def fails(a, *, fn):
        raise ValueError(a, fn)

    with concurrent.futures.ThreadPoolExecutor(1) as pool, libtracer.start_span("parent"):
        with pytest.raises(ValueError, match=r"^\(1, 2\)$"):
            pool.submit(fails, 1, fn=2).result()
        with pytest.raises(TypeError):
            pool.submit()


def test_a_thread_that_cannot_start_is_left_as_it_was(instrumented):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    with libtracer.start_span("parent"), pytest.raises(RuntimeError, match="once"):
        thread.start()
    assert "run" not in vars(thread)


def test_it_is_idempotent_and_undone():
    originals = (threading.Thread.start, concurrent.futures.ThreadPoolExecutor.submit)
    libtracer.instrument_threads()
    once = (threading.Thread.start, concurrent.futures.ThreadPoolExecutor.submit)
    libtracer.instrument_threads()
    assert (
        (threading.Thread.start, concurrent.futures.ThreadPoolExecutor.submit) == once != originals
    )
    libtracer.uninstrument_threads()
    libtracer.uninstrument_threads()
    assert (threading.Thread.start, concurrent.futures.ThreadPoolExecutor.submit) == originals
    with libtracer.start_span("parent"):
        assert in_thread(child_of_current) == (None, None)


def test_a_wrapper_put_over_ours_survives_the_undoing(monkeypatch):
    libtracer.instrument_threads()
    ours = threading.Thread.start

    def wrapper(self):
        ours(self)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", wrapper)
        libtracer.uninstrument_threads()
        assert threading.Thread.start is wrapper
        with libtracer.start_span("parent"):
            assert in_thread(child_of_current) == (None, None)
    threading.Thread.start = ours.__wrapped__


def test_a_thread_pool_of_multiprocessing_still_works(instrumented):
    with libtracer.start_span("parent") as parent, multiprocessing.pool.ThreadPool(1) as pool:
        assert pool.apply(child_of_current) == (parent.span_id, None)


def test_many_submitters_keep_their_own(instrumented):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:

        def submitter(_):
            for _ in range(50):
                with libtracer.start_span("parent") as parent:
                    results = [pool.submit(child_of_current) for _ in range(4)]
                    for result in results:
                        assert result.result() == (parent.span_id, None)

        with concurrent.futures.ThreadPoolExecutor(4) as submitters:
            list(submitters.map(submitter, range(4)))
