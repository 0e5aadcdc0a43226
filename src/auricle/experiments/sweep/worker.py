"""What a process that works on a sweep does: trial after trial, until as many are finished as are wanted.

Processes do not speak to each other: each looks at the study before it begins a trial. When the last trials are being
made by others it waits, so that there is somebody who takes them up if their processes are killed.
"""

import contextlib
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages._heartbeat import get_heartbeat_thread
from optuna.trial import TrialState

from auricle.errors import AuricleError, ConfigError, ModelError
from auricle.experiments.sweep.database import UNREACHABLE, was_cut_off
from auricle.experiments.sweep.folder import Record, SweepFolder
from auricle.experiments.sweep.space import read_space
from auricle.experiments.sweep.standing import Standing, standing
from auricle.experiments.sweep.study import Lookout, Sweep, open_study, requeue, storage_errors
from auricle.experiments.sweep.trial import Attempt, TrialWithoutValueError, keep_best_alone
from auricle.processes import ending_with_parent
from auricle.storage import fingerprint, lock

REFUSED, FAILED = 2, 3
"""With what status a process ends after a `ConfigError`, and after another of ours; 1 is what nobody foresaw."""

_LOOKS_EVERY_S = 1.0
_PATIENCE_S = 60.0
_MOST_CUTS = 3
"""So often in a row a connection may be lost in the middle of a transaction."""

_HOPELESS_TRIALS = 5
"""If so many trials have failed and none has not, the rest will not be tried."""


def work(
    sweep: Sweep,
    study: optuna.Study,
    *,
    look: Callable[[Standing], None] = lambda _: None,
    glance: Callable[[], None] = lambda: None,
) -> None:
    """Make trials until as many are finished as are wanted.

    Args:
        sweep: The sweep.
        study: Its study.
        look: Called with where the study is, between trials and while waiting.
        glance: Called after every epoch.

    Raises:
        ModelError: If all trials fail.
        AuricleError: If something is wrong that is so for every trial: the collection, the disk, the storage.
        KeyboardInterrupt: After Ctrl-C; whoever works on the sweep next goes on with the trial.
    """
    attempt, lookout, cuts = Attempt(sweep, glance=glance), Lookout(study, grace_s=sweep.record.grace_s), 0
    with quiet(), storage_errors(sweep):
        while True:
            try:
                if _step(sweep, study, attempt, lookout, look):
                    return
            except UNREACHABLE as error:
                cuts += 1
                if not was_cut_off(error) or cuts > _MOST_CUTS:
                    raise
            else:
                cuts = 0


def _step(
    sweep: Sweep, study: optuna.Study, attempt: Attempt, lookout: Lookout, look: Callable[[Standing], None]
) -> bool:
    """Do what there is to do, and return whether that was nothing any more."""
    lookout.requeue_killed()
    now = standing(study.get_trials(deepcopy=False))
    look(now)
    if now.finished >= sweep.wanted:
        return True
    _give_up_if_hopeless(now)
    if now.counts.get("waiting", 0) or (now.begun < sweep.wanted and sweep.grid is None):
        _make_one(study, attempt)
        keep_best_alone(sweep, standing(study.get_trials(deepcopy=False)))
    elif now.begun < sweep.wanted:
        _queue_missing(sweep, study)
    else:
        time.sleep(_LOOKS_EVERY_S)
    return False


def _make_one(study: optuna.Study, attempt: Attempt) -> None:
    """Make one trial, and say meanwhile that this process is alive.

    `optuna.Study.optimize` would do so, too, but not survive a database that is gone.
    """
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # that `optimize` is to be used
        trial = study.ask()
    # Whoever was taken for dead meanwhile learns it here: others go on with the trial.
    with contextlib.suppress(UpdateFinishedTrialError), get_heartbeat_thread(trial._trial_id, study._storage):
        try:
            value, state = attempt(trial), TrialState.COMPLETE
        except optuna.TrialPruned:
            value, state = None, TrialState.PRUNED
        except TrialWithoutValueError:
            value, state = None, TrialState.FAIL
        except UpdateFinishedTrialError:
            raise
        except BaseException:
            # Where not even that can be said, nobody hears of this process any more, which says the same.
            with contextlib.suppress(*UNREACHABLE, UpdateFinishedTrialError):
                requeue(study, study.get_trials(deepcopy=False)[trial.number], killed=False)
                _tell(study, trial, state=TrialState.FAIL)
            raise
        _tell(study, trial, value, state=state)


def _tell(study: optuna.Study, trial: optuna.Trial, value: float | None = None, *, state: TrialState) -> None:
    with contextlib.suppress(ValueError):  # it has ended already; values are finite
        study.tell(trial, value, state=state)


def _queue_missing(sweep: Sweep, study: optuna.Study) -> None:
    """Queue what of the grid no trial is at."""
    with lock(sweep.folder.path, purpose="is being filled", wait_s=_PATIENCE_S):
        tried = {fingerprint(trial.params) for trial in standing(study.get_trials(deepcopy=False)).counted()}
        distributions = {one.setting: one.drawn_from.distribution for one in sweep.space.parameters}
        for params in sweep.grid or ():
            if fingerprint(params) not in tried:
                study.add_trial(
                    optuna.create_trial(state=TrialState.WAITING, params=params, distributions=distributions)
                )


def _give_up_if_hopeless(now: Standing) -> None:
    failed = now.of("failed")
    if len(failed) >= _HOPELESS_TRIALS and not now.of("complete") and not now.of("pruned"):
        raise ModelError(f"All {len(failed)} trials so far have failed, the last like this: {now.reason(failed[-1])}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna say nothing inside that is said in other words here."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def main() -> None:
    """Work on the sweep that the parent process describes in JSON on standard input; errors go to standard error."""
    signal.signal(signal.SIGTERM, _interrupt)
    asked: dict[str, Any] = json.load(sys.stdin)
    if os.getppid() != asked["parent"]:
        sys.exit(1)  # it has been killed meanwhile
    try:
        with ending_with_parent():
            folder = SweepFolder(Path(asked["folder"]))
            base = folder.read_config()
            sweep = Sweep(folder, base, read_space(folder.space, base), Record(**asked["record"]), asked["url"])
            work(sweep, open_study(sweep))
    except AuricleError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED if isinstance(error, ConfigError) else FAILED)
    except KeyboardInterrupt:
        sys.exit(0)


def _interrupt(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
