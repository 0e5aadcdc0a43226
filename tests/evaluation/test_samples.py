"""Groups of runs: scipy, published examples of effect sizes, power tables, and samples that tell nothing."""

from math import isnan, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from auricle.evaluation import SamplesComparison, compare_samples, sample_tests, summarise
from auricle.evaluation.effects import Design, effect_interval, hedges_g, smallest_detectable

# Student's own example (Biometrika 6, 1908): hours of sleep gained by ten patients with each of two drugs.
SLEEP_ONE = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_OTHER = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# R's mtcars (Motor Trend, 1974): miles per gallon with automatic and with manual transmission.
AUTOMATIC = [21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 21.5, 15.5, 15.2, 13.3]
AUTOMATIC += [19.2]
MANUAL = [21.0, 21.0, 22.8, 32.4, 30.4, 33.9, 27.3, 26.0, 30.4, 15.8, 19.7, 15.0, 21.4]


def outcome(found: SamplesComparison, test: str) -> sample_tests.Tested:
    return next(one for one in found.tests if one.test == test)


# One group


def test_a_summary_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(0.2, 0.01, 7)
    found = summarise(values, confidence=0.9)
    low, high = stats.t.interval(0.9, 6, loc=values.mean(), scale=stats.sem(values))
    assert (found.n, found.mean) == (7, values.mean())
    assert found.standard_deviation == pytest.approx(stats.tstd(values))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_one_value_has_no_spread() -> None:
    found = summarise([0.3])
    assert (found.n, found.mean) == (1, 0.3)
    assert np.isnan([found.standard_deviation, found.low, found.high]).all()


# Tests: scipy's, and as published


@pytest.mark.parametrize("seed", range(5))
def test_independent_groups_are_tested_by_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.normal(0, 1, 9), rng.normal(0.5, 3, 6)
    found = compare_samples(one, other, paired=False, confidence=0.9)
    student, welch = stats.ttest_ind(other, one), stats.ttest_ind(other, one, equal_var=False)
    expected = [student, welch, stats.mannwhitneyu(other, one)]
    assert [t.test for t in found.tests] == ["Student's t", "Welch's t", "Mann-Whitney U"]
    assert [(t.statistic, t.p_value) for t in found.tests] == [(e.statistic, e.pvalue) for e in expected]
    assert [(t.sample, t.p_value) for t in found.normality] == [
        ("one", stats.shapiro(one).pvalue),
        ("other", stats.shapiro(other).pvalue),
    ]
    assert (found.low, found.high) == pytest.approx(tuple(welch.confidence_interval(0.9)))
    assert found.effect.value == pytest.approx(hedges_g(student.statistic, Design.of_samples(9, 6)))
    assert (found.one, found.other) == (summarise(one, confidence=0.9), summarise(other, confidence=0.9))
    assert all(not t.note for t in found.tests + found.normality)


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_tested_by_scipy(seed: int) -> None:
    one, other = np.random.default_rng(seed).normal(0, 1, (2, 8))
    found = compare_samples(one, other, paired=True)
    paired_t = stats.ttest_rel(other, one)
    assert [t.test for t in found.tests] == ["paired t", "Wilcoxon signed-rank"]
    assert found.tests[0].statistic == pytest.approx(paired_t.statistic)
    assert found.tests[0].p_value == pytest.approx(paired_t.pvalue)
    assert found.tests[1].p_value == stats.wilcoxon(other, one).pvalue
    assert [(t.sample, t.p_value) for t in found.normality] == [("differences", stats.shapiro(other - one).pvalue)]
    assert (found.low, found.high) == pytest.approx(tuple(paired_t.confidence_interval(0.95)))


def test_students_sleep_as_r_prints_it() -> None:
    """R: t = 4.0621, df = 9, p = 0.002833 [0.7001142, 2.4598858]; Welch: t = 1.8608, p = 0.07939 [-0.205, 3.365]."""
    pairs = compare_samples(SLEEP_ONE, SLEEP_OTHER, paired=True)
    assert outcome(pairs, "paired t").statistic == pytest.approx(4.0621, abs=5e-5)
    assert outcome(pairs, "paired t").p_value == pytest.approx(0.002833, abs=5e-7)
    assert (pairs.difference, pairs.low, pairs.high) == pytest.approx((1.58, 0.7001142, 2.4598858), abs=5e-8)
    groups = compare_samples(SLEEP_ONE, SLEEP_OTHER, paired=False)
    assert outcome(groups, "Welch's t").statistic == pytest.approx(1.8608, abs=5e-5)
    assert outcome(groups, "Welch's t").p_value == pytest.approx(0.07939, abs=5e-6)
    assert (groups.low, groups.high) == pytest.approx((-0.2054832, 3.3654832), abs=5e-8)


# Effect sizes


