"""The folder of one experiment: what lies where.

``plan.yaml`` is the plan with every default; ``experiment.json`` says what followed from it and from the collection.
The runs are ordinary runs, and what is finished is found by looking.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from auricle import config, object_store, progress
from auricle.errors import ConfigError
from auricle.experiments.plan import Plan
from auricle.places import shown
from auricle.storage import read_json, write_json, write_text
from auricle.training import RunFolder
from auricle.training.run_folder import is_small


@dataclass(frozen=True)
class Record:
    """What followed from a plan and its collection.

    Attributes:
        split: What all runs are scored on.
        steps_per_epoch: Of all runs; None where each has its own.
        failed: Name of each run that could not be made, and why.
    """

    split: str
    steps_per_epoch: int | None
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentFolder:
    """Paths of an experiment, and its small files.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def plan(self) -> Path:
        """The plan, whole."""
        return self.path / "plan.yaml"

    @property
    def record(self) -> Path:
        """What followed from plan and collection."""
        return self.path / "experiment.json"

    @property
    def generated(self) -> Path:
        """Clips that were made for it."""
        return self.path / "generated"

    @property
    def report(self) -> Path:
        """What a person reads."""
        return self.path / "report"

    def take_in(self) -> None:
        """Bring here what an object store has of the experiment, but for checkpoints.

        Raises:
            StorageError: If it cannot be read.
        """
        object_store.pull(self.path, wanted=is_small, watch=progress.track)

    def run(self, name: str) -> RunFolder:
        """Return one of its runs, there or not."""
        return RunFolder(self.path / "runs" / name)

    def has_made(self, name: str, split: str) -> bool:
        """Return whether a run is finished and scored."""
        run = self.run(name)
        return run.finished.is_file() and (run.path / "evaluation" / split / "measures.json").is_file()

    def is_begun(self) -> bool:
        """Return whether there is an experiment."""
        self.take_in()
        return self.plan.is_file()

    def read_plan(self) -> Plan:
        """Return the plan.

        Raises:
            ConfigError: If this is no experiment.
        """
        if not self.is_begun():
            raise ConfigError(
                f"{shown(self.path)} is no experiment: it has no plan.yaml. `auricle experiment` makes them."
            )
        return config.read(Plan, self.plan)

    def claim(self, plan: Plan) -> None:
        """Write the plan, or check that it is the one that was begun here.

        Raises:
            ConfigError: If it was begun with another plan; the differences are named.
        """
        if not self.is_begun():
            write_text(self.plan, config.dump(plan))
            return
        before, now = (one.model_dump(mode="json") for one in (self.read_plan(), plan))
        if lines := config.differences(before, now):
            raise ConfigError(
                f"{shown(self.path)} was begun with another plan ({'; '.join(lines)}). Give the new one another name "
                "with --name."
            )

    def read_record(self) -> Record:
        """Return what followed from the plan.

        Raises:
            ConfigError: If the experiment was never run.
            StorageError: If the file is damaged.
        """
        if not self.record.is_file():
            raise ConfigError(f"{shown(self.path)} was not begun; `auricle experiment` does that.")
        return Record(**read_json(self.record, advice="Delete it, and `auricle experiment` writes it again."))

    def write_record(self, record: Record) -> None:
        """Write what followed from the plan."""
        write_json(self.record, asdict(record))
