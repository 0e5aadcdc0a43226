"""Commands of the room data: from a published collection to one that can be trained on, and what is in it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auricle.cli.place import place, place_here

if TYPE_CHECKING:
    from auricle.data.clotho import Count

app = typer.Typer(help="Collections of sounds and captions: fetch, correct, curate, describe.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
CaptionsOption = Annotated[
    Path | None, typer.Option(help="The caption file, where the folder has several.", parser=place)
]
EncodingOption = Annotated[str, typer.Option(help="Of the caption files.")]
CollectionArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Clotho's layout, sounds with a CSV, or sounds.", parser=place)
]
ClothoArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder in Clotho's layout.", parser=place_here)
]
SplitsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[SPLIT]...", help="development, validation, evaluation; all by default.")
]
SplitsOption = Annotated[list[str] | None, typer.Option("--splits", help="The same, behind the option.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")]


@app.command("check")
def check(
    collection: CollectionArgument,
    captions: CaptionsOption = None,
    encoding: EncodingOption = "utf-8",
    as_json: JsonOption = False,
) -> None:
    """Open a collection, count what is in it, and list what cannot be used and why.

    Example: auricle data check ~/Sounds
    """
    from auricle.config import validate
    from auricle.data import DataConfig, Purpose, open_collection

    values = {"collection": collection, "captions": captions, "encoding": encoding}
    config = validate(DataConfig, values, source="the command line")
    opened = open_collection(config, purpose=Purpose.REPORTING)
    parts = {name: opened.split(name) for name in opened.splits}
    if as_json:
        counts = {
            name: {
                "clips": len(part.clips),
                "captions": len(part.captions),
                "seconds": round(sum(clip.duration_s for clip in part.clips), 3),
            }
            for name, part in parts.items()
        }
        set_aside = [{"what": bad.what, "reason": bad.reason} for bad in opened.set_aside]
        typer.echo(json.dumps({"splits": counts, "set_aside": set_aside}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{'split':14}{'clips':>8}{'captions':>10}{'minutes':>10}")
    for name, part in parts.items():
        minutes = sum(clip.duration_s for clip in part.clips) / 60
        typer.echo(f"{name:14}{len(part.clips):8}{len(part.captions):10}{minutes:10.1f}")
    for bad in opened.set_aside:
        typer.echo(f"set aside: {bad.reason}")


@app.command("describe")
def describe(
    collection: CollectionArgument,
    captions: CaptionsOption = None,
    encoding: EncodingOption = "utf-8",
    top: Annotated[int, typer.Option("--top", min=0, help="How many frequent words to show.")] = 20,
    tag: Annotated[bool, typer.Option("--tag", help="Count parts of speech, if a tagger is installed.")] = False,
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", help="A folder for histograms and frequent words, as PNG.", parser=place),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a collection holds: lengths, words, captions that clips share, leaks between splits, licences.

    Captions without sounds can be described too.

    Example: auricle data describe ~/Clotho --pictures pictures
    """
    from auricle.config import validate
    from auricle.data import DataConfig, statistics

    values = {"collection": collection, "captions": captions, "encoding": encoding}
    known = statistics.describe(validate(DataConfig, values, source="the command line"), top=top, tag=tag)
    typer.echo(
        json.dumps(statistics.to_json(known), indent=2, ensure_ascii=False) if as_json else statistics.tables(known)
    )
    for path in statistics.draw(known, pictures) if pictures else ():
        typer.echo(path, err=True)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to fetch: clotho.")],
    more_splits: SplitsArgument = None,
    version: Annotated[str, typer.Option("--version", help="Its version.")] = "2.1",
    splits: SplitsOption = None,
    to: Annotated[Path | None, typer.Option("--to", help="The folder; ./Clotho by default.", parser=place_here)] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A folder that has some of the published files already.", parser=place_here),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Another server, with {name} where the name of a file goes.")
    ] = None,
    download_only: Annotated[bool, typer.Option("--download-only", help="Unpack nothing.")] = False,
    remove_archives: Annotated[
        bool, typer.Option("--remove-archives", help="Delete an archive when its sounds are unpacked.")
    ] = False,
) -> None:
    """Download a published collection, check it, unpack it and correct its file names.

    Needs about 19 GB for the whole of Clotho, 12 GB of which stay with --remove-archives. What is there and whole is
    left as it is: the same command goes on where it was stopped.

    Example: auricle data fetch clotho --version 2.1 --splits development validation evaluation
    """
    from auricle.data import clotho

    release = clotho.RELEASES.get(f"{name} {version}")
    folder = to or Path(name.capitalize())
    wanted = [*(splits or []), *(more_splits or [])]
    sources = clotho.Sources(url or release.url, source)
    typer.echo(release.terms, err=True)
    if download_only:
        for path in clotho.download(release, folder, splits=wanted, sources=sources):
            typer.echo(path)
        return
    counts = clotho.fetch(release, folder, splits=wanted, sources=sources, keep_archives=not remove_archives)
    _print_counts(counts)
    typer.echo(f"Next: auricle data curate {folder}", err=True)


