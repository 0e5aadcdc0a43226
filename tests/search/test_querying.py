"""From vectors and rows to hits, worked by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.search.fingerprints import SAME, Fingerprints
from auricle.search.querying import WITHOUT_WEIGHT, Hit, best_of_each_file, combine, fold, fuse
from auricle.search.records import Row, Said, Vectors, window_key

NONE = np.zeros((0, 3), np.float32)
X, Y, Z = np.eye(3, dtype=np.float32)


def rows(*vectors: Vectors) -> Vectors:
    return np.stack(vectors)


def test_one_sentence_is_itself() -> None:
    assert combine(rows(X), NONE, NONE).tolist() == [1, 0, 0]
    assert combine(NONE, rows(Y), NONE).tolist() == [0, 1, 0]


def test_several_sentences_are_their_mean() -> None:
    assert combine(rows(X, Y), NONE, NONE) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])
    assert combine(rows(X, X, Y), NONE, NONE) == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5), 0])
    assert combine(NONE, rows(X, Y), NONE) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])


def test_sentences_and_sounds_weigh_the_same_however_many_they_are() -> None:
    assert combine(rows(X), rows(Y), NONE) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])
    assert combine(rows(X, X, X), rows(Y), NONE) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])
    assert combine(rows(X, Z), rows(Y), NONE) == pytest.approx([0.5, math.sqrt(0.5), 0.5])


def test_half_of_what_it_should_be_without_is_taken_away() -> None:
    assert WITHOUT_WEIGHT == 0.5
    length = math.sqrt(1 + 0.25)
    assert combine(rows(X), NONE, rows(Y)) == pytest.approx([1 / length, -0.5 / length, 0])
    assert combine(rows(X), NONE, rows(Y, Y)) == pytest.approx([1 / length, -0.5 / length, 0])
    both = math.sqrt(0.125)
    assert combine(rows(X), NONE, rows(Y, Z)) == pytest.approx([1 / length, -both / length, -both / length])
    assert combine(rows(X), NONE, rows(X)) == pytest.approx([1, 0, 0])


def test_opposites_cancel_without_a_warning() -> None:
    assert combine(rows(X, -X), NONE, NONE).tolist() == [0, 0, 0]


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 4), st.integers(0, 4))
def test_a_question_is_of_length_one_and_has_no_order(seed: int, sentences: int, sounds: int, without: int) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for count in (sentences, sounds, without):
        part = rng.standard_normal((count, 3)).astype(np.float32)
        parts.append(part / np.linalg.norm(part, axis=1, keepdims=True))
    question = combine(*parts)
    assert question.dtype == np.float32
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(combine(*(part[::-1] for part in parts)), question, atol=1e-4)


def test_ranks_are_fused_as_in_the_paper() -> None:
    """Equation 1: the sum over the orders of 1 / (60 + rank)."""
    fused = fuse([["a", "b", "c", "d"], ["c", "a", "e"], ["e"]])
    by_hand = {
        "a": 1 / 61 + 1 / 62,
        "c": 1 / 63 + 1 / 61,
        "e": 1 / 63 + 1 / 61,
        "b": 1 / 62,
        "d": 1 / 64,
    }
    assert fused == pytest.approx(by_hand)
    assert list(fused) == ["a", "c", "e", "b", "d"]  # of equal ones the one that came first


def test_fusing_one_order_keeps_it_and_none_is_none() -> None:
    assert list(fuse([["c", "a", "b"], []])) == ["c", "a", "b"]
    assert fuse([]) == fuse([[], []]) == {}


def row(path: str, start_s: float = 0.0, *, duration_s: float = 10.0) -> Row:
    return Row(path, start_s, start_s + 10, duration_s, 44100, 2, Said("CC0", "park", "A dog."))


def test_the_best_window_of_each_file_in_the_order_of_the_files() -> None:
    assert best_of_each_file([]) == []
    found = [row("a", 5), row("b", 0), row("a", 0), row("A", 0), row("b", 5), row("c/a", 0)]
    assert best_of_each_file(found) == [0, 1, 3, 5]


def turned(*degrees: float) -> Fingerprints:
    """Return fingerprints at these angles of each other."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16)


SLIGHTLY, TOO_FAR = 9.0, 11.0  # the cosine of 9.9 degrees is 0.985


def test_copies_are_folded_into_the_best_of_them() -> None:
    assert math.cos(math.radians(SLIGHTLY)) > SAME > math.cos(math.radians(TOO_FAR))
    five = [row(name) for name in "abcde"]
    assert fold(five, turned(0, 90, SLIGHTLY, 90, 45)) == [[0, 2], [1, 3], [4]]
    assert fold(five, turned(0, TOO_FAR, 2 * TOO_FAR, 3 * TOO_FAR, 4 * TOO_FAR)) == [[0], [1], [2], [3], [4]]
    assert fold([], turned()[:0].reshape(0, 2)) == []


def test_a_copy_of_a_copy_is_compared_with_the_best() -> None:
    assert fold([row(name) for name in "abc"], turned(0, SLIGHTLY, 2 * SLIGHTLY)) == [[0, 1], [2]]
    assert fold([row(name) for name in "abc"], turned(SLIGHTLY, 0, 2 * SLIGHTLY)) == [[0, 1, 2]]


def test_files_of_other_lengths_are_no_copies() -> None:
    lengths = (100.0, 98.1, 97.9, 102.0, 102.1)
    found = [row(str(length), duration_s=length) for length in lengths]
    assert fold(found, turned(0, 0, 0, 0, 0)) == [[0, 1, 3], [2], [4]]
    assert fold(found[::-1], turned(0, 0, 0, 0, 0)) == [[0, 1], [2, 3], [4]]  # 100 is too far from 102.1 and 97.9


def test_what_has_no_fingerprint_is_no_copy() -> None:
    assert fold([row("a"), row("b")], np.zeros((2, 4), np.float16)) == [[0], [1]]


def test_a_hit_is_its_row() -> None:
    found = replace(row("birds/dawn.wav", 5), duration_s=12.5)
    hit = Hit.of(found, rank=3, score=0.25, alike=["b.mp3"])
    assert hit == Hit(
        rank=3,
        score=0.25,
        window=window_key("birds/dawn.wav", 5.0),
        path="birds/dawn.wav",
        start_s=5,
        end_s=15,
        duration_s=12.5,
        sample_rate=44100,
        channels=2,
        licence="CC0",
        tags="park",
        caption="A dog.",
        alike=("b.mp3",),
    )
