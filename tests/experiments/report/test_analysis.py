"""The numbers of a report: against the tests of `auricle.evaluation` called by hand, and against hand-worked tables."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from auricle.errors import ConfigError, DataError
from auricle.evaluation import compare_ranks, compare_samples, interval
from auricle.experiments import Arm, Story
from auricle.experiments.report import analysis as room
from auricle.experiments.report.analysis import analyse
from auricle.runs import RunResult

Tell = Callable[..., Story]
Answer = Callable[..., RunResult]
DECIDING = "text_to_audio/mAP@10"


def story_of(*arms: tuple[str, list[RunResult]], **changes: Any) -> Story:
    told = tuple(Arm(name, {}, tuple(results)) for name, results in arms)
    given = {"title": "T", "about": "", "split": "validation", "arms": told, "baseline": told[0].name}
    return Story(**{**given, **changes})


def test_values_of_two_runs_worked_by_hand(answer: Answer) -> None:
    """Precisions 1, 1/2 and 1, 1 of the first run; 1/4, 1/4 and 1, 1/20 -> 0 of the second: means 7/8 and 3/8."""
    runs = [answer([1, 2, 1, 1]), answer([4, 4, 1, 20], seed=1)]
    analysis = analyse(story_of(("only", runs)))
    outcome = analysis.outcome("only")
    assert outcome.values == (0.875, 0.375)
    assert outcome.across.mean == 0.625
    assert outcome.across.standard_deviation == pytest.approx(0.25 * math.sqrt(2))
    assert (outcome.difference, outcome.verdict) == (None, "")
    assert analysis.queries == {"text_to_audio": (4, 2), "audio_to_text": (2, 2)}
    assert analysis.arm("only").outcomes["text_to_audio/R@1"].values == (0.75, 0.25)
    assert analysis.arm("only").outcomes["audio_to_text/median rank"].values == (1.0, 2.5)
    assert analysis.best_other == ""
    assert analysis.compared == ()


def test_differences_are_those_of_the_permutation_test(tell: Tell) -> None:
    story = tell({"original": (0.0, {}), "a": (0.1, {}), "b": (0.5, {})})
    analysis = analyse(story)
    ranks = {arm.name: [run.ranks["text_to_audio"] for run in arm.results] for arm in story.arms}
    for name in ("a", "b"):
        expected = compare_ranks(ranks["original"], ranks[name])["mAP@10"]
        assert analysis.outcome(name).difference == expected
        assert analysis.outcome(name).interval == interval(ranks[name])["mAP@10"]
        values = [[run.measures()[DECIDING] for run in story.arm(arm).results] for arm in ("original", name)]
        assert analysis.arm(name).seed_difference == compare_samples(*values, paired=False)
    assert analysis.best_other == "b"


def by_holm(p_values: list[float]) -> list[float]:
    """The step-down procedure written as the textbook says it, one p-value at a time."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for step, place in enumerate(order):
        worst = max(worst, (len(p_values) - step) * p_values[place])
        adjusted[place] = min(1.0, worst)
    return adjusted


def test_the_deciding_measure_is_a_family_of_its_own(tell: Tell) -> None:
    analysis = analyse(tell({"original": (0.0, {}), "a": (0.1, {}), "b": (0.3, {}), "c": (0.6, {})}))
    others = [outcome for arm in analysis.arms[1:] for name, outcome in arm.outcomes.items() if name != DECIDING]
    for family in (list(analysis.compared), others):
        raw = [outcome.difference.p_value for outcome in family if outcome.difference]
        assert len(raw) == len(family)
        assert [outcome.adjusted_p for outcome in family] == pytest.approx(by_holm(raw))
    assert len(analysis.compared) == 3
    assert len(others) == 3 * 11


def test_verdicts(answer: Answer) -> None:
    base, better = [8] * 24, [1] * 24
    story = story_of(("base", [answer(base)]), ("same", [answer(base)]), ("better", [answer(better)]))
    analysis = analyse(story)
    assert [analysis.outcome(name).verdict for name in ("base", "same", "better")] == [
        "",
        "no real difference",
        "better",
    ]
    assert analysis.outcome("same").adjusted_p == 1
    assert analyse(replace(story, baseline="better")).outcome("base").verdict == "worse"


def test_of_the_median_rank_the_smaller_one_is_better(answer: Answer) -> None:
    story = story_of(("base", [answer([8] * 24)]), ("better", [answer([1] * 24)]))
    analysis = analyse(replace(story, measure="text_to_audio/median rank"))
    outcome = analysis.outcome("better")
    assert outcome.difference
    assert outcome.difference.difference == -7
    assert replace(outcome, adjusted_p=0.049).verdict == "better"
    assert replace(outcome, adjusted_p=0.051).verdict == "no real difference"
    assert analysis.best_other == "better"


def test_one_run_per_arm_says_nothing_across_seeds(answer: Answer) -> None:
    analysis = analyse(story_of(("base", [answer([1, 2, 3, 4])]), ("other", [answer([2, 2, 2, 2])])))
    assert analysis.arm("other").seed_difference is None
    assert math.isnan(analysis.outcome("other").across.standard_deviation)


def test_the_smallest_detectable_difference_by_tables_of_the_normal_distribution(answer: Answer) -> None:
    """A 95 % interval 0.392 wide has a standard error of 0.1; the level of two comparisons is 0.025."""
    analysis = analyse(story_of(("base", [answer([1, 2])]), ("a", [answer([1, 3])]), ("b", [answer([2, 1])])))
    outcome = analysis.outcome("a")
    assert outcome.difference
    wide = replace(outcome, difference=replace(outcome.difference, low=-0.1, high=0.292))
    assert analysis.detectable(wide) == pytest.approx(0.1 * (2.2414 + 0.8416), rel=1e-3)
    one = analyse(story_of(("base", [answer([1, 2])]), ("a", [answer([1, 3])])))
    assert one.detectable(wide) == pytest.approx(0.1 * (1.9600 + 0.8416), rel=1e-3)
    assert math.isnan(one.detectable(one.outcome("base")))


