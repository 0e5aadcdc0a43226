"""Facts of a clip, by signals whose answers are known beforehand."""

import numpy as np
import pytest
from scipy import signal

from auricle.audio import Samples
from auricle.comparison.sanity import inspect_clip

RATE = 48_000


def tone(level_db: float, *, seconds: float = 1.0, frequency: float = 997.0) -> Samples:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * time_s)).astype(np.float32)


def white_noise(seconds: float = 2.0) -> Samples:
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)


def test_a_tone_by_the_standard() -> None:
    """ITU-R BS.1770-4, annex 1: a sine of 997 Hz at 0 dB in one front channel reads -3.01 LKFS."""
    facts = inspect_clip(tone(-20.0, seconds=3.0), RATE)
    assert facts.duration_s == 3.0
    assert facts.loudness_lufs == pytest.approx(-23.01, abs=0.05)
    assert facts.bandwidth_hz == pytest.approx(997.0, abs=1.0)
    assert (facts.silent_share, facts.clipped_share) == (0.0, 0.0)


def test_silence() -> None:
    facts = inspect_clip(np.zeros(RATE, np.float32), RATE)
    assert (facts.silent_share, facts.clipped_share) == (1.0, 0.0)
    assert facts.loudness_lufs is None
    assert facts.bandwidth_hz is None


def test_a_quarter_of_silence_and_a_short_last_frame() -> None:
    clip = np.concatenate([tone(-6.0, seconds=0.72), np.zeros(round(0.24 * RATE), np.float32)])
    assert inspect_clip(clip, RATE).silent_share == 0.25  # 12 of 48 frames
    clip = np.concatenate([clip, tone(-6.0, seconds=0.005), tone(-6.0, seconds=0.005)])
    assert inspect_clip(clip, RATE).silent_share == 12 / 49


@pytest.mark.parametrize(("rms_db", "silent"), [(-59.9, 0.0), (-60.1, 1.0)])
def test_silence_is_below_minus_60_db(rms_db: float, silent: float) -> None:
    """Of alternating samples the root mean square is the peak."""
    clip = np.tile([1.0, -1.0], RATE // 2) * 10 ** (rms_db / 20)
    assert inspect_clip(clip.astype(np.float32), RATE).silent_share == silent


def test_runs_at_full_scale_are_clipped() -> None:
    clip = np.zeros(1000, np.float32)
    clip[10:13] = 1.0
    clip[13:17] = -1.0
    clip[50:52] = 1.0  # a peak
    clip[60:64] = [1, -1, 1, -1]  # four peaks
    clip[100:110] = 32767 / 32768  # 16 bits have no more
    clip[200:210] = 32766 / 32768
    clip[995:] = 1.5  # to the very end
    assert inspect_clip(clip, RATE).clipped_share == (3 + 4 + 10 + 5) / 1000


def test_a_sine_cut_at_half_its_height_is_clipped_for_two_thirds_of_its_time() -> None:
    """A sine is beyond a half from 30 to 150 degrees, and again below."""
    clip = np.clip(2 * tone(0.0, frequency=100.0), -1, 1)
    assert inspect_clip(clip, RATE).clipped_share == pytest.approx(2 / 3, abs=0.005)
    assert inspect_clip(tone(0.0, frequency=1000.0), RATE).clipped_share == 0


def test_bandwidth_of_noise_is_99_percent_of_what_is_passed() -> None:
    assert inspect_clip(white_noise(), RATE).bandwidth_hz == pytest.approx(0.99 * RATE / 2, rel=0.005)
    lowpass = signal.firwin(2001, 8000, fs=RATE)
    passed = np.convolve(white_noise(), lowpass, mode="same").astype(np.float32)
    assert inspect_clip(passed, RATE).bandwidth_hz == pytest.approx(0.99 * 8000, rel=0.01)


def test_bandwidth_has_no_part_for_an_offset() -> None:
    plain, moved = (inspect_clip((tone(-20.0) + offset).astype(np.float32), RATE) for offset in (0, 0.5))
    assert plain.bandwidth_hz == moved.bandwidth_hz
    assert inspect_clip(np.full(RATE, 0.1, np.float32), RATE).bandwidth_hz is None


def test_a_single_sample_is_a_clip() -> None:
    facts = inspect_clip(np.array([0.5], np.float32), RATE)
    assert (facts.loudness_lufs, facts.bandwidth_hz, facts.silent_share, facts.clipped_share) == (None, None, 0, 0)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(0), RATE, "samples of shape"),
        (np.zeros((10, 2)), RATE, "samples of shape"),
        (np.zeros(10), 0, "at 0 Hz"),
        (np.array([0.0, np.nan]), RATE, "not finite"),
    ],
)
def test_what_is_no_clip_is_refused(samples: np.ndarray, rate: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inspect_clip(samples.astype(np.float32), rate)
