"""The two scores of the prior work, exactly as it computed them: for its tables, not for judging sounds.

Both slide a window as long as the first clip over the second and take a mean over all windows:

- `prior_wcc` is 1 - the mean correlation. Only one lag is the right one: the mean over all of them mostly says how
  evenly the clips are filled.
- `prior_dtw` warps along the mels, not in time: what it pairs are whole mels as vectors over the frames. The costs of
  the windows are then scaled to [0, 1] within the pair before their mean is taken, which removes the distance itself:
  equal sounds and unlike ones may both score 0.5, and a single window always scores 0.

The first clip is the one that fits into the second: neither is swapped here. Where its generated clips were the shorter
ones, the prior work gave the generated clip first.

Conventions: log-mels are (frames, mels), as everywhere; the prior work's were (mels, frames).
Source: the prior work's own functions, which gave the numbers that the tests hold these to.
"""

import numpy as np
import scipy.fft

from auricle.comparison.correlation import correlations, over_windows
from auricle.comparison.warping import FloatArray, LogMel, PairDistance, check_pair, no_distance

_EQUAL = 1e-9  # relative: costs of windows that differ by less are equal but for rounding


def prior_wcc(first: LogMel, second: LogMel) -> PairDistance:
    """Return 1 - the mean over all lags of the correlation of `first` with its window of `second`.

    Args:
        first: Of shape (frames, mels).
        second: Of shape (frames, mels), with as many mels and no fewer frames.

    Returns:
        A value within [0, 2]. A note if a window or `first` is constant, or `first` is the longer one or empty.

    Raises:
        ValueError: If the log-mels are not (frames, mels) with the same mels, or hold what is not finite.

    Example:
        >>> prior_wcc(np.array([[0.0], [1.0]]), np.array([[2.0], [5.0], [1.0]]))  # correlations 1 and -1
        PairDistance(value=1.0, where=None, note='')
    """
    check_pair(first, second)
    if note := _no_window(first, second):
        return no_distance(note)
    value = float(1 - correlations(first, second).mean())  # scaling the features would change no correlation
    if np.isnan(value):
        return no_distance("a window of a clip's log-mel is constant, as silence is: no mean over all windows")
    return PairDistance(value)


def prior_dtw(first: LogMel, second: LogMel) -> PairDistance:
    """Return the mean of the windows' costs of warping along the mels, scaled to [0, 1] within this pair.

    Args:
        first: Of shape (frames, mels).
        second: Of shape (frames, mels), with as many mels and no fewer frames.

    Returns:
        A value within [0, 1], 0 if all costs are equal. A note if `first` is the longer one or empty.

    Raises:
        ValueError: If the log-mels are not (frames, mels) with the same mels, or hold what is not finite.

    Example:
        >>> prior_dtw(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0], [0.0], [1.0]])).value  # costs 0, 1.41 and 0
        0.3333333333333333
    """
    check_pair(first, second)
    if note := _no_window(first, second):
        return no_distance(note)
    costs = mel_warping_costs(_scaled(first), _scaled(second))
    low, high = costs.min(), costs.max()
    if high - low <= _EQUAL * high:
        return PairDistance(0.0)
    return PairDistance(float(((costs - low) / (high - low)).mean()))


def mel_warping_costs(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the summed distance of the best warping path from mel to mel, for each window of `second`.

    A path runs from the lowest mel of both to the highest; what it pairs are mels as vectors over the window's frames.

    Args:
        first: Of shape (frames, mels), at least one frame.
        second: Of shape (frames, mels), with as many mels and no fewer frames.

    Returns:
        Shape (windows,), the window at lag 0 first.

    Example:
        >>> mel_warping_costs(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0], [4.0]])).round(3)
        array([0.   , 3.162])
    """
    n_windows, n_mels = len(second) - len(first) + 1, first.shape[1]
    n_fft = scipy.fft.next_fast_len(len(second))
    mel_spectra = scipy.fft.fft(first, n_fft, axis=0).T.conj()
    mel_squares = np.einsum("fm,fm->m", first, first)
    even = np.zeros((n_fft, n_mels + n_mels % 2))
    even[: len(second), :n_mels] = second
    window_spectra = scipy.fft.fft(even.view(np.complex128), axis=0)  # two mels are one complex signal
    window_squares = over_windows(second**2, len(first)).T
    path = np.full((n_mels + 1, n_windows), np.inf)
    path[0] = 0
    for spectrum, square in zip(mel_spectra, mel_squares, strict=True):
        products = scipy.fft.ifft(spectrum[:, None] * window_spectra, axis=0, overwrite_x=True)[:n_windows]
        distances = np.sqrt(np.maximum(square + window_squares - 2 * products.view(np.float64)[:, :n_mels].T, 0))
        enter = np.minimum(path[1:], path[:-1])
        path[0] = np.inf
        for mel in range(n_mels):
            np.minimum(enter[mel], path[mel], out=path[mel + 1])
            path[mel + 1] += distances[mel]
    return np.asarray(path[-1])


def _scaled(log_mel: LogMel) -> FloatArray:
    """Return the log-mel scaled to [0, 1]; a constant one as it is, as in the prior work."""
    low, high = np.float64(log_mel.min()), np.float64(log_mel.max())
    return (log_mel - low) / (high - low) if high > low else log_mel.astype(np.float64)


def _no_window(first: LogMel, second: LogMel) -> str:
    if len(first) == 0:
        return "the first clip has no frames"
    if len(first) > len(second):
        return f"the first clip has {len(first)} frames, the second {len(second)}: no window; give the shorter first"
    return ""
