"""Pictures of a report: what is drawn where, read back from the figure."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.colors import to_hex

from auricle.experiments import Story
from auricle.experiments.report import figures
from auricle.experiments.report.analysis import Samples, analyse
from auricle.experiments.report.curves import LearningCurve, learning_curves
from auricle.pictures import as_pdf, as_svg

Tell = Callable[..., Story]
MEASURE = "text_to_audio/mAP@10"
COPIES = {f"{copies} copies": (0.5 * copies, {"copies": copies}) for copies in (0, 1, 2)}


def marks(axes: Any) -> list[tuple[float, float, str]]:
    """Every single point that is drawn: its place, and the colour it is filled with."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]), to_hex(line.get_markerfacecolor()))
        for line in axes.lines
        if len(line.get_xdata()) == 1 and line.get_marker() != "None"
    ]


def drawn(axes: Any) -> list[tuple[list[float], list[float], str]]:
    """Every line: where it goes, and its colour."""
    return [
        (list(map(float, line.get_xdata())), list(map(float, line.get_ydata())), to_hex(line.get_color()))
        for line in axes.lines
    ]


def curves(axes: Any) -> dict[str, list[tuple[float, float]]]:
    return {
        str(line.get_label()): list(zip(map(float, line.get_xdata()), map(float, line.get_ydata()), strict=True))
        for line in axes.lines
        if not str(line.get_label()).startswith("_")
    }


def test_differences_with_their_intervals(tell: Tell) -> None:
    story = tell({"base": (0.0, {}), "far": (1.0, {}), "near": (0.0, {})})
    analysis = analyse(story)
    (axes,) = figures.differences(analysis).axes
    far, near = analysis.outcome("far").difference, analysis.outcome("near").difference
    assert far
    assert near
    assert (analysis.outcome("far").verdict, analysis.outcome("near").verdict) == ("better", "no real difference")
    (x, y, filled), (other_x, other_y, hollow) = marks(axes)
    assert (x, y, other_x, other_y) == (far.difference, 0, near.difference, 1)
    assert filled != hollow == "#ffffff"
    bars = [x for x, y, _ in drawn(axes) if y in ([0, 0], [1, 1])]
    assert bars == [[far.low, far.high], [near.low, near.high]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["far", "near"]


def test_dose_and_response(tell: Tell) -> None:
    analysis = analyse(tell(COPIES, dose="copies"))
    above, below = figures.dose_response(analysis, dose="copies").axes
    means = [analysis.outcome(name).across.mean for name in COPIES]
    assert curves(above) == {"all arms": list(zip([0.0, 1.0, 2.0], means, strict=True))}
    changes = [analysis.outcome(name).difference for name in list(COPIES)[1:]]
    assert [mark[:2] for mark in marks(below)] == [
        (place, change.difference) for place, change in zip([1.0, 2.0], changes, strict=True) if change
    ]
    (band,) = above.patches
    box = band.get_extents().transformed(above.transData.inverted())
    baseline = analysis.outcome("0 copies").interval
    assert (box.y0, box.y1) == pytest.approx((baseline.low, baseline.high))


def test_small_shares_stand_apart(tell: Tell) -> None:
    arms = {f"{share}": (share, {"fraction": share}) for share in (1.0, 0.25, 0.1, 0.05)}
    figure = figures.dose_response(analyse(tell(arms, dose="fraction")), dose="fraction")
    below = figure.axes[1]
    assert below.get_xscale() == "log"
    assert [label.get_text() for label in below.get_xticklabels()] == ["0.05", "0.1", "0.25", "1"]
    figure.draw_without_rendering()
    boxes = sorted((label.get_window_extent() for label in below.get_xticklabels()), key=lambda box: float(box.x0))
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_runs_and_their_mean(tell: Tell) -> None:
    story = tell({"base": (0.0, {}), "other": (1.0, {})}, seeds=2)
    losses, measures = (learning_curves(story, name) for name in ("validation/loss", f"validation/{MEASURE}"))
    above, below = figures.learning(losses, measures, measure=MEASURE).axes
    assert len(above.lines) == len(below.lines) == 2 * (2 + 1)
    for axes, expected in ((above, losses), (below, measures)):
        assert curves(axes) == {curve.name: list(zip(*curve.mean, strict=True)) for curve in expected}


def test_no_two_of_many_arms_look_alike() -> None:
    many = [LearningCurve(f"arm {n}", (((1.0, 2.0, 3.0), (n, n, n)),), ((1.0, 2.0, 3.0), (n, n, n))) for n in range(28)]
    figure = figures.learning(many, many, measure=MEASURE)
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 28
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 28
    figure.draw_without_rendering()
    assert figure.axes[0].get_window_extent().height > 150  # the legend leaves room for the panels


def test_lines_join_pairs_and_nothing_else() -> None:
    found = Samples("choice", "part", {"a": (0.1, 0.2, 0.9), "b": (0.3, 0.4, 0.8)}, ((0.1, 0.4), (0.2, 0.3)), ())
    (axes,) = figures.samples(found, measure=MEASURE).axes
    assert [y for _, y, colour in drawn(axes) if colour == "#767676"] == [[0.1, 0.4], [0.2, 0.3]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["choice a", "choice b"]
    medians = [y for _, y, colour in drawn(axes) if colour == "#000000"]
    assert [0.2, 0.2] in medians
    assert [0.4, 0.4] in medians


def test_every_run_is_a_point(tell: Tell) -> None:
    relations = analyse(tell({"base": (0.0, {}), "other": (1.0, {})}, seeds=2)).relations
    figure = figures.relations(relations, measure=MEASURE)
    for axes, relation in zip(figure.axes, relations, strict=True):
        assert [point for points in curves(axes).values() for point in points] == [(x, y) for _, x, y in relation.runs]
        assert axes.get_title().startswith("Pearson ")


def test_signs_that_mean_something_to_matplotlib(tell: Tell) -> None:
    story = tell({"$a": (0.0, {"$d": 0}), "b$ \\frac{": (0.5, {"$d": 1}), "雨": (1.0, {"$d": 2})}, dose="$d")
    analysis = analyse(story)
    for figure in (
        figures.differences(analysis),
        figures.dose_response(analysis, dose="$d"),
        figures.learning(learning_curves(story, "validation/loss"), (), measure=MEASURE),
        figures.relations(analysis.relations, measure=MEASURE),
        figures.samples(Samples("$f$", "", {"$x": (0.1, 0.2)}, (), ()), measure=MEASURE),
    ):
        assert as_svg(figure).startswith(b"<?xml")
    assert as_pdf(figures.differences(analysis)).startswith(b"%PDF")
