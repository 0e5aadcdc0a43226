"""What is computed of pairs and of single clips, kept in feature stores: once per content, resumable.

A pair is known by the contents of both sounds, so the same two are compared once, in whatever collection and under
whatever name. What has no value is not kept, and says why each time.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auricle.audio import decode
from auricle.comparison.measures import Measure
from auricle.comparison.pairs import Pair
from auricle.comparison.sanity import inspect_clip
from auricle.data import Clip
from auricle.engines import Share
from auricle.errors import AudioError, AuricleError, DataError
from auricle.features.frontends import FrontEnd
from auricle.processes import in_processes
from auricle.storage import digest_bytes

Array = NDArray[np.floating[Any]]
VERSION = 1
"""Raised whenever a measure gives other numbers than before."""

FACTS = ("duration_s", "loudness_lufs", "silent_share", "clipped_share", "bandwidth_hz")


class PairDistances:
    """The values of one measure between log-mels, as a `features.Description` of pairs.

    Args:
        measure: Which; it takes the log-mels of original and synthetic clip, in this order.
        log_mels: By the content of a clip.
        front_end: Of the log-mels.
        workers: Processes that compute.
    """

    unit = "pair"
    network = False

    def __init__(
        self,
        measure: Measure,
        log_mels: Mapping[str, Array],
        *,
        front_end: FrontEnd,
        workers: int,
    ) -> None:
        self.name = f"pair-{measure.name}"
        self._measure = measure
        self._log_mels = log_mels
        self._front_end = front_end
        self._workers = workers

    def settings(self) -> dict[str, Any]:
        """Return the front end's numbers and the version of the measures."""
        return {"front_end": self._front_end.settings(), "version": VERSION}

    def within(self, share: Share) -> Self:
        """Return the same with the processes of a worker."""
        return type(self)(self._measure, self._log_mels, front_end=self._front_end, workers=share.processors)

    def key(self, item: Pair) -> str:
        """Return what both sounds are known by."""
        return digest_bytes(f"{item.original.content} {item.synthetic.content}".encode())

    def describe(self, items: Sequence[Pair]) -> Iterator[Array | AuricleError]:
        """Yield value and place of the best match, NaN for none, of each pair, or why there is no value."""
        arguments = (self._arguments(pair) for pair in items)
        with in_processes(self._measure.compare, arguments, processes=self._workers) as results:
            for found in results:
                if found.note:
                    yield DataError(found.note)
                else:
                    yield np.array([found.value, np.nan if found.where is None else found.where])

    def _arguments(self, pair: Pair) -> tuple[Array, Array]:
        """Return the log-mels of original and synthetic clip, the shorter first where the measure needs that."""
        original, synthetic = (self._log_mels[clip.content] for clip in (pair.original, pair.synthetic))
        if self._measure.shorter_first and len(original) > len(synthetic):
            return synthetic, original
        return original, synthetic


class ClipFacts:
    """Sanity facts of single clips, as a `features.Description`: `FACTS` in this order, NaN where unknown."""

    name = "sanity"
    unit = "clip"
    network = False

    def settings(self) -> dict[str, Any]:
        """Return the version."""
        return {"version": VERSION}

    def within(self, share: Share) -> Self:  # noqa: ARG002 - it takes one thread anywhere
        """Return this description."""
        return self

    def key(self, item: Clip) -> str:
        """Return what the sound is known by."""
        return item.content

    def describe(self, items: Sequence[Clip]) -> Iterator[Array | AuricleError]:
        """Yield the facts of each clip, or why there are none."""
        for item in items:
            try:
                facts = inspect_clip(decode(item.path), item.sample_rate)
            except AudioError as error:
                yield error
                continue
            values = (getattr(facts, name) for name in FACTS)
            yield np.array([np.nan if value is None else value for value in values])
