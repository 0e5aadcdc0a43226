"""Relevance from names: worked by hand."""

import numpy as np
import pytest

from auricle.evaluation import RelevantPairs, own_clip, relevant_pairs, same_label

CLIPS = ["development/Rain.wav", "evaluation/Rain.wav", "evaluation/Dog #1.wav"]


def test_a_name_in_two_splits_is_two_clips() -> None:
    captions = ["evaluation/Rain.wav", "development/Rain.wav", "evaluation/Dog #1.wav"]
    assert own_clip(captions, CLIPS).tolist() == [1, 0, 2]


def test_a_caption_of_no_clip_is_refused() -> None:
    with pytest.raises(ValueError, match=r"caption 1 belongs to clip 'evaluation/Dog.wav', which is not among the 3"):
        own_clip(["evaluation/Rain.wav", "evaluation/Dog.wav"], CLIPS)


def test_a_clip_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"clip 'evaluation/Rain.wav' stands twice"):
        own_clip([], [*CLIPS, "evaluation/Rain.wav"])


def test_all_clips_of_a_label_are_relevant() -> None:
    relevance = same_label([CLIPS[2], CLIPS[0]], CLIPS, ["rain", "rain", "dog"])
    assert relevance.tolist() == [[False, False, True], [True, True, False]]


def test_labels_are_one_per_clip() -> None:
    with pytest.raises(ValueError, match="2 labels for 3 clips"):
        same_label([CLIPS[0]], CLIPS, ["rain", "dog"])


def test_pairs_are_transposed_as_a_matrix_is() -> None:
    relevance = np.random.default_rng(0).random((6, 9)) < 0.4
    turned = relevant_pairs(relevance, n_queries=6, n_items=9).transposed()
    rebuilt = np.zeros((9, 6), dtype=bool)
    rebuilt[turned.queries, turned.items] = True
    np.testing.assert_array_equal(rebuilt, relevance.T)
    np.testing.assert_array_equal(turned.n_relevant, relevance.sum(axis=0))


@pytest.mark.parametrize(
    ("queries", "items", "message"),
    [
        ([1, 0], [0, 0], "ordered by query"),
        ([0, 0], [1, 1], "each once"),
        ([0, 2], [0, 0], "outside 2 queries and 2 items"),
        ([0, 1], [0, -1], "outside 2 queries and 2 items"),
    ],
)
def test_pairs_that_break_their_contract_are_refused(queries: list[int], items: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RelevantPairs(np.array(queries), np.array(items), 2, 2)
