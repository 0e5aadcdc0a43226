"""The command of the room experiments that makes one: ``experiment``."""

from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.engines import CpusOption, EngineOption, EnvironmentOption, GpusOption, WorkersOption, engine_config
from auricle.cli.place import place


def experiment(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A shipped plan's name, or a YAML file; see --list.")
    ] = "",
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY.PATH=VALUE]...", help="Of the plan (seeds=[0,1]) or of all its runs (data.collection=PATH)."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the experiment; by default the plan's and a fingerprint of it.")
    ] = None,
    experiments: Annotated[Path, typer.Option(help="The folder of all experiments.", parser=place)] = Path(
        "experiments"
    ),
    processes: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time; all processors where only heads are trained, else one.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="NAME", help="Go on with this experiment, by the plan in its folder.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the runs it would make.")] = False,
    show_list: Annotated[bool, typer.Option("--list", help="Show the shipped plans.")] = False,
    engine: EngineOption = "local",
    workers: WorkersOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = None,
    runtime_env: EnvironmentOption = None,
) -> None:
    """Make all runs of a plan, score them and tell what they say together.

    The same command goes on with an experiment that was interrupted. The report is in the experiment's folder.

    Example: auricle experiment procedural-copies data.collection=demo/collection
    """
    from auricle.errors import ConfigError, ModelError
    from auricle.experiments import PLANS, ExperimentFolder, default_name, preview, read_plan, run_experiment
    from auricle.experiments.report import write_report

    if show_list:
        for known, summary in PLANS.summaries().items():
            typer.echo(f"{known}\n    {summary}")
        return
    if bool(plan) == bool(resume):
        raise ConfigError("One of PLAN and --resume NAME is needed; `auricle experiment --list` shows the plans.")
    if resume and (overrides or name):
        raise ConfigError("An experiment that is resumed keeps its plan and its name; leave the rest out.")
    path = experiments / (resume or name or "")
    read = ExperimentFolder(path).read_plan() if resume else read_plan(plan, overrides or [])
    if not (resume or name):
        path = experiments / default_name(plan, read)
    if dry_run:
        typer.echo(preview(read))
        return
    try:
        doing = engine_config(engine, workers=workers, cpus=cpus, gpus=gpus, runtime_env=runtime_env)
        story = run_experiment(read, path, processes=processes, engine=doing)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; what was done is in {path}. The same command goes on with it.", err=True)
        raise typer.Exit(1) from None
    typer.echo(write_report(story, path / "report"))
    if story.missing:
        raise ModelError(f"{len(story.missing)} run(s) could not be made; the report names them and says why.")
