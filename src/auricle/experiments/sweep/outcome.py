"""What came out of a sweep: the best configuration, every trial, how much each parameter matters, pictures.

All of it follows from the study, and is written anew whenever the sweep is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial

from auricle import config, progress
from auricle.errors import ModelError
from auricle.experiments.sweep.parameters import written
from auricle.experiments.sweep.pictures import draw_all
from auricle.experiments.sweep.proposals import known_from, remembering
from auricle.experiments.sweep.standing import CONTINUES, FINISHED, Fate, Standing, standing, value_of
from auricle.experiments.sweep.study import Sweep
from auricle.experiments.sweep.trial import BEST_EPOCH
from auricle.pictures import as_png, as_svg
from auricle.storage import atomic, write_json, write_text
from auricle.tables import write_rows

FEWEST_TRIALS = 20
"""With fewer, what the best tenth have in common is chance."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a sweep.

    Attributes:
        sweep: The sweep.
        best: The best trial.
        value: Its value.
        parameters: Of it, by our dotted keys.
        counts: How many trials have each fate.
        importances: Of the parameters, from the largest, together 1; none where there are too few trials.
    """

    sweep: Sweep
    best: FrozenTrial
    value: float
    parameters: Mapping[str, Any]
    counts: Mapping[Fate, int]
    importances: Mapping[str, float]

    def text(self) -> str:
        """Return it for a terminal."""
        finished = sum(count for fate, count in self.counts.items() if fate in FINISHED)
        fates = ", ".join(f"{count} {fate}" for fate, count in self.counts.items() if fate != "surplus")
        measure = self.sweep.space.goal.measure
        width = max(map(len, self.parameters))
        lines = [
            f"Trial {self.best.number} of {finished} ({fates}): {measure} {self.value:.4f} "
            f"in epoch {self.best.user_attrs[BEST_EPOCH]}",
            "",
            *(
                f"{name:{width}}  {written(value):>12}" + _percent(self.importances.get(name))
                for name, value in self.parameters.items()
            ),
        ]
        return "\n".join(lines)


def write_outcome(sweep: Sweep, study: optuna.Study) -> Outcome:
    """Write ``best.yaml``, ``trials.csv``, ``importances.json``, ``importances.csv`` and the pictures.

    Raises:
        ModelError: If no trial has a value.
    """
    now = standing(study.get_trials(deepcopy=False))
    _write_table(sweep, now)
    best = now.best(sweep.space.goal)
    if best is None:
        failed = now.of("failed")
        why = f" The last failed like this: {now.reason(failed[-1])}" if failed else ""
        raise ModelError(f"None of {now.finished} trials of {sweep.folder.path} has a value.{why}")
    _write_best(sweep, now, best)
    importances, reason = _importances(sweep, now)
    write_json(
        sweep.folder.importances,
        {"method": "PED-ANOVA", "trials": now.finished, "importances": importances, "reason": reason},
    )
    write_rows(sweep.folder.importances.with_suffix(".csv"), ["parameter", "importance"], importances.items())
    if reason:
        progress.say(reason)
    for name, figure in draw_all(sweep.space, now, importances).items():
        for path, form in (
            (sweep.folder.picture(name), as_png),
            (sweep.folder.picture(name).with_suffix(".svg"), as_svg),
        ):
            with atomic(path) as temporary:
                temporary.write_bytes(form(figure))
    return Outcome(sweep, best, value_of(best), sweep.space.settings(best.params), dict(now.counts), importances)


def _write_best(sweep: Sweep, now: Standing, best: FrozenTrial) -> None:
    configured = sweep.space.configure(sweep.base, best.params, source=f"Trial {best.number}").with_absolute_paths()
    about = f"{sweep.space.goal.measure} {value_of(best):.4f}, the best of {now.finished} trials"
    write_text(
        sweep.folder.best,
        f"# Trial {best.number} of the sweep {sweep.folder.path.absolute().name}: {about}.\n"
        + config.dump(configured, only_differences=True),
    )


def _write_table(sweep: Sweep, now: Standing) -> None:
    names = [one.setting for one in sweep.space.parameters]
    header = ["trial", "fate", "value", "best_epoch", "epochs", "seconds", "run", "continues", "reason", *names]
    tried = {
        trial.number: sweep.space.settings(trial.params) for trial in now.trials if trial.params.keys() >= set(names)
    }
    rows = [
        [
            trial.number,
            fate,
            trial.value,
            trial.user_attrs.get(BEST_EPOCH),
            trial.last_step,
            round(trial.duration.total_seconds(), 1) if trial.duration else None,
            sweep.folder.run(tried[trial.number]).path.name if trial.number in tried else None,
            trial.user_attrs.get(CONTINUES),
            now.reason(trial),
            *(tried.get(trial.number, {}).get(name) for name in names),
        ]
        for trial, fate in zip(now.trials, now.fates, strict=True)
    ]
    write_rows(sweep.folder.table, header, rows)


def _importances(sweep: Sweep, now: Standing) -> tuple[dict[str, float], str]:
    """Return how much each parameter matters, from the largest, or why that cannot be said."""
    goal = sweep.space.goal
    known = [one for one in known_from(now, goal=goal) if one.value is not None]
    if len(known) < FEWEST_TRIALS:
        return {}, f"How much each parameter matters can be said of {FEWEST_TRIALS} trials, not of {len(known)}."
    if len({one.value for one in known}) == 1:
        return {}, "All trials have the same value, so no parameter matters."
    space = {one.setting: one.drawn_from.distribution for one in sweep.space.parameters}
    study = remembering(space, known, goal=goal)
    return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()), ""


def _percent(share: float | None) -> str:
    return "" if share is None else f"  importance {share:5.1%}"
