"""Greenlets: each has a context of its own, as each thread has."""

import contextvars
import importlib.util
import os
from pathlib import Path

import pytest
from drivers import NONE, OURS, driver
from program import run

greenlet = pytest.importorskip("greenlet")

HERE = str(Path(__file__).parent)


def test_a_greenlet_has_its_own_current_span(way):
    def work(name):
        assert way.current() == NONE
        with way.span(name):
            main.switch()
            assert way.current() == name
            with way.span(f"{name} inner"):
                main.switch()
                assert way.current() == f"{name} inner"
            assert way.current() == name

    main = greenlet.getcurrent()
    with way.span("root"):
        workers = {name: greenlet.greenlet(work) for name in ("a", "b", "c")}
        for name, worker in workers.items():
            worker.switch(name)
            assert way.current() == "root"
        for _ in range(2):
            for worker in workers.values():
                worker.switch()
                assert way.current() == "root"
    assert all(worker.dead for worker in workers.values())
    assert {way.parents[name] for name in workers} == {NONE}
    assert {way.parents[f"{name} inner"] for name in workers} == set(workers)


def test_a_greenlet_that_is_given_a_context(way):
    def work():
        assert way.current() == "root"
        with way.span("child"):
            main.switch()
        assert way.current() == "root"

    main = greenlet.getcurrent()
    with way.span("root"):
        worker = greenlet.greenlet(work)
        worker.gr_context = contextvars.copy_context()
        worker.switch()
        assert way.current() == "root"
    worker.switch()
    assert way.parents["child"] == "root"


@pytest.mark.parametrize("kind", OURS)
def test_a_greenlet_killed_or_dropped_inside_of_a_span(kind, caplog):
    def work():
        with way.bare("inside") as span:
            spans.append(span)
            main.switch()

    main = greenlet.getcurrent()
    spans = []
    with driver(kind) as way, way.span("root"):
        killed = greenlet.greenlet(work)
        killed.switch()
        killed.throw()
        assert way.current() == "root"
        dropped = greenlet.greenlet(work)
        dropped.switch()
        del dropped
        assert way.current() == "root"
        assert all(span.end_time is not None for span in spans)
    if kind != "use_span":
        assert caplog.records == []


GEVENT = """
    from gevent import monkey
    monkey.patch_all()
    import gevent
    def join(workers): gevent.joinall(workers, raise_error=True)
    spawn, sleep = gevent.spawn, gevent.sleep
"""
EVENTLET = """
    import warnings
    warnings.simplefilter("ignore")
    import eventlet
    eventlet.monkey_patch()
    def join(workers):
        for worker in workers: worker.wait()
    spawn, sleep = eventlet.spawn, eventlet.sleep
"""
PATCHED = """
    import concurrent.futures, logging, threading
    import libtracer
    libtracer.configure_tracing(exporter="none")
    from drivers import ALL, NONE, OURS, driver

    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logging.getLogger().addHandler(handler)

    def scenario(way):
        def request(name):
            assert way.current() == NONE, way.current()
            with way.span(name):
                for step in range(3):
                    sleep(0)
                    assert way.current() == name
                    with way.span(f"{name} {step}"):
                        sleep(0)
                        assert way.current() == f"{name} {step}"
            assert way.current() == NONE

        with way.span("root"):
            join([spawn(request, f"r{n}") for n in range(20)])
            assert way.current() == "root"
        for n in range(20):
            assert way.parents[f"r{n}"] == NONE
            assert {way.parents[f"r{n} {step}"] for step in range(3)} == {f"r{n}"}

        def in_thread():
            assert way.current() == NONE
            with way.span("in thread"):
                sleep(0)
                assert way.current() == "in thread"
        with way.span("around"):
            thread = threading.Thread(target=in_thread)
            thread.start()
            thread.join()
            assert way.current() == "around"
        assert way.parents["in thread"] == NONE

    for kind in ALL:
        with driver(kind) as way:
            scenario(way)

    # The one-line opt-in, with threads that are greenlets.
    libtracer.instrument_threads()
    with driver("provider") as way:
        with way.span("root"):
            def child(name):
                with way.span(name):
                    sleep(0)
            thread = threading.Thread(target=child, args=("thread",))
            thread.start()
            thread.join()
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(child, ["p0", "p1", "p2"]))
        assert {way.parents[name] for name in ("thread", "p0", "p1", "p2")} == {"root"}
    assert records == [], records
"""


@pytest.mark.parametrize(("library", "patch"), [("gevent", GEVENT), ("eventlet", EVENTLET)])
def test_a_patched_program(library, patch):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    path = os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])
    run(patch + PATCHED, warnings="default", PYTHONPATH=path)
