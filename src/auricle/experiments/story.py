"""What a report tells: finished runs, arm by arm, and what is compared with what."""

from collections.abc import Mapping
from dataclasses import dataclass

from auricle.runs import RunResult

MEASURE = "text_to_audio/mAP@10"


@dataclass(frozen=True, eq=False)
class Arm:
    """Runs that differ in their seed alone.

    Attributes:
        name: Unique in its story: ``audiogen 2x``.
        factors: What tells it from other arms: ``{"generator": "audiogen", "copies": 2, "fraction": 0.1}``.
        results: By seed, at least one.
    """

    name: str
    factors: Mapping[str, str | int | float]
    results: tuple[RunResult, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each result."""
        return tuple(result.config.seed for result in self.results)


@dataclass(frozen=True, eq=False)
class Story:
    """Arms to be told of together, all evaluated on one split with the same queries.

    Attributes:
        title: A few words.
        about: What the experiment asks, in sentences; may be empty.
        split: What all results are about.
        arms: In the order in which they are shown, at least one.
        baseline: Name of the arm that the others are compared with.
        measure: The one that decides; the others are shown beside it.
        dose: The factor on the horizontal axis of the dose-response curve (``copies``), empty if there is none; arms
            that differ in other factors are curves of their own.
        between: The factor whose levels are compared as samples (a random-seed experiment), empty if there is none.
        paired_by: The factor that pairs the samples of `between`, empty if there is none.
        missing: Name of each run that is not there, and why.
    """

    title: str
    about: str
    split: str
    arms: tuple[Arm, ...]
    baseline: str
    measure: str = MEASURE
    dose: str = ""
    between: str = ""
    paired_by: str = ""
    missing: tuple[tuple[str, str], ...] = ()

    def arm(self, name: str) -> Arm:
        """Return an arm by its name."""
        return next(arm for arm in self.arms if arm.name == name)
