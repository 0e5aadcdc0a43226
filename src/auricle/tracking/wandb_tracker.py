"""Weights & Biases: offline by default, as files that ``wandb sync`` takes; online only if asked.

Offline, wandb cannot go on with a run. What an earlier sitting wrote is therefore replaced by a run with the same id
and all rows, so that ``wandb sync runs/NAME/wandb/offline-run-*`` always sends a whole one. Online, the server goes on
with the run, and rows it has are not sent again.

wandb takes letters, digits and underscores in the names of measures, and a slash between sections: ``R@10`` becomes
``R_at_10``. Each epoch is a row at its step; the pictures and tables of the end are a last row, one step later.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auricle.config import flat
from auricle.errors import ConfigError
from auricle.tables import read_rows
from auricle.tracking.contract import Outcome, Row, TrackedRun

_QUIET = {
    "silent": True,
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "save_code": False,
    "symlink": False,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
"""Nothing is printed, and nothing of the machine, the code or the environment is looked at."""

_LIMITS = {"init_timeout": 30, "finish_timeout": 45, "finish_timeout_raises": True}


class WandbTracker:
    """Keeps a run as Weights & Biases does."""

    def begin(self, run: TrackedRun) -> None:
        """Begin, with the run's id."""
        folder = run.folder / "wandb"
        folder.mkdir(exist_ok=True)
        for earlier in (*folder.glob(f"offline-run-*-{run.id}"), folder / "artifacts", folder / "cache"):
            shutil.rmtree(earlier, ignore_errors=True)
        _settle(folder)
        import wandb

        if run.online and not wandb.login(prompt=False, verify=False):
            raise ConfigError(
                "it knows no API key. Run `wandb login` once, or leave tracking.online out and send the run later with "
                "`wandb sync`"
            )
        known = wandb.Settings.model_fields
        settings = {name: value for name, value in {**_QUIET, **_LIMITS}.items() if name in known}
        self._wandb = wandb
        self._run = wandb.init(
            project=run.project,
            name=run.name,
            id=run.id,
            dir=run.folder,
            config=dict(run.config),
            mode="online" if run.online else "offline",
            resume="allow" if run.online else None,
            settings=wandb.Settings(**settings),
        )
        self._next_step = self._run.starting_step

    def log(self, row: Row) -> None:
        """Keep a row at its step."""
        self._keep(int(row["step"]), named(row))

    def finish(self, outcome: Outcome | None) -> None:
        """Keep summary, pictures and tables, and close the run: as failed if it is not finished."""
        if outcome is None:
            self._run.finish(exit_code=1)
            return
        pictures = {_named(path.stem): self._wandb.Image(str(path)) for path in outcome.pictures}
        self._keep(self._next_step, {**pictures, **{_named(path.stem): self._table(path) for path in outcome.tables}})
        self._run.summary.update(named(flat(outcome.summary, separator="/")))
        self._run.finish(exit_code=0)

    def _keep(self, step: int, values: Mapping[str, Any]) -> None:
        if step >= self._next_step:
            self._run.log(dict(values), step=step, commit=True)
            self._next_step = step + 1

    def _table(self, path: Path) -> Any:
        (_, header), *rows = read_rows(path)
        return self._wandb.Table(columns=[*header], data=[[_number(cell) for cell in cells] for _, cells in rows])


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same values under names that wandb can sort and filter by.

    Example:
        >>> named({"validation/text_to_audio/mAP@10": 0.5, "validation/text_to_audio/median rank": 3})
        {'validation/text_to_audio/mAP_at_10': 0.5, 'validation/text_to_audio/median_rank': 3}
    """
    return {_named(name): value for name, value in values.items()}


def _named(name: str) -> str:
    return name.replace("@", "_at_").replace(" ", "_").replace("-", "_")


def _settle(folder: Path) -> None:
    """Keep all of wandb's files in the run's folder, and its reports about itself here."""
    os.environ |= {
        "WANDB_DATA_DIR": str(folder),
        "WANDB_CACHE_DIR": str(folder / "cache"),
        "WANDB_ERROR_REPORTING": "false",
    }
    for name in ("WANDB_MODE", "WANDB_DISABLED", "WANDB_SERVICE"):
        os.environ.pop(name, None)


def _number(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell
