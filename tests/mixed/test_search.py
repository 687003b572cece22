"""One trace across Python, C++, C and Rust: the service of `examples/search`."""

import asyncio
import threading
from collections import Counter

import libtracer
from libtracer.testing import capture
from service import Service

DOCUMENT = (
    "A span is a stretch of work with a name, a start and an end.",
    "A trace is a tree of spans; every span but the root has a parent.",
    "The exporter thread sends finished spans; memory is bounded in bytes.",
    "After a fork the child has ids of its own and an account from zero.",
)
QUERY = "memory of spans"


def make_service(pieces, *, hand_over=True):
    service = Service(pieces, hand_over=hand_over)
    service.add("document", DOCUMENT)
    return service


def run(coroutine):
    """Run a coroutine and return its result and the spans that ended."""
    with capture() as captured:
        result = asyncio.run(coroutine)
    return result, captured.spans


def parents(spans):
    """Return the pairs (name, parent's name) with their number; a root's parent is None."""
    names = {span.span_id: span.name for span in spans}
    return Counter((span.name, span.parent_id and names[span.parent_id]) for span in spans)


def expected(queries=1, words=3, answers=3):
    return Counter(
        {
            ("answer", None): queries,
            ("index.find", "answer"): queries,
            ("words.query", "index.find"): queries,
            ("index.lookup", "index.find"): queries * words,
            ("review", "index.find"): queries,
            ("rank.score", "review"): queries,
            ("rank.excerpt", "answer"): queries * answers,
        }
    )


def test_the_answer_is_found(pieces):
    answers, _ = run(make_service(pieces).answer("memory bounded", limit=1))
    assert [answer.title for answer in answers] == ["document"]
    assert "memory is bounded" in answers[0].excerpt


def test_every_language_is_below_the_one_that_called_it(pieces):
    _, spans = run(make_service(pieces).answer(QUERY))
    assert parents(spans) == expected()
    assert len({span.trace_id for span in spans}) == 1
    languages = {span.name: span.attributes.get("language") for span in spans}
    assert languages["answer"] == languages["review"] == "Python"
    assert languages["index.find"] == "C++"
    assert languages["words.query"] == "C"
    assert languages["rank.score"] == languages["rank.excerpt"] == "Rust"
    scopes = {span.name: span.instrumentation_scope.name for span in spans}
    assert scopes["index.find"] == "search.index"
    assert scopes["rank.score"] == "search.rank"


def test_what_the_native_pieces_record_is_kept(pieces):
    _, spans = run(make_service(pieces).answer(QUERY))
    (find,) = (span for span in spans if span.name == "index.find")
    assert find.attributes["query"] == QUERY
    assert [(event.name, event.attributes["count"]) for event in find.events] == [("candidates", 4)]
    assert find.status.is_unset
    for span in spans:
        assert span.start_time <= span.end_time
        assert span.resource.attributes["service.name"] == "tests"


def test_an_error_set_in_cpp_is_on_its_span(pieces):
    answers, spans = run(make_service(pieces).answer("zebra"))
    assert answers == []
    (find,) = (span for span in spans if span.name == "index.find")
    assert not find.status.is_ok
    assert find.status.description == "nothing found"


def test_requests_at_once_on_one_loop_keep_their_own_trees(pieces):
    service = make_service(pieces)
    queries = 40

    async def serve():
        await asyncio.gather(*(service.answer(QUERY) for _ in range(queries)))

    _, spans = run(serve())
    assert parents(spans) == expected(queries)
    traces: dict[str, list] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    assert len(traces) == queries
    for tree in traces.values():
        assert parents(tree) == expected()


def test_requests_of_several_loops_and_threads_keep_their_own_trees(pieces):
    service = make_service(pieces)

    def serve():
        async def some():
            await asyncio.gather(*(service.answer(QUERY) for _ in range(10)))

        asyncio.run(some())

    with capture() as captured:
        threads = [threading.Thread(target=serve) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert parents(captured.spans) == expected(40)
    assert len({span.trace_id for span in captured.spans}) == 40


def test_on_one_thread_the_search_needs_no_hand_over(pieces):
    service = make_service(pieces, hand_over=False)
    queries = 10
    before = libtracer.stats()["unknown_parent"]

    async def serve():
        await asyncio.gather(*(service.answer(QUERY) for _ in range(queries)))

    _, spans = run(serve())
    assert libtracer.stats()["unknown_parent"] == before
    assert parents(spans) == expected(queries)
    traces = {span.span_id: span.trace_id for span in spans}
    assert len(set(traces.values())) == queries
    for span in spans:
        assert span.parent_id is None or traces[span.parent_id] == span.trace_id


def test_with_the_hand_over_nothing_is_unknown(pieces):
    before = libtracer.stats()["unknown_parent"]
    run(make_service(pieces).answer(QUERY))
    assert libtracer.stats()["unknown_parent"] == before


def test_the_search_nests_under_a_native_span_around_the_request(pieces):
    service = make_service(pieces)
    with capture() as captured, libtracer.start_span("outer"):
        asyncio.run(service.answer(QUERY))
    got = parents(captured.spans)
    assert got["answer", "outer"] == 1
    assert got["index.find", "answer"] == 1


def test_an_exception_in_the_callback_leaves_the_trees_whole(pieces, monkeypatch):
    service = make_service(pieces)
    seen = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    def fail(_query, _passages):
        raise ValueError

    monkeypatch.setattr(service._rank, "score", fail)
    _, spans = run(service.answer(QUERY))
    assert seen == [ValueError]
    got = parents(spans)
    assert got["review", "index.find"] == 1
    (review,) = (span for span in spans if span.name == "review")
    assert [event.name for event in review.events] == ["exception"]
    _, spans = run(make_service(pieces).answer(QUERY))
    assert parents(spans) == expected()
