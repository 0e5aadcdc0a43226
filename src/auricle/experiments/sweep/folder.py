"""The folder of one sweep: what lies where, and what was asked for.

docs/layout.md shows every file. The study is the record of what was tried; what is written beside it at the end can be
written again at any time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auricle import config
from auricle.errors import ConfigError, StorageError
from auricle.storage import fingerprint, read_json, write_json
from auricle.training import RunConfig, RunFolder


@dataclass(frozen=True)
class Record:
    """What was asked for, apart from configuration and space.

    Attributes:
        study: Name of the study in its storage.
        storage: An Optuna URL without its password; None for the file in this folder.
        trials: How many are wanted.
        prune: Whether hopeless trials are stopped.
        heartbeat_s: How often a process says that it is alive.
        grace_s: After how long without a word a process counts as killed.
    """

    study: str
    storage: str | None
    trials: int
    prune: bool = True
    heartbeat_s: int = 10
    grace_s: int = 60


@dataclass(frozen=True)
class SweepFolder:
    """Paths of a sweep, and its small files.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """What all trials begin with, whole."""
        return self.path / "config.yaml"

    @property
    def space(self) -> Path:
        """The sweep file, as it was given."""
        return self.path / "space.yaml"

    @property
    def record(self) -> Path:
        """What was asked for besides."""
        return self.path / "sweep.json"

    @property
    def study(self) -> Path:
        """Every trial and its values, an SQLite file, where no other storage is named."""
        return self.path / "study.db"

    @property
    def trials(self) -> Path:
        """The run of every trial."""
        return self.path / "trials"

    @property
    def best(self) -> Path:
        """The best configuration, for `auricle train`; differences from the defaults only."""
        return self.path / "best.yaml"

    @property
    def table(self) -> Path:
        """One row per trial."""
        return self.path / "trials.csv"

    @property
    def importances(self) -> Path:
        """How much each parameter matters; the same as a table beside it."""
        return self.path / "importances.json"

    def picture(self, name: str) -> Path:
        """Return a picture, ``history`` for example; the same as SVG beside it."""
        return self.path / f"{name}.png"

    def run(self, settings: Mapping[str, object]) -> RunFolder:
        """Return the run of these parameters, there or not: whoever tries them again goes on with it."""
        return RunFolder(self.trials / fingerprint(dict(settings)))

    def read_config(self) -> RunConfig:
        """Return what all trials begin with.

        Raises:
            ConfigError: If this is no sweep.
        """
        if not self.record.is_file():
            raise ConfigError(
                f"{self.path} is no sweep: it has no sweep.json. `auricle sweep CONFIG SPACE` makes them."
            )
        return config.read(RunConfig, self.config)

    def read_record(self) -> Record:
        """Return what was asked for.

        Raises:
            StorageError: If the file is damaged.
        """
        advice = "Begin the sweep anew under another name."
        record: Mapping[str, Any] = read_json(self.record, advice=advice)
        try:
            return Record(**record)
        except TypeError:
            raise StorageError(f"{self.record} is damaged. {advice}") from None

    def write_record(self, record: Record) -> None:
        """Write what was asked for."""
        write_json(self.record, asdict(record))
