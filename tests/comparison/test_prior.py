"""The prior work's scores: its own numbers, and its definition written out window by window."""

import json
import math
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.comparison.correlation import correlations
from auricle.comparison.prior import mel_warping_costs, prior_dtw, prior_wcc
from auricle.features import FRONT_ENDS

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "golden" / "prior_system.json"
RATE = 44100

needs_golden = pytest.mark.skipif(not GOLDEN.is_file(), reason="../shared/data/golden/prior_system.json is not here")

FloatArray = NDArray[np.float64]


def golden(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))[part]
    return found


def noise(seed: int, duration_s: int) -> FloatArray:
    return 0.1 * np.random.default_rng(seed).standard_normal(RATE * duration_s)


def sine(hertz: float, duration_s: int) -> FloatArray:
    return np.asarray(np.sin(2 * np.pi * hertz * np.arange(RATE * duration_s) / RATE))


def originals() -> dict[str, FloatArray]:
    """Return the prior work's test sounds of two seconds, by the name of the pair."""
    impulses = np.zeros(2 * RATE)
    impulses[11025::22050] = 1
    return {
        "noise_vs_noise": noise(10, 2),
        "sine440_vs_sine880": 0.5 * sine(440, 2),
        "am_vs_noise": noise(20, 2) * (0.55 + 0.45 * sine(3, 2)),
        "impulses_vs_noise": impulses,
        "silent_original": np.zeros(2 * RATE),
    }


def in_double_precision(samples: FloatArray) -> NDArray[np.float32]:
    """Return the log-mel of float32 samples with spectra in float64, as the prior work had them, (frames, mels)."""
    mel = librosa.feature.melspectrogram(
        y=samples.astype(np.float32).astype(np.float64),
        sr=RATE,
        n_fft=2048,
        win_length=1764,
        hop_length=882,
        pad_mode="constant",
        n_mels=64,
    )
    return np.asarray(np.log(mel + 2.0**-52).T, np.float32)


def window_by_window(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return what librosa finds for each window, with the mels as the axis that is warped."""
    windows = [second[lag : lag + len(first)] for lag in range(len(second) - len(first) + 1)]
    return np.array([librosa.sequence.dtw(X=first, Y=window, backtrack=False)[-1, -1] for window in windows])


@needs_golden
@pytest.mark.parametrize("name", originals())
def test_the_prior_works_scores_are_reproduced(name: str) -> None:
    case = golden("pair_scores")[name]
    generated = 0.5 * sine(880, 3) if name.startswith("sine") else noise(11, 3)
    first, second = in_double_precision(originals()[name]), in_double_precision(generated)
    assert prior_dtw(first, second).value == pytest.approx(case["dtw"], abs=1e-5)
    found = prior_wcc(first, second)
    if name == "silent_original":
        assert math.isnan(found.value)
        assert "constant" in found.note
    else:
        assert found.value == pytest.approx(case["wcc"], abs=1e-5)
        windows = correlations(first.astype(np.float64), second.astype(np.float64))
        assert windows[[0, -1]] == pytest.approx([case["corr_windows"][end] for end in ("first", "last")], abs=1e-5)


@needs_golden
def test_auricles_own_front_end_gives_the_same_scores_of_noise() -> None:
    case, front_end = golden("pair_scores")["noise_vs_noise"], FRONT_ENDS.get("clotho-baseline")
    first, second = (front_end(noise(*sound).astype(np.float32)) for sound in ((10, 2), (11, 3)))
    assert prior_wcc(first, second).value == pytest.approx(case["wcc"], abs=1e-5)
    assert prior_dtw(first, second).value == pytest.approx(case["dtw"], abs=1e-5)


@needs_golden
def test_the_prior_works_windows_of_tiny_matrices() -> None:
    case = golden("tiny_matrices")
    first, second = np.random.default_rng(0).random((4, 6)).T, np.random.default_rng(1).random((4, 9)).T
    assert prior_wcc(first, second).value == pytest.approx(case["wcc"], abs=1e-12)
    assert correlations(first, second) == pytest.approx(case["wcc_windows"], abs=1e-12)
    assert mel_warping_costs(first, second) == pytest.approx(case["dtw_window_distances"], abs=1e-12)


@pytest.mark.parametrize(("n_first", "n_second", "n_mels"), [(1, 4, 5), (6, 9, 4), (20, 50, 7), (5, 5, 1)])
def test_the_definition_window_by_window(n_first: int, n_second: int, n_mels: int) -> None:
    draw = np.random.default_rng(n_first)
    first, second = draw.normal(-6, 3, (n_first, n_mels)), draw.normal(-6, 3, (n_second, n_mels))
    np.testing.assert_allclose(mel_warping_costs(first, second), window_by_window(first, second), rtol=1e-9)
    costs = window_by_window(
        *(np.interp(log_mel, [log_mel.min(), log_mel.max()], [0, 1]) for log_mel in (first, second))
    )
    expected = (costs - costs.min()) / np.ptp(costs) if len(costs) > 1 else np.zeros(1)
    assert prior_dtw(first, second).value == pytest.approx(expected.mean(), abs=1e-6)


def test_equal_sounds_score_zero_and_so_does_any_single_window() -> None:
    draw = np.random.default_rng(5)
    sound, other = draw.normal(size=(30, 8)), draw.normal(size=(30, 8))
    assert prior_wcc(sound, sound).value == pytest.approx(0, abs=1e-12)
    assert prior_dtw(sound, sound).value == prior_dtw(sound, other).value == 0


def test_windows_that_are_equal_but_for_rounding_score_zero() -> None:
    period = np.random.default_rng(6).normal(size=(1, 8))
    assert prior_dtw(np.random.default_rng(7).normal(size=(30, 8)), np.tile(period, (90, 1))).value == 0


def test_the_first_clip_is_never_swapped() -> None:
    longer, shorter = np.random.default_rng(9).normal(size=(9, 4)), np.eye(5, 4)
    for score in (prior_dtw, prior_wcc):
        assert math.isfinite(score(shorter, longer).value)
        found = score(longer, shorter)
        assert math.isnan(found.value)
        assert found.note == "the first clip has 9 frames, the second 5: no window; give the shorter first"
        assert score(np.zeros((0, 4)), longer).note == "the first clip has no frames"


def test_a_silent_window_leaves_no_mean_correlation() -> None:
    sound = np.random.default_rng(8).normal(size=(5, 4))
    found = prior_wcc(sound, np.vstack([sound, np.full((6, 4), -36.04)]))
    assert math.isnan(found.value)
    assert found.note == "a window of a clip's log-mel is constant, as silence is: no mean over all windows"
