"""The service: answers queries over passages, with the native pieces doing the work."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import libtracer
from native import Hit, Index, Rank


class Answer(NamedTuple):
    """One passage found: where it is from, how good it is, and the words around the find."""

    title: str
    score: float
    excerpt: str


class Service:
    """An index of documents and the asking of it."""

    def __init__(self, pieces: Path, *, hand_over: bool = True) -> None:
        """Load the native pieces.

        Args:
            pieces: Folder of ``libsearch.so`` and ``librank.so``.
            hand_over: Whether the C++ takes the current context along when it releases the GIL.
        """
        self._index = Index(pieces, hand_over=hand_over)
        self._rank = Rank(pieces)
        self._titles: list[str] = []
        self._passages: list[bytes] = []

    def add(self, title: str, passages: Sequence[str]) -> None:
        """Add a document."""
        encoded = [passage.encode() for passage in passages]
        self._index.add(title, encoded)
        self._titles += [title] * len(encoded)
        self._passages += encoded

    async def answer(self, query: str, limit: int = 3) -> list[Answer]:
        """Answer one query, in one trace; many may run at once."""
        with libtracer.start_span(
            "answer", attributes={"language": "Python", "query": query}
        ) as span:
            # A thread of the pool: it has a copy of this task's context, and so of its span.
            hits = await asyncio.to_thread(self._index.find, query, self._reviewer(query), limit)
            answers = [self._show(query, hit) for hit in hits]
            span.set_attribute("answers", len(answers))
            return answers

    def _reviewer(self, query: str) -> Callable[[Sequence[Hit]], None]:
        def review(hits: Sequence[Hit]) -> None:
            with libtracer.start_span("review", attributes={"language": "Python"}) as span:
                passages = [self._passages[hit.passage] for hit in hits]
                for hit, score in zip(hits, self._rank.score(query, passages), strict=True):
                    hit.score += score
                span.set_attribute("passages", len(passages))

        return review

    def _show(self, query: str, hit: Hit) -> Answer:
        excerpt = " ".join(self._rank.excerpt(query, self._passages[hit.passage]).split())
        return Answer(self._titles[hit.passage], hit.score, excerpt)
