"""Which points lie on a curve."""

from collections.abc import Callable

import pytest

from auricle.experiments import Arm, Story
from auricle.experiments.report.curves import DoseCurve, dose_curves, groups, learning_curves
from auricle.runs import RunResult

Tell = Callable[..., Story]
Answer = Callable[..., RunResult]


def test_the_baseline_begins_the_curve_of_every_generator(tell: Tell) -> None:
    arms: dict[str, object] = {"original": (0.0, {"copies": 0, "fraction": 1.0})}
    for generator in ("audiogen", "ezaudio"):
        for copies in (2, 1):
            factors = {"copies": copies, "fraction": 1.0, "generator": generator}
            arms[f"{generator} {copies}x"] = (0.0, factors)
    assert dose_curves(tell(arms, dose="copies")) == (
        DoseCurve("audiogen", ((0.0, "original"), (1.0, "audiogen 1x"), (2.0, "audiogen 2x"))),
        DoseCurve("ezaudio", ((0.0, "original"), (1.0, "ezaudio 1x"), (2.0, "ezaudio 2x"))),
    )


def test_a_baseline_with_more_originals_begins_no_curve_of_fewer(tell: Tell) -> None:
    arms = {
        "all": (0.0, {"copies": 0, "fraction": 1.0}),
        "tenth 1x": (0.0, {"copies": 1, "fraction": 0.1, "generator": "audiogen"}),
        "tenth 2x": (0.0, {"copies": 2, "fraction": 0.1, "generator": "audiogen"}),
    }
    assert dose_curves(tell(arms, dose="copies")) == (DoseCurve("audiogen", ((1.0, "tenth 1x"), (2.0, "tenth 2x"))),)


def test_a_curve_with_an_arm_at_0_has_a_beginning_of_its_own(tell: Tell) -> None:
    arms = {
        f"{fraction} {copies}": (0.0, {"copies": copies, "fraction": fraction})
        for fraction in (1.0, 0.1)
        for copies in (0, 1)
    }
    assert dose_curves(tell(arms, dose="copies")) == (
        DoseCurve("fraction 1", ((0.0, "1.0 0"), (1.0, "1.0 1"))),
        DoseCurve("fraction 0.1", ((0.0, "0.1 0"), (1.0, "0.1 1"))),
    )


def test_a_dose_that_is_a_share(tell: Tell) -> None:
    arms = {
        "all": (0.0, {"copies": 0, "fraction": 1.0}),
        "tenth": (0.0, {"copies": 0, "fraction": 0.1}),
        "all 5x": (0.0, {"copies": 5, "fraction": 1.0, "generator": "audiogen"}),
        "tenth 5x": (0.0, {"copies": 5, "fraction": 0.1, "generator": "audiogen"}),
    }
    assert dose_curves(tell(arms, dose="fraction")) == (
        DoseCurve("copies 0", ((0.1, "tenth"), (1.0, "all"))),
        DoseCurve("audiogen, copies 5", ((0.1, "tenth 5x"), (1.0, "all 5x"))),
    )


@pytest.mark.parametrize("factor", ["filter", "copies"])
def test_no_curve_without_numbers_or_without_a_second_point(tell: Tell, factor: str) -> None:
    arms = {"one": (0.0, {"filter": "none", "copies": 1}), "two": (0.0, {"filter": "best", "copies": 2})}
    assert dose_curves(tell(arms, dose=factor)) == ()


def test_means_are_taken_where_all_runs_have_a_step(answer: Answer) -> None:
    """Losses at steps 10 and 20 are 1.5, 1.25 and 2.5, 2.25; the second run was stopped after the first epoch."""
    one, two = answer([1, 2]), answer([1, 2], seed=1, loss=2.0)
    two = type(two)(**{**vars(two), "history": two.history[:1]})
    story = Story("T", "", "evaluation", (Arm("only", {}, (one, two)),), baseline="only")
    (curve,) = learning_curves(story, "validation/loss")
    assert curve.runs == (((10, 20), (1.5, 1.25)), ((10,), (2.5,)))
    assert curve.mean == ((10,), (2.0,))
    assert learning_curves(story, "validation/audio_to_text/R@5") == ()


def test_runs_are_drawn_by_level_where_samples_are_compared(answer: Answer) -> None:
    arms = tuple(
        Arm(f"{part}{level}", {"choice": level, "part": part}, (answer([1, 2]),)) for part in (1, 2) for level in "ab"
    )
    story = Story("T", "", "evaluation", arms, baseline="1a", between="choice")
    assert {name: len(results) for name, results in groups(story).items()} == {"choice a": 2, "choice b": 2}
