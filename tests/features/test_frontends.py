"""Log-mels against librosa, transformers, the prior system's stored numbers, and physics."""

import json
from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.features import FRONT_ENDS, FrontEnd

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "golden" / "prior_system.json"
BASELINE, PANNS, YAMNET = (FRONT_ENDS.get(name) for name in ("clotho-baseline", "panns", "yamnet"))
CLAP, FUSED = (FRONT_ENDS.get(name) for name in ("clap", "clap-fused"))


def noise(seconds: float, rate: int) -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(0).standard_normal(int(seconds * rate))).astype(np.float32)


def test_clotho_baseline_equals_librosa() -> None:
    samples = noise(3.3, 44100)
    mel = librosa.feature.melspectrogram(
        y=samples, sr=44100, n_fft=2048, win_length=1764, hop_length=882, pad_mode="constant", n_mels=64
    )
    np.testing.assert_allclose(BASELINE(samples), np.log(mel.T + 2.220446e-16), atol=2e-5)


def test_panns_equals_librosa() -> None:
    samples = noise(3.3, 32000)
    mel = librosa.feature.melspectrogram(
        y=samples, sr=32000, n_fft=1024, hop_length=320, pad_mode="reflect", n_mels=64, fmin=50, fmax=14000
    )
    np.testing.assert_allclose(PANNS(samples), 10 * np.log10(np.maximum(mel.T, 1e-10)), atol=5e-5)


def test_yamnet_equals_transformers() -> None:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    samples = noise(2.0, 16000)
    mel = mel_filter_bank(257, 64, 125, 7500, 16000, mel_scale="kaldi", triangularize_in_mel_space=True)
    magnitude = spectrogram(
        samples.astype(np.float64), window_function(400, "hann"), 400, 160, fft_length=512, power=1.0, center=False
    )
    np.testing.assert_allclose(YAMNET(samples), np.log(magnitude.T @ mel + 1e-3), atol=2e-5)


@pytest.mark.parametrize(("front_end", "truncation"), [(CLAP, "rand_trunc"), (FUSED, "fusion")])
@pytest.mark.parametrize("n_samples", [1, 700, 170_000, 479_999, 480_000])
def test_clap_equals_the_extractor_of_transformers(front_end: FrontEnd, truncation: str, n_samples: int) -> None:
    from transformers import ClapFeatureExtractor

    extractor = ClapFeatureExtractor(frequency_min=50, truncation=truncation)  # as published
    samples = noise(10, 48000)[:n_samples]
    wanted = extractor(samples, sampling_rate=48000)["input_features"][0][0]
    found = front_end(front_end.pad(samples))
    assert found.shape == wanted.shape == (1001, 64)
    heard = wanted > wanted.max() - 90  # further below, float32 rounding dominates
    np.testing.assert_allclose(found[heard], wanted[heard], atol=1e-3)
    if n_samples > 1000:
        np.testing.assert_allclose(found, wanted, atol=5e-5)


def test_a_short_sound_is_repeated_as_often_as_it_fits_whole() -> None:
    samples = noise(3.3, 48000)
    padded = CLAP.pad(samples)
    assert padded.shape == (480_000,)
    np.testing.assert_array_equal(padded[: 3 * 158_400].reshape(3, -1), np.stack([samples] * 3))
    assert not padded[3 * 158_400 :].any()
    assert CLAP.pad(padded) is padded


def test_a_front_end_that_pads_with_silence_is_known_as_before_there_was_a_choice() -> None:
    assert "short" not in PANNS.settings()
    assert CLAP.settings()["short"] == "repeat"


@pytest.mark.skipif(not GOLDEN.exists(), reason="needs ../shared/data/golden, which is not part of the repository")
@pytest.mark.parametrize("name", ["sine440", "noise0", "silence", "odd_length"])
def test_the_prior_systems_numbers(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())["log_mel"][name]["log_mel_time_by_mel"]
    sine = (0.5 * np.sin(2 * np.pi * 440 * np.arange(88200) / 44100)).astype(np.float32)
    samples = {
        "sine440": sine,
        "noise0": noise(4, 44100),
        "silence": np.zeros(44100, np.float32),
        "odd_length": sine[:12345],
    }
    found = BASELINE(samples[name])
    assert list(found.shape) == golden["shape"]
    for frame, mel, value in golden["elements"]:
        if value > -20 or name in ("noise0", "silence"):
            assert found[frame, mel] == pytest.approx(value, abs=2e-3)
        else:
            assert found[frame, mel] < -20, "below, float32 rounding dominates; the file asks for no more"


@pytest.mark.parametrize("front_end", list(map(FRONT_ENDS.get, FRONT_ENDS)), ids=lambda front_end: front_end.name)
def test_a_sine_is_loudest_in_the_mel_that_holds_its_frequency(front_end: FrontEnd) -> None:
    rate = front_end.sample_rate
    hertz = 1000.0
    sine = (0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)).astype(np.float32)
    htk = front_end.mel_scale != "slaney"
    edges = librosa.mel_frequencies(66, fmin=front_end.fmin, fmax=front_end.fmax, htk=htk)
    centre = int(np.abs(edges[1:-1] - hertz).argmin())
    middle = front_end(sine)[20:-20]
    assert abs(int(middle.mean(axis=0).argmax()) - centre) <= 1


@pytest.mark.parametrize(
    ("front_end", "floor"), [(BASELINE, -36.0437), (PANNS, -100.0), (YAMNET, -6.9078), (CLAP, -100.0), (FUSED, -100.0)]
)
def test_silence_is_the_floor(front_end: FrontEnd, floor: float) -> None:
    log_mel = front_end(np.zeros(front_end.sample_rate, np.float32))
    assert log_mel == pytest.approx(np.full(log_mel.shape, floor), abs=1e-3)


@pytest.mark.parametrize("n_samples", [1, 100, 800, 15599, 15600, 15601, 40000])
@pytest.mark.parametrize("name", list(FRONT_ENDS))
def test_short_sounds_are_padded_to_the_shortest_input_and_no_further(name: str, n_samples: int) -> None:
    front_end = FRONT_ENDS.get(name)
    padded = front_end.pad(noise(1, 40000)[:n_samples])
    assert front_end.n_frames(len(padded)) == max(front_end.min_frames, front_end.n_frames(n_samples))
    assert len(front_end(padded)) == front_end.n_frames(len(padded))


def test_what_cannot_be_transformed_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"shape \(samples,\)"):
        BASELINE(np.zeros((2, 100), np.float32))
    with pytest.raises(ValueError, match="fewer than one window"):
        YAMNET(np.zeros(399, np.float32))
    with pytest.raises(ValueError, match="too few to reflect"):
        PANNS(np.zeros(512, np.float32))
