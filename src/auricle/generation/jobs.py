"""Which clips are to be made: one for every caption of development, named after its clip and its number."""

from collections.abc import Sequence
from dataclasses import dataclass

from auricle.data import Collection
from auricle.data.generated import SPLIT, generated_name
from auricle.errors import ConfigError, DataError
from auricle.randomness import derive_seed


@dataclass(frozen=True)
class Job:
    """One clip that is to be made.

    Attributes:
        parent: Identity of the clip that has the caption.
        file: Name of the new clip inside its split.
        number: Of the caption, from 1.
        caption: As written.
        original_s: Length of the clip that has the caption, in seconds.
        faults: What was wrong with it at earlier attempts.
    """

    parent: str
    file: str
    number: int
    caption: str
    original_s: float
    faults: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Identity of the new clip, ``development/rain_cap_1.wav``."""
        return f"{SPLIT}/{self.file}"

    def seed(self, run_seed: int, back_end: str) -> int:
        """Return the seed of this attempt, which depends on nothing but the run's, the back end and the clip."""
        return derive_seed(run_seed, back_end, self.id, len(self.faults))


def plan_jobs(collection: Collection, numbers: Sequence[int] = ()) -> dict[int, list[Job]]:
    """Return the clips that are to be made, by caption number.

    Args:
        collection: Of which development is read.
        numbers: Of captions, from 1; all by default.

    Raises:
        ConfigError: If no clip has a caption of a number.
        DataError: If development has no captions.
    """
    if SPLIT not in collection.splits:
        raise DataError(f"{collection.folder} has no split {SPLIT}; clips are generated from its captions.")
    jobs: dict[int, list[Job]] = {}
    for clip in collection.split(SPLIT).clips:
        for caption in collection.captions_of(clip.id):
            name = generated_name(clip.file_name, caption.number)
            job = Job(clip.id, name, caption.number, caption.text, clip.duration_s)
            jobs.setdefault(caption.number, []).append(job)
    if not jobs:
        raise DataError(f"The split {SPLIT} of {collection.folder} has no captions.")
    if missing := [number for number in numbers if number not in jobs]:
        known = ", ".join(map(str, sorted(jobs)))
        raise ConfigError(f"{collection.folder} has no caption number {missing[0]}; it has {known}.")
    return {number: jobs[number] for number in sorted(jobs) if not numbers or number in numbers}
