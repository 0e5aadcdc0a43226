"""``auricle settings``: every key of a configuration, its default and its meaning."""

import textwrap
from typing import Annotated

import typer


def settings(
    section: Annotated[str, typer.Argument(metavar="[SECTION]", help="Only these: training, models.audio, ...")] = "",
) -> None:
    """List all settings that a configuration file or KEY.PATH=VALUE may hold.

    Example: auricle settings training
    """
    from auricle.config import describe
    from auricle.errors import ConfigError
    from auricle.registry import did_you_mean
    from auricle.training import RunConfig

    known = describe(RunConfig)
    shown = [one for one in known if not section or f"{one.key}.".startswith(f"{section}.")]
    if not shown:
        sections = sorted({place for one in known for place in one.places})
        raise ConfigError(f"There is no setting {section!r}.{did_you_mean(section, sections)}")
    for one in shown:
        meaning = textwrap.fill(one.meaning.replace("``", "`"), 96, initial_indent=" " * 4, subsequent_indent=" " * 4)
        typer.echo(f"{one.key} = {one.default}\n{meaning}")
