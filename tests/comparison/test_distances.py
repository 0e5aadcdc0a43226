"""Distances between sets: closed forms, scipy's matrix root, double loops, invariances, simulations of known truth."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray

from auricle.comparison import distances
from auricle.comparison.distances import (
    KERNEL_SCALE,
    Embeddings,
    Measure,
    SetDistance,
    bootstrap_interval,
    frechet_distance,
    frechet_extrapolated,
    kernel_distance,
)

Matrix = NDArray[np.float64]
MEASURES: list[Measure] = [frechet_distance, kernel_distance, partial(frechet_extrapolated, seed=0)]


def noise(clips: int, dim: int, *, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).standard_normal((clips, dim))


def with_moments(mean: Matrix, covariance: Matrix, *, clips: int, seed: int = 0) -> Matrix:
    """Embeddings whose mean and unbiased covariance are exactly these."""
    white = noise(clips, len(mean), seed=seed)
    white -= white.mean(axis=0)
    white @= np.linalg.inv(np.linalg.cholesky(np.cov(white.T)).T)
    return mean + white @ np.linalg.cholesky(covariance).T


def rotation(dim: int) -> Matrix:
    return np.linalg.qr(noise(dim, dim, seed=9))[0]


def by_matrix_root(one: Matrix, other: Matrix) -> float:
    """The Fréchet distance as it is usually written down."""
    a, b = np.cov(one.T), np.cov(other.T)
    gap = one.mean(axis=0) - other.mean(axis=0)
    return float(gap @ gap + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real))


def by_double_loop(reference: Matrix, evaluated: Matrix) -> float:
    """The kernel distance, pair by pair."""
    m, n = len(reference), len(evaluated)
    width = np.median([np.linalg.norm(reference[i] - reference[j]) for i in range(m) for j in range(i)])

    def kernel(x: Matrix, y: Matrix) -> float:
        return float(np.exp(-(np.linalg.norm(x - y) ** 2) / (2 * width**2)))

    within_reference = sum(kernel(reference[i], reference[j]) for i in range(m) for j in range(m) if i != j)
    within_evaluated = sum(kernel(evaluated[i], evaluated[j]) for i in range(n) for j in range(n) if i != j)
    across = sum(kernel(x, y) for x in reference for y in evaluated)
    return 100 * (within_reference / (m * (m - 1)) + within_evaluated / (n * (n - 1)) - 2 * across / (m * n))


def discrepancy_of_gaussians(gap: Matrix, bandwidth: float) -> float:
    """100 times the squared discrepancy of two Gaussians with covariance 1: kernel and densities convolve."""
    spread = bandwidth**2 + 2
    within = (bandwidth**2 / spread) ** (len(gap) / 2)
    return float(200 * within * (1 - np.exp(-(gap @ gap) / (2 * spread))))


def test_frechet_of_gaussians_whose_covariances_commute() -> None:
    """For diagonal covariances: the squared gap of the means plus those of the standard deviations."""
    one = with_moments(np.array([1.0, 0.0, -2.0]), np.diag([1.0, 4.0, 9.0]), clips=50)
    other = with_moments(np.array([1.0, 3.0, 0.0]), np.diag([4.0, 4.0, 25.0]), clips=80, seed=1)
    expected = (3**2 + 2**2) + (1 - 2) ** 2 + (3 - 5) ** 2
    assert frechet_distance(one, other).value == pytest.approx(expected, rel=1e-10)
    turn = rotation(3)
    assert frechet_distance(one @ turn, other @ turn).value == pytest.approx(expected, rel=1e-10)


def test_frechet_of_gaussians_whose_covariances_do_not_commute() -> None:
    """In two dimensions the trace of the root of AB is the root of (tr AB + 2 root of det AB)."""
    a, b = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[5.0, -2.0], [-2.0, 1.0]])
    assert not np.allclose(a @ b, b @ a)
    trace_of_root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    zero = np.zeros(2)
    value = frechet_distance(with_moments(zero, a, clips=30), with_moments(zero + 1, b, clips=40, seed=1)).value
    assert value == pytest.approx(2 + np.trace(a + b) - 2 * trace_of_root, rel=1e-10)


def test_frechet_is_scipys() -> None:
    one, other = noise(200, 30) @ rotation(30) * np.linspace(0.1, 3, 30), noise(150, 30, seed=1) + 0.2
    assert frechet_distance(one, other).value == pytest.approx(by_matrix_root(one, other), rel=1e-9)


@pytest.mark.parametrize("clips", [20, 64, 500])
def test_frechet_of_equal_sets_is_zero(clips: int) -> None:
    """However small the covariance's rank; in another order of clips, too."""
    embeddings = noise(clips, 64) * np.logspace(-6, 3, 64) + 100
    total = np.square(embeddings - embeddings.mean(axis=0)).sum() / (clips - 1)
    assert 0 <= frechet_distance(embeddings, embeddings).value <= 1e-12 * total
    assert 0 <= frechet_distance(embeddings, embeddings[::-1]).value <= 1e-12 * total


