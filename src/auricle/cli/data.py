"""Commands of the room data: ``auricle data check``."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Collections of sounds and captions.", no_args_is_help=True)


@app.command("check")
def check(
    collection: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Clotho's layout, sounds with a CSV, or sounds.")
    ],
    captions: Annotated[Path | None, typer.Option(help="The caption file, where the folder has several.")] = None,
    encoding: Annotated[str, typer.Option(help="Of the caption files.")] = "utf-8",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False,
) -> None:
    """Open a collection, count what is in it, and list what cannot be used and why.

    Example: auricle data check ~/Sounds
    """
    from auricle.config import validate
    from auricle.data import DataConfig, open_collection

    values = {"collection": collection, "captions": captions, "encoding": encoding}
    opened = open_collection(validate(DataConfig, values, source="the command line"))
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
