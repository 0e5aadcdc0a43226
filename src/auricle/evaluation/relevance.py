"""Which items are relevant to which query: the forms, and how names turn into them.

Three forms are accepted everywhere in this room:

- integers of shape (queries,): the one relevant item of each query (a caption's own clip);
- booleans of shape (queries, items): any number of relevant items per query;
- `RelevantPairs`, which the two above are turned into: it grows with the relevant pairs, not with the matrix.

Clips are named by their identity ``split/file name``. The builders here are pure; `relevance_files` reads CSV files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

NoRelevant: TypeAlias = Literal["error", "skip"]
"""What happens to a query without any relevant item: an error, or it is left out of every measure."""


@dataclass(frozen=True, eq=False)
class RelevantPairs:
    """Every relevant (query, item) once, ordered by query, then by item.

    Attributes:
        queries: Row of each pair in the similarity matrix, shape (pairs,).
        items: Column of each pair, shape (pairs,).
        n_queries: Rows of the matrix.
        n_items: Columns of the matrix.

    Raises:
        ValueError: If a pair lies outside the matrix, stands twice or is out of order.
    """

    queries: IntArray
    items: IntArray
    n_queries: int
    n_items: int

    def __post_init__(self) -> None:
        for place, size in ((self.queries, self.n_queries), (self.items, self.n_items)):
            if place.size and (place.min() < 0 or place.max() >= size):
                raise ValueError(f"a relevant pair lies outside {self.n_queries} queries and {self.n_items} items")
        if (np.diff(self.queries * self.n_items + self.items) <= 0).any():
            raise ValueError("relevant pairs must be ordered by query, then by item, each once")

    @property
    def n_relevant(self) -> IntArray:
        """Number of relevant items per query, shape (queries,)."""
        return np.bincount(self.queries, minlength=self.n_queries)

    def transposed(self) -> "RelevantPairs":
        """Return the same pairs seen from the items: what was found now asks."""
        order = np.argsort(self.items, kind="stable")
        return RelevantPairs(self.items[order], self.queries[order], self.n_items, self.n_queries)


Relevance: TypeAlias = NDArray[np.integer[Any]] | BoolArray | RelevantPairs


def relevant_pairs(relevance: Relevance, *, n_queries: int, n_items: int) -> RelevantPairs:
    """Return any form of relevance as pairs, checked against the shape of the similarity matrix.

    Raises:
        ValueError: If the form is none of the three, or does not fit (queries, items).

    Example:
        >>> relevant_pairs(np.array([2, 0]), n_queries=2, n_items=3).items
        array([2, 0])
    """
    if isinstance(relevance, RelevantPairs):
        if (relevance.n_queries, relevance.n_items) != (n_queries, n_items):
            raise ValueError(_misfit((relevance.n_queries, relevance.n_items), n_queries, n_items))
        return relevance
    array = np.asarray(relevance)
    if array.dtype == np.bool_ and array.ndim == 2:
        if array.shape != (n_queries, n_items):
            raise ValueError(_misfit(array.shape, n_queries, n_items))
        queries, items = np.nonzero(array)
        return RelevantPairs(queries, items, n_queries, n_items)
    if np.issubdtype(array.dtype, np.integer) and array.ndim == 1:
        if len(array) != n_queries:
            raise ValueError(_misfit(array.shape, n_queries, n_items))
        items = array.astype(np.int64)
        outside = np.flatnonzero((items < 0) | (items >= n_items))
        if outside.size:
            raise ValueError(f"query {outside[0]} has relevant item {items[outside[0]]}; items are 0 to {n_items - 1}")
        return RelevantPairs(np.arange(n_queries), items, n_queries, n_items)
    raise ValueError(
        f"relevance is {array.dtype} of shape {array.shape}; integers of shape (queries,) or booleans of shape "
        "(queries, items) are needed (a matrix of 0 and 1: add .astype(bool))"
    )


def _misfit(shape: tuple[int, ...], n_queries: int, n_items: int) -> str:
    return f"relevance of shape {shape} does not fit a similarity matrix of {n_queries} queries and {n_items} items"


def own_clip(caption_clips: Sequence[str], clips: Sequence[str]) -> IntArray:
    """Return the position of each caption's own clip: relevance as DCASE counts it.

    Args:
        caption_clips: The clip that each caption describes, ``split/file name``.
        clips: The clips in the order of the similarity matrix's columns.

    Returns:
        Integers of shape (captions,).

    Raises:
        ValueError: If a clip stands twice in `clips`, or a caption's clip is not among them.

    Example:
        >>> own_clip(["test/rain.wav", "test/rain.wav", "test/dog.wav"], ["test/dog.wav", "test/rain.wav"])
        array([1, 1, 0])
    """
    position = {clip: place for place, clip in enumerate(clips)}
    if len(position) < len(clips):
        twice = next(clip for place, clip in enumerate(clips) if position[clip] != place)
        raise ValueError(f"clip {twice!r} stands twice among the {len(clips)} clips")
    for caption, clip in enumerate(caption_clips):
        if clip not in position:
            raise ValueError(f"caption {caption} belongs to clip {clip!r}, which is not among the {len(clips)} clips")
    return np.array([position[clip] for clip in caption_clips], dtype=np.int64)


def same_label(caption_clips: Sequence[str], clips: Sequence[str], labels: Sequence[str]) -> BoolArray:
    """Return all clips with the label of a caption's own clip.

    Args:
        caption_clips: The clip that each caption describes, ``split/file name``.
        clips: The clips in the order of the similarity matrix's columns.
        labels: One label per clip, in the order of `clips`.

    Returns:
        Booleans of shape (captions, clips).

    Raises:
        ValueError: As `own_clip`, or if there is not one label per clip.

    Example:
        >>> same_label(["a/1", "a/3"], ["a/1", "a/2", "a/3"], ["dog", "rain", "dog"]).astype(int)
        array([[1, 0, 1],
               [1, 0, 1]])
    """
    if len(labels) != len(clips):
        raise ValueError(f"there are {len(labels)} labels for {len(clips)} clips")
    own = own_clip(caption_clips, clips)
    _, kind = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    return np.asarray(kind[own][:, None] == kind[None, :], dtype=np.bool_)
