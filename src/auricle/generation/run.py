"""`auricle generate`: a clip for every caption of development, in a folder per caption number.

Which clips there are to be follows from the collection, which are there from the folder; between the two lies the
work of this run, whatever happened before. A clip's seed follows from (run seed, back end, clip), so the same clip
comes out in any batch, order, shard or restart. What cannot become a sound is tried with the next seed, then set
aside; it does not end the run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from auricle import progress
from auricle.config import apply
from auricle.data import Collection
from auricle.data.generated import SPLIT
from auricle.engines import Engine, Share
from auricle.errors import ConfigError
from auricle.generation.filling import ConfiguredBackEnd, Generated, fill, per_minute
from auricle.generation.jobs import Job, plan_jobs
from auricle.generation.output import Output, Shard
from auricle.generation.settings import GenerationConfig
from auricle.places import shown
from auricle.storage import make_folder

_CLIPS_OF_A_SHARD = 64
_LATE_S = 120.0
"""How long a worker waits for the shard of one that was killed on another machine."""


def generate(
    name: str,
    collection: Collection,
    config: GenerationConfig,
    *,
    options: Mapping[str, Any] | None = None,
    shard: Shard | None = None,
    engine: Engine | None = None,
) -> list[Generated]:
    """Make a clip for every caption of development that has none yet.

    Args:
        name: Of the back end, with what stands behind its colon.
        collection: Opened for learning; only development is read.
        config: What is made, and how it is written.
        options: Settings of the back end.
        shard: The part that is made here; all by default.
        engine: Who makes them; this process by default. Where others do, each of their shards has a manifest.

    Returns:
        One entry per caption number.

    Raises:
        ConfigError: If there is no such back end, setting, or caption number.
        DataError: If development has no captions.
        BackEndError: If the back end cannot be opened, or fails for good.
        GenerationError: If a folder was made with other parameters.
        ModelError: If weights are missing or damaged.
        StorageError: If a folder cannot be written or is in use.
        AuricleError: As the engine does.
    """
    folders = {number: in_order(jobs) for number, jobs in plan_jobs(collection, config.numbers).items()}
    with ConfiguredBackEnd(name, config, dict(options or {}), collection.split(SPLIT)) as back_end:
        outputs = {
            number: config.output / f"{collection.folder.resolve().name}-{back_end.label}-caption-{number}"
            for number in folders
        }
        if engine is None or not engine.remote:
            own = shard or Shard()
            return [
                _told(fill(Output(outputs[number], own), own.of(jobs), back_end)) for number, jobs in folders.items()
            ]
        if shard and shard.count > 1:
            raise ConfigError("A cluster cuts the work into shards of its own; leave the shard out.")
        return _made_elsewhere(folders, outputs, back_end, collection, engine)


def in_order(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in the order in which shards take turns."""
    return sorted(jobs, key=lambda job: job.file)


def _made_elsewhere(
    folders: Mapping[int, list[Job]],
    outputs: Mapping[int, Path],
    back_end: ConfiguredBackEnd,
    collection: Collection,
    engine: Engine,
) -> list[Generated]:
    """Have the workers of an engine fill the folders, a shard of one of them at a time."""
    parts = []
    for number, jobs in folders.items():
        count = -(-len(jobs) // _CLIPS_OF_A_SHARD)
        shards = (Shard(place + 1, count) for place in range(count))
        parts += [(number, outputs[number], shard, shard.of(jobs)) for shard in shards]
    for path in outputs.values():
        make_folder(path)
    found: dict[int, list[Generated]] = {number: [] for number in folders}
    begin = partial(_begin, back_end.name, back_end.config, back_end.given, back_end.split)
    reads, writes = [collection.folder], list(outputs.values())
    with (
        progress.bar(total=sum(map(len, folders.values())), label=back_end.label, unit="clip") as bar,
        engine.working(begin, parts, network=True, reads=reads, writes=writes) as filled,
    ):
        for number, part in filled:
            found[number].append(part)
            bar.update(part.made + part.there + len(part.set_aside))
    return [
        _told(
            Generated(
                path=outputs[number],
                made=sum(part.made for part in of_folder),
                there=sum(part.there for part in of_folder),
                set_aside=tuple(one for part in of_folder for one in part.set_aside),
            )
        )
        for number, of_folder in found.items()
    ]


Part = tuple[int, Path, Shard, list[Job]]
"""Number of the captions, folder, which shard of it, and its clips."""


def _begin(
    name: str, config: GenerationConfig, options: dict[str, Any], split: Collection, _: Share | None
) -> Callable[[Part], Iterator[tuple[int, Generated]]]:
    back_end = ConfiguredBackEnd(name, config, options, split)

    def of(part: Part) -> Iterator[tuple[int, Generated]]:
        number, path, shard, jobs = part
        yield number, fill(Output(path, shard), jobs, back_end, wait_s=_LATE_S)

    return of


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


def _told(done: Generated) -> Generated:
    """Say what was done in a folder, and return it."""
    seconds = done.seconds
    pace = f" in {seconds:.1f} s ({per_minute(done.made, seconds):.0f} clips/min)" if done.made and seconds else ""
    progress.say(
        f"{shown(done.path)}: {done.made} clips made{pace}, {done.there} were there, {len(done.set_aside)} set aside."
    )
    for one in done.set_aside[:3]:
        progress.say(f"  {one.file}: {one.reason}")
    return done
