"""From what a back end returns to a clip: one rate, one loudness, nothing above full scale; or the reason why not.

Conventions: samples are mono float32; loudness is integrated loudness in LUFS (ITU-R BS.1770, by pyloudnorm).
"""

from dataclasses import dataclass

import numpy as np

from auricle.audio import Samples, resample

SHORTEST_MEASURED_S = 0.4
"""One block of BS.1770: what is shorter has no loudness."""

SILENT_RMS = 2e-3
"""Root mean square, -54 dB of full scale, below which a clip counts as silent."""

_KNEE = 0.8
_CLIPPED_SHARE = 0.2
_TOLERANCE_S = 0.1


@dataclass(frozen=True)
class Finished:
    """A clip as it is written.

    Attributes:
        samples: Within [-1, 1], at the rate that was asked for.
        loudness_lufs: As measured at the end; None for a clip that is too short or silent to have one.
    """

    samples: Samples
    loudness_lufs: float | None


def finish(samples: Samples, rate: int, *, sample_rate: int, loudness_lufs: float | None) -> Finished:
    """Bring a clip to the rate and the loudness of its collection.

    What would pass 0.8 of full scale is bent, not cut, and stays below 1. A clip that is silent or shorter than 0.4 s
    keeps its level.

    Args:
        samples: Finite, of shape (samples,).
        rate: Their rate in Hz.
        sample_rate: Rate of the result in Hz.
        loudness_lufs: Of the result; None leaves the level as it is.
    """
    resampled = resample(samples, rate, sample_rate)
    before = loudness_of(resampled, sample_rate)
    if loudness_lufs is not None and before is not None:
        resampled = np.asarray(resampled * 10 ** ((loudness_lufs - before) / 20), dtype=np.float32)
    bent = soft_clip(resampled)
    return Finished(bent, loudness_of(bent, sample_rate))


def loudness_of(samples: Samples, rate: int) -> float | None:
    """Return the integrated loudness in LUFS, None for what is silent or shorter than 0.4 s."""
    import pyloudnorm

    if len(samples) < SHORTEST_MEASURED_S * rate or rms(samples) < SILENT_RMS:
        return None
    measured = float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64)))
    return measured if np.isfinite(measured) else None


def soft_clip(samples: Samples) -> Samples:
    """Return samples of which those beyond 0.8 are bent smoothly towards 1.

    Example:
        >>> soft_clip(np.array([0.5, -0.8, 1.0, 5.0], np.float32)).round(3).tolist()
        [0.5, -0.800000011920929, 0.9520000219345093, 1.0]
    """
    beyond = np.maximum(np.abs(samples) - _KNEE, 0.0)
    bent = np.where(beyond > 0, _KNEE + (1 - _KNEE) * np.tanh(beyond / (1 - _KNEE)), np.abs(samples))
    return np.asarray(np.copysign(bent, samples), dtype=np.float32)


def fault_of(samples: Samples, rate: int, *, seconds: float | None) -> str:
    """Return why a clip cannot be used: what is wrong with it in a few words, empty if nothing is.

    Args:
        samples: What the back end returned.
        rate: Its rate in Hz.
        seconds: The length that was asked for; None if any will do.

    Example:
        >>> fault_of(np.zeros(16000, np.float32), 16000, seconds=1.0)
        'silent'
    """
    if samples.ndim != 1 or len(samples) == 0:
        return "no samples"
    if not np.isfinite(samples).all():
        return "not finite"
    if seconds is not None and abs(len(samples) / rate - seconds) > _TOLERANCE_S:
        return f"{len(samples) / rate:.2f} s long instead of {seconds:.2f} s"
    if rms(samples) < SILENT_RMS:
        return "silent"
    if np.mean(np.abs(samples) >= 1.0) > _CLIPPED_SHARE:
        return "clipped throughout"
    return ""


def rms(samples: Samples) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
