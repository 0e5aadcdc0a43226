"""Comparing two systems on Clotho's evaluation split, 5225 captions of 1045 clips, against a loop and against scipy.

Run: ``python -m benchmarks significance``. Both sides draw 10,000 times and change places 10,000 times, clip by clip.
The loop gathers the queries of the drawn clips and averages them, all six measures; scipy's bootstrap and permutation
test are given the sum of each clip's average precisions, which leaves them nothing of the captions to do. Bounds and
p-values are compared before they are timed: all sides draw differently, and agree within what 10,000 draws scatter.
Peak memory is what tracemalloc saw.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from auricle.evaluation import Ranks, compare_ranks

from .comparison import Row, in_turns, row
from .scoring import peak_bytes

N_CLIPS, CAPTIONS_PER_CLIP, N_DRAWS = 1045, 5, 10_000
MEASURES = ["R@1", "R@5", "R@10", "mAP@10", "MRR", "median rank"]

Values = NDArray[np.float64]

Found = tuple[Values, Values]
"""Bounds (2, measures) and p-values (measures,)."""


def systems() -> list[Ranks]:
    """Return two systems of about Clotho's numbers, R@1 0.2 and median rank 8, that find the same clips hard."""
    random = np.random.default_rng(0)
    clip = np.repeat(np.arange(N_CLIPS), CAPTIONS_PER_CLIP)
    hard = random.normal(size=N_CLIPS)[clip]
    found = []
    for mean in (2.05, 2.0):
        best_rank = np.ceil(np.exp(mean + hard + 1.5 * random.normal(size=len(clip)))).clip(1, N_CLIPS).astype(np.int64)
        found.append(
            Ranks(
                queries=tuple(f"caption {number}" for number in range(len(clip))),
                clips=tuple(f"evaluation/{number}.wav" for number in clip),
                best_rank=best_rank,
                average_precision=np.where(best_rank <= 10, 1 / best_rank, 0),
                recall_at={k: (best_rank <= k).astype(np.float64) for k in (1, 5, 10)},
            )
        )
    return found


def by_auricle(one: Ranks, other: Ranks, measures: list[str]) -> Found:
    found = compare_ranks(one, other, measures=measures, resamples=N_DRAWS, permutations=N_DRAWS)
    bounds = [[found[name].low for name in measures], [found[name].high for name in measures]]
    return np.array(bounds), np.array([found[name].p_value for name in measures])


def by_loop(one: Ranks, other: Ranks) -> Found:
    """Return the same by the book, one draw at a time."""
    random = np.random.default_rng(1)
    sides = [
        np.array([*side.per_query.values(), side.best_rank]).reshape(len(MEASURES), N_CLIPS, CAPTIONS_PER_CLIP)
        for side in (one, other)
    ]

    def difference(first: Values, second: Values) -> Values:
        means = second[:-1].mean(axis=(1, 2)) - first[:-1].mean(axis=(1, 2))
        return np.append(means, np.median(second[-1]) - np.median(first[-1]))

    drawn = [
        difference(sides[0][:, clips], sides[1][:, clips])
        for clips in random.integers(N_CLIPS, size=(N_DRAWS, N_CLIPS))
    ]
    least = np.abs(difference(*sides)) - 1e-12
    extreme = np.zeros(len(MEASURES), np.int64)
    for _ in range(N_DRAWS):
        changed = random.integers(2, size=N_CLIPS).astype(bool)[:, None]
        mixed = np.where(changed, sides[1], sides[0]), np.where(changed, sides[0], sides[1])
        extreme += np.abs(difference(*mixed)) >= least
    return np.quantile(drawn, [0.025, 0.975], axis=0), (1 + extreme) / (1 + N_DRAWS)


def by_scipy(one: Values, other: Values) -> Found:
    """Return the same of one measure, given its sum per clip."""

    def difference(first: Values, second: Values, axis: int) -> Values:
        return np.asarray((second - first).mean(axis=axis) / CAPTIONS_PER_CLIP)

    draw = partial(stats.bootstrap, paired=True, method="percentile")
    exchange = partial(stats.permutation_test, permutation_type="samples")
    drawn, tested = (
        test((one, other), difference, n_resamples=N_DRAWS, batch=250, vectorized=True, rng=1)
        for test in (draw, exchange)
    )
    return np.array([drawn.confidence_interval]).T, np.array([tested.pvalue])


def check_agreement(ours: Found, theirs: Found, measures: list[str]) -> None:
    """Bounds scatter by some hundredths of the interval's width, p-values by at most a hundredth."""
    width = ours[0][1] - ours[0][0]
    width[[name == "median rank" for name in measures]] *= 20  # its bounds are steps of one half
    np.testing.assert_allclose((ours[0] - theirs[0]) / width, 0, atol=0.05)
    np.testing.assert_allclose(ours[1], theirs[1], atol=0.03)


def rows() -> list[Row]:
    """Return one row per peer."""
    one, other = systems()
    sums = [side.average_precision.reshape(N_CLIPS, CAPTIONS_PER_CLIP).sum(axis=1) for side in (one, other)]
    cases = [
        ("all measures", MEASURES, partial(by_loop, one, other), "one draw at a time"),
        ("mAP@10", ["mAP@10"], partial(by_scipy, *sums), "scipy.stats.bootstrap, permutation_test"),
    ]
    table = []
    for what, measures, peer, name in cases:
        ours = partial(by_auricle, one, other, measures)
        check_agreement(ours(), peer(), measures)
        our_time, their_time = in_turns(ours, peer, repetitions=3)
        table.append(
            row(
                f"two systems on {len(one.queries)} queries, {N_DRAWS:,} resamples and permutations, {what}",
                peer=name,
                ours=our_time,
                theirs=their_time,
                note=f"one thread each; peak {peak_bytes(ours) / 1e6:.0f} MB; "
                "intervals and p-values agree within their scatter",
            )
        )
    return table
