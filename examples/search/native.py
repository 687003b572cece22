"""The native pieces as Python sees them: ``search.h`` by ctypes."""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class Text(ctypes.Structure):
    """``search_text``: bytes lent for a call."""

    _fields_ = (("data", ctypes.c_char_p), ("len", ctypes.c_size_t))


class Hit(ctypes.Structure):
    """``search_hit``: a passage, how many of the words it has, and its score."""

    _fields_ = (
        ("passage", ctypes.c_uint32),
        ("words", ctypes.c_uint32),
        ("score", ctypes.c_double),
    )


REVIEW = ctypes.CFUNCTYPE(None, ctypes.POINTER(Hit), ctypes.c_size_t)


class Caller(ctypes.Structure):
    """``search_caller``: what the search may ask of Python, and how to release its lock."""

    _fields_ = (
        ("review", REVIEW),
        ("unlock", ctypes.c_void_p),
        ("lock", ctypes.c_void_p),
        ("hand_over", ctypes.c_int),
    )


def _address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


def texts(passages: Sequence[bytes]) -> ctypes.Array[Text]:
    """Return an array of texts; it keeps the bytes alive."""
    return (Text * len(passages))(*(Text(passage, len(passage)) for passage in passages))


class Index:
    """The index in C++.

    It is called with the GIL held (``PyDLL``) and releases it itself while it searches, as an
    extension module does.
    """

    def __init__(self, pieces: Path, *, hand_over: bool = True) -> None:
        """Load the library and make an empty index."""
        library = ctypes.PyDLL(str(pieces / "libsearch.so"))
        library.search_index_new.restype = ctypes.c_void_p
        library.search_index_free.argtypes = (ctypes.c_void_p,)
        library.search_index_free.restype = None
        library.search_index_add.argtypes = (
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.POINTER(Text),
            ctypes.c_size_t,
        )
        library.search_index_add.restype = None
        library.search_find.argtypes = (
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.POINTER(Caller),
            ctypes.POINTER(Hit),
            ctypes.c_size_t,
        )
        library.search_find.restype = ctypes.c_size_t
        self._library = library
        self._index = library.search_index_new()
        self._hand_over = hand_over

    def __del__(self) -> None:
        """Free the index."""
        if hasattr(self, "_index"):
            self._library.search_index_free(self._index)

    def add(self, title: str, passages: Sequence[bytes]) -> None:
        """Add the passages of a document."""
        self._library.search_index_add(self._index, title.encode(), texts(passages), len(passages))

    def find(self, query: str, review: Callable[[Sequence[Hit]], None], limit: int) -> list[Hit]:
        """Return the best hits; ``review`` is called from the middle of the search."""
        python = ctypes.pythonapi
        caller = Caller(
            REVIEW(lambda hits, count: review((Hit * count).from_address(_address(hits)))),
            _address(python.PyEval_SaveThread),
            _address(python.PyEval_RestoreThread),
            self._hand_over,
        )
        hits = (Hit * limit)()
        count = self._library.search_find(
            self._index, query.encode(), ctypes.byref(caller), hits, limit
        )
        return hits[:count]


class Rank:
    """The ranking in Rust. ``CDLL`` releases the GIL around each call."""

    def __init__(self, pieces: Path) -> None:
        """Load the library."""
        library = ctypes.CDLL(str(pieces / "librank.so"))
        library.rank_score.argtypes = (
            ctypes.c_char_p,
            ctypes.POINTER(Text),
            ctypes.POINTER(ctypes.c_double),
            ctypes.c_size_t,
        )
        library.rank_score.restype = None
        library.rank_excerpt.argtypes = (
            ctypes.c_char_p,
            Text,
            ctypes.c_size_t,
            ctypes.POINTER(ctypes.c_size_t),
        )
        library.rank_excerpt.restype = ctypes.c_size_t
        self._library = library

    def score(self, query: str, passages: Sequence[bytes]) -> list[float]:
        """Return how close together each passage has the words of the query, from 0 to 2."""
        scores = (ctypes.c_double * len(passages))()
        self._library.rank_score(query.encode(), texts(passages), scores, len(passages))
        return list(scores)

    def excerpt(self, query: str, passage: bytes, width: int = 120) -> str:
        """Return the stretch of a passage that has most of the words."""
        start = ctypes.c_size_t()
        length = self._library.rank_excerpt(
            query.encode(), Text(passage, len(passage)), width, ctypes.byref(start)
        )
        return passage[start.value : start.value + length].decode()
