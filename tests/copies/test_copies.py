"""Copies of the library in one process: one trace, one current span, one exporter."""

import json

import pytest
import receivers
from conftest import KINDS, path_of

NESTED = ["piece.inner > back", "piece.outer > piece.inner", "root > piece.outer", "None > root"]


@pytest.mark.parametrize("loader", ["CDLL", "PyDLL"])
@pytest.mark.parametrize("first", ["piece", "python"])
def test_spans_of_two_copies_are_one_tree(run, piece, first, loader):
    """With the GIL and without it, whoever was loaded and used first."""
    shown = run(
        f"""
        if {first!r} == "piece":
            loaded = piece(sys.argv[1], ctypes.{loader})
            loaded.piece_work(None)  # nobody is configured: nowhere to go
        import libtracer
        from libtracer.testing import capture
        libtracer.configure_tracing("tests", exporter="none")
        if {first!r} == "python":
            loaded = piece(sys.argv[1], ctypes.{loader})
        with capture() as captured:
            work(loaded)
            loaded.piece_work(None)
        print(json.dumps(tree(captured.spans)))
        inner = captured.spans[1]
        assert dict(inner.attributes) == {{"number": 3}}
        assert inner.resource.attributes["service.name"] == "tests"
        assert account(loaded) == [4, 0, 0]
        stats = libtracer.stats()
        assert (stats["started"], stats["open"]) == (6, 0)
        """,
        piece,
    )
    alone = ["piece.outer > piece.inner", "None > piece.outer"]
    assert json.loads(shown) == [*NESTED, *alone]


def test_every_copy_at_once(run):
    pieces = [path_of(kind) for kind in KINDS]
    shown = run(
        """
        import libtracer
        from libtracer.testing import capture
        libtracer.configure_tracing("tests", exporter="none")
        pieces = [piece(path) for path in sys.argv[1:]]
        def deeper(rest):
            if rest:
                return BACK(lambda: rest[0].piece_work(deeper(rest[1:])))
            return BACK(back)
        with capture() as captured, libtracer.start_span("root"):
            deeper(pieces)()
        spans = {span.context.span_id: span for span in captured.spans}
        span, path = captured.spans[0], []
        while span is not None:
            path.append(span.name)
            span = spans.get(span.parent.span_id) if span.parent else None
        print(json.dumps(path))
        """,
        *pieces,
    )
    below = ["piece.inner", "piece.outer"] * len(KINDS)
    assert json.loads(shown) == ["back", *below, "root"]


def test_a_suspended_task_is_current_in_no_copy(run):
    shown = run(
        """
        import libtracer
        from libtracer.testing import capture
        libtracer.configure_tracing("tests", exporter="none")
        loaded = piece(sys.argv[1])
        with capture() as captured, libtracer.start_span("root"):
            loaded.piece_task(BACK(back))
        print(json.dumps(tree(captured.spans)))
        """,
        path_of("static"),
    )
    inside = ["task.inner > back", "task.outer > task.inner", "root > task.outer"]
    assert json.loads(shown) == ["root > back", *inside, "None > root"]


def test_the_configured_copys_sampler_decides(run, piece):
    run(
        """
        import libtracer
        from libtracer.testing import capture
        libtracer.configure_tracing("tests", exporter="none", sample_rate=0.0)
        loaded = piece(sys.argv[1])
        with capture() as captured:
            loaded.piece_work(None)
        assert not captured.spans
        assert account(loaded)[0] == 0
        """,
        piece,
    )


def test_a_forked_child_goes_on(run, piece):
    run(
        f"""
        import os, libtracer
        from libtracer.testing import capture
        libtracer.configure_tracing("tests", exporter="none")
        loaded = piece(sys.argv[1])
        work(loaded)
        child = os.fork()
        if child == 0:
            with capture() as captured:
                work(loaded)
            os._exit(0 if tree(captured.spans) == {NESTED!r} else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """,
        piece,
    )


def test_one_exporter_serves_all(run, piece):
    """The flush of the piece delivers its spans, and the parent's, to a real collector."""
    try:
        with receivers.running(receivers.Collector) as collector:
            run(
                """
                import libtracer
                libtracer.configure_tracing("shop", endpoint=f"{sys.argv[2]}/v1/traces")
                loaded = piece(sys.argv[1])
                work(loaded)
                assert loaded.piece_flush() == 0
                stats = libtracer.stats()
                assert (stats["started"], stats["exported"]) == (4, 4), stats
                """,
                piece,
                collector.endpoint,
            )
            spans = collector.wait_for(4)
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))
    assert {span.name for span in spans} == {"root", "piece.outer", "piece.inner", "back"}
    assert len({span.trace_id for span in spans}) == 1


def test_a_copy_of_another_version_is_told_once_and_left_alone(run, tmp_path):
    other = tmp_path / "other.so"
    other.write_bytes(with_version(path_of("static"), 99))
    run(
        """
        import libtracer
        from libtracer.testing import capture
        libtracer.configure_tracing("tests", exporter="none")
        loaded = piece(sys.argv[1])
        with capture() as captured, libtracer.start_span("root"):
            loaded.piece_work(None)
            loaded.piece_work(None)
        assert tree(captured.spans) == ["None > root"]
        """,
        other,
        said="do not understand each other",
    )


def with_version(path, version):
    """Return a copy of the library whose table says it is of another version."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tracer\0\1" + bytes([1, 0, 0, 0])) + 8
    assert content.find(b"tracer\0\1" + bytes([1, 0, 0, 0]), place) == -1
    content[place : place + 4] = version.to_bytes(4, "little")
    return content