def test_published_effect_sizes() -> None:
    """The documentation of R's effectsize: mtcars d = 1.48 [0.67, 2.27] and g = 1.44; sleep d_z = 1.28 [0.41, 2.12]."""
    groups = compare_samples(AUTOMATIC, MANUAL, paired=False)
    assert groups.effect.name == "Hedges' g"
    assert (groups.effect.value, groups.effect.low, groups.effect.high) == pytest.approx((1.44, 0.67, 2.27), abs=5e-3)
    assert (groups.low, groups.high) == pytest.approx((3.209684, 11.280194), abs=5e-7)
    pairs = compare_samples(SLEEP_ONE, SLEEP_OTHER, paired=True)
    assert pairs.effect.name == "Hedges' g of d_z"
    assert (pairs.effect.low, pairs.effect.high) == pytest.approx((0.41, 2.12), abs=5e-3)
    assert pairs.effect.value == pytest.approx(1.17, abs=5e-3)


def test_a_published_interval_of_noncentrality() -> None:
    """The documentation of R's MBESS: t = 2.83 with 126 degrees of freedom."""
    assert effect_interval(2.83, Design(126, 1.0), confidence=0.95) == pytest.approx((0.8337502, 4.815359), abs=5e-7)


@pytest.mark.parametrize("design", [Design.of_pairs(3), Design.of_samples(2, 3), Design.of_samples(20, 30)])
@pytest.mark.parametrize("effect", [-1.5, 0.2, 3.0])
def test_the_estimate_has_no_bias(design: Design, effect: float) -> None:
    mean_t = stats.nct.mean(design.degrees, effect * design.root_n)
    assert hedges_g(mean_t, design) == pytest.approx(effect)


@pytest.mark.parametrize("t", [-3.0, 0.0, 0.4, 12.0, 2e3, 9.9e3, 1.1e4, -3e6])
@pytest.mark.parametrize("design", [Design.of_pairs(3), Design.of_samples(3, 4), Design.of_samples(200, 300)])
def test_a_bound_is_the_effect_for_which_t_is_in_the_tail(t: float, design: Design) -> None:
    """Of normal values over an independent spread, drawn at the bound, a fortieth lies beyond t."""
    low, high = effect_interval(t, design, confidence=0.95)
    assert low < high
    shares = (np.arange(20_000) + 0.5) / 20_000
    spread = np.sqrt(stats.chi2.ppf(shares, design.degrees) / design.degrees)
    for effect, share in ((low, 0.975), (high, 0.025)):
        assert stats.norm.cdf(t * spread - effect * design.root_n).mean() == pytest.approx(share, abs=1e-3)


def test_effects_have_no_unit_and_a_sign() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 1, (2, 6))
    for paired in (False, True):
        found = compare_samples(one, other, paired=paired)
        scaled = compare_samples(5 + 100 * one, 5 + 100 * other, paired=paired)
        turned = compare_samples(other, one, paired=paired)
        assert scaled.effect.value == pytest.approx(found.effect.value)
        assert scaled.detectable.effect == found.detectable.effect
        assert scaled.detectable.difference == pytest.approx(100 * found.detectable.difference)
        assert (turned.difference, turned.low, turned.high) == pytest.approx(
            (-found.difference, -found.high, -found.low)
        )
        assert (turned.effect.low, turned.effect.high) == pytest.approx((-found.effect.high, -found.effect.low))
        assert [t.p_value for t in turned.tests] == pytest.approx([t.p_value for t in found.tests])


# What a design can see


def test_published_power() -> None:
    """Cohen's table: d = .50 of 64 per group; R's pwr: 1.324947 of 10 per group; G*Power: .50 of 34 pairs at .8078."""
    assert smallest_detectable(Design.of_samples(64, 64), power=0.8, alpha=0.05) == pytest.approx(0.5, abs=2e-3)
    assert smallest_detectable(Design.of_samples(10, 10), power=0.8, alpha=0.05) == pytest.approx(1.324947, abs=5e-6)
    assert smallest_detectable(Design.of_pairs(34), power=0.8077775, alpha=0.05) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(("paired", "power"), [(False, 0.7), (True, 0.7), (False, 0.12), (True, 0.12)])
def test_the_smallest_detectable_difference_is_found_with_its_power(paired: bool, power: float) -> None:
    """At a power of .12, a part of what is found has the wrong sign."""
    rng = np.random.default_rng(4)
    one, other = rng.normal(0, 2, (2, 6))
    found = compare_samples(one, other, paired=paired, power=power, alpha=0.1).detectable
    deviation = stats.tstd(other - one) if paired else sqrt((stats.tvar(one) + stats.tvar(other)) / 2)
    assert found.difference == pytest.approx(found.effect * deviation)
    first, second = rng.normal(0, 1, (2, 6, 20_000))
    if paired:
        p = stats.ttest_1samp(first + found.effect, 0).pvalue
    else:
        p = stats.ttest_ind(first, second + found.effect).pvalue
    assert stats.binomtest(int((p <= 0.1).sum()), 20_000, power).pvalue > 0.01


