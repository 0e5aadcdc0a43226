"""Where the clips of a run come from, in one form: a back end that generates, or files that are there already."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from auricle.audio import Samples
from auricle.errors import BackEndError, GenerationError
from auricle.generation.contract import About, NamedClips, TextToAudio
from auricle.generation.jobs import Job
from auricle.generation.settings import GenerationConfig


class Source(Protocol):
    """What makes the clips of jobs.

    Attributes:
        sample_rate: Of its clips, in Hz.
        about: What they are made with.
        origin: Who makes them, as the clips' collection tells it.
        attempts: How often an unusable clip is tried.
    """

    sample_rate: int
    about: About
    origin: str
    attempts: int

    def seconds(self, job: Job) -> float | None:
        """Return how long a clip should be, None if any length will do."""

    def seed(self, job: Job) -> int | None:
        """Return the seed of a clip, None if it has none."""

    def make(self, jobs: Sequence[Job]) -> list[Samples]:
        """Make the clips; raises what `TextToAudio.generate` raises."""


class FromCaptions:
    """A back end that generates.

    Args:
        back_end: Opened.
        name: Of the back end.
        config: Seed, length and attempts.
    """

    def __init__(self, back_end: TextToAudio, name: str, config: GenerationConfig) -> None:
        self._back_end = back_end
        self._config = config
        self.origin = name
        self.sample_rate = back_end.sample_rate
        self.about = back_end.about
        self.attempts = config.attempts

    def seconds(self, job: Job) -> float:
        """Return the length that is asked for, as far as the back end goes."""
        return min(self._config.seconds or job.original_s, self._back_end.max_seconds)

    def seed(self, job: Job) -> int:
        """Return the seed of this attempt."""
        return job.seed(self._config.seed, self.origin)

    def make(self, jobs: Sequence[Job]) -> list[Samples]:
        """Ask the back end."""
        return self._back_end.generate(
            [job.caption for job in jobs],
            seconds=[self.seconds(job) for job in jobs],
            seeds=[self.seed(job) for job in jobs],
        )


class FromFiles:
    """Clips that are there already; a fault of one does not go away by trying again.

    Args:
        clips: Opened.
    """

    attempts = 1

    def __init__(self, clips: NamedClips) -> None:
        self._clips = clips
        self.origin = clips.about.model
        self.sample_rate = clips.sample_rate
        self.about = clips.about

    def seconds(self, _: Job) -> None:
        """Any length will do."""

    def seed(self, _: Job) -> None:
        """Nobody knows it."""

    def make(self, jobs: Sequence[Job]) -> list[Samples]:
        """Read the clips."""
        return [self._clips.read(job.file) for job in jobs]


def make_each(source: Source, jobs: Sequence[Job]) -> Iterator[tuple[Job, Samples | GenerationError]]:
    """Yield what comes of each job; where a batch fails, each of its clips is asked for alone.

    Raises:
        MemoryError: If the batch is too large for the device.
        BackEndError: If the back end cannot make any clip any more.
    """
    try:
        clips = source.make(jobs)
    except BackEndError:
        raise
    except GenerationError as error:
        if len(jobs) == 1:
            yield jobs[0], error
        else:
            for job in jobs:
                yield from make_each(source, [job])
        return
    yield from zip(jobs, clips, strict=True)
