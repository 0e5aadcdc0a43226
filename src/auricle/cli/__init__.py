"""cli: what a person types.

A command is a translation, not a program: it parses, makes one call into a room, and prints. Results go to standard
output, everything else to standard error. Exit status: 0 done; 1 the work could not be done (the sentence on standard
error says why and what to do); 2 the command or the configuration is wrong. Heavy libraries are imported by the
commands that need them, so that ``--help`` answers at once.
"""

import sys

import typer

from auricle import __version__
from auricle.cli import (
    comparison,
    config,
    data,
    demo,
    doctor,
    experiments,
    features,
    generation,
    models,
    report,
    runs,
    search,
    serving,
    settings,
    sweep,
)
from auricle.errors import AuricleError, ConfigError

_AFTER_CTRL_C = 130  # the status with which typer ends a command that was interrupted

app = typer.Typer(
    name="auricle",
    help="Find sounds by describing them: train, evaluate and use language-based audio retrieval models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("demo")(demo.demo)
app.command("train")(runs.train)
app.command("evaluate")(runs.evaluate)
app.command("retrieve")(runs.retrieve)
app.command("generate")(generation.generate)
app.command("generators")(generation.generators)
app.command("compare")(comparison.compare)
app.command("experiment")(experiments.experiment)
app.command("sweep")(sweep.sweep)
app.command("report")(report.report)
app.command("index")(search.index)
app.command("search")(search.search)
app.command("serve")(serving.serve)
app.command("settings")(settings.settings)
app.command("doctor")(doctor.doctor)
app.add_typer(config.app, name="config")
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(data.app, name="data")
app.add_typer(features.app, name="features")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"auricle {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """Find sounds by describing them."""


def main() -> None:
    """Run the command line; the entry point of ``auricle``."""
    try:
        app()
    except SystemExit as end:
        if end.code != _AFTER_CTRL_C:
            raise
        print("auricle: Interrupted; what was done is kept. The same command goes on with it.", file=sys.stderr)
        sys.exit(1)
    except AuricleError as error:
        print(f"auricle: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
