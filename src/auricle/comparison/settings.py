"""The configuration of a comparison."""

import os

from pydantic import Field

from auricle.config import Section


class ComparisonConfig(Section):
    """What is measured of pairs of original and synthetic clips.

    Attributes:
        measures: Names of measures: ``dtw``, ``wcc``, ``prior_dtw``, ``prior_wcc``, ``embedding``, ``text``.
        front_end: Of the log-mels that dtw and wcc compare.
        listener: Of ``embedding``: an audio encoder, a run's folder, or a CLAP.
        reader: Of ``text``: a run's folder, or a CLAP.
        resamples: Of the bootstrap for the intervals of distances between sets; none by default.
        extrapolate: Extrapolate the Fréchet distance to infinitely many clips.
        against_chance: Also measure pairs that do not belong together.
        seed: Of those pairs.
        workers: Processes that compute; all processors by default.
        device: Of listener and reader.
    """

    measures: tuple[str, ...] = ("dtw", "wcc", "embedding")
    front_end: str = "clotho-baseline"
    listener: str = "yamnet"
    reader: str | None = None
    resamples: int = Field(0, ge=0)
    extrapolate: bool = False
    against_chance: bool = False
    seed: int = 0
    workers: int | None = Field(None, ge=1)
    device: str = "auto"

    @property
    def processes(self) -> int:
        """The number of processes to use on this machine."""
        return self.workers or os.cpu_count() or 1
