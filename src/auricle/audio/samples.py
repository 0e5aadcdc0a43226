"""Samples that are in memory already: one channel from several, another rate."""

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from auricle.errors import AudioError

Samples = NDArray[np.float32]
"""Mono samples of shape (samples,)."""


def from_array(frames: NDArray[Any], rate: int, *, sample_rate: int) -> Samples:
    """Return samples that are already in memory as mono float32 at another rate.

    Args:
        frames: Floating point, (samples,) or (samples, channels).
        rate: Their rate in Hz.
        sample_rate: Rate of the result in Hz.

    Raises:
        AudioError: If there are no samples, or some are not finite.

    Example:
        >>> from_array(np.zeros((44100, 2)), 44100, sample_rate=16000).shape
        (16000,)
    """
    if frames.ndim not in (1, 2) or not np.issubdtype(frames.dtype, np.floating):
        raise ValueError(
            f"floating point (samples,) or (samples, channels) is needed, not {frames.dtype} {frames.shape}"
        )
    if len(frames) == 0:
        raise AudioError("There are no samples.")
    return resample(mono(frames), rate, sample_rate)


def mono(frames: NDArray[np.floating[Any]]) -> Samples:
    """Return the mean of the channels of (samples,) or (samples, channels).

    Raises:
        AudioError: If some samples are not finite.

    Example:
        >>> mono(np.array([[0.25, 0.75], [1.0, 0.0]]))
        array([0.5, 0.5], dtype=float32)
    """
    if frames.ndim == 2:
        channels = frames.T
        frames = sum(channels[1:], channels[0]) / len(channels)  # six times as fast as numpy's mean over a short axis
    samples = np.asarray(frames, np.float32)
    if not np.isfinite(samples).all():
        raise AudioError("Some samples are not finite (NaN or infinity).")
    return samples


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return `samples` at another rate, both in Hz.

    Example:
        >>> resample(np.zeros(44100, np.float32), 44100, 16000).shape
        (16000,)
    """
    if from_rate == to_rate:
        return samples
    return np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), dtype=np.float32)
