"""Commands of the room presets: ``auricle config list``, ``show`` and ``import``."""

import textwrap
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Configurations: presets, what one amounts to, those of the prior work.", no_args_is_help=True)


@app.command("list")
def list_presets() -> None:
    """List the presets: configurations that `auricle train` takes by name, and what each is for.

    Example: auricle config list
    """
    from auricle.presets import PRESETS

    for name, purpose in PRESETS.summaries().items():
        indented = textwrap.indent(textwrap.fill(purpose, 92, break_on_hyphens=False), " " * 4)
        typer.echo(f"{name}\n{indented}")


@app.command("show")
def show(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A preset, or a YAML file of differences.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY.PATH=VALUE]...", help="Settings that replace the file's.")
    ] = None,
    differences: Annotated[
        bool, typer.Option("--differences", help="Only what differs from the defaults, as a file may hold it.")
    ] = False,
) -> None:
    """Print every setting of a configuration, defaults included, as a YAML file that `auricle train` takes.

    Example: auricle config show clotho-tuned training.batch_size=64 --differences
    """
    from auricle import config as configuration
    from auricle.presets import find_config
    from auricle.training import RunConfig

    resolved = configuration.read(RunConfig, find_config(config), overrides or [])
    typer.echo(configuration.dump(resolved, only_differences=differences), nl=False)


@app.command("import")
def import_config(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A YAML file of the DCASE baseline of 2023 or its kin.")],
    output: Annotated[
        Path | None, typer.Option(help="The new file; by default the new configuration is printed.")
    ] = None,
) -> None:
    """Make a configuration of the prior work one of auricle's.

    Standard error says which keys were kept, renamed, changed on purpose or dropped, and why. A file that is there
    already and says something else is left as it is.

    Example: auricle config import conf.yaml --output mine.yaml
    """
    from auricle.presets import importing

    imported = importing.import_config(old)
    if output is None:
        typer.echo(imported.yaml(), nl=False)
    else:
        typer.echo(importing.write(imported, output))
    typer.echo(importing.table(imported), err=True)
