"""The command of the room experiments that searches: ``sweep``."""

from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.place import place, place_here


def sweep(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG", help="What all trials begin with: a preset's name, or a YAML file.", parser=place
        ),
    ] = None,
    space: Annotated[
        Path | None,
        typer.Argument(metavar="SPACE", help="What is searched: a sweep file as of Weights & Biases.", parser=place),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY.PATH=VALUE]...", help="Settings that replace CONFIG's.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="How many; by default the file's run_cap, all of a grid, or 150.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the sweep; by default the file's name and a fingerprint of all settings.")
    ] = None,
    sweeps: Annotated[Path, typer.Option(help="The folder of all sweeps.", parser=place_here)] = Path("sweeps"),
    storage: Annotated[
        str | None, typer.Option(help="A database for several machines: postgresql://USER@HOST/NAME, for example.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes of this machine.")] = 1,
    resume: Annotated[
        str | None, typer.Option(help="Instead of CONFIG and SPACE: go on with this sweep, by its name or folder.")
    ] = None,
    prune: Annotated[
        bool | None,
        typer.Option("--prune/--no-prune", help="Stop trials that are worse than the median. [default: yes]"),
    ] = None,
    heartbeat: Annotated[
        int | None, typer.Option(min=1, help="How often a process says that it is alive, in s. [default: 10]")
    ] = None,
    grace: Annotated[
        int | None, typer.Option(min=1, help="After how many s without a word it counts as killed. [default: 60]")
    ] = None,
) -> None:
    """Search for the configuration that learns best, by a validation measure.

    Each trial is a run in sweeps/NAME/trials. The same command goes on with a sweep that was interrupted, and joins one
    that others work on. At the end: best.yaml, trials.csv, importances and pictures.

    Example: auricle sweep embedded space.yaml data.collection=~/Sounds --trials 30 --workers 2
    """
    from auricle import config as configuration
    from auricle.errors import ConfigError
    from auricle.experiments.sweep import Asked, begin_sweep, default_name, read_space, resume_sweep, run_sweep
    from auricle.presets import find_config
    from auricle.training import RunConfig

    asked = Asked(trials, prune, heartbeat_s=heartbeat, grace_s=grace)
    if resume is not None:
        if config or name:
            raise ConfigError("--resume takes configuration and space of the sweep itself; leave out all but its name.")
        known = sweeps / resume
        begun = resume_sweep(known if known.is_dir() else Path(resume), asked, storage=storage)
    elif config is None or space is None:
        raise ConfigError("CONFIG and SPACE are needed, or a sweep to go on with: --resume NAME.")
    else:
        base = configuration.read(RunConfig, find_config(config), overrides or [])
        path = sweeps / (name or default_name(config.stem, base, read_space(space, base)))
        begun = begin_sweep(base, space, path, asked, storage=storage)
    try:
        outcome = run_sweep(begun, workers=workers)
    except KeyboardInterrupt:
        typer.echo(
            f"Interrupted; what was done is kept. `auricle sweep --resume {begun.folder.path}` goes on with it.",
            err=True,
        )
        raise typer.Exit(1) from None
    typer.echo(outcome.text())
    typer.echo(f"\nNext: auricle train {begun.folder.best}", err=True)
