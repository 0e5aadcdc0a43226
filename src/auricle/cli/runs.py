"""Commands of the rooms training and runs: ``train``, ``evaluate``, ``retrieve``, and ``runs`` about all there are."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.place import place

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder: runs/NAME.", parser=place)]
CollectionOption = Annotated[
    Path | None,
    typer.Option(
        "--collection", help="A folder of sounds other than the run's own; read and split as that was.", parser=place
    ),
]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="The folder of all runs.", parser=place)]
NamesArgument = Annotated[list[str], typer.Argument(metavar="RUN...", help="Names in --runs, or folders.")]

app = typer.Typer(help="The runs there are: list, compare, remove. Alone, it lists those in runs.")


def train(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG", help="A preset of `auricle config list`, or a YAML file of differences.", parser=place
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY.PATH=VALUE]...", help="Settings that replace the file's.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the run; by default the file's name and a fingerprint of the settings.")
    ] = None,
    runs: RunsOption = Path("runs"),
    resume: Annotated[
        str | None, typer.Option(help="Instead of CONFIG: go on with this run, by its name or folder.")
    ] = None,
) -> None:
    """Train a dual encoder on captioned sounds.

    The same command goes on with a run that was interrupted, and leaves a finished one as it is; so does --resume with
    nothing but the run's name. `auricle settings` lists what can be set.

    Example: auricle train embedded data.collection=~/Sounds
    """
    from auricle import config as configuration
    from auricle.errors import ConfigError
    from auricle.places import shown
    from auricle.presets import find_config
    from auricle.runs import find_run
    from auricle.training import RunConfig, default_name
    from auricle.training import resume as resume_run
    from auricle.training import train as train_run

    if resume is not None:
        settings = [*([str(config)] if config else []), *(overrides or [])]
        if name or any("=" not in setting for setting in settings):
            raise ConfigError("--resume takes the settings of the run itself; leave out CONFIG and --name.")
        path = find_run(resume, runs).path
        work = partial(resume_run, path, settings)
    elif config is None:
        raise ConfigError("Missing argument 'CONFIG': a preset, a YAML file, or --resume with a run is needed.")
    else:
        run_config = configuration.read(RunConfig, find_config(config), overrides or [])
        path = runs / (name or default_name(config.stem, run_config))
        work = partial(train_run, run_config, path)
    try:
        run = work()
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; what was done is in {shown(path)}. The same command goes on with it.", err=True)
        raise typer.Exit(1) from None
    typer.echo(shown(run.path))
    typer.echo(f"Next: auricle evaluate {shown(run.path)}", err=True)


def evaluate(
    run: RunArgument,
    split: Annotated[
        str | None, typer.Option(help="By default evaluation, or validation where the collection has none.")
    ] = None,
    collection: CollectionOption = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV of split,file_name,label: every clip with a caption's own label is relevant.", parser=place
        ),
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="The column of --labels.")] = None,
    relevance: Annotated[
        Path | None, typer.Option(help="CSV of query and clip: the pairs that are relevant.", parser=place)
    ] = None,
    ap_denominator: Annotated[
        str | None, typer.Option(help="all: the number of relevant clips (DCASE's). capped: at most 10.")
    ] = None,
    recall: Annotated[
        str | None, typer.Option(help="hit: any relevant clip among the first k. share: how many of them.")
    ] = None,
    which: Annotated[str, typer.Option(help="The checkpoint: best or last.")] = "best",
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Score a run: R@1, R@5, R@10, mAP@10, median rank and MRR in both directions.

    Ranks per query and a submission in DCASE's form are written to runs/NAME/evaluation.

    Example: auricle evaluate runs/NAME --split validation
    """
    from auricle.errors import ConfigError
    from auricle.evaluation import table
    from auricle.places import shown
    from auricle.runs import evaluate as evaluate_run
    from auricle.training import RunFolder

    if which not in ("best", "last"):
        raise ConfigError(f"--which is {which!r}; best or last is needed.")
    given = {
        "labels": labels,
        "label_column": label_column,
        "relevance": relevance,
        "ap_denominator": ap_denominator,
        "recall": recall,
    }
    evaluation = evaluate_run(
        RunFolder(run),
        split=split,
        collection=collection,
        which="last" if which == "last" else "best",
        device=device,
        settings={key: value for key, value in given.items() if value is not None},
    )
    if as_json:
        typer.echo(json.dumps({"split": evaluation.split, **evaluation.measures()}, indent=2))
        return
    typer.echo(f"{shown(run)}, {which} checkpoint, split {evaluation.split}\n")
    typer.echo(table({name.replace("_to_", " -> "): result for name, result in evaluation.results.items()}))
    typer.echo(f"\nRanks per query and submission: {shown(evaluation.folder)}", err=True)


