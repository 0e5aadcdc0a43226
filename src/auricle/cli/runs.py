"""Commands of the rooms training and runs: ``train``, ``evaluate``, ``retrieve``."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder: runs/NAME.")]
CollectionOption = Annotated[
    Path | None,
    typer.Option("--collection", help="A folder of sounds other than the run's own; read and split as that was."),
]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file; it holds differences only.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY.PATH=VALUE]...", help="Settings that replace the file's.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the run; by default the file's name and a fingerprint of the settings.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder of all runs.")] = Path("runs"),
) -> None:
    """Train a dual encoder on captioned sounds.

    The same command goes on with a run that was interrupted, and leaves a finished one as it is. `auricle settings`
    lists what can be set.

    Example: auricle train configs/embedded.yaml data.collection=~/Sounds
    """
    from auricle import config as configuration
    from auricle.training import RunConfig, default_name
    from auricle.training import train as train_run

    run_config = configuration.read(RunConfig, config, overrides or [])
    path = runs / (name or default_name(config.stem, run_config))
    try:
        run = train_run(run_config, path)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; what was done is in {path}. The same command goes on with it.", err=True)
        raise typer.Exit(1) from None
    typer.echo(run.path)
    typer.echo(f"Next: auricle evaluate {run.path}", err=True)


def evaluate(
    run: RunArgument,
    split: Annotated[
        str | None, typer.Option(help="By default evaluation, or validation where the collection has none.")
    ] = None,
    collection: CollectionOption = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV of split,file_name,label: every clip with a caption's own label is relevant."),
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="The column of --labels.")] = None,
    relevance: Annotated[Path | None, typer.Option(help="CSV of query and clip: the pairs that are relevant.")] = None,
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
    typer.echo(f"{run}, {which} checkpoint, split {evaluation.split}\n")
    typer.echo(table({name.replace("_to_", " -> "): result for name, result in evaluation.results.items()}))
    typer.echo(f"\nRanks per query and submission: {evaluation.folder}", err=True)


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
    from auricle.runs import retrieve as retrieve_sounds
    from auricle.training import RunFolder

    (hits,) = retrieve_sounds(RunFolder(run), [query], top=top, collection=collection, split=split, device=device)
    if as_json:
        rows = [{**vars(hit), "path": str(hit.path)} for hit in hits]
        typer.echo(json.dumps({"query": query, "hits": rows}, indent=2, ensure_ascii=False))
        return
    for hit in hits:
        typer.echo(f"{hit.rank:3d}  {hit.similarity:6.3f}  {hit.duration_s:6.1f} s  {os.path.relpath(hit.path)}")
