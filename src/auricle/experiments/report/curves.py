"""The points of the curves: how every run learned, and which arms lie on one dose-response curve.

Only their places are found here; how sure a value is tells `analysis`. Runs are laid over optimiser steps, not epochs:
arms with more copies have longer epochs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auricle.experiments.story import Arm, Story
from auricle.runs import RunResult

VALIDATION_LOSS = "validation/loss"

Factor = str | int | float


@dataclass(frozen=True)
class LearningCurve:
    """One quantity over the steps of some runs.

    Attributes:
        name: Of the arm, or of the level of the factor that is looked at.
        runs: Of each run its steps and values.
        mean: Steps that all runs have, and the mean of their values there.
    """

    name: str
    runs: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    mean: tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class DoseCurve:
    """Arms that differ in the dose alone.

    Attributes:
        name: What they have in common and others do not.
        points: Dose and name of each arm, in rising order.
    """

    name: str
    points: tuple[tuple[float, str], ...]


def learning_curves(story: Story, quantity: str) -> tuple[LearningCurve, ...]:
    """Return how a quantity of the history went, per arm, or per level where samples are compared.

    Args:
        story: Any.
        quantity: A key of ``metrics.jsonl``; runs without it are left out, and arms without such runs.
    """
    curves = []
    for name, results in groups(story).items():
        runs = [dict(_steps(result, quantity)) for result in results]
        runs = [run for run in runs if run]
        if runs:
            shared = sorted(set(runs[0]).intersection(*runs[1:]))
            means = tuple(sum(run[step] for run in runs) / len(runs) for step in shared)
            curves.append(
                LearningCurve(
                    name=name,
                    runs=tuple((tuple(run), tuple(run.values())) for run in runs),
                    mean=(tuple(shared), means),
                )
            )
    return tuple(curves)


def groups(story: Story) -> dict[str, list[RunResult]]:
    """Return the runs that are drawn alike: those of an arm, or of a level where samples are compared."""
    found: dict[str, list[RunResult]] = {}
    for arm in story.arms:
        name = f"{story.between} {arm.factors[story.between]}" if story.between in arm.factors else arm.name
        found.setdefault(name, []).extend(arm.results)
    return found


def dose_curves(story: Story) -> tuple[DoseCurve, ...]:
    """Return one curve per combination of the other factors; none where the dose is no number or nothing varies.

    At dose 0 no factor makes a difference that is a word (which generator, which filter): a baseline there begins every
    curve that has no arm of its own at 0 and agrees with it in all numbers.
    """
    by_others: dict[tuple[tuple[str, Factor], ...], list[tuple[float, str]]] = {}
    for arm in story.arms:
        dose = arm.factors.get(story.dose, "")
        if not isinstance(dose, str):
            by_others.setdefault(tuple(sorted(_others(arm, story.dose).items())), []).append((float(dose), arm.name))
    baseline = story.arm(story.baseline)
    begins = baseline.factors.get(story.dose) == 0
    curves = {}
    for others, points in by_others.items():
        if [name for _, name in points] == [baseline.name] and begins and len(by_others) > 1:
            continue
        joined = begins and _numbers(dict(others)) == _numbers(_others(baseline, story.dose))
        if joined and all(dose for dose, _ in points):
            points = [(0.0, baseline.name), *points]
        curves[others] = tuple(sorted(points))
    if not any(len(points) > 1 for points in curves.values()):
        return ()
    names = _names([dict(others) for others in curves])
    return tuple(DoseCurve(name, points) for name, points in zip(names, curves.values(), strict=True))


def _steps(result: RunResult, quantity: str) -> Iterator[tuple[float, float]]:
    return ((row["step"], row[quantity]) for row in result.history if quantity in row and "step" in row)


def _others(arm: Arm, dose: str) -> dict[str, Factor]:
    return {name: value for name, value in arm.factors.items() if name != dose}


def _numbers(factors: Mapping[str, Factor]) -> dict[str, Factor]:
    return {name: value for name, value in factors.items() if not isinstance(value, str)}


def _names(curves: Sequence[Mapping[str, Factor]]) -> list[str]:
    """Return what each curve is called: its words, and the numbers in which it differs from another."""
    keys = dict.fromkeys(key for factors in curves for key in factors)
    varying = {key for key in keys if len({factors.get(key) for factors in curves}) > 1}
    names = []
    for factors in curves:
        words = [str(value) for value in factors.values() if isinstance(value, str)]
        numbers = [f"{key} {value:g}" for key, value in _numbers(factors).items() if key in varying]
        names.append(", ".join([*words, *numbers]) or "all arms")
    return names
