"""Pictures of a sweep: how values came in, which parameters go with which values, how much each matters.

Each is a matplotlib Figure; `auricle.pictures` turns it into the bytes of a file. Colours differ in lightness too: they
can be told apart in grey and by the colour-blind.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from auricle.experiments.sweep.parameters import Drawn, Parameter, written
from auricle.experiments.sweep.space import Space
from auricle.experiments.sweep.standing import Standing, value_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray: TypeAlias = NDArray[np.float64]

_VALUE, _PRUNED, _BEST = "#0072b2", "#9a9a9a", "#d55e00"
_LONGEST_CHOICE = 14  # letters; more would touch the next axis
_MOST_AXES = 12


def draw_all(space: Space, now: Standing, importances: Mapping[str, float]) -> dict[str, "Figure"]:
    """Return every picture there is something to show in, by name.

    Args:
        space: What was searched.
        now: At least one trial is complete.
        importances: Of the parameters, from the largest; may be empty.
    """
    pictures = {"history": history(space, now), "parallel-coordinates": parallel_coordinates(space, now, importances)}
    if importances:
        pictures["importances"] = importance_bars(importances)
    return pictures


def history(space: Space, now: Standing) -> "Figure":
    """Draw the value of every trial in the order of their numbers, and the best so far."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    complete, pruned = now.of("complete"), now.of("pruned")
    if pruned:
        axes.scatter(
            [trial.number for trial in pruned],
            [math.nan if trial.value is None else trial.value for trial in pruned],
            marker="x",
            s=25,
            color=_PRUNED,
            label="pruned, value when it was",
        )
    numbers, values = [trial.number for trial in complete], np.array([value_of(trial) for trial in complete])
    axes.scatter(numbers, values, s=25, color=_VALUE, label="trial", zorder=2)
    so_far = np.maximum.accumulate(values) if space.goal.maximise else np.minimum.accumulate(values)
    last = now.trials[-1].number
    axes.step([*numbers, last], [*so_far, so_far[-1]], where="post", color=_BEST, label="best so far", zorder=1)
    axes.set_xlabel("trial")
    axes.set_ylabel(_measure(space), parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def parallel_coordinates(space: Space, now: Standing, importances: Mapping[str, float]) -> "Figure":
    """Draw every complete trial as a line through its parameters to its value; the best is the thick one.

    Pruned ones are dashed and end before the value. Axes are in the order of importance, where that is known; at most
    twelve are shown.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    order = {name: place for place, name in enumerate(importances)}
    parameters = sorted(space.parameters, key=lambda one: order.get(one.setting, len(order)))[:_MOST_AXES]
    trials = sorted(now.of("complete"), key=value_of, reverse=not space.goal.maximise)
    values = np.array([value_of(trial) for trial in trials])
    norm = Normalize(values.min(), values.max() if values.max() > values.min() else values.min() + 1)
    colours = ScalarMappable(norm, "viridis" if space.goal.maximise else "viridis_r")

    figure = Figure(figsize=(1.6 + 1.5 * (len(parameters) + 1), 4.6), layout="constrained")
    axes = figure.subplots()
    best = now.best(space.goal)
    for trial in now.of("pruned"):
        axes.plot(_heights(parameters, trial), color=_PRUNED, linewidth=0.6, alpha=0.5, linestyle="--", zorder=1)
    for trial, value in zip(trials, values, strict=True):
        is_best = best is not None and trial.number == best.number
        axes.plot(
            [*_heights(parameters, trial), norm(value)],
            color=_BEST if is_best else colours.to_rgba(value),
            linewidth=2.5 if is_best else 1.0,
            alpha=1.0 if is_best else 0.7,
            zorder=3 if is_best else 2,
            label=f"best, trial {trial.number}" if is_best else None,
        )
    for place, parameter in enumerate(parameters):
        _axis(axes, place, *_ticks(parameter))
    _axis(axes, len(parameters), [0, 1], [f"{norm.vmin:.4g}", f"{norm.vmax:.4g}"])
    names = [one.setting.rpartition(".")[0] + "\n" + one.setting.rpartition(".")[2] for one in parameters]
    axes.set_xticks(range(len(names) + 1), [*names, "\n" + space.goal.measure.rpartition("/")[2]], fontsize="small")
    axes.set(xlim=(-0.4, len(names) + 0.5), ylim=(-0.05, 1.05), yticks=[])
    axes.tick_params(axis="x", length=0)
    axes.spines[:].set_visible(False)
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), fontsize="small")
    return figure


def importance_bars(importances: Mapping[str, float]) -> "Figure":
    """Draw how much each parameter matters, the most important on top."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    names, shares = [*importances][::-1], [*importances.values()][::-1]
    figure = Figure(figsize=(7, 1 + 0.35 * len(names)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(range(len(names)), shares, color=_VALUE)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=3)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, max(shares) * 1.12 or 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("importance: how far the best tenth of the trials agree on it")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _measure(space: Space) -> str:
    """Return the measure in words: *validation mAP@10, text -> audio*."""
    split, *direction, name = space.goal.measure.split("/")
    return ", ".join([f"{split} {name}", *(words.replace("_to_", " -> ") for words in direction)])


def _heights(parameters: Sequence[Parameter], trial: FrozenTrial) -> list[float]:
    return [_height(one, trial.params[one.setting]) for one in parameters]


def _height(parameter: Parameter, drawn: Drawn) -> float:
    """Return where a value stands on its axis, from 0 to 1."""
    one = parameter.drawn_from.distribution
    if isinstance(one, CategoricalDistribution):
        return one.choices.index(drawn) / (len(one.choices) - 1)
    assert isinstance(one, FloatDistribution | IntDistribution)
    scale = math.log if one.log else float
    low, high, here = scale(one.low), scale(one.high), scale(float(str(drawn)))
    return (here - low) / (high - low)


def _ticks(parameter: Parameter) -> tuple[list[float], list[str]]:
    """Return where the axis of a parameter is marked, and with what."""
    from matplotlib.ticker import MaxNLocator

    one = parameter.drawn_from.distribution
    if isinstance(one, CategoricalDistribution):
        names = [written(choice) for choice in one.choices]
        cut = [name if len(name) <= _LONGEST_CHOICE else f"{name[: _LONGEST_CHOICE - 1]}…" for name in names]
        return _apart(dict(zip((_height(parameter, choice) for choice in one.choices), cut, strict=True)))
    assert isinstance(one, FloatDistribution | IntDistribution)
    marks: Sequence[float]
    if one.log:
        decades = range(math.floor(math.log10(one.low)), math.ceil(math.log10(one.high)))
        marks = [one.low, *(10.0**decade for decade in decades if one.low < 10.0**decade < one.high), one.high]
    else:
        inside = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(one.low, one.high)
        marks = [one.low, *(float(mark) for mark in inside if one.low < mark < one.high), one.high]
    if isinstance(one, IntDistribution):
        marks = sorted({round(mark) for mark in marks})
    shown = {_height(parameter, mark): f"{mark:.3g}" if abs(mark) < 1000 else f"{mark:g}" for mark in marks}
    return _apart(shown)


def _apart(marks: Mapping[float, str]) -> tuple[list[float], list[str]]:
    """Leave out what would be written over its neighbour; the ends stay."""
    heights = sorted(marks)
    kept = heights[:1]
    for height in heights[1:-1]:
        if height - kept[-1] >= 0.06 and heights[-1] - height >= 0.06:
            kept.append(height)
    kept += heights[-1:] if len(heights) > 1 else []
    return kept, [marks[height] for height in kept]


def _axis(axes: "Axes", place: int, heights: Sequence[float], names: Sequence[str]) -> None:
    axes.plot([place, place], [0, 1], color="black", linewidth=1, zorder=4)
    for height, name in zip(heights, names, strict=True):
        axes.plot([place - 0.02, place + 0.02], [height, height], color="black", linewidth=1, zorder=4)
        axes.text(
            place + 0.05,
            height,
            name,
            va="center",
            fontsize="x-small",
            zorder=5,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )
