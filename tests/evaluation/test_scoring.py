"""Scores against a loop that sorts one query at a time, and results that are named, written and shown."""

import csv
import tracemalloc
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auricle.errors import StorageError
from auricle.evaluation import (
    ApDenominator,
    RecallDefinition,
    relevant_pairs,
    score,
    score_both_directions,
    score_ranking,
    table,
    top_k,
)


def by_sorting(
    similarity: NDArray[np.floating], relevance: NDArray[np.bool_], denominator: str, recall: str
) -> dict[str, float]:
    """Score the obvious way: sort each query's items, irrelevant before relevant where scores are equal."""
    found: dict[str, list[float]] = {"R@1": [], "R@5": [], "R@10": [], "mAP@10": [], "best": [], "reciprocal": []}
    for scores, relevant in zip(similarity.tolist(), relevance.tolist(), strict=True):
        order = sorted(range(len(scores)), key=lambda item: (-scores[item], relevant[item]))
        ranks = [rank for rank, item in enumerate(order, start=1) if relevant[item]]
        for k in (1, 5, 10):
            within = sum(rank <= k for rank in ranks)
            found[f"R@{k}"].append(within / len(ranks) if recall == "share" else float(within > 0))
        precisions = [number / rank for number, rank in enumerate(ranks, start=1) if rank <= 10]
        found["mAP@10"].append(sum(precisions) / (min(10, len(ranks)) if denominator == "capped" else len(ranks)))
        found["best"].append(ranks[0])
        found["reciprocal"].append(1 / ranks[0])
    measures = {name: fmean(found[name]) for name in ("R@1", "R@5", "R@10", "mAP@10")}
    return measures | {"median rank": median(found["best"]), "MRR": fmean(found["reciprocal"])}


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    n_queries=st.integers(1, 9),
    n_items=st.integers(1, 30),
    precision=st.sampled_from(["float16", "float32", "float64"]),
    levels=st.sampled_from([1, 3, 1000]),
    share=st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    denominator=st.sampled_from(["all", "capped"]),
    recall=st.sampled_from(["hit", "share"]),
)
def test_scores_equal_the_loop(
    seed: int,
    n_queries: int,
    n_items: int,
    precision: str,
    levels: int,
    share: float,
    denominator: ApDenominator,
    recall: RecallDefinition,
) -> None:
    rng = np.random.default_rng(seed)
    similarity = (rng.integers(0, levels, (n_queries, n_items)) / levels - 0.5).astype(precision)
    relevance = rng.random((n_queries, n_items)) < share
    relevance[np.arange(n_queries), rng.integers(0, n_items, n_queries)] = True
    result = score(similarity, relevance, ap_denominator=denominator, recall=recall)
    assert result.measures() == pytest.approx(by_sorting(similarity, relevance, denominator, recall), abs=1e-12)


def test_both_directions_equal_the_loop_on_the_matrix_and_its_transpose() -> None:
    rng = np.random.default_rng(0)
    similarity = rng.normal(size=(35, 7)).round(1).astype(np.float32)
    own = np.arange(35) // 5
    truth = own[:, None] == np.arange(7)
    text_to_audio, audio_to_text = score_both_directions(similarity, own)
    assert text_to_audio.measures() == pytest.approx(by_sorting(similarity, truth, "all", "hit"))
    assert audio_to_text.measures() == pytest.approx(by_sorting(similarity.T, truth.T, "all", "hit"))
    assert audio_to_text.n_relevant.tolist() == [5] * 7


def test_the_three_forms_of_relevance_agree() -> None:
    similarity = np.random.default_rng(1).normal(size=(6, 4))
    own = np.array([0, 1, 2, 3, 3, 0])
    matrix = own[:, None] == np.arange(4)
    forms = [score(similarity, form) for form in (own, matrix, relevant_pairs(own, n_queries=6, n_items=4))]
    for result in forms[1:]:
        np.testing.assert_array_equal(result.best_rank, forms[0].best_rank)
        np.testing.assert_array_equal(result.average_precision, forms[0].average_precision)


def test_a_worked_example_with_five_clips() -> None:
    similarity = np.array([[9, 1, 2, 3, 4], [9, 8, 7, 6, 5], [5, 5, 5, 5, 5], [1, 2, 3, 4, 5]])
    result = score(similarity, np.array([0, 2, 1, 0]))
    assert result.best_rank.tolist() == [1, 3, 5, 5]
    assert result.measures() == pytest.approx(
        {
            "R@1": 1 / 4,
            "R@5": 1.0,
            "R@10": 1.0,
            "mAP@10": (1 + 1 / 3 + 1 / 5 + 1 / 5) / 4,
            "median rank": 4.0,
            "MRR": (1 + 1 / 3 + 1 / 5 + 1 / 5) / 4,
        }
    )


def test_a_skipped_query_is_in_no_measure() -> None:
    similarity = np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 2.0]])
    relevance = np.array([[True, False], [False, False], [True, False]])
    result = score(similarity, relevance, no_relevant="skip")
    assert result.position.tolist() == [0, 2]
    assert result.best_rank.tolist() == [1, 2]
    named = result.named(queries=["dog", "rain", "bell"], clips=["t/a", "t/b", "t/c"])
    assert named.queries == ("dog", "bell")
    assert named.clips == ("t/a", "t/c")