def test_the_detectable_difference_is_found_in_four_of_five_repetitions() -> None:
    """Normal estimates of a true difference of that size, told by z at level 0.05."""
    random = np.random.default_rng(5)
    found = random.normal(0.1 * (1.9600 + 0.8416), 0.1, size=200_000) / 0.1
    assert np.mean(np.abs(found) > 1.96) == pytest.approx(room.POWER, abs=0.005)


def test_a_large_family_does_not_make_a_verdict_impossible(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def count(*given: Any, permutations: int, **options: Any) -> Any:
        asked.append(permutations)
        return compare_ranks(*given, permutations=10, resamples=10, **options)

    monkeypatch.setattr(room, "compare_ranks", count)
    arms = [(f"arm {number}", [answer([1, 2], seed=number)]) for number in range(31)]
    analyse(story_of(*arms))
    n_others = 30 * 11
    assert n_others / (min(asked) + 1) < 0.05 / 4  # the smallest adjusted p-value there can be


def test_samples_are_paired_in_the_order_of_their_factor(answer: Answer) -> None:
    arms = []
    for part in (10, 2, 1):  # as words, 10 would come before 2
        for choice in ("first", "second"):
            rank = part if choice == "first" else part + 1
            factors: dict[str, str | int | float] = {"part": part, "choice": choice}
            arms.append(Arm(f"{part} {choice}", factors, (answer([rank] * 4),)))
    arms.append(Arm("no pair", {"part": 11, "choice": "first"}, (answer([1] * 4),)))
    arms.append(Arm("apart", {}, (answer([1] * 4),)))
    arms.insert(0, Arm("no pair either", {"part": 0, "choice": "second"}, (answer([4] * 4),)))
    story = Story("T", "", "evaluation", tuple(arms), baseline=arms[0].name, between="choice", paired_by="part")
    analysis = analyse(story)
    samples = analysis.samples
    assert samples
    assert list(samples.levels) == ["first", "second"]
    assert samples.levels == {"first": (1.0, 1 / 2, 1 / 10, 1.0), "second": (1 / 4, 1 / 2, 1 / 3, 0.0)}
    assert samples.pairs == ((1.0, 1 / 2), (1 / 2, 1 / 3), (1 / 10, 0.0))
    ((one, other, alone, pairs),) = samples.comparisons
    assert (one, other) == ("first", "second")
    assert alone == compare_samples([1.0, 1 / 2, 1 / 10, 1.0], [1 / 4, 1 / 2, 1 / 3, 0.0], paired=False)
    assert pairs == compare_samples([1.0, 1 / 2, 1 / 10], [1 / 2, 1 / 3, 0.0], paired=True)
    assert analysis.compared == ()  # the question is not about single arms


def test_seeds_of_one_sample_are_averaged(answer: Answer) -> None:
    arms = [
        Arm(name, {"choice": name}, (answer([1] * 2), answer([2] * 2, seed=1), answer([4] * 2, seed=2)))
        for name in ("a", "b")
    ]
    samples = analyse(Story("T", "", "evaluation", tuple(arms), baseline="a", between="choice")).samples
    assert samples
    assert {level: list(values) for level, values in samples.levels.items()} == {
        "a": pytest.approx([1.75 / 3]),
        "b": pytest.approx([1.75 / 3]),
    }
    assert samples.comparisons[0][3] is None


def test_loss_and_measure_of_three_runs_on_a_line(answer: Answer) -> None:
    """Losses 1.25, 2.25, 3.25 at the best epoch and mAPs 1, 1/2, 0 lie on a falling line."""
    runs = [
        answer([rank] * 4, seed=seed, loss=loss) for seed, (rank, loss) in enumerate([(1, 1.0), (2, 2.0), (99, 3.0)])
    ]
    loss, measure = analyse(story_of(("only", runs), split="evaluation")).relations
    assert loss.quantity == "validation/loss"
    assert loss.runs == (("only", 1.25, 1.0), ("only", 2.25, 0.5), ("only", 3.25, 0.0))
    assert [loss.association.pearson, loss.association.spearman] == pytest.approx([-1, -1])
    assert measure.quantity == f"validation/{DECIDING}"
    assert [y for _, y, _ in measure.runs] == [1.0, 0.25, 0.0]
    assert measure.association.spearman == pytest.approx(1)
    on_validation = analyse(story_of(("only", runs)))
    assert [relation.quantity for relation in on_validation.relations] == ["validation/loss"]  # else it is the same
    assert analyse(story_of(("only", runs[:2]))).relations == ()


def test_a_loss_that_is_not_finite_is_left_out(answer: Answer) -> None:
    runs = [answer([1, 2], seed=seed, loss=loss) for seed, loss in enumerate([1.0, 2.0, 3.0, math.nan, math.inf])]
    loss, *_ = analyse(story_of(("only", runs))).relations
    assert loss.association.n == 3


def test_a_measure_that_is_not_there(answer: Answer) -> None:
    story = story_of(("only", [answer([1, 2])]), measure="text_to_audio/mAP@11")
    with pytest.raises(ConfigError, match=r"no measure 'text_to_audio/mAP@11'. Did you mean 'text_to_audio/mAP@10'\?"):
        analyse(story)


def test_other_queries_are_refused(answer: Answer) -> None:
    with pytest.raises(DataError, match="same queries"):
        analyse(story_of(("one", [answer([1, 2])]), ("two", [answer([1, 2, 3, 4])])))
