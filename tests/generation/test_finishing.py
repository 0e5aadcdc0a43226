"""Finishing: levels by the standard's own reference signal, faults by hand."""

import numpy as np
import pytest

from auricle.audio import Samples
from auricle.generation.finishing import fault_of, finish, loudness_of, soft_clip

RATE = 48_000


def tone(level_db: float, *, seconds: float = 3.0, frequency: float = 997.0, rate: int = RATE) -> Samples:
    """A sine with its peak at a level relative to full scale."""
    time_s = np.arange(round(seconds * rate)) / rate
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * time_s)).astype(np.float32)


def test_a_sine_of_997_hz_at_full_scale_has_minus_3_lufs() -> None:
    """ITU-R BS.1770-4, annex 1: a sine of 997 Hz at 0 dB in one front channel reads -3.01 LKFS."""
    assert loudness_of(tone(0.0), RATE) == pytest.approx(-3.01, abs=0.05)
    assert loudness_of(tone(-20.0), RATE) == pytest.approx(-23.01, abs=0.05)


@pytest.mark.parametrize("level_db", [-40.0, -20.0, -6.0])
def test_clips_come_out_at_one_loudness_and_rate(level_db: float) -> None:
    clip = finish(tone(level_db), RATE, sample_rate=44_100, loudness_lufs=-14.0)
    assert len(clip.samples) == 3 * 44_100
    assert clip.loudness_lufs == pytest.approx(-14.0, abs=0.1)
    assert clip.samples.dtype == np.float32


def test_peaks_are_bent_and_never_above_one() -> None:
    rng = np.random.default_rng(0)
    peaky = np.where(rng.random(RATE) < 0.001, 1.0, 0.01 * rng.standard_normal(RATE)).astype(np.float32)
    clip = finish(peaky, RATE, sample_rate=RATE, loudness_lufs=-14.0)
    assert np.abs(clip.samples).max() <= 1.0
    ramp = np.linspace(-3, 3, 10_001, dtype=np.float32)
    bent = soft_clip(ramp)
    assert (np.diff(bent) >= 0).all()
    assert np.array_equal(bent[np.abs(ramp) <= 0.8], ramp[np.abs(ramp) <= 0.8])
    assert np.allclose(bent, -bent[::-1])


@pytest.mark.parametrize("samples", [tone(-20, seconds=0.39), 1e-4 * tone(0.0)])
def test_what_is_too_short_or_silent_keeps_its_level(samples: Samples) -> None:
    clip = finish(samples, RATE, sample_rate=RATE, loudness_lufs=-14.0)
    assert clip.loudness_lufs is None
    assert np.array_equal(clip.samples, samples)


def test_the_level_can_be_left() -> None:
    clip = finish(tone(-20), RATE, sample_rate=RATE, loudness_lufs=None)
    assert np.array_equal(clip.samples, tone(-20))
    assert clip.loudness_lufs == pytest.approx(-23.01, abs=0.05)


@pytest.mark.parametrize(
    ("samples", "fault"),
    [
        (np.zeros(0, np.float32), "no samples"),
        (np.zeros((RATE, 2), np.float32), "no samples"),
        (np.full(RATE, np.nan, np.float32), "not finite"),
        (np.full(RATE, np.inf, np.float32), "not finite"),
        (np.zeros(RATE, np.float32), "silent"),
        (1e-3 * tone(0, seconds=1), "silent"),
        (np.sign(tone(0, seconds=1)), "clipped throughout"),
        (tone(-20, seconds=0.8), "0.80 s long instead of 1.00 s"),
        (tone(-20, seconds=1.2), "1.20 s long instead of 1.00 s"),
        (tone(-20, seconds=1.05), ""),
        (tone(0, seconds=1), ""),
    ],
)
def test_what_cannot_be_used(samples: Samples, fault: str) -> None:
    assert fault_of(samples, RATE, seconds=1.0) == fault


def test_any_length_will_do_where_none_was_asked_for() -> None:
    assert fault_of(tone(-20, seconds=0.8), RATE, seconds=None) == ""
