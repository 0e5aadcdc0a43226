"""Ranks and listings: worked by hand, and laws that hold for every matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auricle.evaluation import UNRANKED, RelevantPairs, ranking, relevant_ranks, top_k

NEAR, MIDDLE, FAR = 0.9, 0.5, 0.1


def test_ties_put_the_relevant_item_last() -> None:
    similarity = np.array([[MIDDLE, NEAR, MIDDLE, FAR]])
    assert relevant_ranks(similarity, np.array([0])).tolist() == [[3]]
    assert relevant_ranks(similarity, np.array([2])).tolist() == [[3]]


def test_tied_relevant_items_take_the_last_places_of_the_tie() -> None:
    similarity = np.array([[MIDDLE, NEAR, MIDDLE, MIDDLE, FAR]])
    relevance = np.array([[True, False, False, True, True]])
    assert relevant_ranks(similarity, relevance).tolist() == [[3, 4, 5]]


def test_a_collapsed_model_gets_the_worst_ranks() -> None:
    assert relevant_ranks(np.zeros((3, 40)), np.array([0, 20, 39])).tolist() == [[40], [40], [40]]


def test_a_query_with_fewer_relevant_items_is_filled_up() -> None:
    relevance = np.array([[True, False, True], [False, True, False]])
    ranks = relevant_ranks(np.array([[3, 2, 1], [3, 2, 1]]), relevance)
    assert ranks.tolist() == [[1, 3], [2, UNRANKED]]


def test_only_the_first_relevant_items_are_ranked() -> None:
    similarity = np.arange(30.0)[None, :]
    assert relevant_ranks(similarity, np.ones((1, 30), bool), first=4).tolist() == [[1, 2, 3, 4]]


def test_half_precision_is_compared_as_it_is() -> None:
    """1 + 2**-11 is 1 in float16: a tie, which float64 does not see."""
    exact = np.array([[1 + 2.0**-11, 1.0]])
    assert relevant_ranks(exact, np.array([0])).tolist() == [[1]]
    assert relevant_ranks(exact.astype(np.float16), np.array([0])).tolist() == [[2]]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_blocks_and_memory_order_change_nothing(seed: int, block_scores: int) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.integers(0, 4, (7, 9)).astype(np.float16)
    relevance = rng.random((7, 9)) < 0.3
    relevance[:, 4] = True
    whole = relevant_ranks(similarity, relevance), top_k(similarity, k=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "BLOCK_SCORES", block_scores)
        for matrix in (similarity, np.asfortranarray(similarity), similarity[:, ::-1][:, ::-1]):
            np.testing.assert_array_equal(relevant_ranks(matrix, relevance), whole[0])
            np.testing.assert_array_equal(top_k(matrix, k=4), whole[1])


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_the_items_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.integers(0, 3, (5, 12)).astype(np.float32)
    relevance = np.eye(5, 12, dtype=bool) | (rng.random((5, 12)) < 0.2)
    order = rng.permutation(12)
    np.testing.assert_array_equal(
        relevant_ranks(similarity[:, order], relevance[:, order]), relevant_ranks(similarity, relevance)
    )


def test_neither_input_is_changed() -> None:
    similarity, relevance = np.array([[1.0, 2.0]]), np.array([[True, False]])
    relevant_ranks(similarity, relevance)
    top_k(similarity)
    assert similarity.tolist() == [[1, 2]]
    assert relevance.tolist() == [[True, False]]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from(["float16", "float32", "float64", "int32"]))
def test_a_listing_is_a_stable_sort(seed: int, k: int, precision: str) -> None:
    similarity = np.random.default_rng(seed).integers(-2, 3, (4, 9)).astype(precision)
    by_sorting = [sorted(range(9), key=lambda item: -row[item])[:k] for row in similarity.tolist()]
    assert top_k(similarity, k=k).tolist() == by_sorting


def test_a_query_without_a_relevant_item_is_refused_or_skipped() -> None:
    similarity = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    relevance = np.array([[True, False], [False, False], [False, False]])
    with pytest.raises(ValueError, match="2 of 3 queries have no relevant item, the first is query 1"):
        relevant_ranks(similarity, relevance)
    assert relevant_ranks(similarity, relevance, no_relevant="skip").tolist() == [[2], [UNRANKED], [UNRANKED]]
    with pytest.raises(ValueError, match="none of the 3 queries has a relevant item"):
        relevant_ranks(similarity, np.zeros((3, 2), bool), no_relevant="skip")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_similarity_that_is_not_finite_is_refused_by_place(bad: float) -> None:
    similarity = np.zeros((4, 3))
    similarity[2, 1] = bad
    with pytest.raises(ValueError, match=f"query 2 and item 1 is {bad}"):
        relevant_ranks(similarity, np.array([0, 0, 0, 0]))
    with pytest.raises(ValueError, match="must be finite"):
        top_k(similarity)


@pytest.mark.parametrize(
    ("similarity", "message"),
    [
        (np.zeros(3), r"shape \(3,\); real numbers of shape \(queries, items\)"),
        (np.zeros((2, 2), complex), "similarity is complex128"),
        (np.zeros((2, 2), bool), "similarity is bool"),
        (np.array([["near"]]), "similarity is <U4"),
        (np.zeros((0, 3)), "0 queries and 3 items"),
        (np.zeros((3, 0)), "3 queries and 0 items"),
    ],
)
def test_what_is_no_similarity_matrix_is_refused(similarity: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        relevant_ranks(similarity, np.array([0, 0]))
    with pytest.raises(ValueError, match=message):
        top_k(similarity)


@pytest.mark.parametrize(
    ("relevance", "message"),
    [
        (np.array([0]), r"shape \(1,\) does not fit a similarity matrix of 2 queries and 3 items"),
        (np.ones((3, 2), bool), r"shape \(3, 2\) does not fit"),
        (RelevantPairs(np.array([0]), np.array([0]), 3, 2), r"shape \(3, 2\) does not fit"),
        (np.array([0, 3]), "query 1 has relevant item 3; items are 0 to 2"),
        (np.array([-1, 0]), "query 0 has relevant item -1"),
        (np.ones((2, 3), int), r"add \.astype\(bool\)"),
        (np.array([True, False]), r"relevance is bool of shape \(2,\)"),
        (np.array([0.0, 1.0]), "relevance is float64"),
    ],
)
def test_relevance_that_does_not_fit_is_refused(relevance: NDArray[np.bool_], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        relevant_ranks(np.zeros((2, 3)), relevance)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="first is 0"):
        relevant_ranks(np.zeros((1, 1)), np.array([0]), first=0)
    with pytest.raises(ValueError, match="k is 0"):
        top_k(np.zeros((1, 1)), k=0)
