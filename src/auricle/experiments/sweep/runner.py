"""`auricle sweep`: a configuration and a sweep file in, the best configuration out."""

import contextlib
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from auricle import config, progress
from auricle.errors import ConfigError, ModelError
from auricle.experiments.sweep.database import database, without_password
from auricle.experiments.sweep.folder import Record, SweepFolder
from auricle.experiments.sweep.outcome import Outcome, write_outcome
from auricle.experiments.sweep.space import Space, read_space
from auricle.experiments.sweep.standing import standing
from auricle.experiments.sweep.study import Sweep, open_study, storage_errors
from auricle.experiments.sweep.team import work_together
from auricle.experiments.sweep.telling import Teller
from auricle.experiments.sweep.worker import quiet, work
from auricle.storage import atomic, fingerprint, lock, make_folder, write_text
from auricle.training import RunConfig, describe_ahead
from auricle.training.run_folder import comparable

_MOST_TRIALS = 150
"""How many trials there are where nobody says."""


@dataclass(frozen=True)
class Asked:
    """What may be said of a sweep each time anew; None leaves it as it was, or as it is by default.

    Attributes:
        trials: How many are wanted; by default what the file says, or all combinations of a grid, or 150.
        prune: Whether to stop hopeless trials; yes by default.
        heartbeat_s: How often a process says that it is alive; 10 by default.
        grace_s: After how long without a word it counts as killed; 60 by default.
    """

    trials: int | None = None
    prune: bool | None = None
    heartbeat_s: int | None = None
    grace_s: int | None = None


def begin_sweep(
    base: RunConfig, space: Path, path: Path, asked: Asked | None = None, *, storage: str | None = None
) -> Sweep:
    """Begin a sweep, or join the one that was begun in `path`.

    Args:
        base: What all trials begin with.
        space: A sweep file; see `auricle.experiments.sweep.space`.
        path: The sweep's folder, made if needed.
        asked: What else is said of it.
        storage: An Optuna URL of a database that other machines reach too; by default a file in the folder.

    Raises:
        ConfigError: If configuration, file, URL or times cannot be, or another sweep was begun here.
        StorageError: If the folder cannot be written.
    """
    if base.data.collection is None:
        raise ConfigError("No collection is given. Add data.collection=PATH, a folder of captioned sounds.")
    searched = read_space(space, base)
    url = None if storage is None else database(storage)
    folder = SweepFolder(path)
    if folder.record.is_file():
        before = folder.read_record()
        if before.storage != (url and without_password(url)):
            raise ConfigError(
                f"{path} keeps its study in {before.storage or folder.study}. Give the same --storage, or the new "
                "sweep another name with --name."
            )
    else:
        most = searched.run_cap or (len(searched.grid()) if searched.method == "grid" else _MOST_TRIALS)
        study = path.absolute().name
        before = Record(study=study, storage=url and without_password(url), trials=most)
    sweep = Sweep(folder, base, searched, _changed(before, asked), url)
    return _claimed(sweep, space)


def resume_sweep(path: Path, asked: Asked | None = None, *, storage: str | None = None) -> Sweep:
    """Take up the sweep that was begun in `path`; arguments as of `begin_sweep`.

    Raises:
        ConfigError: If there is none, or its storage has a password and is not given.
        StorageError: If its folder is damaged.
    """
    folder = SweepFolder(path)
    base = folder.read_config()
    before = folder.read_record()
    url = before.storage if storage is None else database(storage)
    if url != before.storage and (url and without_password(url)) != before.storage:
        raise ConfigError(f"{path} keeps its study in {before.storage or folder.study}, not in another --storage.")
    if url and "***" in url:
        raise ConfigError(f"{path} keeps its study in {url}; give --storage with the password.")
    sweep = Sweep(folder, base, read_space(folder.space, base), _changed(before, asked), url)
    return _claimed(sweep, folder.space)


def run_sweep(sweep: Sweep, *, workers: int = 1) -> Outcome:
    """Make trials until as many are finished as are wanted, and write what came out.

    Args:
        sweep: What `begin_sweep` or `resume_sweep` returned.
        workers: Processes of this machine; 1 is this one. Others may work on the same sweep.

    Raises:
        AuricleError: As `auricle.experiments.sweep.worker.work` does, or if no trial has a value.
        KeyboardInterrupt: After Ctrl-C; what was done is kept.
    """
    for remark in sweep.space.remarks:
        progress.say(remark)
    with quiet(), storage_errors(sweep):
        study = open_study(sweep)
        if standing(study.get_trials(deepcopy=False)).finished < sweep.wanted:
            _describe_once(sweep)
        with Teller(sweep, study) as teller:
            if workers == 1:
                work(sweep, study, look=teller.look, glance=teller.glance)
            elif standing(study.get_trials(deepcopy=False)).finished < sweep.wanted:
                work_together(sweep, workers=workers, look=teller.look)
        return write_outcome(sweep, study)


def _describe_once(sweep: Sweep) -> None:
    """Compute what trials read before they begin, in sight of whoever waits, and not in every process again."""
    first = {one.setting: one.drawn_from.first() for one in sweep.space.parameters}
    with contextlib.suppress(ConfigError, ModelError):  # of these parameters; others may do
        describe_ahead(sweep.space.configure(sweep.base, first, source="The first configuration"))


def default_name(source: str, base: RunConfig, space: Space) -> str:
    """Return the name of a sweep: what its file calls itself or the configuration, and a fingerprint of both."""
    name = re.sub(r"[^\w.-]+", "-", space.name or source).strip("-.") or "sweep"
    return f"{name}-{fingerprint([comparable(base), space.as_json()])[:6]}"


def _changed(record: Record, asked: Asked | None) -> Record:
    changed = replace(record, **{key: value for key, value in vars(asked or Asked()).items() if value is not None})
    if changed.grace_s < 2 * changed.heartbeat_s:
        raise ConfigError(
            f"A process says every {changed.heartbeat_s} s that it is alive; after {changed.grace_s} s it cannot count "
            "as killed. Give --grace at least twice --heartbeat."
        )
    return changed


def _claimed(sweep: Sweep, space: Path) -> Sweep:
    """Write what the sweep is, when its study agrees that it is so."""
    folder = sweep.folder
    make_folder(folder.path)
    with quiet():
        open_study(sweep)
    with lock(folder.path, purpose="is being begun", wait_s=60.0):
        write_text(folder.config, config.dump(sweep.base.with_absolute_paths()))
        if space.absolute() != folder.space.absolute():
            with atomic(folder.space) as temporary:
                shutil.copyfile(space, temporary)
        folder.write_record(sweep.record)
    return sweep