def test_frechet_is_symmetric() -> None:
    one, other = noise(40, 8), noise(30, 8, seed=1) + 1
    assert frechet_distance(one, other).value == pytest.approx(frechet_distance(other, one).value, rel=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_turning_and_moving_both_sets_changes_nothing(measure: Measure) -> None:
    one, other, turn = noise(60, 5), 1.5 * noise(50, 5, seed=1), rotation(5)
    moved = measure(one @ turn + 10, other @ turn + 10)
    assert moved.value == pytest.approx(measure(one, other).value, rel=1e-9)


def test_fewer_clips_than_dimensions_are_told() -> None:
    assert frechet_distance(noise(50, 1024), noise(2000, 1024)).note == (
        "fewer clips (50) than dimensions (1024): the value is too large"
    )
    assert frechet_distance(noise(64, 64), noise(64, 64)).note == ""
    extrapolated = partial(frechet_extrapolated, noise(100, 64), noise(200, 64), seed=0, points=2)
    assert extrapolated().note == "down to fewer clips (50) than dimensions (64): the line may not hold"
    assert extrapolated(shrink="evaluated").note == ""


def test_extrapolation_finds_less_excess_and_the_same_gap() -> None:
    """Two samples of one Gaussian are at 0, two with means 3 apart at 9, up to what they differ by chance."""
    one, other = noise(300, 32), noise(300, 32, seed=1)
    plain, extrapolated = frechet_distance(one, other).value, frechet_extrapolated(one, other, seed=0).value
    assert abs(extrapolated) < plain / 5
    apart = other + 3 / np.sqrt(32)
    assert frechet_extrapolated(one, apart, seed=0).value == pytest.approx(9, abs=1.0)
    assert frechet_distance(one, apart).value > 10


def test_extrapolation_of_the_evaluated_set_alone_leaves_the_references_part() -> None:
    one, other = noise(300, 32), noise(300, 32, seed=1)
    plain = frechet_distance(one, other).value
    alone = frechet_extrapolated(one, other, seed=0, shrink="evaluated").value
    assert frechet_extrapolated(one, other, seed=0).value < 0.3 * plain < alone < 0.7 * plain


def test_kernel_distance_is_the_double_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, evaluated = noise(23, 4), 2 * noise(17, 4, seed=1) + 0.3
    expected = by_double_loop(reference, evaluated)
    assert kernel_distance(reference, evaluated).value == pytest.approx(expected, rel=1e-10)
    monkeypatch.setattr(distances, "_BLOCK_NUMBERS", 5 * 17)  # blocks of three and five rows, the last ones shorter
    assert kernel_distance(reference, evaluated).value == pytest.approx(expected, rel=1e-10)


def test_the_bandwidth_is_the_median_distance_of_the_reference() -> None:
    reference, evaluated = np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [5.0]])  # distances 1, 2, 3
    assert kernel_distance(reference, evaluated) == kernel_distance(reference, evaluated, bandwidth=2.0)


def test_the_median_of_a_part_of_a_large_reference_is_near_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, evaluated = noise(1000, 8), noise(500, 8, seed=1) + 0.5
    of_all = kernel_distance(reference, evaluated).value
    monkeypatch.setattr(distances, "_MEDIAN_CLIPS", 300)
    assert kernel_distance(reference, evaluated).value == pytest.approx(of_all, rel=0.03)
    assert kernel_distance(reference, evaluated) == kernel_distance(reference, evaluated)


def test_kernel_distance_is_unbiased() -> None:
    """On average over many draws it is the closed form of Gaussians, 0 for equal ones, however few the clips."""
    for gap in (np.zeros(3), np.full(3, 0.5)):
        values = [
            kernel_distance(noise(12, 3, seed=2 * draw), noise(9, 3, seed=2 * draw + 1) + gap, bandwidth=1.5).value
            for draw in range(2000)
        ]
        error = np.std(values) / np.sqrt(len(values))
        assert abs(np.mean(values) - discrepancy_of_gaussians(gap, 1.5)) < 3 * error


