"""How far two sets of clips are from each other, as sets: by embeddings, no matter which clip answers to which.

The two measures of the literature on generated audio, on the embeddings of any encoder or tower:

- the Fréchet audio distance compares mean and covariance, as if both sets were Gaussian. It grows as clips get fewer,
  by about 1/n, so values are comparable at equal numbers of clips only; `frechet_extrapolated` removes most of that;
- the kernel audio distance, the squared maximum mean discrepancy, compares the whole distributions and is unbiased:
  two sets of one distribution give 0 on average, hence often a little less than 0.

Conventions: embeddings are (batch, dim), computed with in float64. A fault of the caller is a ValueError; sets that
are too small for a number give nan and a note that says so.
Sources: K. Kilgour et al., Fréchet Audio Distance, Interspeech 2019; M. Chong, D. Forsyth, Effectively Unbiased FID
and Inception Score, CVPR 2020; A. Gui et al., Adapting Frechet Audio Distance for Generative Music Evaluation, ICASSP
2024; Y. Chung et al., KAD: No More FAD!, arXiv:2502.15602, 2025; A. Gretton et al., A Kernel Two-Sample Test, JMLR
13, 2012.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auricle.randomness import stream

Embeddings: TypeAlias = NDArray[np.floating[Any]]
"""Of shape (batch, dim), a row per clip."""

KERNEL_SCALE = 100.0
"""The factor on the squared discrepancy, which lies below 2: that of the published values of the kernel distance."""

_Matrix: TypeAlias = NDArray[np.float64]
_MEDIAN_CLIPS = 2000
_BLOCK_NUMBERS = 1 << 22


@dataclass(frozen=True)
class SetDistance:
    """A distance between two sets.

    Attributes:
        value: The distance; nan if the sets are too small to have one.
        interval: Lower and upper bound by the bootstrap; None if it was not asked for, or cannot be had.
        note: What a reader of the value must know; empty if nothing.
    """

    value: float
    interval: tuple[float, float] | None = None
    note: str = ""


Measure: TypeAlias = Callable[[Embeddings, Embeddings], SetDistance]
"""A distance between a reference and an evaluated set."""


def frechet_distance(reference: Embeddings, evaluated: Embeddings) -> SetDistance:
    """Return |difference of means|² + tr(A) + tr(B) - 2 tr((A½ B A½)½), with A and B the unbiased covariances.

    It is symmetric, and 0 for equal sets. With F'F = A and G'G = B, the singular values of FG' are the roots of the
    eigenvalues of A½ B A½: no root of a covariance is taken, which would lose half of the digits where it is singular.
    What rounding leaves below 0 is 0.

    Args:
        reference: Of shape (batch, dim).
        evaluated: Of shape (batch, dim), of any number of clips.

    Returns:
        The value, at least 0, with a note if there are fewer clips than dimensions.

    Raises:
        ValueError: If the sets are no matrices of one dim, or not finite.

    Example:
        >>> frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [9.0]])).value  # (6 - 1)² + (3√2 - √2)²
        33.0
    """
    reference, evaluated = _checked(reference, evaluated)
    if note := _too_few(reference, evaluated, least=2):
        return SetDistance(np.nan, note=note)
    clips, dim = min(len(reference), len(evaluated)), reference.shape[1]
    note = f"fewer clips ({clips}) than dimensions ({dim}): the value is too large" if clips < dim else ""
    return SetDistance(_frechet(reference, evaluated), note=note)


def frechet_extrapolated(
    reference: Embeddings,
    evaluated: Embeddings,
    *,
    seed: int,
    shrink: Literal["both", "evaluated"] = "both",
    points: int = 15,
) -> SetDistance:
    """Return the Fréchet distance that infinitely many clips would have, by a line over the inverse number of clips.

    The line is fitted by least squares to the distances of random subsets, drawn without replacement, from all clips
    down to half of them. Chong and Forsyth, and Gui et al., shrink the evaluated set alone, since their reference is
    large; what the reference's own size adds then stays. Shrinking both by the same share removes either part.

    Args:
        reference: Of shape (batch, dim).
        evaluated: Of shape (batch, dim), of any number of clips.
        seed: Of the subsets.
        shrink: Of which sets subsets are drawn.
        points: Number of sizes, at least 2.

    Returns:
        The value, which for near sets may be below 0, with a note if some subsets have fewer clips than
        dimensions.

    Raises:
        ValueError: As `frechet_distance`, or if `points` < 2.
    """
    reference, evaluated = _checked(reference, evaluated)
    if points < 2:
        raise ValueError(f"points is {points}; a line takes at least 2")
    if note := _too_few(reference, evaluated, least=4):
        return SetDistance(np.nan, note=note)
    inverse_shares = np.linspace(1.0, 2.0, points)
    distances = []
    for number, inverse_share in enumerate(inverse_shares):
        random = stream(seed, "fréchet subset", number)
        fewer = _subset(evaluated, inverse_share, random)
        distances.append(_frechet(_subset(reference, inverse_share, random) if shrink == "both" else reference, fewer))
    _, at_infinity = np.polyfit(inverse_shares, distances, 1)
    fewest, dim = min(len(evaluated) // 2, len(reference) // (2 if shrink == "both" else 1)), reference.shape[1]
    note = f"down to fewer clips ({fewest}) than dimensions ({dim}): the line may not hold" if fewest < dim else ""
    return SetDistance(float(at_infinity), note=note)


def kernel_distance(reference: Embeddings, evaluated: Embeddings, *, bandwidth: float | None = None) -> SetDistance:
    """Return 100 times the unbiased squared maximum mean discrepancy under the kernel exp(-|x - y|² / (2 bandwidth²)).

    The mean kernel of the pairs within each set, without those of a clip with itself, less twice that of the pairs
    across. Because a clip is never paired with itself inside a set, a set has a negative distance to itself; 0 is what
    two independent sets of one distribution have on average. Kernels are held in blocks of 32 MB.

    Args:
        reference: Of shape (batch, dim).
        evaluated: Of shape (batch, dim), of any number of clips.
        bandwidth: Above 0. By default the median distance of the pairs of the reference, of 2,000 of its clips if it
            has more: the measure then keeps its meaning from one evaluated set to the next, and is not symmetric.

    Raises:
        ValueError: If the sets are no matrices of one dim or not finite, or `bandwidth` is not above 0.

    Example:
        >>> distance = kernel_distance(np.array([[0.0], [2.0]]), np.array([[0.0], [2.0]]))
        >>> round(distance.value, 4)  # 100 (e + e - 2 (1 + e) / 2), with e = exp(-1/2)
        -39.3469
    """
    reference, evaluated = _checked(reference, evaluated)
    if bandwidth is not None and not bandwidth > 0:
        raise ValueError(f"bandwidth is {bandwidth}; the width of a kernel is above 0")
    if note := _too_few(reference, evaluated, least=2):
        return SetDistance(np.nan, note=note)
    largest = np.abs(reference).max()
    centre = reference.mean(axis=0)
    one, other = reference - centre, evaluated - centre
    if bandwidth is None:
        bandwidth = _median_distance(one)
        if bandwidth <= 1e-7 * largest:  # equal clips are this near after rounding
            return SetDistance(np.nan, note="half of the reference's pairs are equal: the kernel has no bandwidth")
    within = _mean_kernel_within(one, bandwidth) + _mean_kernel_within(other, bandwidth)
    return SetDistance(KERNEL_SCALE * (within - 2 * _mean_kernel_across(one, other, bandwidth)))


def bootstrap_interval(
    function: Measure,
    reference: Embeddings,
    evaluated: Embeddings,
    *,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> SetDistance:
    """Return what `function` finds, with the percentile interval of its values on resampled clips.

    Both sets are drawn from with replacement, independently. A set that repeats clips is farther from another by
    either measure, whatever the data; the percentiles are shifted by that, so that the mean of the resamples is the
    value. The interval says how much the value depends on which clips there were. It does not remove the excess of the
    Fréchet distance of few clips, and is too narrow if clips are not independent, as versions of one recording.

    Args:
        function: `frechet_distance`, `kernel_distance` or another; options are bound with `functools.partial`.
        reference: Of shape (batch, dim).
        evaluated: Of shape (batch, dim), of any number of clips.
        seed: Of the resamples.
        resamples: At least 2; each takes as long as the distance itself.
        confidence: Share of the resamples inside the interval, between 0 and 1.

    Raises:
        ValueError: As `function`, or if `resamples` or `confidence` is out of range.

    Example:
        >>> def gap(a, b):
        ...     return SetDistance(float(b.mean() - a.mean()))
        >>> sets = np.arange(20.0)[:, None], np.arange(30.0)[:, None]
        >>> low, high = bootstrap_interval(gap, *sets, seed=0).interval
        >>> low < 5.0 < high
        True
    """
    if resamples < 2 or not 0 < confidence < 1:
        raise ValueError(f"{resamples} resamples, confidence {confidence}; at least 2, and between 0 and 1")
    found = function(reference, evaluated)
    if not np.isfinite(found.value):
        return found
    values = np.empty(resamples)
    for number in range(resamples):
        random = stream(seed, "bootstrap", number)
        drawn = [random.choice(clips, len(clips)) for clips in (reference, evaluated)]
        values[number] = function(*drawn).value
    if not np.isfinite(values).all():
        notes = [found.note, "too few distinct clips for an interval"]
        return replace(found, note="; ".join(filter(None, notes)))
    tail = (1 - confidence) / 2
    low, high = found.value + np.quantile(values - values.mean(), [tail, 1 - tail])
    return replace(found, interval=(float(low), float(high)))


def _checked(reference: Embeddings, evaluated: Embeddings) -> tuple[_Matrix, _Matrix]:
    if reference.ndim != 2 or evaluated.ndim != 2 or reference.shape[1] != evaluated.shape[1] or not reference.shape[1]:
        raise ValueError(
            f"embeddings of shape {reference.shape} and {evaluated.shape}; two of (batch, dim) with one dim are needed"
        )
    if not (np.isfinite(reference).all() and np.isfinite(evaluated).all()):
        raise ValueError("some embeddings are not finite (NaN or infinity)")
    return np.asarray(reference, np.float64), np.asarray(evaluated, np.float64)


def _too_few(reference: _Matrix, evaluated: _Matrix, *, least: int) -> str:
    counts = len(reference), len(evaluated)
    return f"too few clips ({counts[0]} and {counts[1]}): at least {least} in each set" if min(counts) < least else ""


def _frechet(reference: _Matrix, evaluated: _Matrix) -> float:
    between_means = np.square(reference.mean(axis=0) - evaluated.mean(axis=0)).sum()
    one, other = _factor(reference), _factor(evaluated)
    shared = np.linalg.svd(one @ other.T, compute_uv=False).sum()
    return max(0.0, float(between_means + np.square(one).sum() + np.square(other).sum() - 2 * shared))


def _factor(embeddings: _Matrix) -> _Matrix:
    """Return F of shape (at most dim, dim), whose F'F is the covariance."""
    centred = embeddings - embeddings.mean(axis=0)
    if len(centred) > centred.shape[1]:
        centred = np.linalg.qr(centred, mode="r")
    return np.asarray(centred / np.sqrt(len(embeddings) - 1))


