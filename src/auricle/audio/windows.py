"""Long recordings in overlapping windows, without ever holding more of them than a window.

The rule: a file that is no longer than a window is one window, whole. Otherwise windows start every hop, and the last
is the first that reaches the end: it may be shorter than a window, but is longer than a window less a hop. Their ends
are times rounded to whole samples, ``round(number * hop_s * sample_rate)``, so a file always gives the same windows.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auricle.audio.reading import all_samples, opened
from auricle.audio.samples import Samples

WINDOW_S = 10.0
HOP_S = 5.0


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a recording.

    Attributes:
        start_s: Where it begins in the file.
        end_s: Where it ends, exclusive.
        samples: Mono float32, (samples,).
        sample_rate: The file's own, in Hz.
    """

    start_s: float
    end_s: float
    samples: Samples
    sample_rate: int


def window_places(
    n_samples: int, sample_rate: int, *, window_s: float = WINDOW_S, hop_s: float = HOP_S
) -> list[tuple[int, int]]:
    """Return first sample and end (exclusive) of each window of a recording.

    Args:
        n_samples: Length of the recording per channel, at least 1.
        sample_rate: In Hz.
        window_s: Length of a window.
        hop_s: From the start of a window to the start of the next; above 0, at most `window_s`.

    Raises:
        ValueError: If one of them is out of its range.

    Example:
        >>> window_places(23, 1)
        [(0, 10), (5, 15), (10, 20), (15, 23)]
        >>> window_places(20, 1)
        [(0, 10), (5, 15), (10, 20)]
        >>> window_places(9, 1)
        [(0, 9)]
    """
    if n_samples < 1 or sample_rate < 1:
        raise ValueError(f"a recording needs samples and a rate, not {n_samples} at {sample_rate} Hz")
    _check(window_s, hop_s)
    places = []
    for start, stop in _unbounded_places(sample_rate, window_s, hop_s):
        places.append((start, min(stop, n_samples)))
        if stop >= n_samples:
            break
    return places


def windows(path: Path, *, window_s: float = WINDOW_S, hop_s: float = HOP_S) -> Iterator[Window]:
    """Yield the windows of a sound file, decoding it from its beginning to its end.

    What is decoded counts, not what the header announces. That a file is damaged, cut short or not finite is found
    where it is: the windows before have been given by then, of a file that `auricle.audio.decode` would refuse.

    Args:
        path: A sound file of any format, rate, number of channels and length.
        window_s: Length of a window.
        hop_s: From the start of a window to the start of the next; above 0, at most `window_s`.

    Yields:
        Windows in order, at least one, as `window_places` says.

    Raises:
        AudioError: While iterating, for the faults that `auricle.audio.decode` names.
        ValueError: At once, if `window_s` or `hop_s` is out of its range.
    """
    _check(window_s, hop_s)
    return _windows(path, window_s, hop_s)


def _windows(path: Path, window_s: float, hop_s: float) -> Iterator[Window]:
    with opened(path) as source:
        rate = source.sample_rate
        held = _Held(all_samples(source))
        for start, stop in _unbounded_places(rate, window_s, hop_s):
            samples = held.between(start, stop)
            yield Window(start / rate, (start + len(samples)) / rate, samples, rate)
            if not held.reaches(stop + 1):
                return


def _check(window_s: float, hop_s: float) -> None:
    if not (0 < hop_s <= window_s and math.isfinite(window_s)):
        raise ValueError(f"windows need 0 < hop_s <= window_s, not a hop of {hop_s} s and a window of {window_s} s")


def _unbounded_places(sample_rate: int, window_s: float, hop_s: float) -> Iterator[tuple[int, int]]:
    stop = 0
    for number in itertools.count():
        start = min(round(number * hop_s * sample_rate), stop)  # rounding must not skip a sample
        stop = max(round((number * hop_s + window_s) * sample_rate), start + 1)
        yield start, stop


class _Held:
    """The part of a stream of samples that is still needed."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._parts: list[Samples] = []
        self._start = 0
        self._stop = 0

    def reaches(self, stop: int) -> bool:
        """Read on until sample number ``stop - 1`` is held or the stream ends, and return which."""
        while self._stop < stop:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._parts.append(block)
            self._stop += len(block)
        return True

    def between(self, start: int, stop: int) -> Samples:
        """Return samples from `start` up to `stop` or the end, and forget what is before `start`."""
        self.reaches(stop)
        held = np.concatenate(self._parts)[start - self._start :]
        self._parts, self._start = [held], start
        return held[: stop - start].copy()
