"""The command of the room serving: ``auricle serve``."""

from pathlib import Path
from typing import Annotated

import typer

from auricle.cli.place import place


def serve(
    index: Annotated[
        Path | None, typer.Option(help="Folder of the index; by default where `auricle index` writes it.", parser=place)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Where the model of the index is now, if it is no longer where it was.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to be asked under; 0.0.0.0 for every machine that reaches this one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="AURICLE_TOKEN",
            help="What clients must know, 16 characters or more; made up where others than this machine can ask.",
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option("--root-path", help="What a proxy puts before the addresses, and takes away: /sounds.")
    ] = "",
    proxy: Annotated[
        str, typer.Option(help="Addresses of proxies, with commas, whose X-Forwarded headers are believed.")
    ] = "127.0.0.1",
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest.")] = "auto",
) -> None:
    """Open a page to search an index: type, listen, refine. Programs ask the same address (docs/serving.md).

    Answers while `auricle index` goes on. Ctrl-C ends it.

    Example: auricle serve --port 8080
    """
    from auricle.search import Index
    from auricle.serving import serve as serve_index

    serve_index(
        Index.open(index, model=model, device=device),
        host=host,
        port=port,
        token=token or None,
        root_path=root_path,
        proxy=proxy,
        ready=typer.echo,
    )
    typer.echo("Stopped.", err=True)
