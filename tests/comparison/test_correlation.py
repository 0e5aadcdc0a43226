"""Windowed correlation against numpy's coefficient of every window."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auricle.comparison.correlation import correlations, wcc

FloatArray = NDArray[np.float64]


def window_by_window(shorter: FloatArray, longer: FloatArray) -> list[float]:
    n_lags = len(longer) - len(shorter) + 1
    return [np.corrcoef(shorter.ravel(), longer[lag : lag + len(shorter)].ravel())[0, 1] for lag in range(n_lags)]


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(0, 12), st.integers(1, 5), st.floats(-1e3, 1e3))
def test_every_window_is_numpys(seed: int, n_short: int, n_more: int, n_mels: int, level: float) -> None:
    draw = np.random.default_rng(seed)
    n_short += n_mels == 1  # one number has no correlation
    shorter, longer = draw.normal(size=(n_short, n_mels)), draw.normal(level, 3, (n_short + n_more, n_mels))
    expected = window_by_window(shorter, longer)
    np.testing.assert_allclose(correlations(shorter, longer), expected, rtol=0, atol=1e-9)
    for found in (wcc(shorter, longer), wcc(longer, shorter)):
        assert found.value == pytest.approx(1 - max(expected), abs=1e-9)
        assert found.where is not None
        assert expected[found.where] == pytest.approx(max(expected), abs=1e-9)


def test_a_shifted_copy_is_found_at_its_lag_whatever_its_level() -> None:
    draw = np.random.default_rng(1)
    sound, before, after = (draw.normal(-6, 3, (n, 64)).astype(np.float32) for n in (80, 33, 21))
    assert wcc(sound, sound).value == pytest.approx(0, abs=1e-12)
    for copy in (sound, 2 * sound + 5):
        found = wcc(sound, np.vstack([before, copy, after]))
        assert found.value == pytest.approx(0, abs=1e-6)
        assert found.where == 33
    upside_down = wcc(sound, -sound)
    assert upside_down.value == pytest.approx(2)


def test_of_equal_matches_the_earliest_is_told() -> None:
    sound = np.random.default_rng(2).normal(size=(7, 3))
    assert wcc(sound, np.vstack([[[0, 9, 0]], sound, sound, sound])).where == 1


def test_constant_windows_are_left_out() -> None:
    sound = np.random.default_rng(3).normal(-6, 3, (10, 4))
    silence = np.full((500, 4), -36.04)
    longer = np.vstack([silence, sound, silence])
    found = correlations(sound, longer)
    assert np.isnan(found[:491]).all()
    assert np.isfinite(found[491:510]).all()
    assert wcc(sound, longer).value == pytest.approx(0, abs=1e-12)
    assert wcc(sound, longer).where == 500


@pytest.mark.parametrize(
    ("first", "second", "note"),
    [
        (np.full((5, 4), -36.04), np.eye(9, 4), "the log-mel of the shorter clip is constant"),
        (np.eye(5, 4), np.full((9, 4), -36.04), "the log-mel of every window of the longer clip is constant"),
        (np.full((5, 4), -36.04), np.full((5, 4), -36.04), "the log-mel of the shorter clip is constant"),
        (np.zeros((1, 1)), np.ones((1, 1)), "the log-mel of the shorter clip is constant"),
        (np.zeros((0, 4)), np.eye(9, 4), "a clip has no frames"),
    ],
)
def test_where_there_is_no_correlation_a_note_says_why(first: FloatArray, second: FloatArray, note: str) -> None:
    for found in (wcc(first, second), wcc(second, first)):
        assert math.isnan(found.value)
        assert found.where is None
        if len(first) != len(second):
            assert found.note.startswith(note)
        assert found.note


def test_one_frame_is_enough() -> None:
    assert wcc(np.array([[1.0, 2.0, 4.0]]), np.array([[7.0, 0.0, 0.0], [2.0, 4.0, 8.0]])).where == 1


def test_log_mels_of_different_front_ends_are_refused() -> None:
    with pytest.raises(ValueError, match="same mels"):
        wcc(np.zeros((3, 4)), np.zeros((3, 5)))
