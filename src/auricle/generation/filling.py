"""Filling one folder with clips: which are missing, making them in batches, setting aside what cannot be made."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from auricle import progress
from auricle.config import validate
from auricle.data import Collection
from auricle.data.words import words
from auricle.errors import GenerationError
from auricle.generation.back_ends import find_back_end
from auricle.generation.contract import Augmentation, Made, NamedClips
from auricle.generation.finishing import fault_of, finish
from auricle.generation.jobs import Job
from auricle.generation.output import Output, SetAside
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
        seconds: How long it took.
    """

    path: Path
    made: int
    there: int
    set_aside: tuple[SetAside, ...]
    seconds: float = 0.0


class ConfiguredBackEnd:
    """A back end with its settings, opened when the first clip is missing."""

    def __init__(self, name: str, config: GenerationConfig, options: dict[str, Any], split: Collection) -> None:
        self.name, self.given = name, options
        self.kind, self.argument = find_back_end(name)
        self.options = validate(self.kind.options, options, source=f"the back end {self.kind.name}")
        self.config = config
        self.split = split
        self.batch_size = config.batch_size
        self._opened: Any = None

    def __enter__(self) -> "ConfiguredBackEnd":
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


def fill(output: Output, own: Sequence[Job], back_end: ConfiguredBackEnd, *, wait_s: float = 0.1) -> Generated:
    """Make what is missing of one shard of a folder."""
    with output.held(wait_s=wait_s):
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
    return Generated(output.path, made, there, tuple(set_aside), time.monotonic() - begun)


@dataclass
class _Making:
    """The state of making the clips of one folder."""

    output: Output
    source: Source
    back_end: ConfiguredBackEnd
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
                pace = per_minute(drawn.n + len(results) - len(again), drawn.format_dict["elapsed"])
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


def per_minute(clips: float, seconds: float) -> float:
    """Return the pace of so many clips in so many seconds."""
    return 60 * clips / max(seconds, 1e-9)