def _subset(embeddings: _Matrix, inverse_share: float, random: np.random.Generator) -> _Matrix:
    return random.choice(embeddings, round(len(embeddings) / inverse_share), replace=False)


def _median_distance(embeddings: _Matrix) -> float:
    if len(embeddings) > _MEDIAN_CLIPS:
        embeddings = stream(0, "median distance").choice(embeddings, _MEDIAN_CLIPS, replace=False)
    pairs = np.tri(len(embeddings), k=-1, dtype=bool)
    return float(np.sqrt(np.median(_squared_distances(embeddings, embeddings)[pairs])))


def _mean_kernel_across(one: _Matrix, other: _Matrix, bandwidth: float) -> float:
    blocks = (_kernel(one[rows], other, bandwidth) for rows in _blocks_of_rows(len(one), len(other)))
    return float(sum(block.sum() for block in blocks) / (len(one) * len(other)))


def _mean_kernel_within(embeddings: _Matrix, bandwidth: float) -> float:
    total, clips = 0.0, len(embeddings)
    for rows in _blocks_of_rows(clips, clips):
        block = _kernel(embeddings[rows], embeddings[: rows.stop], bandwidth)
        total += np.tril(block, rows.start - 1).sum()  # each with those before it
    return float(2 * total / (clips * (clips - 1)))


def _blocks_of_rows(rows: int, columns: int) -> list[slice]:
    at_once = max(1, _BLOCK_NUMBERS // columns)
    return [slice(start, start + at_once) for start in range(0, rows, at_once)]


def _kernel(one: _Matrix, other: _Matrix, bandwidth: float) -> _Matrix:
    return np.exp(_squared_distances(one, other) / (-2 * bandwidth**2))


def _squared_distances(one: _Matrix, other: _Matrix) -> _Matrix:
    squared = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1) - 2 * (one @ other.T)
    return np.asarray(np.maximum(squared, 0.0))
