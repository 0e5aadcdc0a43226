"""One trial of a sweep is one run: its parameters become a configuration, and its value is that of its best epoch.

The run's folder is named by the parameters, so whoever tries them again goes on where the last one was stopped, and a
run that is finished is not trained again. What cannot be trained with these parameters, and what diverges, is a failed
trial with the reason; what is wrong with the collection or the disk ends the sweep, since it would end every trial.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import optuna
import torch
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from auricle import progress
from auricle.errors import ConfigError, ModelError
from auricle.experiments.sweep.parameters import Drawn, Parameter
from auricle.experiments.sweep.standing import BEGUN, REASON, SURPLUS, Standing, standing
from auricle.experiments.sweep.study import Sweep
from auricle.storage import lock, make_folder, remove, write_json
from auricle.training import RunConfig, RunFolder, train
from auricle.training.run_folder import Row

BEST_EPOCH = "best epoch"
"""What a complete trial says of itself besides."""


class TrialWithoutValueError(Exception):
    """A trial has failed with its reason, or is one too many."""


class Attempt:
    """What Optuna calls for every trial.

    Args:
        sweep: The sweep.
        glance: Called after every epoch.
    """

    def __init__(self, sweep: Sweep, *, glance: Callable[[], None]) -> None:
        self.sweep = sweep
        self.glance = glance

    def __call__(self, trial: optuna.Trial) -> float:
        """Train and return the value.

        Raises:
            TrialWithoutValueError: If it has failed with its reason, or is one too many.
            optuna.TrialPruned: If others were better at this epoch.
            optuna.exceptions.UpdateFinishedTrialError: If others thought this process killed, since it slept, and go on
                with the trial.
            AuricleError: If no other trial would fare better.
        """
        trial.set_user_attr(BEGUN, True)
        now = standing(trial.study.get_trials(deepcopy=False))
        if now.is_surplus(trial.number, wanted=self.sweep.wanted, once_each=self.sweep.grid is not None):
            trial.set_user_attr(SURPLUS, True)
            raise TrialWithoutValueError
        with _told_why(trial):
            return self._value(trial)

    def _value(self, trial: optuna.Trial) -> float:
        values = {one.setting: _draw(trial, one) for one in self.sweep.space.parameters}
        config = self.sweep.space.configure(self.sweep.base, values, source=f"Trial {trial.number}")
        run = self.sweep.run(values)
        # Equal parameters are one run: a second trial of them waits for the first, and finds it finished.
        held = lock(make_folder(run.path), purpose="is being tried", name=".lock-trial", wait_s=math.inf)
        with progress.muted(), held:
            rows = self._train(trial, config, run)
        best = self.sweep.space.goal.best(rows)
        trial.set_user_attr(BEST_EPOCH, int(best["epoch"]))
        return best[self.sweep.space.goal.measure]

    def _train(self, trial: optuna.Trial, config: RunConfig, run: RunFolder) -> list[Row]:
        pruned, told = run.path / "pruned.json", 0

        def tell(rows: Sequence[Row]) -> None:
            nonlocal told
            for row in rows[told:]:
                trial.report(row[self.sweep.space.goal.measure], int(row["epoch"]))
            told = len(rows)

        def watch(rows: Sequence[Row]) -> None:
            tell(rows)
            self.glance()
            if rows[-1]["epoch"] < config.training.max_epochs and trial.should_prune():
                write_json(pruned, {"epoch": rows[-1]["epoch"], "max_epochs": config.training.max_epochs})
                raise optuna.TrialPruned

        try:
            if self.sweep.record.prune and pruned.is_file():
                tell(run.read_history())
                raise optuna.TrialPruned
            remove(pruned)
            train(config, run.path, watch=watch)
        except (optuna.TrialPruned, ModelError):
            drop_checkpoints(run)
            raise
        rows = run.read_history()
        tell(rows)
        return rows


@contextlib.contextmanager
def _told_why(trial: optuna.Trial) -> Iterator[None]:
    """Let a trial that fails by its own parameters say why."""
    try:
        yield
    except (ConfigError, ModelError) as error:
        reason = str(error)
    except (MemoryError, torch.OutOfMemoryError):
        reason = "The device has too little memory for these parameters."
    else:
        return
    trial.set_user_attr(REASON, reason)
    raise TrialWithoutValueError(reason)


def drop_checkpoints(run: RunFolder) -> None:
    """Remove the weights of a run; its configuration and its measures stay."""
    for path in (run.best, run.last, run.resume):
        remove(path)


def keep_best_alone(sweep: Sweep, now: Standing) -> None:
    """Remove the weights of all complete trials but the best.

    What is complete when the list was made and not the best in it cannot become the best later.
    """
    best = now.best(sweep.space.goal)
    kept = best and sweep.run(best.params)
    for trial in now.of("complete"):
        run = sweep.run(trial.params)
        if run != kept:
            drop_checkpoints(run)


def _draw(trial: optuna.Trial, parameter: Parameter) -> Drawn:
    name, one = parameter.setting, parameter.drawn_from.distribution
    if isinstance(one, CategoricalDistribution):
        drawn: Any = trial.suggest_categorical(name, one.choices)
        return drawn  # type: ignore[no-any-return]
    if isinstance(one, IntDistribution):
        return trial.suggest_int(name, one.low, one.high, step=one.step, log=one.log)
    assert isinstance(one, FloatDistribution)
    return trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)
