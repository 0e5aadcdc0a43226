"""Measures against worked examples, scikit-learn, and chance against every order of the items."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from auricle.evaluation import (
    UNRANKED,
    ApDenominator,
    RecallDefinition,
    average_precision_at_k,
    chance_average_precision_at_k,
    chance_recall_at_k,
    recall_at_k,
    relevant_ranks,
)


def test_average_precision_by_hand() -> None:
    """Relevant at ranks 1, 3 and 12 of 20: (1/1 + 2/3) / 3 when cut at ten, and the third counts when cut at twelve."""
    ranks, n_relevant = np.array([[1, 3, 12]]), np.array([3])
    assert average_precision_at_k(ranks, n_relevant, k=10).tolist() == pytest.approx([(1 + 2 / 3) / 3])
    assert average_precision_at_k(ranks, n_relevant, k=12).tolist() == pytest.approx([(1 + 2 / 3 + 3 / 12) / 3])
    assert average_precision_at_k(ranks, n_relevant, k=2).tolist() == pytest.approx([1 / 3])
    assert average_precision_at_k(ranks, n_relevant, k=2, denominator="capped").tolist() == pytest.approx([1 / 2])


def test_a_perfect_listing_of_ten_among_forty_relevant_items() -> None:
    ranks, n_relevant = np.arange(1, 11)[None, :], np.array([40])
    assert average_precision_at_k(ranks, n_relevant, k=10).tolist() == pytest.approx([10 / 40])
    assert average_precision_at_k(ranks, n_relevant, k=10, denominator="capped").tolist() == pytest.approx([1])


def test_recall_by_hand() -> None:
    ranks, n_relevant = np.array([[1, 3, 12], [6, UNRANKED, UNRANKED]]), np.array([3, 1])
    hits = {k: recall_at_k(ranks, n_relevant, k=k).tolist() for k in (1, 5, 10)}
    shares = {k: recall_at_k(ranks, n_relevant, k=k, definition="share").tolist() for k in (1, 5, 10)}
    assert hits == {1: [1, 0], 5: [1, 0], 10: [1, 1]}
    assert shares == {1: [1 / 3, 0], 5: [2 / 3, 0], 10: [2 / 3, 1]}


def test_a_cut_off_behind_the_last_item_counts_no_filling() -> None:
    ranks, n_relevant = np.array([[2, UNRANKED]]), np.array([1])
    assert recall_at_k(np.vstack([ranks, [[1, 2]]]), np.array([1, 2]), k=10, definition="share").tolist() == [1, 1]
    assert average_precision_at_k(ranks, n_relevant, k=1000).tolist() == [0.5]


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_uncut_average_precision_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.permuted(np.tile(np.arange(15.0), (4, 1)), axis=1)  # no ties: theirs interpolates over them
    relevance = np.eye(4, 15, dtype=bool) | (rng.random((4, 15)) < 0.4)
    ranks = relevant_ranks(similarity, relevance, first=15)
    theirs = [average_precision_score(truth, scores) for truth, scores in zip(relevance, similarity, strict=True)]
    np.testing.assert_allclose(average_precision_at_k(ranks, relevance.sum(axis=1), k=15), theirs)


@pytest.mark.parametrize("recall", ["hit", "share"])
@pytest.mark.parametrize("denominator", ["all", "capped"])
@pytest.mark.parametrize(("n_items", "n_relevant", "k"), [(1, 1, 1), (5, 1, 3), (6, 2, 3), (6, 5, 2), (5, 3, 10)])
def test_chance_is_the_mean_over_every_order(
    n_items: int, n_relevant: int, k: int, denominator: ApDenominator, recall: RecallDefinition
) -> None:
    orders = np.array(list(permutations(range(n_items))), dtype=float)
    relevance = np.tile(np.arange(n_items) < n_relevant, (len(orders), 1))
    ranks, counts = relevant_ranks(orders, relevance), relevance.sum(axis=1)
    one = np.array([n_relevant])
    assert chance_recall_at_k(one, n_items=n_items, k=k, definition=recall)[0] == pytest.approx(
        recall_at_k(ranks, counts, k=k, definition=recall).mean()
    )
    assert chance_average_precision_at_k(one, n_items=n_items, k=k, denominator=denominator)[0] == pytest.approx(
        average_precision_at_k(ranks, counts, k=k, denominator=denominator).mean()
    )


def test_chance_on_clothos_evaluation_split() -> None:
    one = np.array([1])
    harmonic = sum(1 / rank for rank in range(1, 11))
    assert chance_recall_at_k(one, n_items=1045, k=10).tolist() == pytest.approx([10 / 1045])
    assert chance_average_precision_at_k(one, n_items=1045, k=10).tolist() == pytest.approx([harmonic / 1045])


def test_ranks_that_do_not_reach_to_the_cut_off_are_refused() -> None:
    with pytest.raises(ValueError, match="ranks hold 1 relevant items per query; the first 10 need more"):
        average_precision_at_k(np.array([[1]]), np.array([3]), k=10)
    with pytest.raises(ValueError, match="k is 0"):
        recall_at_k(np.array([[1]]), np.array([1]), k=0)
    with pytest.raises(ValueError, match=r"\(queries, first\) and \(queries,\)"):
        recall_at_k(np.array([1]), np.array([1]), k=1)
    with pytest.raises(ValueError, match="without relevant items"):
        recall_at_k(np.array([[1]]), np.array([0]), k=1)
