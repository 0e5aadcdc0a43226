"""Differences between systems: permutations and resamples by hand and by loops, and on data whose truth is known."""

import tracemalloc
from collections.abc import Sequence
from itertools import chain, combinations, product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from auricle.errors import ConfigError, DataError
from auricle.evaluation import Difference, Ranks, clip_totals, compare_ranks, holm, interval
from auricle.evaluation.clip_totals import taking_from, totals_by_clip
from auricle.evaluation.resampling import draws, exchanges
from auricle.randomness import stream

Floats = NDArray[np.float64]

MEASURES = ["R@1", "R@5", "R@10", "mAP@10", "median rank", "MRR"]


def answers(clips: Sequence[int], *, ranks: Sequence[int] | None = None, ap: Sequence[float] | Floats = ()) -> Ranks:
    """Answers to as many queries as `clips`, each of the clip of that number, with these ranks or precisions."""
    best = np.array(ranks if ranks is not None else np.ones(len(clips)), dtype=np.int64)
    return Ranks(
        queries=tuple(f"caption {number}" for number in range(len(clips))),
        clips=tuple(f"evaluation/{clip}.wav" for clip in clips),
        best_rank=best,
        average_precision=np.asarray(ap) if len(ap) else np.where(best <= 10, 1 / best, 0),
        recall_at={k: (best <= k).astype(np.float64) for k in (1, 5, 10)},
    )


def random_answers(seed: int, clips: Sequence[int], *, highest: int = 30) -> Ranks:
    return answers(clips, ranks=np.random.default_rng(seed).integers(1, highest, len(clips)).tolist())


def measures_of(seeds: Sequence[Ranks], rows: Sequence[int]) -> list[float]:
    """Return all measures of queries by their rows, which may repeat: means over seeds and rows, one pooled median."""
    means = [np.mean([ranks.per_query[name][row] for ranks in seeds for row in rows]) for name in MEASURES[:4]]
    ranks_found = [ranks.best_rank[row] for ranks in seeds for row in rows]
    return [*map(float, means), float(np.median(ranks_found)), float(np.mean([1 / rank for rank in ranks_found]))]


def rows_of(clips: Sequence[int]) -> list[list[int]]:
    """Return the rows of each clip, in the order of the clips' names."""
    named = sorted({f"evaluation/{clip}.wav": clip for clip in clips}.items())
    return [[row for row, clip in enumerate(clips) if clip == wanted] for _, wanted in named]


def repeated(of_clip: Sequence[list[int]], weights: NDArray[np.integer] | Floats) -> list[int]:
    """Return the rows of each clip as often as its weight says."""
    return [row for rows, times in zip(of_clip, weights, strict=True) for row in rows * int(times)]


# Permutation


def test_three_clips_by_hand() -> None:
    """Differences .5, .3, -.1 add up to .7; of the sums ±.5 ±.3 ±.1, four of eight are as far from 0: ±.7, ±.9."""
    one, other = answers([1, 2, 3], ap=[0.0, 0.1, 0.2]), answers([1, 2, 3], ap=[0.5, 0.4, 0.1])
    found = compare_ranks(one, other, measures=["mAP@10"])["mAP@10"]
    assert found.difference == pytest.approx(0.7 / 3)
    assert found.p_value == 4 / 8


def test_captions_of_a_clip_change_places_together() -> None:
    """Three captions that gain, of one clip: a coin decides. Of three clips: two of eight ways."""
    assert compare_ranks(answers([1, 1, 1], ranks=[2, 2, 2]), answers([1, 1, 1]))["R@1"].p_value == 1
    assert compare_ranks(answers([1, 2, 3], ranks=[2, 2, 2]), answers([1, 2, 3]))["R@1"].p_value == 2 / 8


def test_equal_but_for_rounding_is_as_extreme() -> None:
    """.1 + .2 - .3 is not 0 in binary: what the sum is must not hang on the order in which it is added up."""
    one, other = answers([1, 2, 3], ap=[0.1, 0.2, 0.3]), answers([1, 2, 3], ap=[0.2, 0.4, 0.0])
    assert compare_ranks(one, other)["mAP@10"].p_value == 1