def test_few_runs_see_only_large_differences() -> None:
    effects = [compare_samples(range(n), range(n), paired=False).detectable.effect for n in (2, 3, 5, 10)]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 5


# Samples that tell nothing


@pytest.mark.parametrize(
    ("one", "other", "paired", "notes"),
    [
        ([1], [2, 3, 4], False, ["a group has a single value"] * 3),
        ([1], [2], False, ["a group has a single value"] * 3),
        ([0.1] * 3, [0.1] * 4, False, ["the values of each group are equal"] * 2 + ["all values are equal"]),
        ([0.1] * 3, [0.2] * 3, False, ["the values of each group are equal"] * 2 + [""]),
        ([1], [2], True, ["there is a single pair"] * 2),
        ([0.1, 0.7, 0.2], [0.1, 0.7, 0.2], True, ["all differences are equal", "all differences are 0"]),
        ([0.1, 0.7, 0.2, 0.3], [0.2, 0.8, 0.3, 0.4], True, ["all differences are equal", ""]),
        ([0.3, 0.3], [0.1 + 0.2, 0.3], True, ["all differences are equal", "all differences are 0"]),
    ],
)
def test_what_cannot_be_known_is_nan_with_a_reason(
    one: list[float], other: list[float], paired: bool, notes: list[str]
) -> None:
    found = compare_samples(one, other, paired=paired)
    assert [t.note for t in found.tests] == notes
    assert [isnan(t.p_value) for t in found.tests] == [bool(note) for note in notes]
    assert found.effect.note == notes[0]
    assert np.isnan([found.low, found.high, found.effect.value, found.effect.low, found.effect.high]).all()
    assert isnan(found.detectable.difference)
    assert isnan(found.detectable.effect) == (min(len(one), len(other)) < 2)
    assert found.difference == pytest.approx(np.mean(other) - np.mean(one))


def test_one_constant_group_is_tested_and_scipys_warning_is_passed_on() -> None:
    found = compare_samples([0.2, 0.2, 0.2], [0.3, 0.4, 0.5], paired=False)
    assert outcome(found, "Welch's t").p_value == pytest.approx(stats.ttest_1samp([0.1, 0.2, 0.3], 0).pvalue)
    assert "nearly identical" in outcome(found, "Welch's t").note
    assert found.normality[0].note == "all values are equal"
    assert not found.normality[1].note


def test_small_samples_have_no_normality_and_two_pairs_no_effect() -> None:
    found = compare_samples([1, 2], [2, 4], paired=True)
    assert [t.note for t in found.normality] == ["fewer than 3 values"]
    assert not isnan(found.tests[0].p_value)
    assert found.effect.note == "two pairs tell no effect without bias"
    assert isnan(found.effect.low)
    groups = compare_samples([1, 2], [2, 4], paired=False)
    assert [t.note for t in groups.normality] == ["fewer than 3 values"] * 2
    assert not isnan(groups.effect.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"one": []}, r"values of shape \(0,\); \(runs,\), at least one and all finite"),
        ({"one": [[1, 2]]}, r"values of shape \(1, 2\)"),
        ({"other": [1, float("nan"), 3]}, "all finite"),
        ({"other": [1, 2], "paired": True}, "paired samples of 3 and 2 values"),
        ({"confidence": 95}, "confidence is 95; it lies between 0 and 1"),
        ({"alpha": 0}, "alpha is 0"),
        ({"power": 0.04}, r"power is 0\.04 and alpha 0\.05; power is the larger one"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    usual: dict[str, object] = {"one": [1, 2, 3], "other": [2, 3, 5], "paired": False}
    with pytest.raises(ValueError, match=message):
        compare_samples(**{**usual, **arguments})  # type: ignore[arg-type]


def test_no_sample_raises_or_warns() -> None:
    rng = np.random.default_rng(0)

    def sample(n: int) -> NDArray[np.float64]:
        values: NDArray[np.float64] = rng.normal(size=n) * 10.0 ** rng.integers(-9, 3) + rng.choice([0, 0.3, 1e5])
        return values.round(rng.integers(0, 9))

    for paired in (False, True) * 60:
        n = int(rng.integers(1, 7))
        found = compare_samples(sample(n), sample(n if paired else int(rng.integers(1, 7))), paired=paired)
        assert all(isnan(t.p_value) <= bool(t.note) for t in found.tests + found.normality)
        assert isnan(found.effect.value) == bool(found.effect.note)
        assert isnan(found.effect.value) or found.effect.low < found.effect.high