@app.command("extract")
def extract(
    folder: ClothoArgument,
    more_splits: SplitsArgument = None,
    splits: SplitsOption = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Where clotho_audio_{split}.7z are; by default the folder itself.", parser=place_here
        ),
    ] = None,
) -> None:
    """Unpack archives that are at hand beside their captions; `fetch` does so too.

    Example: auricle data extract ~/Clotho validation --from ~/Downloads
    """
    from auricle.data import clotho

    _print_counts(clotho.extract(folder, splits=[*(splits or []), *(more_splits or [])], source=source))


@app.command("rename")
def rename(
    folder: ClothoArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Give the published names back.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Remove leading spaces from file names, on disk and in the tables, and record it in changes.csv.

    `fetch` does so too.

    Example: auricle data rename ~/Clotho --undo
    """
    from auricle.data import clotho

    changes = clotho.rename(folder, undo=undo, trial=dry_run)
    for change in changes:
        old, new = (change.after, change.before) if undo else (change.before, change.after)
        typer.echo(f"{change.split}: {old!r} -> {new!r}")
    typer.echo(f"{len(changes)} names {'would change' if dry_run else 'changed'}.", err=True)


@app.command("curate")
def curate(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where clotho_captions_{split}.csv are.", parser=place_here)
    ],
    more_splits: SplitsArgument = None,
    splits: SplitsOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Where the files go; FOLDER itself by default.", parser=place_here)
    ] = None,
    rules: Annotated[list[str] | None, typer.Option("--rule", help="Only this rule; may be repeated.")] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help="All rules but this; may be repeated.")] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            help="CSV of split,file_name,caption,old,new, instead of those for Clotho 2.1.", parser=place_here
        ),
    ] = None,
    no_corrections: Annotated[bool, typer.Option("--no-corrections", help="Rules only.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Correct small faults in captions by rules, and record every change in changes.csv.

    Files that change are kept as they were in FOLDER/published. `auricle data rules` lists the rules.

    Example: auricle data curate ~/Clotho --dry-run
    """
    from auricle.data import curation
    from auricle.data.changes import changes_table

    done = curation.curate(
        folder,
        to,
        splits=[*(splits or []), *(more_splits or [])],
        rules=curation.choose_rules(rules or (), without=without or ()),
        corrections=None if no_corrections else corrections or curation.CLOTHO_CORRECTIONS,
        trial=dry_run,
    )
    if dry_run:
        typer.echo(changes_table(done.changes), nl=False)
    for caption, pair in done.undecided:
        typer.echo(f"Left as it is, since no rule knows it: {pair!r} in {caption}", err=True)
    for path in done.files:
        typer.echo(path)
    typer.echo(f"{len(done.changes)} changes{' would be made' if dry_run else ''}.", err=True)


@app.command("rules")
def rules() -> None:
    """List the rules of `curate`, each with an example, in the order in which they are applied.

    Example: auricle data rules
    """
    from auricle.data.curation import ORDER, RULES

    for rule in map(RULES.get, ORDER):
        before, after = rule.example
        typer.echo(f"{rule.name}: {rule.summary}\n    {before!r}\n    {after!r}")


@app.command("extend")
def extend(
    folder: ClothoArgument,
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="Where the files go.", parser=place_here)],
    generators: Annotated[
        list[str], typer.Option("--generator", help="Who made the copies: audiogen, ezaudio, ...; may be repeated.")
    ],
    numbers: Annotated[
        list[int] | None, typer.Option("--caption", help="Number of a caption, from 1; all by default.")
    ] = None,
) -> None:
    """Write the captions of development with those of the copies {stem}_cap_{n}.wav that were generated from them.

    Example: auricle data extend ~/Clotho ~/extended --generator audiogen --generator ezaudio
    """
    from auricle.data.generated import extend_captions

    written = extend_captions(folder, output, generators=generators, numbers=numbers or ())
    for path, rows in written.items():
        typer.echo(f"{rows:7} rows in {path}")


def _print_counts(counts: "list[Count]") -> None:
    from auricle.errors import DataError

    typer.echo(f"{'split':14}{'captioned':>11}{'there':>8}{'missing':>9}{'leftover':>10}")
    for count in counts:
        row = f"{count.split:14}{count.captioned:11}{count.present:8}{len(count.missing):9}{len(count.leftovers):10}"
        typer.echo(row)
    for count in counts:
        for name in count.missing:
            typer.echo(f"missing: {count.split}/{name}")
        for name in count.leftovers:
            typer.echo(f"leftover, named by no caption: {count.split}/{name}")
    if missing := sum(len(count.missing) for count in counts):
        raise DataError(f"{missing} sounds that the captions name are not there. Fetch or extract the archive again.")
