"""Whether a clip is fit to be listened to: a few facts of its samples that show what went wrong.

Conventions: samples are mono, nominally within [-1, 1]; full scale is 1, 0 dB; levels of frames are root mean squares
relative to it; shares are within [0, 1].
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from auricle.audio import Samples
from auricle.generation.finishing import loudness_of

SILENCE_FRAME_S = 0.02
SILENCE_DB = -60.0
"""Level below which a frame is silent: some 40 dB below clips at common loudness, nothing to be heard beside them."""

FULL_SCALE = 1 - 2.0**-15
"""The largest positive sample of 16 bits: at or beyond it a sample may have been cut."""

CLIPPED_RUN = 3
"""So many samples on end at one side of full scale are clipped; a peak that just reaches it is one or two."""

BANDWIDTH_SHARE = 0.99


@dataclass(frozen=True)
class Sanity:
    """Facts of one clip.

    Attributes:
        duration_s: Length in seconds.
        loudness_lufs: Integrated loudness (ITU-R BS.1770); None for what is shorter than 0.4 s or below -54 dB.
        silent_share: Share of its frames of 20 ms, the last as long as it is, with a level below -60 dB.
        clipped_share: Share of its samples in runs of three or more at full scale, of one sign.
        bandwidth_hz: Frequency below which 99 % of the energy of the whole clip lies (roll-off), without the mean of
            its samples; None for constant samples.
    """

    duration_s: float
    loudness_lufs: float | None
    silent_share: float
    clipped_share: float
    bandwidth_hz: float | None


def inspect_clip(samples: Samples, rate: int) -> Sanity:
    """Return the facts of a clip.

    Args:
        samples: Of shape (samples,), finite.
        rate: Their rate in Hz.

    Raises:
        ValueError: If there are no samples, more than one axis, values that are not finite, or `rate` < 1.

    Example:
        >>> time_s = np.arange(16000) / 16000
        >>> facts = inspect_clip(np.sin(2 * np.pi * 1000 * time_s).astype(np.float32), 16000)
        >>> facts.duration_s, facts.bandwidth_hz, facts.silent_share, facts.clipped_share
        (1.0, 1000.0, 0.0, 0.0)
    """
    if samples.ndim != 1 or len(samples) == 0 or rate < 1:
        raise ValueError(f"samples of shape {samples.shape} at {rate} Hz; some of shape (samples,) are needed")
    if not np.isfinite(samples).all():
        raise ValueError("some samples are not finite (NaN or infinity)")
    return Sanity(
        duration_s=len(samples) / rate,
        loudness_lufs=loudness_of(samples, rate),
        silent_share=_silent_share(samples, rate),
        clipped_share=_clipped_share(samples),
        bandwidth_hz=_bandwidth_hz(samples, rate),
    )


def _silent_share(samples: Samples, rate: int) -> float:
    starts = np.arange(0, len(samples), max(1, round(SILENCE_FRAME_S * rate)))
    lengths = np.diff(starts, append=len(samples))
    power = np.add.reduceat(np.square(samples, dtype=np.float64), starts) / lengths
    return float(np.mean(power < 10 ** (SILENCE_DB / 10)))


def _clipped_share(samples: Samples) -> float:
    clipped = sum(_in_long_runs(side >= FULL_SCALE) for side in (samples, -samples))
    return clipped / len(samples)


def _in_long_runs(true: NDArray[np.bool_]) -> int:
    starts, ends = np.flatnonzero(np.diff(true, prepend=False, append=False)).reshape(-1, 2).T
    lengths = ends - starts
    return int(lengths[lengths >= CLIPPED_RUN].sum())


def _bandwidth_hz(samples: Samples, rate: int) -> float | None:
    if samples.min() == samples.max():
        return None
    wave = samples.astype(np.float64)
    energy = np.cumsum(np.square(np.abs(scipy.fft.rfft(wave - wave.mean()))))
    return float(np.searchsorted(energy, BANDWIDTH_SHARE * energy[-1]) * rate / len(samples))
