"""Correlations over runs: scipy, Anscombe's quartet, Fisher's z by hand, every order of a few runs."""

from dataclasses import astuple
from itertools import permutations
from math import atanh, tanh

import numpy as np
import pytest
from scipy import stats

from auricle.evaluation import associate

# F. J. Anscombe, Graphs in Statistical Analysis, The American Statistician 27, 1973.
ANSCOMBE_X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
ANSCOMBE = [
    (ANSCOMBE_X, [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]),
    (ANSCOMBE_X, [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74]),
    (ANSCOMBE_X, [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73]),
    ([8] * 7 + [19] + [8] * 3, [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89]),
]


@pytest.mark.parametrize(("x", "y"), ANSCOMBE)
def test_anscombes_quartet(x: list[float], y: list[float]) -> None:
    found = associate(x, y)
    assert found.n == 11
    assert found.pearson == pytest.approx(0.816, abs=1e-3)
    assert found.pearson_p == pytest.approx(0.00217, abs=2e-5)
    z, reach = atanh(found.pearson), stats.norm.isf(0.025) / np.sqrt(11 - 3)
    assert (found.pearson_low, found.pearson_high) == pytest.approx((tanh(z - reach), tanh(z + reach)))
    assert (found.spearman, found.spearman_p) == pytest.approx(tuple(stats.spearmanr(x, y)))


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_p_of_few_runs_counts_every_order(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(5):
        x, y = rng.integers(0, 4, (2, n)) + np.arange(n) // 2
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        found = associate(x, y)
        strengths = [abs(stats.spearmanr(x, order).statistic) for order in permutations(y.tolist())]
        as_strong = np.mean([strength >= abs(found.spearman) - 1e-9 for strength in strengths])
        assert found.spearman == pytest.approx(stats.spearmanr(x, y).statistic)
        assert found.spearman_p == pytest.approx(as_strong)


def test_the_same_order_of_five_has_a_p_of_one_in_sixty() -> None:
    """Two of 120 orders are perfect: with and against."""
    for x in ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]):
        found = associate(x, [1, 10, 100, 1000, 10_000])
        assert abs(found.spearman) == pytest.approx(1)
        assert found.spearman_p == pytest.approx(2 / 120)
        assert abs(found.pearson) < 0.9


def test_units_do_not_matter_and_ranks_see_only_the_order() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 12))
    found, scaled, bent = associate(x, y), associate(3 - 1000 * x, y / 7), associate(np.exp(x), y)
    assert (scaled.pearson, scaled.spearman) == pytest.approx((-found.pearson, -found.spearman))
    assert (scaled.pearson_low, scaled.pearson_high) == pytest.approx((-found.pearson_high, -found.pearson_low))
    assert bent.spearman == pytest.approx(found.spearman)
    assert astuple(associate(y, x)) == pytest.approx(astuple(found))


def test_a_wider_confidence_is_a_wider_interval() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 12))
    narrow, wide = associate(x, y, confidence=0.5), associate(x, y, confidence=0.99)
    assert wide.pearson_low < narrow.pearson_low < narrow.pearson < narrow.pearson_high < wide.pearson_high


@pytest.mark.parametrize(
    ("x", "y"),
    [([], []), ([1], [2]), ([1, 2], [3, 5]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0.3, 0.1 + 0.2, 0.3])],
)
def test_what_cannot_be_known_is_nan(x: list[float], y: list[float]) -> None:
    found = associate(x, y)
    assert found.n == len(x)
    numbers = [found.pearson, found.pearson_p, found.pearson_low, found.pearson_high, found.spearman, found.spearman_p]
    assert np.isnan(numbers).all()


def test_a_perfect_line_has_no_error() -> None:
    found = associate([1, 2, 3, 4], [2, 4, 6, 8])
    assert (found.pearson, found.pearson_low, found.pearson_high) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2, 3], [1, 2], r"values of shape \(3,\) and \(2,\); two of \(runs,\) are needed"),
        ([[1, 2, 3]], [[1, 2, 3]], r"values of shape \(1, 3\)"),
        ([1, 2, float("nan")], [1, 2, 3], "not finite"),
        ([1, 2, 3], [1, 2, float("inf")], "not finite"),
    ],
)
def test_bad_arguments_are_refused(x: list[float], y: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        associate(x, y)
    with pytest.raises(ValueError, match="confidence is 1; it lies between 0 and 1"):
        associate([1, 2, 3], [1, 2, 4], confidence=1)
