"""Where the clips of a run come from, in one form: a back end that generates, files, or the originals' own sounds."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from auricle.data import Collection
from auricle.data.families import founders
from auricle.errors import BackEndError, GenerationError
from auricle.generation.contract import About, Augmentation, Made, NamedClips, Original, TextToAudio
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

    def make(self, jobs: Sequence[Job]) -> list[Made]:
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

    def make(self, jobs: Sequence[Job]) -> list[Made]:
        """Ask the back end."""
        clips = self._back_end.generate(
            [job.caption for job in jobs],
            seconds=[self.seconds(job) for job in jobs],
            seeds=[self.seed(job) for job in jobs],
        )
        return [Made(clip, job.caption, self.about.licence) for job, clip in zip(jobs, clips, strict=True)]


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

    def make(self, jobs: Sequence[Job]) -> list[Made]:
        """Read the clips."""
        return [Made(self._clips.read(job.file), job.caption, self.about.licence) for job in jobs]


class FromOriginals:
    """Copies that are made of the sounds of originals.

    A clip that was made from another of its split, or is a mixture, is no original, and in no copy but its own.

    Args:
        augmentation: Opened.
        name: Of the back end.
        config: Seed, length and attempts.
        split: The clips whose captions the jobs are.
    """

    def __init__(self, augmentation: Augmentation, name: str, config: GenerationConfig, split: Collection) -> None:
        self._augmentation = augmentation
        self._config = config
        self.origin = name
        self.sample_rate = augmentation.sample_rate
        self.about = augmentation.about
        self.attempts = config.attempts
        self._clips = {clip.id: Original(clip, split.captions_of(clip.id)) for clip in split.clips}
        self._sounds = founders({clip.id: (clip.parent, clip.mixed_with) for clip in split.clips})
        self._texts = {name: {caption.text for caption in one.captions} for name, one in self._clips.items()}
        self._originals = [
            one
            for name, one in self._clips.items()
            if not one.clip.mixed_with and (one.clip.parent == name or one.clip.parent not in self._clips)
        ]

    def seconds(self, job: Job) -> float:
        """Return the length that is asked for, as far as the original goes."""
        return min(self._config.seconds or job.original_s, job.original_s)

    def seed(self, job: Job) -> int:
        """Return the seed of this attempt."""
        return job.seed(self._config.seed, self.origin)

    def make(self, jobs: Sequence[Job]) -> list[Made]:
        """Make the copies."""
        return [
            self._augmentation.augment(
                self._clips[job.parent],
                number=job.number,
                strangers=self._strangers(job.parent),
                seconds=self.seconds(job),
                seed=self.seed(job),
            )
            for job in jobs
        ]

    def _strangers(self, name: str) -> list[Original]:
        """Return the originals that have neither a sound nor a caption in common with a clip."""
        sounds, texts = self._sounds[name], self._texts[name]
        return [
            one
            for one in self._originals
            if sounds.isdisjoint(self._sounds[one.clip.id]) and texts.isdisjoint(self._texts[one.clip.id])
        ]


def make_each(source: Source, jobs: Sequence[Job]) -> Iterator[tuple[Job, Made | GenerationError]]:
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
