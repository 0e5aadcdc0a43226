"""Commands of the room generation: ``auricle generate`` and ``auricle generators``."""

import re
from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.engines import CpusOption, EngineOption, EnvironmentOption, GpusOption, WorkersOption, engine_config
from auricle.cli.place import place, place_here


def generators() -> None:
    """List the back ends of `generate`, and their settings.

    Example: auricle generators
    """
    from auricle.config import describe
    from auricle.generation import all_back_ends

    known = all_back_ends()
    for back_end in map(known.get, known):
        name = f"{back_end.name}:{back_end.argument}" if back_end.argument else back_end.name
        typer.echo(f"{name}\n    {back_end.summary}")
        for setting in describe(back_end.options):
            typer.echo(f"    {setting.key} = {setting.default}\n        {setting.meaning.replace('``', '`')}")


def generate(
    back_end: Annotated[
        str, typer.Argument(metavar="BACKEND", help="procedural, audiogen, ezaudio, diffusers:NAME, mixture, ...")
    ],
    collection: Annotated[
        Path, typer.Option("--collection", help="Whose captions become sounds; only development is read.", parser=place)
    ],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings of the back end, see `generators`.")
    ] = None,
    captions: Annotated[str, typer.Option(help="Numbers of captions: 1-5, 2, 1,3; all by default.")] = "",
    output: Annotated[Path, typer.Option("--output", help="Where the folders of clips go.", parser=place)] = Path(),
    seconds: Annotated[
        float | None, typer.Option(help="Length of every clip; that of the original by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes other clips.")] = 0,
    batch: Annotated[int, typer.Option(min=1, help="Clips at once; halved when memory runs out.")] = 8,
    sample_rate: Annotated[int, typer.Option(help="Of the files, in Hz.")] = 44_100,
    loudness: Annotated[float, typer.Option(help="Of the files, in LUFS.")] = -14.0,
    keep_level: Annotated[bool, typer.Option("--keep-level", help="Leave the loudness as it comes.")] = False,
    shard: Annotated[str, typer.Option(help="A part of the work, 2/4, for several machines or GPUs.")] = "1/1",
    python: Annotated[
        Path | None,
        typer.Option(help="The interpreter of a back end that runs in a process of its own.", parser=place_here),
    ] = None,
    engine: EngineOption = "local",
    workers: WorkersOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = None,
    runtime_env: EnvironmentOption = None,
) -> None:
    """Make a sound for every caption of development.

    Clips go to COLLECTION-BACKEND-caption-N/development/NAME_cap_N.wav, with a manifest beside them; the folder can
    be named in training.synthetic.sources. The same command goes on where it was stopped.

    Example: auricle generate procedural --collection ~/Sounds --captions 1-2
    """
    from auricle.config import validate
    from auricle.data import DataConfig, Purpose, open_collection
    from auricle.engines import open_engine
    from auricle.generation import GenerationConfig, Shard, options_from
    from auricle.generation import generate as generate_clips

    config = validate(
        GenerationConfig,
        {
            "numbers": numbers_in(captions),
            "seed": seed,
            "seconds": seconds,
            "batch_size": batch,
            "sample_rate": sample_rate,
            "loudness_lufs": None if keep_level else loudness,
            "output": output,
        },
        source="the command line",
    )
    options = options_from([*(settings or []), *([f"python={python}"] if python else [])])
    part = Shard.parse(shard)
    opened = open_collection(DataConfig(collection=collection), purpose=Purpose.LEARNING)
    doing = open_engine(engine_config(engine, workers=workers, cpus=cpus, gpus=gpus, runtime_env=runtime_env))
    for done in generate_clips(back_end, opened, config, options=options, shard=part, engine=doing):
        typer.echo(done.path)


def numbers_in(text: str) -> tuple[int, ...]:
    """Return the numbers of ``1-3,5``, none for an empty text.

    Raises:
        ConfigError: If it is something else.

    Example:
        >>> numbers_in("1-3, 5")
        (1, 2, 3, 5)
    """
    from auricle.errors import ConfigError

    numbers: list[int] = []
    for part in filter(None, re.split(r"[,\s]+", text)):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ConfigError(f"{text!r} names no captions; numbers are needed, as in 1-5 or 1,3.")
        numbers.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(numbers)
