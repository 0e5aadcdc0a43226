"""The configuration of an engine."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from auricle.config import Section, read_yaml
from auricle.errors import ConfigError


class EngineConfig(Section):
    """Who does work that comes in many parts.

    Attributes:
        name: ``local``, this machine; ``ray``, the Ray cluster that this machine belongs to (or RAY_ADDRESS names);
            ``ray://HOST:10001``, another one.
        workers: Workers at a time; on a cluster by default as many as it has room for.
        cpus: Processors of each worker of a cluster.
        gpus: GPUs of each worker of a cluster, or a part of one; by default 1 where a network computes and there are
            any.
        runtime_env: A YAML file with Ray's runtime environment of the workers: ``pip``, ``conda``, ``env_vars``,
            ``py_executable``, ``container`` and so on.
    """

    name: str = "local"
    workers: int | None = Field(None, ge=1)
    cpus: float = Field(1.0, gt=0)
    gpus: float | None = Field(None, ge=0)
    runtime_env: Path | None = None

    @field_validator("name")
    @classmethod
    def _know(cls, name: str) -> str:
        if name not in ("local", "ray") and not name.startswith("ray://"):
            raise ValueError("no such engine; local, ray and ray://HOST:10001 are known")
        return name

    def read_runtime_env(self) -> dict[str, Any]:
        """Return Ray's runtime environment.

        Raises:
            ConfigError: If the file cannot be read.
        """
        if self.runtime_env is None:
            return {}
        try:
            return read_yaml(self.runtime_env.expanduser())
        except ConfigError as error:
            raise ConfigError(f"The workers' environment: {error}") from None
