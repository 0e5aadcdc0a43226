"""`auricle generate`: a clip for every caption of development, in a folder per caption number.

Which clips there are to be follows from the collection, which are there from the folder; between the two lies the
work of this run, whatever happened before. A clip's seed follows from (run seed, back end, clip), so the same clip
comes out in any batch, order, shard or restart. What cannot become a sound is tried with the next seed, then set
aside; it does not end the run.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from auricle import progress
from auricle.config import apply, validate
from auricle.data import Collection
from auricle.data.generated import SPLIT
from auricle.data.words import words
from auricle.errors import GenerationError
from auricle.generation.back_ends import find_back_end
from auricle.generation.contract import Augmentation, Made, NamedClips
from auricle.generation.finishing import fault_of, finish
from auricle.generation.jobs import Job, plan_jobs
from auricle.generation.output import Output, SetAside, Shard
from auricle.generation.settings import GenerationConfig
from auricle.generation.sources import FromCaptions, FromFiles, FromOriginals, Source, make_each
from auricle.storage import fingerprint

NO_DEPENDENCE = {"numbers", "output", "batch_size", "attempts"}
"""Settings that no clip depends on."""


@dataclass(frozen=True)
class Generated:
    """What a run did in one folder.

    Attributes:
        path: The folder.
        made: Number of clips that were made now.
        there: Number of clips that were there before.
        set_aside: Those that could not be made.
    """

    path: Path
    made: int
    there: int
    set_aside: tuple[SetAside, ...]


def generate(
    name: str,
    collection: Collection,
    config: GenerationConfig,
    *,
    options: Mapping[str, Any] | None = None,
    shard: Shard | None = None,
) -> list[Generated]:
    """Make a clip for every caption of development that has none yet.

    Args:
        name: Of the back end, with what stands behind its colon.
        collection: Opened for learning; only development is read.
        config: What is made, and how it is written.
        options: Settings of the back end.
        shard: The part that is made here; all by default.

    Returns:
        One entry per caption number.

    Raises:
        ConfigError: If there is no such back end, setting, or caption number.
        DataError: If development has no captions.
        BackEndError: If the back end cannot be opened, or fails for good.
        GenerationError: If a folder was made with other parameters.
        ModelError: If weights are missing or damaged.
        StorageError: If a folder cannot be written or is in use.
    """
    jobs = plan_jobs(collection, config.numbers)
    with _BackEnd(name, config, dict(options or {}), collection.split(SPLIT)) as back_end:
        return [
            _fill(
                Output(config.output / f"{collection.folder.resolve().name}-{back_end.label}-caption-{number}", shard),
                part,
                back_end,
            )
            for number, part in jobs.items()
        ]


def options_from(settings: Sequence[str]) -> dict[str, Any]:
    """Return ``KEY=VALUE`` settings of a back end, each value written as in YAML.

    Raises:
        ConfigError: If one is something else.

    Example:
        >>> options_from(["steps=200", "model=~/audiogen"])
        {'steps': 200, 'model': '~/audiogen'}
    """
    options: dict[str, Any] = {}
    for setting in settings:
        apply(options, setting)
    return options


class _BackEnd:
    """A back end with its settings, opened when the first clip is missing."""

    def __init__(self, name: str, config: GenerationConfig, options: dict[str, Any], split: Collection) -> None:
        self.kind, self.argument = find_back_end(name)
        self.options = validate(self.kind.options, options, source=f"the back end {self.kind.name}")
        self.config = config
        self.split = split
        self.batch_size = config.batch_size
        self._opened: Any = None

    def __enter__(self) -> "_BackEnd":
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened:
            self._opened.close()

    @property
    def label(self) -> str:
        """The back end in the name of a folder."""
        return "-".join(filter(None, (self.kind.name, Path(self.argument).name)))

    @property
    def asked(self) -> dict[str, Any]:
        """All settings of the back end: if they are those of before, it need not be opened to know it."""
        return {"argument": self.argument, "options": self.options.model_dump(mode="json")}

    @property
    def written(self) -> dict[str, Any]:
        """The settings of the run that a clip depends on."""
        return {"back_end": self.kind.name, **self.config.model_dump(mode="json", exclude=NO_DEPENDENCE)}

    def open(self) -> Source:
        """Open it, the first time."""
        self._opened = self._opened or self.kind.open(self.argument, self.options)
        if isinstance(self._opened, NamedClips):
            return FromFiles(self._opened)
        if isinstance(self._opened, Augmentation):
            return FromOriginals(self._opened, self.kind.name, self.config, self.split)
        return FromCaptions(self._opened, self.kind.name, self.config)


def _fill(output: Output, jobs: Sequence[Job], back_end: _BackEnd) -> Generated:
    """Make what is missing of one folder."""
    with output.held():
        own = sorted(jobs, key=lambda job: job.file)[output.shard.number - 1 :: output.shard.count]
        done = output.done()
        todo = [job for job in own if job.file not in done]
        there = len(own) - len(todo)
        if todo or not output.made_with(back_end.written, asked=back_end.asked):
            source = back_end.open()
            output.claim({**back_end.written, "about": asdict(source.about)}, asked=back_end.asked)
        begun = time.monotonic()
        making = _Making(output, source, back_end) if todo else None
        try:
            if making:
                making.run(todo)
        finally:
            set_aside = making.set_aside if making else []
            output.finish(set_aside)
        made = making.made if making else 0
    seconds = time.monotonic() - begun
    pace = f" in {seconds:.1f} s ({_per_minute(made, seconds):.0f} clips/min)" if made else ""
    progress.say(f"{output.path}: {made} clips made{pace}, {there} were there, {len(set_aside)} set aside.")
    for one in set_aside[:3]:
        progress.say(f"  {one.file}: {one.reason}")
    return Generated(output.path, made, there, tuple(set_aside))


@dataclass
class _Making:
    """The state of making the clips of one folder."""

    output: Output
    source: Source
    back_end: _BackEnd
    made: int = 0
    set_aside: list[SetAside] = field(default_factory=list)

    def run(self, jobs: Sequence[Job]) -> None:
        """Make the clips, similar lengths of captions together."""
        queue = deque(sorted(jobs, key=lambda job: (len(words(job.caption)), job.file)))
        with progress.bar(total=len(jobs), label=self.output.path.name, unit="clip") as drawn:
            while queue:
                batch = [queue.popleft() for _ in range(min(self.back_end.batch_size, len(queue)))]
                try:
                    results = list(make_each(self.source, batch))
                except MemoryError:
                    queue.extendleft(reversed(self._smaller(batch)))
                    continue
                again = [job for job in (self._take(*made) for made in results) if job]
                queue.extend(again)
                pace = _per_minute(drawn.n + len(results) - len(again), drawn.format_dict["elapsed"])
                drawn.set_postfix_str(f"{pace:.0f} clips/min", refresh=False)
                drawn.update(len(results) - len(again))

    def _smaller(self, batch: list[Job]) -> list[Job]:
        """Return the jobs that are to be tried in smaller batches."""
        if len(batch) == 1:
            self._leave(batch[0], "the device has too little memory for one clip")
            return []
        self.back_end.batch_size = len(batch) // 2
        progress.say(f"Out of memory with {len(batch)} clips at once; going on with {self.back_end.batch_size}.")
        return batch

    def _take(self, job: Job, result: Made | GenerationError) -> Job | None:
        """Write a clip or set it aside; return the job if it is to be tried again."""
        if isinstance(result, GenerationError):
            self._leave(job, str(result))
            return None
        config, rate = self.back_end.config, self.source.sample_rate
        if fault := fault_of(result.samples, rate, seconds=self.source.seconds(job)):
            if len(job.faults) + 1 < self.source.attempts:
                return replace(job, faults=(*job.faults, fault))
            self._leave(job, "; ".join((*job.faults, fault)))
            return None
        clip = finish(result.samples, rate, sample_rate=config.sample_rate, loudness_lufs=config.loudness_lufs)
        about = self.source.about
        row = {
            "file": job.file,
            "id": job.id,
            "parent": job.parent,
            "number": job.number,
            "caption": result.caption,
            "mixed_with": result.mixed_with,
            "seed": self.source.seed(job),
            "faults": list(job.faults),
            "back_end": self.source.origin,
            "model": about.model,
            "revision": about.revision,
            "licence": result.licence,
            "parameters": fingerprint({**self.back_end.written, "about": asdict(about)}),
            "seconds": round(len(clip.samples) / config.sample_rate, 3),
            "native_rate": rate,
            "loudness_lufs": None if clip.loudness_lufs is None else round(clip.loudness_lufs, 2),
        }
        self.output.write(row, clip.samples, config.sample_rate)
        self.made += 1
        return None

    def _leave(self, job: Job, reason: str) -> None:
        self.set_aside.append(SetAside(job.file, job.caption, reason))


def _per_minute(clips: float, seconds: float) -> float:
    return 60 * clips / max(seconds, 1e-9)