def test_a_listing_scores_as_the_matrix_it_was_taken_from() -> None:
    rng = np.random.default_rng(2)
    similarity = rng.permuted(np.tile(np.arange(40.0), (25, 1)), axis=1)
    relevance = rng.random((25, 40)) < 0.1
    relevance[:, 0] = True
    whole, listed = score(similarity, relevance), score_ranking(top_k(similarity), relevance, n_items=40)
    np.testing.assert_allclose(listed.average_precision, whole.average_precision)
    for k in (1, 5, 10):
        np.testing.assert_array_equal(listed.recall_at[k], whole.recall_at[k])
    seen = whole.best_rank <= 10
    np.testing.assert_array_equal(listed.best_rank[seen], whole.best_rank[seen])
    assert (listed.best_rank[~seen] >= whole.best_rank[~seen]).all()
    assert score_ranking(top_k(similarity, k=40), relevance, n_items=40).measures() == whole.measures()


def test_what_a_listing_cannot_know_is_left_out() -> None:
    ranking = np.tile(np.arange(10), (3, 1))
    two_found = score_ranking(ranking, np.array([0, 1, 11]), n_items=12)
    assert two_found.best_rank.tolist() == [1, 2, 12]
    assert two_found.measures() == pytest.approx(
        {"R@1": 1 / 3, "R@5": 2 / 3, "R@10": 2 / 3, "mAP@10": 0.5, "median rank": 2}
    )
    one_found = score_ranking(ranking, np.array([0, 10, 11]), n_items=12)
    assert "median rank" not in one_found.measures()
    all_found = score_ranking(ranking, np.array([0, 1, 3]), n_items=12)
    assert all_found.measures()["MRR"] == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)


@pytest.mark.parametrize(
    ("ranking", "message"),
    [
        (np.arange(9)[None, :], r"\(queries, depth\) with a depth of 10 to 20"),
        (np.arange(10), r"ranking of shape \(10,\)"),
        (np.arange(11, 21)[None, :], "outside 0 to 19"),
        (np.zeros((1, 10), int), "an item twice"),
    ],
)
def test_what_is_no_listing_is_refused(ranking: NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score_ranking(ranking, np.array([0]), n_items=20)


def test_memory_does_not_grow_with_the_matrix() -> None:
    """Clotho's evaluation split, both directions: 22 MB of scores and less than as much again."""
    similarity = np.random.default_rng(0).random((5225, 1045), dtype=np.float32)
    tracemalloc.start()
    try:
        score_both_directions(similarity, np.arange(5225) // 5)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < similarity.nbytes


def test_ranks_are_written_per_query(tmp_path: Path) -> None:
    result = score(np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([0, 1]))
    captions = [' a dog, "far" away', "water\ndrops &#39;"]
    result.named(queries=captions, clips=["test/a b.wav", "test/#.wav"]).write_ranks(tmp_path / "ranks.csv")
    with (tmp_path / "ranks.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows == [
        ["query", "clip", "best_rank", "ap", "R@1", "R@5", "R@10"],
        [captions[0], "test/a b.wav", "1", "1.0", "1.0", "1.0", "1.0"],
        [captions[1], "test/#.wav", "2", "0.5", "0.0", "1.0", "1.0"],
    ]


def test_ranks_without_names_are_written_by_position(tmp_path: Path) -> None:
    score(np.array([[2.0, 1.0]]), np.array([1])).write_ranks(tmp_path / "ranks.csv")
    written = (tmp_path / "ranks.csv").read_text()
    assert written == "query,clip,best_rank,ap,R@1,R@5,R@10\n0,,2,0.5,0.0,1.0,1.0\n"


def test_ranks_for_a_folder_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(StorageError, match="Cannot write to"):
        score(np.array([[1.0]]), np.array([0])).write_ranks(tmp_path / "runs" / "ranks.csv")


def test_names_of_another_direction_are_refused() -> None:
    result = score(np.zeros((2, 1)), np.array([0, 0]))
    with pytest.raises(ValueError, match="3 queries and 3 clips; one of each is needed for the 2 rows"):
        result.named(queries=["a", "b", "c"], clips=["t/a", "t/b", "t/c"])


def test_a_table_shows_chance_under_the_rows_that_share_it() -> None:
    near, far = np.eye(20), 1 - np.eye(20)
    own = np.arange(20)
    listed = score_ranking(top_k(far), own, n_items=20)
    shown = table(
        {"good": score(near, own), "bad": score(far, own), "listed": listed, "few": score(np.eye(2), own[:2])}
    )
    assert shown.splitlines() == [
        "             queries  items    R@1    R@5   R@10  mAP@10  median rank    MRR",
        "good              20     20  1.000  1.000  1.000   1.000          1.0  1.000",
        "bad               20     20  0.000  0.000  0.000   0.000         20.0  0.050",
        "listed            20     20  0.000  0.000  0.000   0.000            -      -",
        "  by chance                  0.050  0.250  0.500   0.146",
        "few                2      2  1.000  1.000  1.000   1.000          1.0  1.000",
        "  by chance                  0.500  1.000  1.000   0.750",
    ]


@pytest.mark.parametrize("denominator", ["all", "capped"])
@pytest.mark.parametrize("recall", ["hit", "share"])
def test_the_ceiling_is_the_score_of_a_perfect_ranking(denominator: ApDenominator, recall: RecallDefinition) -> None:
    relevant = np.arange(30)[None, :] < np.array([[1], [4], [20]])
    perfect = score(relevant - np.arange(30) / 100, relevant, ap_denominator=denominator, recall=recall)
    blind = score(np.zeros((3, 30)) - np.arange(30), relevant[:, ::-1], ap_denominator=denominator, recall=recall)
    reached = perfect.measures()
    assert perfect.ceiling() == {name: reached[name] for name in perfect.ceiling()}
    assert blind.ceiling() == perfect.ceiling()
    assert ("at best" in table({"text -> audio": perfect})) == (denominator == "all" or recall == "share")
    if denominator == "all":
        assert reached["mAP@10"] == pytest.approx((1 + 1 + 10 / 20) / 3)
