"""``auricle demo``: the whole pipeline on the embedded collection."""

from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.place import place_here


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything goes.", parser=place_here)] = Path("demo"),
    clips: Annotated[int, typer.Option(min=20, help="Size of the collection.")] = 300,
    seed: Annotated[int, typer.Option(help="Another seed makes other sounds and another model.")] = 0,
) -> None:
    """Make captioned sounds, train on them, score the model, and ask it three questions.

    Example: auricle demo
    """
    from auricle.demo import run_demo

    typer.echo(run_demo(folder, clips=clips, seed=seed))