def test_kernel_distance_of_equal_distributions_is_zero_on_average_by_its_own_bandwidth() -> None:
    values = [
        kernel_distance(noise(40, 3, seed=2 * draw), noise(40, 3, seed=2 * draw + 1)).value for draw in range(600)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0 < max(values)


def test_kernel_distance_of_sets_that_have_nothing_in_common_is_twice_the_scale_at_most() -> None:
    tight = 1e-3 * noise(20, 3)
    assert kernel_distance(tight, tight + 1e3, bandwidth=1.0).value == pytest.approx(2 * KERNEL_SCALE, rel=1e-5)


def difference_of_means(reference: Embeddings, evaluated: Embeddings) -> SetDistance:
    return SetDistance(float(evaluated.mean() - reference.mean()))


@pytest.mark.parametrize(
    ("measure", "truth"),
    [
        (difference_of_means, 0.8),
        (partial(kernel_distance, bandwidth=1.5), discrepancy_of_gaussians(np.array([0.8]), 1.5)),
    ],
)
@pytest.mark.slow
def test_the_interval_covers_the_truth_in_about_95_percent(measure: Measure, truth: float) -> None:
    covered = 0
    for draw in range(100):
        reference, evaluated = noise(60, 1, seed=2 * draw), noise(60, 1, seed=2 * draw + 1) + 0.8
        interval = bootstrap_interval(measure, reference, evaluated, seed=draw, resamples=150).interval
        assert interval is not None
        covered += interval[0] < truth < interval[1]
    assert 87 <= covered <= 100


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
def test_the_interval_holds_the_value_and_depends_on_the_seed_alone(measure: Measure) -> None:
    reference, evaluated = noise(50, 4), noise(40, 4, seed=1) + 0.5
    found = bootstrap_interval(measure, reference, evaluated, seed=3, resamples=50)
    again = bootstrap_interval(measure, reference, evaluated, seed=3, resamples=50)
    other = bootstrap_interval(measure, reference, evaluated, seed=4, resamples=50)
    wider = bootstrap_interval(measure, reference, evaluated, seed=3, resamples=50, confidence=0.99)
    assert found == again
    assert found.interval != other.interval
    assert found.interval is not None
    assert wider.interval is not None
    assert wider.interval[0] < found.interval[0] < found.value < found.interval[1] < wider.interval[1]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("clips", [0, 1])
def test_sets_without_spread_have_no_distance(measure: Measure, clips: int) -> None:
    for found in (measure(noise(clips, 3), noise(5, 3)), measure(noise(5, 3), noise(clips, 3))):
        assert np.isnan(found.value)
        assert found.note.startswith("too few clips")
    assert bootstrap_interval(measure, noise(5, 3), noise(clips, 3), seed=0, resamples=5).interval is None


def test_a_reference_of_equal_clips_has_no_bandwidth() -> None:
    found = kernel_distance(np.full((20, 3), 0.1), noise(5, 3))
    assert np.isnan(found.value)
    assert "no bandwidth" in found.note
    few = bootstrap_interval(kernel_distance, noise(3, 2), noise(3, 2, seed=1), seed=0, resamples=100)
    assert np.isfinite(few.value)
    assert few.interval is None
    assert few.note == "too few distinct clips for an interval"


def test_single_precision_is_computed_in_double() -> None:
    one, other = noise(30, 4).astype(np.float32), noise(30, 4, seed=1).astype(np.float32)
    for measure in MEASURES:
        assert measure(one, other) == measure(one.astype(np.float64), other.astype(np.float64))


@pytest.mark.parametrize("measure", MEASURES)
def test_what_is_no_pair_of_sets_is_refused(measure: Measure) -> None:
    for one, other in [(noise(5, 3), noise(5, 4)), (noise(5, 3)[0], noise(5, 3)), (noise(5, 0), noise(5, 0))]:
        with pytest.raises(ValueError, match="embeddings of shape"):
            measure(one, other)
    with pytest.raises(ValueError, match="not finite"):
        measure(noise(5, 3), np.full((5, 3), np.nan))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(kernel_distance, bandwidth=0.0), "bandwidth is 0.0"),
        (partial(kernel_distance, bandwidth=np.nan), "bandwidth is nan"),
        (partial(frechet_extrapolated, seed=0, points=1), "points is 1"),
        (partial(bootstrap_interval, frechet_distance, seed=0, resamples=1), "1 resamples"),
        (partial(bootstrap_interval, frechet_distance, seed=0, confidence=1.0), "confidence 1.0"),
    ],
)
def test_impossible_options_are_refused(call: Callable[..., SetDistance], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(noise(10, 2), noise(10, 2))
