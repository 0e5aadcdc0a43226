"""Pictures of a report: how arms differ, dose and response, how runs learned, samples side by side, loss and measure.

Each is a matplotlib Figure; `auricle.pictures` turns it into the bytes of a file. Equal numbers give equal bytes.
Whatever is told by a colour is told by a shape or a kind of line as well.

Conventions: the baseline is grey; a filled mark is a real difference, a hollow one is not.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from auricle.experiments.report.analysis import Analysis, Outcome, Relation, Samples
from auricle.experiments.report.curves import LearningCurve
from auricle.experiments.report.wording import difference, direction_name, measure_name, split_measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Look: TypeAlias = tuple[str, str, str]
"""Colour, line and mark."""

Kind: TypeAlias = Literal["filled", "hollow", "line"]
"""How a point is marked; the baseline is none, only the line begins there."""

_WIDTH_INCH = 5.5  # narrow, so that the letters are still large enough on a phone
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_LINES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_BASELINE = "#767676"
_LEGEND_LINE_INCH = 0.18


def differences(analysis: Analysis) -> "Figure":
    """Draw the difference of every arm to the baseline, with its interval on other clips.

    Args:
        analysis: At least one arm is compared.
    """
    arms = [(arm.name, arm.outcomes[analysis.measure]) for arm in analysis.arms if arm.name != analysis.baseline]
    figure, axes = _new(1.3 + 0.34 * len(arms))
    axes.axvline(0, color=_BASELINE, linewidth=1.2)
    for place, (_, outcome) in enumerate(arms):
        if found := outcome.difference:
            axes.plot([found.low, found.high], [place, place], color=_COLOURS[0], linewidth=1.4)
            face = _COLOURS[0] if _is_real(outcome) else "white"
            axes.plot([found.difference], [place], color=_COLOURS[0], marker="o", markerfacecolor=face)
    axes.set_yticks(range(len(arms)), [name for name, _ in arms], parse_math=False)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.set_xlabel(f"difference to {analysis.baseline}: {measure_name(analysis.measure)}", parse_math=False)
    return figure


def dose_response(analysis: Analysis, *, dose: str) -> "Figure":
    """Draw measure over dose, one curve per combination of other factors, and the difference to the baseline below.

    Args:
        analysis: Has a curve.
        dose: Name of the horizontal axis.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    figure = Figure(figsize=(_WIDTH_INCH, 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    baseline = analysis.outcome(analysis.baseline)
    band = baseline.interval
    if not math.isnan(band.low):
        name = f"{analysis.baseline}, 95 % interval"
        above.axhspan(band.low, band.high, color=_BASELINE, alpha=0.2, linewidth=0, label=name)
    above.axhline(baseline.across.mean, color=_BASELINE, linewidth=1)
    below.axhline(0, color=_BASELINE, linewidth=1.2)
    doses = sorted({point for curve in analysis.dose for point, _ in curve.points})
    for number, (curve, look) in enumerate(zip(analysis.dose, _looks(), strict=False)):
        aside = number - (len(analysis.dose) - 1) / 2  # so that the bars of two curves do not cover each other
        values, changes = [], []
        for point, name in curve.points:
            outcome, change = analysis.outcome(name), analysis.outcome(name).difference
            if change is None:
                values.append(_Point(point, outcome.across.mean, kind="line"))
                changes.append(_Point(point, 0.0, kind="line"))
                continue
            at = _beside(point, aside, doses)
            values.append(_Point(at, outcome.across.mean, outcome.interval.low, outcome.interval.high))
            kind: Kind = "filled" if _is_real(outcome) else "hollow"
            changes.append(_Point(at, change.difference, change.low, change.high, kind))
        _curve(above, values, look, name=curve.name)
        _curve(below, changes, look)
    if _is_wide(doses):
        below.set_xscale("log")
        below.xaxis.set_minor_locator(NullLocator())
    below.set_xticks(doses, [f"{point:g}" for point in doses])
    below.set_xlabel(dose, parse_math=False)
    above.set_ylabel(measure_name(analysis.measure))
    below.set_ylabel("difference to the baseline")
    for axes in (above, below):
        _plain(axes)
    _legend(figure, above)
    return figure


def learning(losses: Sequence[LearningCurve], measures: Sequence[LearningCurve], *, measure: str) -> "Figure":
    """Draw loss and measure on validation over the steps: thin lines are runs, thick ones their means."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, 6), layout="constrained")
    panels: list[Axes] = list(figure.subplots(2, 1, sharex=True))
    looks = dict(zip(dict.fromkeys(curve.name for curve in (*losses, *measures)), _looks(), strict=False))
    for axes, curves in zip(panels, (losses, measures), strict=True):
        for curve in curves:
            colour, line, _ = looks[curve.name]
            marker = "o" if max(len(steps) for steps, _ in curve.runs) < 3 else None  # one point makes no line
            if len(curve.runs) > 1:
                for steps, values in curve.runs:
                    axes.plot(steps, values, color=colour, linestyle=line, linewidth=0.5, alpha=0.5, marker=marker)
            axes.plot(*curve.mean, color=colour, linestyle=line, linewidth=1.6, marker=marker, label=curve.name)
        _plain(axes)
    panels[0].set_ylabel("validation loss")
    direction, name = split_measure(measure)
    panels[1].set_ylabel(f"validation {name} ({direction_name(direction)})")
    panels[1].set_xlabel("optimiser steps")
    _legend(figure, panels[0] if losses else panels[1])
    return figure


def samples(found: Samples, *, measure: str) -> "Figure":
    """Draw the values of each level: box of the quartiles, every value, and lines between pairs."""
    figure, axes = _new(4)
    names, values = list(found.levels), list(found.levels.values())
    axes.boxplot(values, positions=range(len(values)), widths=0.5, showfliers=False, medianprops={"color": "black"})
    for pair in found.pairs:
        axes.plot(range(len(pair)), pair, color=_BASELINE, linewidth=0.7, alpha=0.7)
    for place, (level, colour, mark) in enumerate(zip(values, cycle(_COLOURS), cycle(_MARKS), strict=False)):
        axes.plot([place] * len(level), level, color=colour, marker=mark, linestyle="", markersize=5, alpha=0.8)
    axes.set_xticks(range(len(names)), [f"{found.factor} {name}" for name in names], parse_math=False)
    axes.set_ylabel(measure_name(measure))
    return figure


def relations(found: Sequence[Relation], *, measure: str) -> "Figure":
    """Draw the measure of every run over its validation loss, and over the same measure on validation if there."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, 3.4 * len(found) + 0.6), layout="constrained")
    panels: list[Axes] = list(figure.subplots(len(found), 1, squeeze=False)[:, 0])
    looks: dict[str, Look] = {}
    unused = _looks()
    for axes, relation in zip(panels, found, strict=True):
        for name in dict.fromkeys(name for name, _, _ in relation.runs):
            colour, _, mark = looks.setdefault(name, next(unused) if name not in looks else looks[name])
            points = [(x, y) for of, x, y in relation.runs if of == name]
            axes.plot(*zip(*points, strict=True), color=colour, marker=mark, linestyle="", label=name)
        axes.set_xlabel(quantity_name(relation.quantity))
        axes.set_ylabel(measure_name(measure))
        association = relation.association
        axes.set_title(
            f"Pearson {difference(association.pearson)}, Spearman {difference(association.spearman)}", fontsize="medium"
        )
        _plain(axes)
    _legend(figure, panels[0])
    return figure


def quantity_name(quantity: str) -> str:
    """Return a key of the history as a person reads it.

    Example:
        >>> quantity_name("validation/loss"), quantity_name("validation/text_to_audio/mAP@10")
        ('validation loss', 'validation mAP@10 (text → audio)')
    """
    where, _, what = quantity.partition("/")
    return f"{where} {measure_name(what) if '/' in what else what}"


def _new(height: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, height), layout="constrained")
    axes = figure.subplots()
    _plain(axes)
    return figure, axes


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(alpha=0.3)


def _looks() -> Iterator[Look]:
    """Yield colour, line and mark that no other has; colours are used up first."""
    for number in itertools.count():
        turn, place = divmod(number, len(_COLOURS))
        yield _COLOURS[place], _LINES[(place + turn) % len(_LINES)], _MARKS[number % len(_MARKS)]


def _is_real(outcome: Outcome) -> bool:
    return outcome.verdict in ("better", "worse")


class _Point(NamedTuple):
    at: float
    value: float
    low: float = math.nan
    high: float = math.nan
    kind: Kind = "filled"


def _curve(axes: "Axes", points: Sequence[_Point], look: Look, *, name: str = "") -> None:
    """Draw points with their intervals, and a line through them."""
    colour, line, mark = look
    axes.plot(
        [p.at for p in points], [p.value for p in points], color=colour, linestyle=line, linewidth=1.2, label=name
    )
    for at, value, low, high, kind in points:
        if kind != "line":
            axes.plot([at, at], [low, high], color=colour, linewidth=1)
            face = colour if kind == "filled" else "white"
            axes.plot([at], [value], color=colour, marker=mark, markerfacecolor=face, linestyle="")


def _beside(point: float, aside: float, doses: Sequence[float]) -> float:
    """Return a place a little beside a dose."""
    if _is_wide(doses):
        return point * math.exp(0.03 * aside)
    return point + 0.04 * aside * min((b - a for a, b in pairwise(doses)), default=1.0)


def _is_wide(doses: Sequence[float]) -> bool:
    """Return whether doses are better told apart by their ratios."""
    return doses[0] > 0 and doses[-1] / doses[0] >= 10


def _legend(figure: "Figure", axes: "Axes") -> None:
    """Put a legend below the panels, and make the figure higher where that is long."""
    handles, names = axes.get_legend_handles_labels()
    if len(names) > 1:
        legend = figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, fontsize="small")
        for text in legend.get_texts():
            text.set_parse_math(False)
        figure.set_figheight(figure.get_figheight() + _LEGEND_LINE_INCH * max(0, (len(names) + 1) // 2 - 2))
