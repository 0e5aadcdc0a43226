"""The study of a sweep: an Optuna study in a file of its folder, or in a database that several machines reach.

A process that tries something says every few seconds that it is alive. Who has not done so for a while was killed, and
whoever is alive puts its trial back into the queue. Only databases can do that, so other storages of Optuna are
refused.
"""

import contextlib
import sqlite3
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import fail_stale_trials
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from auricle.config import differences
from auricle.errors import ConfigError, StorageError
from auricle.experiments.sweep.database import UNREACHABLE, Connector, Storage, cause, no_driver, without_password
from auricle.experiments.sweep.folder import Record, SweepFolder
from auricle.experiments.sweep.parameters import Drawn
from auricle.experiments.sweep.proposals import Proposals
from auricle.experiments.sweep.pruning import pruner_of
from auricle.experiments.sweep.space import Space, Values
from auricle.experiments.sweep.standing import BEGUN, CONTINUES, DEATHS, MOST_DEATHS
from auricle.storage import lock
from auricle.training import RunConfig, RunFolder
from auricle.training.run_folder import comparable

_AGREED = "auricle"
_PATIENCE_S = 60.0  # for other processes that write to the same file
_ATTEMPTS, _PAUSE_S = 3, 0.5


@dataclass(frozen=True)
class Sweep:
    """All that a process needs to know of a sweep.

    Attributes:
        folder: Where it writes.
        base: What all trials begin with.
        space: What is searched.
        record: What was asked for besides.
        url: Of the storage; None for the file in the folder.
    """

    folder: SweepFolder
    base: RunConfig
    space: Space
    record: Record
    url: str | None = None

    @cached_property
    def grid(self) -> list[dict[str, Drawn]] | None:
        """What is tried, if that is known beforehand."""
        return self.space.grid()[: self.record.trials] if self.space.method == "grid" else None

    @property
    def wanted(self) -> int:
        """How many trials there are to be."""
        return self.record.trials if self.grid is None else len(self.grid)

    def run(self, values: Values) -> RunFolder:
        """Return the run of a trial."""
        return self.folder.run(self.space.settings(values))

    @property
    def agreement(self) -> dict[str, Any]:
        """What all processes that work on a study have to agree on, JSON-able."""
        return {"configuration": comparable(self.base), "space": self.space.as_json()}


def open_study(sweep: Sweep) -> optuna.Study:
    """Open the study of a sweep, or create it.

    Raises:
        ConfigError: If the URL is none, its driver is not installed, or the study was begun with something else.
        StorageError: If the storage cannot be reached or is damaged.
    """
    with storage_errors(sweep), lock(sweep.folder.path, purpose="is being opened", wait_s=_PATIENCE_S):
        opened = _opened(*_engine(sweep.url, sweep.folder.study), sweep.record)
        study = optuna.create_study(
            storage=opened,
            study_name=sweep.record.study,
            direction=sweep.space.goal.direction,
            load_if_exists=True,
            sampler=Proposals(
                {one.setting: one.drawn_from.distribution for one in sweep.space.parameters},
                method=sweep.space.method,
                goal=sweep.space.goal,
                seed=sweep.base.seed,
            ),
            pruner=pruner_of(sweep.space.halving, prune=sweep.record.prune, max_epochs=sweep.base.training.max_epochs),
        )
        if _AGREED not in study.user_attrs:
            study.set_user_attr(_AGREED, sweep.agreement)
        if lines := differences(study.user_attrs[_AGREED], sweep.agreement):
            raise ConfigError(
                f"The sweep {sweep.record.study} was begun with something else ({'; '.join(lines)}). Give the new "
                "sweep another name with --name."
            )
    return study


