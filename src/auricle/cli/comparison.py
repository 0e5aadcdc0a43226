"""Commands of the room comparison: ``auricle compare``."""

from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.engines import CpusOption, EngineOption, EnvironmentOption, GpusOption, engine_config
from auricle.cli.place import place


def compare(
    originals: Annotated[
        Path, typer.Argument(metavar="ORIGINALS", help="The collection the clips were made from.", parser=place)
    ],
    generated: Annotated[
        list[Path],
        typer.Argument(metavar="GENERATED...", help="Folders of clips that name their parents.", parser=place),
    ],
    measures: Annotated[
        str, typer.Option("--measures", help="dtw, wcc, embedding, text, prior_dtw, prior_wcc; with commas.")
    ] = "dtw,wcc,embedding",
    output: Annotated[Path, typer.Option("--output", help="Where table, figures and page go.", parser=place)] = Path(
        "comparison"
    ),
    against_chance: Annotated[
        bool, typer.Option("--against-chance", help="Also measure pairs that do not belong together.")
    ] = False,
    front_end: Annotated[str, typer.Option(help="Of the log-mels that dtw and wcc compare.")] = "clotho-baseline",
    listener: Annotated[str, typer.Option(help="Of embedding: an audio encoder, a run, or a CLAP.")] = "yamnet",
    model: Annotated[str | None, typer.Option("--model", help="Of text: a run's folder, or a CLAP.")] = None,
    resamples: Annotated[
        int, typer.Option(min=0, help="Of the bootstrap for intervals of distances between sets.")
    ] = 0,
    extrapolate: Annotated[
        bool, typer.Option("--extrapolate", help="Extrapolate the Fréchet distance to infinitely many clips.")
    ] = False,
    features: Annotated[
        Path | None, typer.Option("--features", help="The folder of all feature stores.", parser=place)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes or workers; all there is room for by default.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest.")] = "auto",
    engine: EngineOption = "local",
    cpus: CpusOption = 1.0,
    gpus: GpusOption = None,
    runtime_env: EnvironmentOption = None,
) -> None:
    """Measure how near synthetic clips are to their originals and captions.

    Writes scores.csv, one row per pair, and a page with figures and players. The same command goes on where it was
    stopped.

    Example: auricle compare ~/Sounds Sounds-procedural-caption-1 --measures dtw,wcc --against-chance
    """
    from auricle.comparison import ComparisonConfig, compare_folders
    from auricle.config import validate

    config = validate(
        ComparisonConfig,
        {
            "measures": [name.strip() for name in measures.split(",") if name.strip()],
            "front_end": front_end,
            "listener": listener,
            "reader": model,
            "against_chance": against_chance,
            "resamples": resamples,
            "extrapolate": extrapolate,
            "workers": workers,
            "device": device,
        },
        source="the command line",
    )
    doing = engine_config(
        engine, workers=None if engine == "local" else workers, cpus=cpus, gpus=gpus, runtime_env=runtime_env
    )
    done = compare_folders(originals, generated, output, config, features=features, engine=doing)
    typer.echo(done.table)
    typer.echo(f"\nScores: {done.scores}\nPage:   {done.page}", err=True)
