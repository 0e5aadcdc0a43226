"""What to try next, as a pure function of what is known.

``bayes`` is Optuna's Gaussian process with logarithmic expected improvement; the first ten trials are drawn at random.
It is told what it would not ask for itself: a pruned trial as the best it had reached, a failed one as the worst that
is known, so that it does not return there. The randomness of a trial is derived from (seed, its place), and nothing is
kept between two trials; so a sweep that was interrupted goes on as it would have.

Source: S. Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization, 2023.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GPSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from auricle.experiments.sweep.goal import Goal
from auricle.experiments.sweep.space import Method, Values
from auricle.experiments.sweep.standing import Standing, standing
from auricle.randomness import derive_seed

_SEEDS = 1 << 32  # of numpy's older generator, which Optuna uses
_KNOWN = ("running", "complete", "pruned", "failed")


@dataclass(frozen=True)
class Known:
    """What is known of one set of parameters.

    Attributes:
        params: What was drawn.
        value: What came out; None while nothing has.
    """

    params: Values
    value: float | None


def propose(
    space: Mapping[str, BaseDistribution], known: Sequence[Known], *, method: Method, goal: Goal, seed: int
) -> dict[str, Any]:
    """Return a value for every parameter.

    Args:
        space: What each is drawn from.
        known: In the order in which they were begun.
        method: ``bayes``, or ``random``, which looks at nothing.
        goal: Whether more is better.
        seed: Any integer; another one proposes otherwise.
    """
    short = seed % _SEEDS
    if method != "bayes":
        return remembering(space, (), goal=goal, sampler=RandomSampler(short)).ask(dict(space)).params
    sampler = GPSampler(seed=short, warn_independent_sampling=False)
    return remembering(space, known, goal=goal, sampler=sampler).ask(dict(space)).params


def remembering(
    space: Mapping[str, BaseDistribution], known: Sequence[Known], *, goal: Goal, sampler: BaseSampler | None = None
) -> optuna.Study:
    """Return a study in memory that knows so much; what has no value yet is running.

    What is just being drawn by another process is not whole yet, and left out.
    """
    study = optuna.create_study(sampler=sampler, direction=goal.direction)
    for one in known:
        if one.params.keys() != space.keys():
            continue
        state = TrialState.RUNNING if one.value is None else TrialState.COMPLETE
        study.add_trial(
            optuna.create_trial(state=state, value=one.value, params=dict(one.params), distributions=dict(space))
        )
    return study


def known_from(now: Standing, *, goal: Goal) -> list[Known]:
    """Return what is known from the trials of a study, by number."""
    values = {trial.number: _value(trial, goal) for trial in now.trials}
    reached = [value for value in values.values() if value is not None]
    worst = (min if goal.maximise else max)(reached, default=None)
    known = []
    for trial, fate in zip(now.trials, now.fates, strict=True):
        if fate in _KNOWN and trial.params:
            value = {"running": None, "failed": worst}.get(fate, values[trial.number])
            if fate == "running" or value is not None:
                known.append(Known(trial.params, value))
    return known


def _value(trial: FrozenTrial, goal: Goal) -> float | None:
    if trial.state == TrialState.COMPLETE:
        return trial.value
    return (max if goal.maximise else min)(trial.intermediate_values.values(), default=None)


class Proposals(BaseSampler):
    """Asks `propose` for every trial of a study.

    Args:
        space: What each parameter is drawn from.
        method: See `propose`.
        goal: See `propose`.
        seed: Of the sweep.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], *, method: Method, goal: Goal, seed: int) -> None:
        self.space = dict(space)
        self.method = method
        self.goal = goal
        self.seed = seed

    def infer_relative_search_space(self, _study: optuna.Study, _trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return all parameters: they are drawn together."""
        return self.space

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return a value for every parameter of a trial."""
        now = standing(study.get_trials(deepcopy=False))
        return propose(
            search_space,
            known_from(now, goal=self.goal),
            method=self.method,
            goal=self.goal,
            seed=derive_seed(self.seed, "sweep", now.place(trial.number)),
        )

    def sample_independent(
        self, _study: optuna.Study, _trial: FrozenTrial, param_name: str, _distribution: BaseDistribution
    ) -> Any:
        """Refuse: no parameter is drawn alone."""
        raise ValueError(f"{param_name} is not in the space of this sweep")
