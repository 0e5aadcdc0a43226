"""Commands of the room encoders: ``auricle models list`` and ``auricle models fetch``."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Pretrained models: what there is, and fetching one once.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False) -> None:
    """List the pretrained models, their licences and sources, and which are in the cache.

    Example: auricle models list
    """
    from auricle.encoders.cache import installed
    from auricle.encoders.catalogue import CATALOGUE

    known = [CATALOGUE.get(name) for name in CATALOGUE]
    if as_json:
        rows = [
            {
                "name": model.name,
                "kind": model.kind,
                "dim": model.dim,
                "licence": model.licence,
                "source": model.source,
                "bytes": model.size_bytes,
                "folder": str(installed(model.name) or "") or None,
            }
            for model in known
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    for model in known:
        state = "in the cache" if installed(model.name) else f"auricle models fetch {model.name}"
        typer.echo(f"{model.name:12}  {model.size_bytes / 1e6:4.0f} MB  {model.licence:12}  {state}")
        typer.echo(f"{'':12}  {model.summary}")
        typer.echo(f"{'':12}  {model.source}\n")
    typer.echo("Any sentence-transformers name of the Hugging Face hub also works as models.text.encoder.")


@app.command("fetch")
def fetch_models(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of `auricle models list`.")],
    path: Annotated[
        Path | None, typer.Option("--from", help="The download itself, if it is on this machine already.")
    ] = None,
) -> None:
    """Download a pretrained model once, check it, and put it into the cache.

    Example: auricle models fetch minilm yamnet
    """
    from auricle.encoders.fetch import fetch
    from auricle.errors import ConfigError

    if path is not None and len(names) > 1:
        raise ConfigError("--from names the download of one model; fetch the others in a command of their own.")
    for name in names:
        typer.echo(f"{name}: {fetch(name, path=path)}")
