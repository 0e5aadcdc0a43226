"""The contract of a vector store: what an index needs of whatever keeps its windows.

A store is written by one process at a time and read by any number. What is added in one call is there as a whole or not
at all. Readers ask a `View`: the state of one moment, which later writing does not change, so a search that takes
several steps sees one state; the next `view` sees what has been written since.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auricle.search.fingerprints import Fingerprints
from auricle.search.records import Row, SoundFile, Vectors, Windows

Places = NDArray[np.uint64]
"""Numbers of rows inside one view, (rows,)."""


class View(Protocol):
    """What a store holds at one moment."""

    @property
    def version(self) -> int:
        """Number of the moment: a later state has a higher one."""

    @property
    def n_windows(self) -> int:
        """How many windows there are."""

    @property
    def approximate(self) -> bool:
        """Whether an approximate index has been built."""

    def files(self) -> dict[str, SoundFile]:
        """Return every file by the identity of its record: more than one of a path where writing was interrupted."""

    def windows_of(self, records: Collection[str]) -> dict[str, Windows]:
        """Return the windows of files, in their order, by record."""

    def nearest(self, vector: Vectors, *, limit: int, where: str, exact: bool) -> tuple[Places, Vectors]:
        """Return the windows that are nearest to a vector (dim,) of length 1.

        Args:
            vector: What is looked for.
            limit: At most so many.
            where: A condition as `auricle.search.filters.parse` writes it.
            exact: Compare with every window; otherwise use the approximate index, if there is one.

        Returns:
            Their places and cosines, best first; equal cosines in the order of the places.
        """

    def having_words(self, words: str, *, limit: int, where: str) -> Places:
        """Return the first windows of the files whose words fit best, by BM25, best first."""

    def rows(self, places: Places) -> list[Row]:
        """Return the windows at these places."""

    def vectors(self, places: Places) -> Vectors:
        """Return the embeddings at these places, (places, dim)."""

    def fingerprints(self, places: Places) -> Fingerprints:
        """Return the acoustic fingerprints at these places, (places, their size)."""

    def find(self, file: str, *, start_ms: int | None = None) -> Places:
        """Return where the windows of a file are (`auricle.search.records.file_key`), or the one that starts there."""


class Store(Protocol):
    """A vector store."""

    def view(self) -> View:
        """Return the present state."""

    def add(self, described: Sequence[tuple[SoundFile, Windows]]) -> None:
        """Add files with their windows, all or nothing."""

    def remove(self, records: Collection[str]) -> None:
        """Remove files by the identity of their records."""

    def tidy(self) -> None:
        """Put in order what many small steps have written."""

    def build_approximate(self) -> None:
        """Build the approximate index, or build it again."""


def by_path(files: Mapping[str, SoundFile]) -> dict[str, list[str]]:
    """Return the records of each path."""
    found: dict[str, list[str]] = {}
    for record, file in files.items():
        found.setdefault(file.path, []).append(record)
    return found
