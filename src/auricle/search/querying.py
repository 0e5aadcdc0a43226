"""From a question to hits: one vector out of sentences and sounds, one hit per file, near duplicates as one.

Pure functions of vectors and rows. A question is one vector of length 1: the mean of its sentences plus the mean of its
sounds, less half of what it should be without. Searching by words beside it gives a second order of files, and both are
fused by the reciprocals of their ranks.

Source: G. Cormack, C. Clarke and S. Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual rank learning
methods, SIGIR 2009.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auricle.search.fingerprints import SAME, Fingerprints
from auricle.search.records import Row, Vectors

WITHOUT_WEIGHT = 0.5
"""How much of what a sound should be without is taken away."""

_SAME_LENGTH = 0.02
_FUSION = 60


@dataclass(frozen=True)
class Hit:
    """A window of a sound file that was found.

    Attributes:
        rank: From 1.
        score: Cosine between question and window, -1 to 1; of a search with words the fused score.
        window: Its identity inside the index, safe in addresses.
        path: Of the file, relative to the indexed folder.
        start_s, end_s: Where the window stands in the file, in seconds.
        duration_s: Of the whole file.
        sample_rate: Of the file, in Hz.
        channels: Of the file.
        licence, tags, caption: Empty where unknown.
        alike: Paths of near duplicates, which are not hits of their own.
    """

    rank: int
    score: float
    window: str
    path: str
    start_s: float
    end_s: float
    duration_s: float
    sample_rate: int
    channels: int
    licence: str
    tags: str
    caption: str
    alike: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Row, *, rank: int, score: float, alike: Sequence[str]) -> "Hit":
        """Return a row of a store as a hit."""
        return cls(
            rank=rank,
            score=score,
            window=row.key,
            path=row.path,
            start_s=row.start_s,
            end_s=row.end_s,
            duration_s=row.duration_s,
            sample_rate=row.sample_rate,
            channels=row.channels,
            licence=row.said.licence,
            tags=row.said.tags,
            caption=row.said.caption,
            alike=tuple(alike),
        )


def combine(sentences: Vectors, sounds: Vectors, without: Vectors) -> Vectors:
    """Return the vector of a question, (dim,), of length 1.

    Args:
        sentences: What is looked for, (sentences, dim); may be empty, if there are sounds.
        sounds: What it should be like, (sounds, dim); may be empty.
        without: What it should be without, (sentences, dim); may be empty.

    Example:
        >>> none = np.zeros((0, 2), np.float32)
        >>> combine(np.array([[1, 0], [0, 1]], np.float32), none, none).round(3).tolist()
        [0.7070000171661377, 0.7070000171661377]
    """
    wanted = sum(_unit(part.mean(axis=0)) for part in (sentences, sounds) if len(part))
    vector = _unit(np.asarray(wanted))
    return _unit(vector - WITHOUT_WEIGHT * _unit(without.mean(axis=0))) if len(without) else vector


def _unit(vector: NDArray[np.float32]) -> Vectors:
    length = np.linalg.norm(vector)
    return np.asarray(vector / length if length > 0 else vector, np.float32)


def best_of_each_file(rows: Sequence[Row]) -> list[int]:
    """Return the places of the first window of each file, in their order.

    Args:
        rows: Best first.
    """
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        first.setdefault(row.path, place)
    return list(first.values())


def fuse(orders: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the reciprocal rank fusion of several orders: the names, best first, with their scores.

    Example:
        >>> fused = fuse([["a", "b", "c"], ["b", "d"]])
        >>> list(fused), round(fused["b"], 4)
        (['b', 'a', 'd', 'c'], 0.0325)
    """
    scores: dict[str, float] = {}
    for order in orders:
        for rank, name in enumerate(order, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (_FUSION + rank)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def fold(rows: Sequence[Row], fingerprints: Fingerprints) -> list[list[int]]:
    """Return the places of rows in groups of near duplicates, each group and all of them best first.

    Near duplicates are copies of one recording: their fingerprints are the same (`auricle.search.fingerprints`), and
    their files are equally long to within 2 %.

    Args:
        rows: Best first.
        fingerprints: Of them, (rows, size).
    """
    shapes = fingerprints.astype(np.float32)
    lengths = np.array([row.duration_s for row in rows])
    heads: list[int] = []
    groups: list[list[int]] = []
    for place in range(len(rows)):
        close = np.abs(lengths[heads] - lengths[place]) <= _SAME_LENGTH * np.maximum(lengths[heads], lengths[place])
        same = np.flatnonzero(close & (shapes[heads] @ shapes[place] >= SAME))
        if len(same):
            groups[same[0]].append(place)
        else:
            heads.append(place)
            groups.append([place])
    return groups
