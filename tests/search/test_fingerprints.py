"""Copies of a recording are told from other recordings: real ones, and such as are made to be mistaken."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from auricle import audio
from auricle.audio import Window, resample
from auricle.search.fingerprints import SAME, SIZE, acoustic_fingerprint

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
RATE = 44100

needs_esc10 = pytest.mark.skipif(not ESC10.is_dir(), reason="../shared/data/esc10 is not beside this repository")


def noise(seed: int, *, seconds: float = 2.0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


def shape(samples: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float32]:
    return acoustic_fingerprint(samples, rate).astype(np.float32)


def shapes(windows: list[Window]) -> NDArray[np.float32]:
    return np.stack([shape(window.samples, window.sample_rate) for window in windows])


@pytest.fixture(scope="module")
def recordings() -> list[Window]:
    """All of ESC-10, each as one window."""
    return [next(audio.windows(path)) for path in sorted(ESC10.rglob("*.ogg"))]


def silence(seconds: float = 2.0) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


def click(seed: int) -> NDArray[np.float32]:
    """Two seconds of silence with a short decaying noise of its own colour at one and the same place."""
    samples = silence()
    burst = np.convolve(noise(seed, seconds=0.05), np.random.default_rng(seed).normal(0, 1, 8), mode="same")
    samples[1000 : 1000 + len(burst)] = burst * np.exp(-np.arange(len(burst)) / 500)
    return samples


@pytest.mark.parametrize("gain", [1e-15, 1e-3, -1.0, 30.0, 1e30])
def test_loudness_and_polarity_are_not_in_it(gain: float) -> None:
    samples = noise(0)
    louder = (samples.astype(np.float64) * gain).astype(np.float32)
    assert shape(louder) @ shape(samples) > 0.9999


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000, 96000])
def test_the_rate_is_not_in_it(rate: int) -> None:
    assert shape(resample(noise(0), RATE, rate), rate) @ shape(noise(0)) > SAME


def test_an_offset_and_what_is_below_and_above_the_bands_is_not_in_it() -> None:
    times = np.arange(2 * RATE) / RATE
    hum_and_hiss = 0.1 + 0.1 * np.sin(2 * np.pi * 25 * times) + 0.05 * np.sin(2 * np.pi * 12_000 * times)
    assert shape(noise(0) + hum_and_hiss.astype(np.float32)) @ shape(noise(0)) > SAME


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0, 10.0])
def test_equally_long_noises_are_different_recordings(seconds: float) -> None:
    different = np.stack([shape(noise(seed, seconds=seconds)) for seed in range(30)])
    cosines = different @ different.T
    assert np.diag(cosines) == pytest.approx(1, abs=1e-3)
    assert cosines[np.triu_indices(30, 1)].max() < 0.6


def test_another_beginning_is_another_sound() -> None:
    samples = noise(0, seconds=3)
    assert shape(samples[: 2 * RATE]) @ shape(samples[RATE // 2 : RATE // 2 + 2 * RATE]) < 0.5


def test_different_clicks_in_silence_are_not_copies_of_one() -> None:
    clicks = np.stack([shape(click(seed)) for seed in range(30)])
    assert (clicks @ clicks.T)[np.triu_indices(30, 1)].max() < 0.6
    assert shape(click(3)) @ shape(click(3)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "samples",
    [
        silence(),
        np.full(RATE, 0.3, np.float32),
        np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32),
        np.ones(1, np.float32),
        noise(0)[:511],
        np.full(RATE, 1e-45, np.float32),
    ],
)
def test_where_nothing_moves_only_the_very_same_samples_are_a_copy(samples: NDArray[np.float32]) -> None:
    assert shape(samples) @ shape(samples.copy()) == pytest.approx(1, abs=1e-3)
    longer = np.append(samples, samples[-1:])
    assert abs(shape(samples) @ shape(longer)) < 0.6


@pytest.mark.parametrize("rate", [1, 100, 8000, 384_000])
@pytest.mark.parametrize("n_samples", [1, 511, 512, 513, 5000])
def test_every_sound_has_one_of_length_one(rate: int, n_samples: int) -> None:
    found = acoustic_fingerprint(noise(0)[:n_samples], rate)
    assert found.dtype == np.float16
    assert found.shape == (SIZE,)
    assert np.linalg.norm(found.astype(np.float64)) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(found, acoustic_fingerprint(noise(0)[:n_samples], rate))


@needs_esc10
def test_of_all_pairs_of_real_recordings_one_may_be_mistaken(recordings: list[Window]) -> None:
    found = shapes(recordings)
    assert len(found) == 240
    cosines = (found @ found.T)[np.triu_indices(240, 1)]
    assert np.count_nonzero(cosines >= SAME) <= 1


@needs_esc10
def test_real_recordings_at_another_rate_are_the_same(recordings: list[Window]) -> None:
    originals = shapes(recordings)
    slower = [resample(one.samples, one.sample_rate, 16000) for one in recordings]
    cosines = (originals * np.stack([shape(samples, 16000) for samples in slower])).sum(axis=1)
    assert np.mean(cosines >= SAME) > 0.95  # the others are barks and sneezes in silence


def cosines_as_mp3(recordings: list[Window], folder: Path) -> NDArray[np.float32]:
    """Return the cosines between recordings and their copies as MP3 at the best quality."""
    cosines = []
    for one in recordings:
        best = {"bitrate_mode": "CONSTANT", "compression_level": 0.0}
        soundfile.write(folder / "a.mp3", one.samples, one.sample_rate, **best)
        copy = next(audio.windows(folder / "a.mp3"))
        cosines.append(shape(one.samples, one.sample_rate) @ shape(copy.samples, copy.sample_rate))
    return np.array(cosines)


@needs_esc10
def test_real_recordings_as_mp3_are_the_same(recordings: list[Window], tmp_path: Path) -> None:
    assert cosines_as_mp3(recordings[6::48], tmp_path).min() > 0.99


@needs_esc10
@pytest.mark.slow
def test_nearly_all_real_recordings_as_mp3_are_the_same(recordings: list[Window], tmp_path: Path) -> None:
    cosines = cosines_as_mp3(recordings, tmp_path)
    told = cosines > 0.6  # the others have their fingerprint from their very samples
    assert np.mean(told) > 0.96
    assert cosines[told].min() > 0.998
