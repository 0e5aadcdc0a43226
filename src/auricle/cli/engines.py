"""The options of commands that hand their work to an engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from auricle.engines import EngineConfig

EngineOption = Annotated[
    str,
    typer.Option("--engine", help="Who computes: local, ray (the cluster of this machine), or ray://HOST:10001."),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Workers at a time; by default as many as there is room for.")
]
CpusOption = Annotated[float, typer.Option("--cpus", min=0.1, help="Processors of each worker of a cluster.")]
GpusOption = Annotated[
    float | None,
    typer.Option("--gpus", min=0.0, help="GPUs of each worker of a cluster; by default 1 where there are any."),
]
EnvironmentOption = Annotated[
    Path | None,
    typer.Option("--runtime-env", metavar="FILE", help="YAML: Ray's runtime environment of the workers."),
]


def engine_config(
    engine: str,
    *,
    workers: int | None = None,
    cpus: float = 1.0,
    gpus: float | None = None,
    runtime_env: Path | None = None,
) -> "EngineConfig":
    """Return what the options say.

    Raises:
        ConfigError: If there is no such engine.
    """
    from auricle.config import validate
    from auricle.engines import EngineConfig

    values = {"name": engine, "workers": workers, "cpus": cpus, "gpus": gpus, "runtime_env": runtime_env}
    return validate(EngineConfig, values, source="the command line")
