"""Warping against a table worked by hand, a double loop over all pairs of frames, and librosa's accumulated costs."""

import math

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auricle.comparison.warping import LogMel, dtw, warping_path

FloatArray = NDArray[np.float64]


def column(*values: float) -> FloatArray:
    """Return a log-mel of one mel."""
    return np.array(values)[:, None]


def by_double_loop(shorter: LogMel, longer: LogMel) -> tuple[float, int]:
    """Return the distance and where the path starts, cell by cell."""
    cells: dict[tuple[int, int], tuple[float, int, int]] = {}  # sum, length, start
    for row, frame in enumerate(shorter):
        for column, other in enumerate(longer):
            distance = math.dist(frame, other)
            if row == 0:
                cells[row, column] = (distance, 1, column)
                continue
            ways = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
            total, length, start = min((cells[way] for way in ways if way in cells), key=lambda cell: cell[0])
            cells[row, column] = (total + distance, length + 1, start)
    total, length, start = min((cells[len(shorter) - 1, end] for end in range(len(longer))), key=lambda cell: cell[0])
    return total / length, start


def whole_numbers(seed: int) -> tuple[FloatArray, FloatArray]:
    """Return two log-mels of few distinct frames, so that many paths are equally cheap; the first is the shorter."""
    draw = np.random.default_rng(seed)
    n_short = int(draw.integers(1, 9))
    return tuple(draw.integers(0, 3, (n, 1)).astype(float) for n in (n_short, n_short + int(draw.integers(1, 9))))  # type: ignore[return-value]


def test_a_table_by_hand() -> None:
    """Accumulated distances of (1, 3, 4) in (0, 1, 3, 3, 5), one row per frame of the shorter.

    ====  =====  =====  =====  =====  =====
    .     0      1      3      3      5
    ====  =====  =====  =====  =====  =====
    1     1      0      2      2      4
    3     4      2      0      0      2
    4     8      5      1      1      1
    ====  =====  =====  =====  =====  =====

    The last row's 1 is reached first under the first 3, from 1 at frame 1: 1 + 3 + 4 against 1 + 3 + 3, three pairs.
    """
    shorter, longer = column(1, 3, 4), column(0, 1, 3, 3, 5)
    found = dtw(shorter, longer)
    assert found.value == pytest.approx(1 / 3)
    assert found.where == 1
    assert warping_path(shorter, longer).tolist() == [[0, 1], [1, 2], [2, 2]]


def test_held_frames_cost_nothing_and_count_as_pairs() -> None:
    """1, 5 in 1, 1, 1, 6: the start is free, so the last 1 is taken, and one pair of two is off by one."""
    assert dtw(column(1, 5), column(1, 1, 1, 6)).value == pytest.approx(1 / 2)
    assert dtw(column(1, 5), column(1, 1, 1, 6)).where == 2


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 10**6))
def test_the_double_loop_finds_the_same_among_equally_cheap_paths(seed: int) -> None:
    shorter, longer = whole_numbers(seed)
    found = dtw(shorter, longer)
    assert (found.value, found.where) == pytest.approx(by_double_loop(shorter, longer))


@pytest.mark.parametrize(("n_short", "n_long"), [(1, 1), (1, 600), (2, 3), (60, 70), (63, 64), (65, 520), (130, 600)])
def test_librosa_accumulates_the_same(n_short: int, n_long: int) -> None:
    draw = np.random.default_rng(n_short)
    shorter, longer = draw.normal(-6, 3, (n_short, 8)), draw.normal(-6, 3, (n_long, 8))
    path = warping_path(shorter, longer)
    accumulated = librosa.sequence.dtw(X=shorter.T, Y=longer.T, subseq=True, backtrack=False)[-1]
    if n_short < n_long:
        assert dtw(shorter, longer).value * len(path) == pytest.approx(accumulated.min(), rel=1e-12)
    assert path[-1].tolist() == [n_short - 1, accumulated.argmin()]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.booleans())
def test_the_path_is_allowed_and_costs_what_is_measured(seed: int, swapped: bool) -> None:
    first, second = whole_numbers(seed)[:: -1 if swapped else 1]
    path = warping_path(first, second)
    slides, longer = (path[:, 1], path[:, 0]) if swapped else (path[:, 0], path[:, 1])
    assert set(map(tuple, np.diff(path, axis=0).tolist())) <= {(1, 1), (1, 0), (0, 1)}
    assert (slides[0], slides[-1]) == (0, min(len(first), len(second)) - 1)
    assert longer[0] == dtw(first, second).where
    assert np.abs(first[path[:, 0]] - second[path[:, 1]]).mean() == pytest.approx(dtw(first, second).value)


@pytest.mark.parametrize("n_second", [20, 35])
def test_the_order_of_the_two_does_not_matter(n_second: int) -> None:
    draw = np.random.default_rng(3)
    first, second = draw.normal(size=(20, 4)), draw.normal(size=(n_second, 4))
    assert dtw(first, second) == dtw(second, first)
    np.testing.assert_array_equal(warping_path(first, second), warping_path(second, first)[:, ::-1])


def test_a_sound_inside_a_longer_one_is_found_also_when_it_is_slower() -> None:
    draw = np.random.default_rng(4)
    sound, before, after = (draw.normal(-6, 3, (n, 64)).astype(np.float32) for n in (80, 33, 21))
    assert dtw(sound, sound).value == 0
    assert dtw(sound, sound + 1e-3).value == pytest.approx(1e-3 * math.sqrt(64), rel=1e-3)
    held = np.vstack([before, np.repeat(sound, 2, axis=0), after])
    for longer in (np.vstack([before, sound, after]), held):
        found = dtw(sound, longer)
        assert found.value == pytest.approx(0, abs=1e-12)
        assert found.where is not None
        assert found.where - 33 in (0, 1)  # the first of two equal frames, or the second


def test_frames_that_are_nearly_equal_keep_their_distance() -> None:
    """|a|² + |b|² - 2ab alone would round 1e-7 between frames of length 1e3 away."""
    first = np.tile([[600.0, 800.0]], (40, 1)) * np.linspace(-1, 1, 40)[:, None]
    assert dtw(first, np.vstack([first + np.array([0, 1e-7]), [[9e3, 9e3]]])).value == pytest.approx(1e-7, rel=1e-3)


def test_silence_is_a_sound_like_any_other() -> None:
    silence = np.full((700, 64), -36.04, np.float32)
    assert dtw(silence, silence[:200]).value == 0
    assert dtw(silence[:200], silence + 1).value == pytest.approx(8)
    assert dtw(silence[:1], silence).value == 0


def test_a_clip_without_frames_has_no_distance_and_no_path() -> None:
    found = dtw(np.zeros((0, 4)), np.zeros((3, 4)))
    assert math.isnan(found.value)
    assert (found.where, found.note) == (None, "a clip has no frames")
    with pytest.raises(ValueError, match="log-mels of 0 and 3 frames have no path"):
        warping_path(np.zeros((0, 4)), np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.zeros((3, 4)), np.zeros((3, 5)), "same mels"),
        (np.zeros(3), np.zeros((3, 1)), "frames, mels"),
        (np.zeros((3, 0)), np.zeros((3, 0)), "shape"),
        (np.full((3, 1), -np.inf), np.zeros((3, 1)), "not finite"),
    ],
)
def test_what_is_no_pair_of_log_mels_is_refused(first: FloatArray, second: FloatArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dtw(first, second)
