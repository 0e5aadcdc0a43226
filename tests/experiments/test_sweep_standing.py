"""Which trials count, worked out by hand, and what is proposed from what is known."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from auricle.experiments.sweep.goal import Goal
from auricle.experiments.sweep.proposals import Known, known_from, propose
from auricle.experiments.sweep.standing import standing

FALLING = Goal("validation/loss")
SPACE: Mapping[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "units": IntDistribution(16, 1024),
    "kind": CategoricalDistribution(["a", "b", None]),
}


def trials(*rows: tuple[str, float | None, dict[str, Any]]) -> list[FrozenTrial]:
    """Return trials numbered from 0: state, value, what each says of itself; ``x`` is its number, or what it says."""
    study = optuna.create_study(direction="minimize")
    for number, (state, value, says) in enumerate(rows):
        study.add_trial(
            optuna.create_trial(
                state=TrialState[state],
                value=value if state == "COMPLETE" else None,
                intermediate_values={1: value} if value is not None else {},
                params={"x": says.get("x", number)},
                distributions={"x": IntDistribution(0, 99)},
                user_attrs={key: said for key, said in says.items() if key != "x"},
            )
        )
    return study.get_trials()


MIXED = trials(
    ("COMPLETE", 0.5, {}),
    ("PRUNED", 0.9, {}),
    ("FAIL", None, {"reason": "It has diverged."}),
    ("FAIL", None, {}),  # killed; 6 goes on
    ("FAIL", None, {"surplus": True}),
    ("RUNNING", None, {"begun": True}),
    ("RUNNING", None, {"continues": 3, "deaths": 1, "x": 3}),
    ("WAITING", None, {}),
    ("FAIL", None, {}),  # killed before it began
    ("FAIL", None, {"deaths": 3}),  # killed for the fourth time
    ("RUNNING", None, {}),  # asked to stop: 11 goes on, before it has said so
    ("WAITING", None, {"continues": 10, "x": 10}),
    ("COMPLETE", 0.5, {}),
)
FATES = (
    *("complete", "pruned", "failed", "replaced", "surplus", "running", "running", "waiting", "lost", "failed"),
    *("replaced", "waiting", "complete"),
)


def test_what_became_of_each() -> None:
    now = standing(MIXED)
    assert now.fates == FATES
    assert (now.finished, now.begun) == (5, 9)
    assert now.reason(MIXED[2]) == "It has diverged."
    assert now.reason(MIXED[9]) == "Its process was killed 4 times, perhaps because memory ran out."
    assert now.reason(MIXED[0]) == ""


def test_a_place_is_what_the_number_would_be_had_nothing_happened() -> None:
    now = standing(MIXED)
    assert [now.place(number) for number in range(len(MIXED))] == [0, 1, 2, 3, 3, 3, 4, 5, 6, 6, 7, 7, 8]


def test_the_best_is_the_first_of_equals() -> None:
    now = standing(MIXED)
    best = now.best(FALLING)
    assert best is not None
    assert best.number == 0
    assert standing(MIXED[1:3]).best(FALLING) is None


def test_who_is_one_too_many() -> None:
    now = standing(trials(*[("RUNNING", None, {})] * 4))
    surplus = [now.is_surplus(number, wanted=3, once_each=False) for number in range(4)]
    assert surplus == [False, False, False, True]
    # In a grid, also the second of two with equal parameters.
    now = standing(trials(*[("RUNNING", None, {"x": x}) for x in (1, 2, 1, 3)]))
    assert [now.is_surplus(n, wanted=9, once_each=True) for n in range(4)] == [False, False, True, False]
    assert not any(now.is_surplus(n, wanted=9, once_each=False) for n in range(4))


def test_a_trial_that_is_gone_on_with_takes_the_place_of_the_first() -> None:
    """The last of three, killed while two others run, is not one too many when it is back as number 3."""
    rows = [("RUNNING", None, {}), ("RUNNING", None, {}), ("FAIL", None, {}), ("RUNNING", None, {"continues": 2})]
    now = standing(trials(*rows))
    assert not now.is_surplus(3, wanted=3, once_each=True)


def test_what_is_known_of_pruned_failed_and_running_trials() -> None:
    known = {one.params["x"]: one.value for one in known_from(standing(MIXED), goal=FALLING)}
    assert known == {0: 0.5, 1: 0.9, 2: 0.9, 5: None, 3: None, 9: 0.9, 12: 0.5}


def value_of(drawn: Mapping[str, Any]) -> float:
    """A bowl with its bottom, 0, at rate 0.001, 512 units and kind b."""
    return float((math.log10(drawn["rate"]) + 3) ** 2 + (drawn["units"] / 512 - 1) ** 2 + (drawn["kind"] != "b"))


def searched(method: Any, n_trials: int, seed: int = 0) -> list[Known]:
    known: list[Known] = []
    for place in range(n_trials):
        drawn = propose(SPACE, known, method=method, goal=FALLING, seed=seed + place)
        known.append(Known(drawn, value_of(drawn)))
    return known


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """Twelve trials of a search. Not to be changed."""
    return searched("bayes", 12)


def test_the_same_is_proposed_from_the_same(known: list[Known]) -> None:
    assert searched("bayes", 12) == known
    assert searched("bayes", 2, seed=1) != known[:2]
    again = [propose(SPACE, known, method="bayes", goal=FALLING, seed=1 << 40) for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.slow
def test_bayes_finds_the_bottom_and_chance_does_not() -> None:
    bayes, chance = (min(one.value or 0 for one in searched(method, 20)) for method in ("bayes", "random"))
    assert bayes < 0.02 < chance


@pytest.mark.slow
def test_a_failed_region_is_left() -> None:
    """What fails above a rate of 0.001 is tried as often as by chance at first, and then no more."""
    known: list[Known] = []
    failures = []
    for place in range(20):
        drawn = propose(SPACE, known, method="bayes", goal=FALLING, seed=place)
        fails = drawn["rate"] > 1e-3
        failures.append(fails)
        worst = max((one.value for one in known if one.value is not None), default=None)
        if not fails or worst is not None:
            known.append(Known(drawn, worst if fails else value_of(drawn)))
    assert sum(failures[:10]) >= 3
    assert sum(failures[12:]) <= 1


def test_chance_is_uniform_and_independent_of_what_is_known() -> None:
    from scipy.stats import kstest

    drawn = [propose(SPACE, [], method="random", goal=FALLING, seed=seed) for seed in range(300)]
    assert propose(SPACE, searched("random", 5), method="random", goal=FALLING, seed=3) == drawn[3]
    assert kstest([(math.log10(one["rate"]) + 5) / 4 for one in drawn], "uniform").pvalue > 0.01
    assert kstest([(one["units"] - 16) / 1008 for one in drawn], "uniform").pvalue > 0.01
    assert abs(np.corrcoef([one["units"] for one in drawn], [math.log(one["rate"]) for one in drawn])[0, 1]) < 0.15
    kinds = [one["kind"] for one in drawn]
    assert all(70 <= kinds.count(kind) <= 130 for kind in ("a", "b", None))


def test_what_runs_elsewhere_is_not_proposed_again(known: list[Known]) -> None:
    first = propose(SPACE, known, method="bayes", goal=FALLING, seed=99)
    second = propose(SPACE, [*known, Known(first, None)], method="bayes", goal=FALLING, seed=99)
    assert second != first


def test_what_another_process_is_just_drawing_is_left_out(known: list[Known]) -> None:
    half = Known({"rate": 1e-3}, None)
    whole = propose(SPACE, known, method="bayes", goal=FALLING, seed=5)
    assert propose(SPACE, [*known, half], method="bayes", goal=FALLING, seed=5) == whole


def test_what_rises_is_searched_upwards() -> None:
    """The search for the bottom of a bowl, upside down."""
    rising = Goal("validation/text_to_audio/mAP@10")
    known: list[Known] = []
    for place in range(16):
        drawn = propose(SPACE, known, method="bayes", goal=rising, seed=place)
        known.append(Known(drawn, -value_of(drawn)))
    assert max(one.value or -math.inf for one in known) > -0.05