def retrieve(
    run: RunArgument,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What the sound is like.")],
    top: Annotated[int, typer.Option(min=1, help="How many sounds to show.")] = 10,
    collection: CollectionOption = None,
    split: Annotated[
        str | None, typer.Option(help="One split; by default all, of the run's own but evaluation.")
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the sounds that are nearest to a sentence.

    Example: auricle retrieve runs/NAME "a dog barks far away" --top 5 --collection ~/Sounds
    """
    from auricle.places import shown, url_of
    from auricle.runs import retrieve as retrieve_sounds
    from auricle.training import RunFolder

    (hits,) = retrieve_sounds(RunFolder(run), [query], top=top, collection=collection, split=split, device=device)
    if as_json:
        rows = [{**vars(hit), "path": shown(hit.path)} for hit in hits]
        typer.echo(json.dumps({"query": query, "hits": rows}, indent=2, ensure_ascii=False))
        return
    for hit in hits:
        where = url_of(hit.path) or os.path.relpath(hit.path)
        typer.echo(f"{hit.rank:3d}  {hit.similarity:6.3f}  {hit.duration_s:6.1f} s  {where}")


@app.callback(invoke_without_command=True)
def runs_alone(context: typer.Context) -> None:
    """The runs there are: list, compare, remove. Alone, it lists those in runs."""
    if context.invoked_subcommand is None:
        list_runs()


@app.command("list")
def list_runs(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where runs are, at any depth.", parser=place)
    ] = Path("runs"),
    sort: Annotated[
        str, typer.Option(help="name, date, or a measure: mAP@10 of the best epoch, evaluation/mAP@10, loss ...")
    ] = "name",
    as_json: JsonOption = False,
) -> None:
    """List runs: how far each is, when it began, how good it is.

    Example: auricle runs list experiments --sort evaluation/mAP@10
    """
    from auricle.places import shown
    from auricle.runs import list_runs as runs_in
    from auricle.runs.listing import measure_key, table

    listed = runs_in(folder, sort=sort)
    if as_json:
        rows = [{**vars(run), "path": shown(run.path), "begun": run.begun.isoformat()} for run in listed]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not listed:
        typer.echo(f"There are no runs in {shown(folder)}. `auricle train` makes them.", err=True)
        return
    typer.echo(table(listed, measure=None if sort in ("name", "date") else measure_key(sort, listed)))
    for run in listed:
        if run.remark:
            typer.echo(f"{run.name} is {run.state}: {run.remark}", err=True)


@app.command("compare")
def compare_runs(
    names: NamesArgument,
    runs: RunsOption = Path("runs"),
    split: Annotated[
        str | None, typer.Option(help="Of the differences; by default what all were evaluated on, else validation.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Put runs side by side: settings that differ, measures, and differences to the first with interval and p-value.

    Example: auricle runs compare plain with-copies
    """
    from dataclasses import asdict

    from auricle.runs import compare_runs as compare
    from auricle.runs import comparison_table, find_run

    comparison = compare([find_run(name, runs) for name in names], split=split)
    typer.echo(json.dumps(asdict(comparison), indent=2) if as_json else comparison_table(comparison))
    for remark in comparison.remarks:
        typer.echo(remark, err=True)


@app.command("remove")
def remove_runs(
    names: NamesArgument,
    runs: RunsOption = Path("runs"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove runs with everything in them; a run that is being trained is left alone.

    Example: auricle runs remove plain --yes
    """
    from auricle.errors import ConfigError
    from auricle.places import shown
    from auricle.runs import check_removable, find_run
    from auricle.runs import remove_runs as remove

    found = [find_run(name, runs) for name in names]
    check_removable(found)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError("There is nobody to ask whether these runs may go; --yes answers for all.")
        listed = "\n".join(f"  {shown(run.path)}" for run in found)
        typer.confirm(f"{listed}\nRemove {len(found)} run(s) with everything in them?", abort=True)
    remove(found)
    for run in found:
        typer.echo(f"{shown(run.path)}: removed")
