"""Looking a question up in a view: candidates, one per file, folded, until there are enough hits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auricle.search.querying import Hit, best_of_each_file, fold, fuse
from auricle.search.records import Row, Vectors, file_key, split_words
from auricle.search.store import Places, View

_CANDIDATES = 4
"""How many times more windows than hits are looked at first: several may be of one file, or near duplicates."""

_FOR_FUSION = 200


@dataclass(frozen=True, eq=False)
class Question:
    """What is looked for.

    Attributes:
        vector: Of length 1, (dim,).
        condition: As `auricle.search.filters.parse` writes it.
        exact: Whether every window is compared.
        besides: Identities of files that are not to be found.
        folding: Whether near duplicates are one hit.
    """

    vector: Vectors
    condition: str
    exact: bool
    besides: frozenset[str] = frozenset()
    folding: bool = True


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best window of each file, best first.

    Attributes:
        places: In the view.
        rows: What is known of them.
        scores: Cosines, or fused scores.
    """

    places: Places
    rows: list[Row]
    scores: Sequence[float]


def look_up(view: View, question: Question, *, top: int) -> list[Hit]:
    """Return the nearest files, at most `top`."""
    hits: list[Hit] = []
    for near in _widening(view, question, limit=_CANDIDATES * top):
        hits = _hits(view, near, question, top=top)
        if len(hits) == top:
            break
    return hits


def look_up_words(view: View, question: Question, words: str, *, top: int) -> list[Hit]:
    """Return the files that are near, have the words, or both, by reciprocal rank fusion."""
    limit = max(_FOR_FUSION, _CANDIDATES * top)
    places = view.having_words(split_words(words), limit=limit, where=question.condition)
    named = _first_of_files(view, places, question)
    hits: list[Hit] = []
    for near in _widening(view, question, limit=limit):
        hits = _hits(view, _fused(near, named), question, top=top)
        if len(hits) == top:
            break
    return hits


def _widening(view: View, question: Question, *, limit: int) -> Iterator[Candidates]:
    """Yield the nearest files among ever more windows, until there are no more: one file may have most of them."""
    while True:
        places, cosines = view.nearest(question.vector, limit=limit, where=question.condition, exact=question.exact)
        yield _first_of_files(view, places, question, scores=cosines.tolist())
        if len(places) < limit:
            return
        limit *= 4


def _fused(near: Candidates, named: Candidates) -> Candidates:
    place_of: dict[str, tuple[Row, int]] = {}
    for found in (near, named):
        for row, place in zip(found.rows, found.places.tolist(), strict=True):
            place_of.setdefault(row.path, (row, place))
    fused = fuse([[row.path for row in found.rows] for found in (near, named)])
    places = np.array([place_of[path][1] for path in fused], np.uint64)
    return Candidates(places, [place_of[path][0] for path in fused], list(fused.values()))


def _first_of_files(
    view: View, places: Places, question: Question, *, scores: Sequence[float] | None = None
) -> Candidates:
    rows = view.rows(places)
    kept = [place for place in best_of_each_file(rows) if file_key(rows[place].path) not in question.besides]
    return Candidates(
        places[kept], [rows[place] for place in kept], [scores[place] for place in kept] if scores else []
    )


def _hits(view: View, candidates: Candidates, question: Question, *, top: int) -> list[Hit]:
    rows, scores = candidates.rows, candidates.scores
    groups = [[place] for place in range(len(rows))]
    if question.folding and rows:
        groups = fold(rows, view.fingerprints(candidates.places))
    return [
        Hit.of(rows[first], rank=rank, score=scores[first], alike=[rows[place].path for place in others])
        for rank, (first, *others) in enumerate(groups[:top], start=1)
    ]
