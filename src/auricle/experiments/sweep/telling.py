"""What a person sees of a sweep while it runs: a bar over all trials, and a line for each that ends."""

import sys
import time
from types import TracebackType
from typing import Self

import optuna

from auricle import progress
from auricle.experiments.sweep.standing import CONTINUES, Standing, standing, value_of
from auricle.experiments.sweep.study import Sweep

_GLANCES_EVERY_S = 1.0


class Teller:
    """Tells how a sweep goes on, whoever works on it; a context.

    Args:
        sweep: The sweep.
        study: Its study; trials that have ended already are not told of.
    """

    def __init__(self, sweep: Sweep, study: optuna.Study) -> None:
        self.sweep = sweep
        self.study = study
        now = self._now()
        self._told = {trial.number for trial, fate in zip(now.trials, now.fates, strict=True) if _is_news(fate)}
        self._glanced_at = 0.0
        self._bar = progress.bar(total=sweep.wanted, initial=now.finished, label=sweep.folder.path.name, unit="trial")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._bar.close()

    def look(self, now: Standing | None = None) -> None:
        """Tell what has happened since the last look."""
        now = now or self._now()
        for trial, fate in zip(now.trials, now.fates, strict=True):
            if _is_news(fate) and trial.number not in self._told:
                self._told.add(trial.number)
                progress.say(self._sentence(now, trial.number))
        self._bar.update(now.finished - self._bar.n)
        self._status(now)

    def glance(self) -> None:
        """Show where the running trials are."""
        if time.monotonic() - self._glanced_at >= _GLANCES_EVERY_S:
            self._glanced_at = time.monotonic()
            self._status(self._now())

    def _now(self) -> Standing:
        return standing(self.study.get_trials(deepcopy=False))

    def _status(self, now: Standing) -> None:
        running = [f"trial {trial.number} after epoch {trial.last_step or 0}" for trial in now.of("running")]
        best = now.best(self.sweep.space.goal)
        self._bar.set_postfix_str(
            ", ".join(([f"best {value_of(best):.4f}"] if best else []) + running), refresh=sys.stderr.isatty()
        )

    def _sentence(self, now: Standing, number: int) -> str:
        trial, fate = now.trials[number], now.fates[number]
        best = now.best(self.sweep.space.goal)
        left = f"{now.finished} of {self.sweep.wanted}"
        if fate == "replaced":
            after = next(one.number for one in now.trials if one.user_attrs.get(CONTINUES) == number)
            return f"Trial {number} was interrupted; trial {after} goes on with it."
        if fate == "failed":
            return f"Trial {number} failed, {left}: {now.reason(trial)}"
        if fate == "pruned":
            return f"Trial {number} pruned after epoch {trial.last_step} at {trial.value:.4f}, {left}."
        assert best is not None
        compared = "the best so far" if best.number == number else f"best {value_of(best):.4f} in trial {best.number}"
        return f"Trial {number}: {value_of(trial):.4f}, {compared}, {left}."


def _is_news(fate: str) -> bool:
    return fate in ("complete", "pruned", "failed", "replaced")
