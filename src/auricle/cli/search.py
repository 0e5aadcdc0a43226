"""Commands of the room search: ``auricle index`` and ``auricle search``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auricle.cli.engines import CpusOption, EngineOption, EnvironmentOption, GpusOption, WorkersOption, engine_config
from auricle.cli.place import place, place_here

if TYPE_CHECKING:
    from auricle.search import Index

IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index",
        metavar="INDEX",
        help="Folder of the index; $AURICLE_INDEX, or one in your data, by default.",
        parser=place,
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="A run's folder, clap, clap:NAME_OR_FOLDER, or classes, the baseline."),
]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def index(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Sounds, in folders of any depth.", parser=place)],
    index_folder: IndexOption = None,
    model: ModelOption = None,
    window: Annotated[float | None, typer.Option(min=0.1, help="Length of windows, in seconds: 10 by default.")] = None,
    hop: Annotated[
        float | None, typer.Option(min=0.1, help="From the beginning of one to the next, in seconds: 5 by default.")
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option("--metadata", help="A CSV of file_name and caption, tags, licence.", parser=place)
    ] = None,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Build the approximate index of large collections, too.")
    ] = False,
    moved: Annotated[bool, typer.Option("--moved", help="It is the same folder at another place.")] = False,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="ADDRESS", help="Of a Qdrant collection: qdrant://HOST:6333/COLLECTION."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="That describe sounds; one for four processors by default.")
    ] = None,
    device: DeviceOption = "auto",
    engine: EngineOption = "local",
    workers: WorkersOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = None,
    runtime_env: EnvironmentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Index a folder of sounds for `auricle search`, or bring its index up to date.

    Example: auricle index ~/Sounds
    """
    from auricle.places import shown
    from auricle.search import build_approximate
    from auricle.search import index_folder as index_sounds
    from auricle.search.telling import sentence

    report = index_sounds(
        folder,
        index=index_folder,
        model=model,
        window_s=window,
        hop_s=hop,
        table=metadata,
        processes=processes,
        device=device,
        moved=moved,
        engine=engine_config(engine, workers=workers, cpus=cpus, gpus=gpus, runtime_env=runtime_env),
        store=store,
    )
    recall = build_approximate(index_folder) if approximate else None
    if as_json:
        typer.echo(json.dumps({**asdict(report), "recall@10": recall}, indent=2, ensure_ascii=False, default=str))
        return
    typer.echo(sentence(report))
    if report.set_aside:
        typer.echo(f"What was set aside, and why: {shown(report.folder / 'set-aside.csv')}", err=True)
    if recall is not None:
        typer.echo(f"The approximate index finds {recall:.1%} of the 10 nearest windows (recall@10).")
    typer.echo(f"Index: {shown(report.folder)} ({report.model})", err=True)


def search(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY...", help="Sentences; of several the mean.")
    ] = None,
    like: Annotated[
        list[Path] | None, typer.Option("--like", help="A sound that it should be like.", parser=place)
    ] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help="What it should be without.")] = None,
    where: Annotated[str, typer.Option("--where", help="A condition: \"duration < 5 and path like '%birds%'\".")] = "",
    top: Annotated[int, typer.Option(min=1, help="How many sounds to show.")] = 10,
    hybrid: Annotated[
        bool, typer.Option("--hybrid", help="Look for the words in names, tags and captions, too.")
    ] = False,
    fold: Annotated[bool, typer.Option("--fold/--no-fold", help="Show copies of one recording as one.")] = True,
    exact: Annotated[
        bool | None, typer.Option("--exact/--approximate", help="By default what suits the size of the index.")
    ] = None,
    playlist: Annotated[
        Path | None, typer.Option("--playlist", help="Also write an M3U playlist.", parser=place_here)
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option("--eval", help="Score the index by a CSV of file_name and caption instead.", parser=place),
    ] = None,
    index_folder: IndexOption = None,
    model: Annotated[str | None, typer.Option("--model", help="Where the model of the index is now.")] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the sounds of an index that are nearest to a sentence, to a sound, or to both.

    Example: auricle search "a dog barks far away in the rain" --where "duration < 20"
    """
    from auricle.places import shown
    from auricle.search import Index
    from auricle.search.telling import table, write_m3u

    opened = Index.open(index_folder, model=model, device=device)
    if queries is not None:
        _score(opened, queries, where=where, hybrid=hybrid, exact=exact, as_json=as_json)
        return
    hits = opened.search(
        query or (),
        like=like or (),
        without=without or (),
        where=where,
        top=top,
        hybrid=hybrid,
        fold=fold,
        exact=exact,
    )
    if playlist is not None:
        write_m3u(playlist, hits, root=opened.about.root)
        typer.echo(f"Playlist: {playlist}", err=True)
    if as_json:
        rows = [{**asdict(hit), "file": shown(opened.about.root / hit.path)} for hit in hits]
        answer = {"query": query or [], "root": shown(opened.about.root), "hits": rows}
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    if hits:
        typer.echo(table(hits, root=opened.about.root))
    else:
        typer.echo("Nothing was found.", err=True)


def _score(index: "Index", queries: Path, *, where: str, hybrid: bool, exact: bool | None, as_json: bool) -> None:
    from auricle.evaluation import table
    from auricle.search.scoring import score_index

    result = score_index(index, queries, where=where, hybrid=hybrid, exact=exact)
    if as_json:
        typer.echo(json.dumps({"measures": result.measures(), "chance": result.chance()}, indent=2))
    else:
        typer.echo(table({"text -> audio": result}))