@pytest.mark.parametrize("seeds", [(1, 1), (2, 2), (2, 3)])
@pytest.mark.parametrize("seed", range(6))
def test_every_way_to_change_places_is_counted(seed: int, seeds: tuple[int, int]) -> None:
    clips = np.random.default_rng(seed).integers(7, 12, 14).tolist()
    one, other = ([random_answers(100 * seed + 10 * side + s, clips) for s in range(n)] for side, n in enumerate(seeds))
    of_clip = rows_of(clips)

    def mixed(first: list[Ranks], second: list[Ranks], changed: Sequence[int]) -> list[float]:
        """Return the measures of `first` where it took the clips that changed from `second`, seeds weighing alike."""
        chosen = [
            (seeds, row)
            for rows, change in zip(of_clip, changed, strict=True)
            for row in rows
            for seeds in [second if change else first]
        ]
        means = [
            np.mean([np.mean([r.per_query[n][row] for r in seeds]) for seeds, row in chosen]) for n in MEASURES[:4]
        ]
        pooled = [ranks.best_rank[row] for seeds, row in chosen for ranks in seeds for _ in range(6 // len(seeds))]
        reciprocal = np.mean([np.mean([1 / ranks.best_rank[row] for ranks in seeds]) for seeds, row in chosen])
        return [*map(float, means), float(np.median(pooled)), float(reciprocal)]

    differences = np.array(
        [
            np.subtract(mixed(other, one, changed), mixed(one, other, changed))
            for changed in product([0, 1], repeat=len(of_clip))
        ]
    )
    expected = (np.abs(differences) >= np.abs(differences[0]) - 1e-9).mean(axis=0)
    found = compare_ranks(one, other)
    assert list(found) == MEASURES
    assert [found[name].p_value for name in MEASURES] == pytest.approx(expected.tolist())
    assert [found[name].difference for name in MEASURES] == pytest.approx(differences[0].tolist())


def test_exact_p_values_are_scipys() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.random((2, 9))
    ours = compare_ranks(answers(range(9), ap=one), answers(range(9), ap=other))["mAP@10"].p_value
    theirs = stats.permutation_test(
        (other, one), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert ours == pytest.approx(theirs.pvalue)


def test_many_clips_are_sampled_and_p_is_never_0() -> None:
    clips = list(range(40))
    worse, better = answers(clips, ranks=[2] * 40), answers(clips)
    assert compare_ranks(worse, better, permutations=99)["R@1"].p_value == 1 / 100
    enough = compare_ranks(answers(range(6), ranks=[2] * 6), answers(range(6)), permutations=64)["R@1"].p_value
    assert enough == 2 / 64
    few = compare_ranks(answers(range(6), ranks=[2] * 6), answers(range(6)), permutations=63)["R@1"].p_value
    assert 1 / 64 <= few < 8 / 64
    assert few * 64 == pytest.approx(round(few * 64))


def test_sampled_p_values_approach_the_exact_one() -> None:
    one, other = random_answers(1, range(13)), random_answers(2, range(13))
    exact, sampled = (compare_ranks(one, other, permutations=number, resamples=1) for number in (8192, 8191))
    for name in MEASURES:
        p = exact[name].p_value
        assert sampled[name].p_value == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 8191) + 1e-3)


def test_all_ways_are_enumerated_once() -> None:
    rows = np.concatenate(list(exchanges(5, permutations=32, random=stream(0, "test"))))
    assert rows[0].tolist() == [0] * 5
    assert len(np.unique(rows, axis=0)) == len(rows) == 32
    sampled = np.concatenate(list(exchanges(300, permutations=4000, random=stream(0, "test"))))
    assert sampled.shape == (4000, 300)
    assert set(np.unique(sampled)) == {0, 1}
    assert np.abs(sampled.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(4000)


# Bootstrap


@pytest.mark.parametrize("seed", range(20))
def test_measures_of_weighted_clips_equal_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clips = rng.integers(0, rng.integers(1, 9), rng.integers(1, 25)).tolist()
    seeds = [random_answers(seed + 50 * s, clips, highest=int(rng.choice([2, 5, 4000]))) for s in range(1 + seed % 3)]
    of_clip = rows_of(clips)
    weights = rng.integers(0, 4, (12, len(of_clip))).astype(np.float64)
    weights[weights.sum(axis=1) == 0] = 1
    (totals,) = totals_by_clip([seeds], measures=None)
    by_loop = np.array([measures_of(seeds, repeated(of_clip, line)) for line in weights])
    assert totals.names == tuple(MEASURES)
    np.testing.assert_allclose(totals.measures(weights), by_loop, rtol=1e-12)


@pytest.mark.parametrize("highest", [3, 60, 2000])
@pytest.mark.parametrize("exact_half", [clip_totals._EXACT_HALF, 0])
def test_medians_of_many_ranks_equal_the_loop(highest: int, exact_half: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many distinct ranks that the search for medians has several steps, in float32 and in float64."""
    monkeypatch.setattr(clip_totals, "_EXACT_HALF", exact_half)
    rng = np.random.default_rng(highest)
    clips = rng.integers(0, 300, 900).tolist()
    ranks, of_clip = random_answers(highest, clips, highest=highest), rows_of(clips)
    alike = rng.multinomial(len(of_clip), np.full(len(of_clip), 1 / len(of_clip)), 20)
    few = np.eye(len(of_clip), dtype=np.int64)[rng.integers(0, len(of_clip), 20)]
    for weights in (alike, few, np.vstack([alike, few])):
        (totals,) = totals_by_clip([[ranks]], measures=["median rank"])
        found = totals.measures(weights.astype(np.float64))[:, 0]
        assert found.tolist() == [np.median(ranks.best_rank[repeated(of_clip, line)]) for line in weights]


def test_a_system_that_takes_clips_from_another_is_the_mixture() -> None:
    rng = np.random.default_rng(5)
    clips = rng.integers(0, 80, 300)
    one, other = (random_answers(seed, clips.tolist(), highest=500) for seed in (1, 2))
    order = sorted({f"evaluation/{clip}.wav": clip for clip in clips.tolist()}.items())
    first, second = totals_by_clip([[one], [other]], measures=None)
    for changed in rng.integers(0, 2, (10, len(order))):
        took = np.isin(clips, [clip for (_, clip), change in zip(order, changed, strict=True) if change])
        mixture = answers(clips.tolist(), ranks=np.where(took, other.best_rank, one.best_rank).tolist())
        found = taking_from(first, second).measures(np.array([[1, *changed]], np.float64))[0]
        assert dict(zip(MEASURES, found.tolist(), strict=True)) == pytest.approx(mixture.measures())


def test_intervals_are_the_percentiles_of_the_loop() -> None:
    clips = [1, 1, 2, 3, 3, 3, 4, 5, 6, 6]
    one, other, of_clip = random_answers(1, clips), random_answers(2, clips), rows_of(clips)
    differences, alone = [], []
    for weights in np.concatenate(list(draws(6, resamples=200, random=stream(7, "evaluation", "bootstrap")))):
        rows = repeated(of_clip, weights)
        alone.append(measures_of([one], rows))
        differences.append(np.subtract(measures_of([other], rows), alone[-1]))
    found = compare_ranks(one, other, resamples=200, confidence=0.9, seed=7)
    low, high = np.percentile(differences, [5, 95], axis=0)
    assert [found[name].low for name in MEASURES] == pytest.approx(low.tolist())
    assert [found[name].high for name in MEASURES] == pytest.approx(high.tolist())
    of_one = interval(one, resamples=200, confidence=0.9, seed=7)
    low, high = np.percentile(alone, [5, 95], axis=0)
    assert [of_one[name].low for name in MEASURES] == pytest.approx(low.tolist())
    assert [of_one[name].high for name in MEASURES] == pytest.approx(high.tolist())
    assert {name: bound.value for name, bound in of_one.items()} == pytest.approx(one.measures())


def test_draws_are_multinomial() -> None:
    weights = np.concatenate(list(draws(400, resamples=3000, random=stream(0, "test"))))
    assert weights.shape == (3000, 400)
    assert (weights.sum(axis=1) == 400).all()
    drawn = np.bincount(weights.astype(int).ravel(), minlength=12)[:7]
    expected = stats.binom.pmf(np.arange(7), 400, 1 / 400) * weights.size
    assert np.abs(drawn / expected - 1).max() < 0.06
    assert np.abs(weights.mean(axis=0) - 1).max() < 5 / np.sqrt(3000)


# Simulated data whose truth is known


def clustered(seed: int, *, n_clips: int, difference: float = 0.0) -> tuple[Ranks, Ranks, Ranks, Ranks]:
    """Return two systems on clips of one to five captions, and the same as if each caption had a clip of its own.

    What a system makes of a clip is shared by its captions; over all clips, the second is better by `difference`.
    """
    rng = np.random.default_rng(seed)
    clip = np.repeat(np.arange(n_clips), rng.integers(1, 6, n_clips))
    shared = 0.5 + 0.1 * rng.uniform(-1, 1, n_clips)[clip]
    values = [
        shared + shift + 0.15 * rng.uniform(-1, 1, n_clips)[clip] + 0.05 * rng.uniform(-1, 1, len(clip))
        for shift in (0, difference)
    ]
    one, other = (answers(clip.tolist(), ap=value) for value in values)
    alone = [answers(range(len(clip)), ap=value) for value in values]
    return one, other, alone[0], alone[1]


def test_p_values_are_uniform_where_there_is_no_difference() -> None:
    by_clip, by_caption = [], []
    for seed in range(400):
        one, other, one_alone, other_alone = clustered(seed, n_clips=30)
        options = {"measures": ["mAP@10"], "resamples": 1, "permutations": 999, "seed": seed}
        by_clip.append(compare_ranks(one, other, **options)["mAP@10"].p_value)  # type: ignore[arg-type]
        by_caption.append(compare_ranks(one_alone, other_alone, **options)["mAP@10"].p_value)  # type: ignore[arg-type]
    assert stats.kstest(by_clip, "uniform").pvalue > 0.05
    assert stats.binomtest(sum(p <= 0.05 for p in by_clip), 400, 0.05).pvalue > 0.05
    assert stats.kstest(by_caption, "uniform").pvalue < 1e-6  # captions taken for independent: false alarms
    assert np.mean(np.array(by_caption) <= 0.05) > 0.15


def test_p_values_of_counts_and_medians_keep_their_level_where_there_is_no_difference() -> None:
    found: dict[str, list[float]] = {"R@5": [], "median rank": []}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        clip = np.repeat(np.arange(25), rng.integers(1, 6, 25))
        ranks = [np.ceil(np.exp(2 + rng.normal(size=25)[clip] + 0.3 * rng.normal(size=len(clip)))) for _ in range(2)]
        one, other = (answers(clip.tolist(), ranks=side.astype(int).tolist()) for side in ranks)
        options = {"measures": list(found), "resamples": 1, "permutations": 499, "seed": seed}
        for name, difference in compare_ranks(one, other, **options).items():  # type: ignore[arg-type]
            found[name].append(difference.p_value)
    for p_values in found.values():
        for level in (0.05, 0.2, 0.5):
            alarms = sum(p <= level for p in p_values)
            assert stats.binomtest(alarms, len(p_values), level, alternative="greater").pvalue > 0.01
            assert alarms > 0.5 * level * len(p_values)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    by_clip = by_caption = 0
    for seed in range(400):
        one, other, one_alone, other_alone = clustered(seed, n_clips=100, difference=0.02)
        options = {"measures": ["mAP@10"], "resamples": 1000, "permutations": 1, "seed": seed}
        found = compare_ranks(one, other, **options)["mAP@10"]  # type: ignore[arg-type]
        by_clip += found.low <= 0.02 <= found.high
        found = compare_ranks(one_alone, other_alone, **options)["mAP@10"]  # type: ignore[arg-type]
        by_caption += found.low <= 0.02 <= found.high
    assert stats.binomtest(by_clip, 400, 0.95).pvalue > 0.05
    assert by_caption / 400 < 0.85  # captions taken for independent: too narrow


# What must not matter, and the edges


def test_the_order_of_the_queries_does_not_matter() -> None:
    clips = np.random.default_rng(0).integers(0, 40, 100).tolist()
    one, other = random_answers(1, clips), random_answers(2, clips)

    def shuffled(ranks: Ranks, seed: int) -> Ranks:
        order = np.random.default_rng(seed).permutation(len(clips))
        return Ranks(
            queries=tuple(ranks.queries[row] for row in order),
            clips=tuple(ranks.clips[row] for row in order),
            best_rank=ranks.best_rank[order],
            average_precision=ranks.average_precision[order],
            recall_at={k: recall[order] for k, recall in ranks.recall_at.items()},
        )

    expected = compare_ranks(one, other, resamples=500, permutations=500, seed=5)
    assert compare_ranks(shuffled(one, 1), shuffled(other, 2), resamples=500, permutations=500, seed=5) == expected
    assert compare_ranks(one, other, resamples=500, permutations=500, seed=6) != expected
    some = compare_ranks(one, other, measures=["MRR", "R@5"], resamples=500, permutations=500, seed=5)
    assert list(some) == ["MRR", "R@5"]
    for name, found in some.items():
        assert found.low == pytest.approx(expected[name].low, abs=1e-12)
        assert found.p_value == expected[name].p_value


def test_exchanging_the_systems_turns_the_sign() -> None:
    clips = np.repeat(np.arange(30), 3).tolist()
    one, other = random_answers(1, clips), random_answers(2, clips)
    there, back = (compare_ranks(*pair, resamples=2000, permutations=999) for pair in ((one, other), (other, one)))
    for name in MEASURES:
        assert back[name].difference == -there[name].difference
        assert back[name].p_value == there[name].p_value
        assert (back[name].one, back[name].other) == (there[name].other, there[name].one)
        assert (back[name].low, back[name].high) == pytest.approx((-there[name].high, -there[name].low), abs=1e-12)


def test_a_caption_that_a_clip_has_twice() -> None:
    def doubled(*ranks: int) -> Ranks:
        best = np.array(ranks)
        return Ranks(("a dog", "rain", "a dog"), ("t/1", "t/2", "t/1"), best, 1 / best, {1: (best == 1) * 1.0})

    found = compare_ranks(doubled(1, 1, 3), doubled(3, 1, 1))
    assert all(difference.difference == 0 and difference.p_value == 1 for difference in found.values())
    once = Ranks(("a dog", "rain"), ("t/1", "t/2"), np.ones(2, int), np.ones(2), {1: np.ones(2)})
    with pytest.raises(DataError, match="Table 2 of the 2 tables of ranks lacks the query 'a dog' of the clip 't/1'"):
        compare_ranks(doubled(1, 1, 1), once)


def test_a_system_does_not_differ_from_itself() -> None:
    ranks = random_answers(0, np.repeat(np.arange(50), 3).tolist())
    for found in compare_ranks(ranks, [ranks, ranks], resamples=100, permutations=100).values():
        assert found == Difference(found.measure, found.one, found.one, 0, 0, 0, 0.95, 1)
        assert found.one == pytest.approx(ranks.measures()[found.measure])


def test_the_same_gain_on_every_clip_has_no_spread() -> None:
    clips = np.repeat(np.arange(20), 2).tolist()
    found = compare_ranks(answers(clips, ap=[0.2] * 40), answers(clips, ap=[0.3] * 40), permutations=999)["mAP@10"]
    assert (found.difference, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert found.p_value == 1 / 1000


def test_one_clip_shows_no_spread() -> None:
    found = compare_ranks(answers([1, 1], ranks=[2, 9]), answers([1, 1], ranks=[1, 3]))["MRR"]
    assert found.p_value == 1
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan(interval(answers([1, 1]))["R@1"].low)


def test_clips_with_more_captions_weigh_more() -> None:
    one, other = answers([1, 1, 1, 2], ranks=[1, 1, 1, 2]), answers([1, 1, 1, 2], ranks=[2, 2, 2, 1])
    found = compare_ranks(one, other)["R@1"]
    assert (found.one, found.other) == (0.75, 0.25)


def test_seeds_are_averaged() -> None:
    clips = [1, 1, 2, 3]
    seeds = [answers(clips, ranks=ranks) for ranks in ([1, 2, 3, 4], [1, 1, 1, 20])]
    found = interval(seeds, resamples=10)
    assert found["R@1"].value == 4 / 8
    assert found["median rank"].value == 1.5  # of 1 1 1 1 2 3 4 20
    assert found["MRR"].value == pytest.approx((4 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 20) / 8)


def test_memory_stays_flat() -> None:
    clips = np.repeat(np.arange(1045), 5).tolist()
    one, other = random_answers(1, clips, highest=1045), random_answers(2, clips, highest=1045)
    tracemalloc.start()
    try:
        compare_ranks(one, other)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 30e6


# Bad input


def test_other_queries_are_refused_by_the_first_that_is_lacking() -> None:
    clips = [4, 1, 1, 2]
    whole, part = random_answers(0, clips), random_answers(0, clips[:2])
    with pytest.raises(
        DataError,
        match=r"Table 2 of the 2 tables .* lacks the query 'caption 2' of the clip 'evaluation/1.wav', and 1 more\.",
    ):
        compare_ranks(whole, part)
    with pytest.raises(DataError, match="Table 1 of the 2 tables of ranks lacks the query 'caption 2'"):
        compare_ranks(part, whole)
    with pytest.raises(DataError, match="Table 3 of the 3 tables of ranks lacks the query 'caption 2'"):
        compare_ranks([whole, whole], part)
    moved = random_answers(0, [4, 1, 3, 2])
    with pytest.raises(DataError, match=r"lacks the query 'caption 2' of the clip 'evaluation/1.wav'\."):
        interval([whole, moved])


def test_queries_without_a_clip_are_refused() -> None:
    nameless = Ranks(("0", "1"), ("", ""), np.ones(2, int), np.ones(2), {1: np.ones(2)})
    with pytest.raises(DataError, match="'0' belongs to no clip, and queries are resampled by clip"):
        interval(nameless)


def test_unknown_measures_are_refused() -> None:
    ranks = random_answers(0, [1, 2])
    with pytest.raises(ConfigError, match=r"No measure named 'mAP@1'\. Did you mean 'mAP@10'\? Known: R@1, "):
        compare_ranks(ranks, ranks, measures=["mAP@1"])
    without = Ranks(ranks.queries, ranks.clips, ranks.best_rank, ranks.average_precision, {5: ranks.recall_at[5]})
    assert list(compare_ranks(ranks, without)) == ["R@5", "mAP@10", "median rank", "MRR"]
    with pytest.raises(ConfigError, match="No measure named 'R@1'"):
        compare_ranks(ranks, without, measures=["R@1"])


def test_numbers_out_of_range_are_refused() -> None:
    ranks = random_answers(0, [1, 2])
    with pytest.raises(ValueError, match="0 resamples and 10000 permutations"):
        compare_ranks(ranks, ranks, resamples=0)
    with pytest.raises(ValueError, match="0 permutations"):
        compare_ranks(ranks, ranks, permutations=0)
    with pytest.raises(ValueError, match="confidence is 95; it lies between 0 and 1"):
        interval(ranks, confidence=95)
    with pytest.raises(ValueError, match="a system without ranks"):
        compare_ranks(ranks, [])


# Holm


def test_holm_by_hand() -> None:
    """Sorted .005 .011 .02 .04 times 4 3 2 1: .02 .033 .04 .04."""
    assert holm([0.011, 0.02, 0.04, 0.005]).tolist() == pytest.approx([0.033, 0.04, 0.04, 0.02])


def test_holm_never_falls_and_stops_at_one() -> None:
    """.01 .012 .0125 times 3 2 1 would fall from .03 to .024 to .0125; .2 .5 .6 would rise to 1.0 and .6."""
    assert holm([0.0125, 0.01, 0.012]).tolist() == pytest.approx([0.03, 0.03, 0.03])
    assert holm([0.5, 0.6, 0.2]).tolist() == pytest.approx([1, 1, 0.6])
    assert holm([0.9, 0.9]).tolist() == [1, 1]
    assert holm([0.04]).tolist() == [0.04]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("seed", range(10))
def test_holm_is_the_closure_of_bonferroni(seed: int) -> None:
    """A hypothesis falls if Bonferroni's test rejects every set that it is in."""
    p = np.random.default_rng(seed).choice([0.001, 0.01, 0.012, 0.013, 0.04, 0.3], 6)
    sets = list(chain.from_iterable(combinations(range(6), size) for size in range(1, 7)))
    closed = [max(min(1, len(s) * min(p[i] for i in s)) for s in sets if member in s) for member in range(6)]
    assert holm(p.tolist()).tolist() == pytest.approx(closed)


@pytest.mark.parametrize("bad", [[0.1, float("nan")], [1.1], [-0.1], [[0.1]]])
def test_what_is_no_p_value_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="numbers within 0 and 1 are needed"):
        holm(bad)
