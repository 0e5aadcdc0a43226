"""The command of the room experiments that tells: ``auricle report``."""

from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.place import place


def report(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...|EXPERIMENT", help="Folders of runs, or of one experiment.", parser=place),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Where it goes; by default report, or EXPERIMENT/report.", parser=place),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of runs: evaluation, or validation where not all were scored on that.")
    ] = None,
    measure: Annotated[str | None, typer.Option(help="The one that decides: text_to_audio/mAP@10, R@1 ...")] = None,
) -> None:
    """Tell what runs say together, and how sure that is: a page, Markdown, tables and figures for a paper.

    Runs that differ in their seed alone are one arm; the others are compared with the first.

    Example: auricle report runs/original-* runs/synthetic-*
    """
    from auricle.experiments.reporting import report as write_report

    typer.echo(write_report(paths, output=output, split=split, measure=measure))
