"""One sound laid under another, at a level and a place.

Conventions: samples are mono float32 of one rate. Levels are root mean squares, each over the time that its sound is
heard; a place is where something begins, as a share of the room it has, from 0 up to below 1.
"""

import numpy as np

from auricle.audio import Samples
from auricle.generation.finishing import rms


def part(samples: Samples, length: int, *, place: float) -> Samples:
    """Return a part of a sound, or all of one that is no longer.

    Args:
        samples: Of shape (samples,).
        length: Of the part, in samples.
        place: Where it begins.

    Example:
        >>> part(np.arange(5, dtype=np.float32), 3, place=0.5).tolist()
        [1.0, 2.0, 3.0]
    """
    start = _start(len(samples) - length, place)
    return samples[start : start + length]


def loudest_part(samples: Samples, length: int) -> Samples:
    """Return the part of a sound with the most energy, or all of one that is no longer.

    Example:
        >>> loudest_part(np.array([0.1, 0.5, -0.5, 0.0], np.float32), 2).tolist()
        [0.5, -0.5]
    """
    if len(samples) <= length:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return samples[start : start + length]


def lay_under(first: Samples, second: Samples, *, snr_db: float, place: float) -> Samples:
    """Return the first sound with the second in it, once.

    Args:
        first: Of shape (samples,); it keeps its level.
        second: Not silent, at most as long.
        snr_db: Level of the first above that of the second, in dB.
        place: Where the second begins.

    Example:
        >>> first, second = np.full(4, 0.2, np.float32), np.array([0.5, -0.5], np.float32)
        >>> lay_under(first, second, snr_db=20.0, place=0.99).round(3).tolist()
        [0.20000000298023224, 0.20000000298023224, 0.2199999988079071, 0.18000000715255737]
    """
    gain = rms(first) / rms(second) * 10 ** (-snr_db / 20)
    start = _start(len(first) - len(second), place)
    mixed = first.copy()
    mixed[start : start + len(second)] += np.float32(gain) * second
    return mixed


def _start(room: int, place: float) -> int:
    return int(place * (max(room, 0) + 1))
