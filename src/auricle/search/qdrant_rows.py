"""What a point of a Qdrant collection holds: a window, or, at number 0, the state of the store.

Every window carries the number of the state that it came with (``born``) and, once it is removed, of the state that it
is not in any more (``died``). A reader of state 7 asks for what was born by then and has not died by then, so it sees
that state however much is written meanwhile; what is being written is of a state that nobody reads yet.
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from auricle.errors import StorageError
from auricle.search.cells import cells_of
from auricle.search.fingerprints import SIZE, Fingerprints
from auricle.search.records import SoundFile, Windows

if TYPE_CHECKING:
    from qdrant_client.models import Filter, PointStruct

    from auricle.search.qdrant_words import Stems

VECTOR, WORDS = "window", "words"
"""Names of the vectors of a point."""

STATE = 0
"""Number of the point that holds the state; windows begin at 1."""

FORMAT = 1

INDEXED = {
    **dict.fromkeys(("record", "file", "path", "licence"), "keyword"),
    **dict.fromkeys(("start", "end", "duration", "rate", "channels"), "float"),
    **dict.fromkeys(("born", "died"), "integer"),
    "first": "bool",
}
"""Payload that is looked up, and how."""


@dataclass(frozen=True)
class State:
    """What is true of a store at one moment.

    Attributes:
        version: Number of the state.
        next_place: Where the next window is put; places are never used again.
        windows: How many there are.
        purged: What died by this version has been deleted: older states are not whole any more.
        approximate: Whether a graph for approximate search has been built.
        commits: Versions of late, and when they were written, as [version, seconds since 1970].
        format: Of points.
    """

    version: int = 0
    next_place: int = 1
    windows: int = 0
    purged: int = 0
    approximate: bool = False
    commits: tuple[tuple[int, float], ...] = ()
    format: int = FORMAT

    def after(self, *, now: float, kept_s: float, windows: int, next_place: int) -> "State":
        """Return the next state.

        Args:
            now: Seconds since 1970.
            kept_s: How long a state stays readable after the next was written; see `outlived`.
            windows: How many there are then.
            next_place: Where the next one is put then.
        """
        version = self.version + 1
        late = [commit for commit in self.commits if commit[1] >= now - kept_s]
        before = [commit for commit in self.commits if commit[1] < now - kept_s]
        commits = (*before[-1:], *late, (version, now))
        return replace(self, version=version, commits=commits, windows=windows, next_place=next_place)

    def outlived(self, *, now: float, kept_s: float) -> int:
        """Return the version before which no state is to be read any more."""
        return max([self.purged, *(version for version, written in self.commits if written < now - kept_s)])

    def point(self) -> "PointStruct":
        """Return it as it is stored."""
        from qdrant_client.models import PointStruct

        return PointStruct(id=STATE, vector={}, payload=asdict(self))

    @classmethod
    def read(cls, payload: dict[str, Any], *, store: object) -> "State":
        """Return what a point says.

        Raises:
            StorageError: If it says something else.
        """
        try:
            commits = tuple((int(version), float(written)) for version, written in payload["commits"])
            found = cls(**{**payload, "commits": commits})
        except (KeyError, TypeError, ValueError):
            raise StorageError(f"The store {store} holds no state of an index. Name another collection.") from None
        if found.format != FORMAT:
            raise StorageError(
                f"The store {store} has the format {found.format}, this auricle reads {FORMAT}. Use the version that "
                "made it, or make it again."
            )
        return found


def visible(version: int) -> "Filter":
    """Return the filter of the windows of a state."""
    from qdrant_client.models import FieldCondition, Filter, Range

    return Filter(
        must=[FieldCondition(key="born", range=Range(lte=version))],
        must_not=[FieldCondition(key="died", range=Range(lte=version))],
    )


def points_of(
    described: Sequence[tuple[SoundFile, Windows]], *, first: int, born: int, stems: "Stems"
) -> "list[PointStruct]":
    """Return the points of files.

    Args:
        described: The files.
        first: Place of the first window.
        born: Version that they come with.
        stems: Takes their words apart.
    """
    from qdrant_client.models import PointStruct, SparseVector

    points: list[PointStruct] = []
    for file, windows in described:
        common = {**cells_of(file), "born": born}
        for number, (start, end) in enumerate(zip(windows.starts_s, windows.ends_s, strict=True)):
            vectors: dict[str, Any] = {VECTOR: windows.vectors[number].tolist()}
            if number == 0:  # words count once per file
                indices, values = stems.of_file(file.words)
                vectors[WORDS] = SparseVector(indices=indices, values=values)
            shape = base64.b64encode(windows.fingerprints[number].astype("<f2").tobytes()).decode()
            payload = {**common, "start": start, "end": end, "first": number == 0, "fingerprint": shape}
            points.append(PointStruct(id=first + len(points), vector=vectors, payload=payload))
    return points


def fingerprints_of(payloads: Sequence[dict[str, Any]]) -> Fingerprints:
    """Return the fingerprints of payloads, (payloads, their size)."""
    content = b"".join(base64.b64decode(payload["fingerprint"]) for payload in payloads)
    return np.frombuffer(content, "<f2").reshape(len(payloads), SIZE).astype(np.float16)
