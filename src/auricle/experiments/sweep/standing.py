"""Which trials of a study count, whatever happened to the processes that made them.

A trial is one attempt; `fate` says what became of it:

========  ==========================================================================
fate      meaning
========  ==========================================================================
waiting   to be taken up by whoever is free
running   some process is at it
complete  it has a value
pruned    it was stopped, because others were better at the same epoch
failed    it cannot have a value, and says why
replaced  its process ended, or was asked to; a later trial goes on with it
surplus   two processes began the last trial at the same time, and this is one too many
lost      its process ended at the moment between two trials; nothing was begun
========  ==========================================================================

The first five count towards the number of trials that is wanted, and of these the last three are finished. Every
process looks at the same list in the same order, so all agree on it without asking each other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from optuna.trial import FrozenTrial, TrialState

from auricle.experiments.sweep.goal import Goal

Fate: TypeAlias = Literal["waiting", "running", "complete", "pruned", "failed", "replaced", "surplus", "lost"]

BEGUN, REASON, CONTINUES, DEATHS, SURPLUS = "begun", "reason", "continues", "deaths", "surplus"
"""What a trial says of itself: that it is at work; why it has no value; the number of the trial it goes on with, and
how often the process of these was killed; that it is one too many."""

MOST_DEATHS = 3
"""A trial whose process is killed once more than so often has failed: it is likely what kills it."""

FINISHED = ("complete", "pruned", "failed")
_COUNTED = ("waiting", "running", *FINISHED)


@dataclass(frozen=True)
class Standing:
    """Where a study is.

    Attributes:
        trials: All of it, by number.
        fates: One per trial.
    """

    trials: tuple[FrozenTrial, ...]
    fates: tuple[Fate, ...]

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many trials have each fate; others have none."""
        return Counter(self.fates)

    @property
    def finished(self) -> int:
        """Number of trials that are done."""
        return sum(fate in FINISHED for fate in self.fates)

    @property
    def begun(self) -> int:
        """Number of trials that are done or will be: another may be begun while these are fewer than wanted."""
        return len(self.counted())

    def of(self, fate: Fate) -> list[FrozenTrial]:
        """Return the trials that have a fate."""
        return [trial for trial, its in zip(self.trials, self.fates, strict=True) if its == fate]

    def counted(self) -> list[FrozenTrial]:
        """Return the trials that count, by number."""
        return [trial for trial, fate in zip(self.trials, self.fates, strict=True) if fate in _COUNTED]

    def place(self, number: int) -> int:
        """Return how many of the trials before this one count: its number, had nothing been interrupted."""
        return sum(trial.number < number for trial in self.counted())

    def is_surplus(self, number: int, *, wanted: int, once_each: bool) -> bool:
        """Return whether a trial is one too many.

        Args:
            number: Of the trial.
            wanted: How many are to count.
            once_each: Whether equal parameters are to be tried only once, as in a grid.
        """
        before = [trial for trial in self.counted() if trial.number < number]
        if len(before) >= wanted:
            return True
        params = self.trials[number].params
        return once_each and any(trial.params == params for trial in before)

    def best(self, goal: Goal) -> FrozenTrial | None:
        """Return the complete trial with the best value, the first of equals; None if none is complete."""
        best: FrozenTrial | None = None
        for trial in self.of("complete"):
            if best is None or goal.better(value_of(trial), value_of(best)):
                best = trial
        return best

    def reason(self, trial: FrozenTrial) -> str:
        """Return why a trial failed or what became of it, a sentence; empty where there is nothing to say."""
        if self.fates[trial.number] == "failed" and REASON not in trial.user_attrs:
            return f"Its process was killed {MOST_DEATHS + 1} times, perhaps because memory ran out."
        return str(trial.user_attrs.get(REASON, ""))


def value_of(trial: FrozenTrial) -> float:
    """Return the value of a complete trial."""
    assert trial.value is not None
    return trial.value


def standing(trials: Sequence[FrozenTrial]) -> Standing:
    """Return where a study is.

    Args:
        trials: All of it; the number of each is its place.
    """
    ordered = sorted(trials, key=lambda trial: trial.number)
    continued = {trial.user_attrs[CONTINUES] for trial in ordered if CONTINUES in trial.user_attrs}
    return Standing(tuple(ordered), tuple(_fate(trial, continued) for trial in ordered))


def _fate(trial: FrozenTrial, continued: set[int]) -> Fate:
    if trial.number in continued:
        return "replaced"
    by_state: dict[TrialState, Fate] = {
        TrialState.WAITING: "waiting",
        TrialState.RUNNING: "running",
        TrialState.COMPLETE: "complete",
        TrialState.PRUNED: "pruned",
    }
    if trial.state in by_state:
        return by_state[trial.state]
    if SURPLUS in trial.user_attrs:
        return "surplus"
    # A process that is killed says nothing; what it was asked to stop by a person does not count against a trial.
    if REASON in trial.user_attrs or trial.user_attrs.get(DEATHS, 0) == MOST_DEATHS:
        return "failed"
    return "lost"