def requeue(study: optuna.Study, trial: FrozenTrial, *, killed: bool) -> None:
    """Let a trial be gone on with, as another one with the same parameters; nothing happens if that is so already.

    Args:
        study: Its study.
        trial: Whose process was killed or is asked to end.
        killed: Which of the two; what is killed again and again is not tried for ever.
    """
    deaths = trial.user_attrs.get(DEATHS, 0) + killed
    continued = any(one.user_attrs.get(CONTINUES) == trial.number for one in study.get_trials(deepcopy=False))
    if continued or deaths > MOST_DEATHS or not trial.params:
        return
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={CONTINUES: trial.number, DEATHS: deaths},
        )
    )


class Lookout:
    """Looks for trials whose processes were killed.

    Heartbeats are compared by the database, by its own clock. A process that was killed before its first word has left
    nothing but a time of its machine, whose clock may be off by any time; so its trial is given up when it was seen
    like this for `grace_s` here.

    Args:
        study: The study.
        grace_s: After how long without a word a process counts as killed.
    """

    def __init__(self, study: optuna.Study, *, grace_s: float) -> None:
        self.study = study
        self.grace_s = grace_s
        self._silent_since: dict[int, float] = {}

    def requeue_killed(self) -> None:
        """Let the trials of killed processes be gone on with."""
        if _storage_of(self.study).up_s() < self.grace_s:
            return  # while the database was away nobody could be heard
        with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
            fail_stale_trials(self.study)
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        now = time.monotonic()
        self._silent_since = {
            trial.number: self._silent_since.get(trial.number, now)
            for trial in running
            if BEGUN not in trial.user_attrs  # of which Optuna takes no notice
        }
        for number, since in self._silent_since.items():
            if now - since > self.grace_s:
                with contextlib.suppress(ValueError, UpdateFinishedTrialError):  # another process was faster
                    self.study.tell(number, state=TrialState.FAIL)
                    requeue(self.study, self.study.get_trials(deepcopy=False)[number], killed=True)


def _storage_of(study: optuna.Study) -> Storage:
    """Return the storage that `open_study` opened, without Optuna's cache around it."""
    storage = study._storage
    return cast(Storage, getattr(storage, "_backend", storage))


@contextlib.contextmanager
def storage_errors(sweep: Sweep) -> Iterator[None]:
    """Turn what a database says into a `StorageError`."""
    where = without_password(sweep.url) if sweep.url else sweep.folder.study
    try:
        yield
    except UNREACHABLE as error:
        advice = (
            " What was done is kept; the same command goes on." if sweep.url and sweep.folder.record.is_file() else ""
        )
        raise StorageError(f"The study in {where} cannot be used: {cause(error)}.{advice}") from error
    except ImportError as error:
        raise no_driver(error) from None


def _engine(url: str | None, file: Path) -> tuple[str, dict[str, Any]]:
    """Return the URL that Optuna is given, and how it connects."""
    if url is None:
        # The path does not stand in the URL, where some of its signs would mean something else.
        def connect() -> sqlite3.Connection:
            return sqlite3.connect(file, timeout=_PATIENCE_S, check_same_thread=False)

        return "sqlite:///study.db", {"creator": connect}
    if make_url(url).get_backend_name() == "sqlite":
        url = url.replace("{", "{{").replace("}", "}}")  # Optuna would fill them in
        return url, {"connect_args": {"timeout": _PATIENCE_S}}
    connector = Connector(url)
    return f"{connector.url.drivername}://", connector.engine


def _opened(url: str, engine: dict[str, Any], record: Record) -> Storage:
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _database(url, engine, record)
        except SQLAlchemyError:
            if not left:
                raise
            time.sleep(_PAUSE_S)  # another machine may be creating the same tables
    raise AssertionError


def _database(url: str, engine: dict[str, Any], record: Record) -> Storage:
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        return Storage(
            url,
            engine_kwargs=engine,
            heartbeat_interval=record.heartbeat_s,
            grace_period=record.grace_s,
            heartbeat_stale_trial_callback=lambda study, trial: requeue(study, trial, killed=True),
        )
