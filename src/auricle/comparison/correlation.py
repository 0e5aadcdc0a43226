"""How alike two sounds are when one only starts later: windowed cross-correlation.

The shorter log-mel is laid over each run of equally many frames of the longer, its window at one lag; the Pearson
correlation of the two is taken over all their values, frames and mels alike. The distance is 1 - r at the best lag.

All lags come from one Fourier transform of each log-mel and running sums over the longer. Two neighbouring mels are
the real and imaginary part of one complex signal: the real part of the correlation of two such signals is the sum over
their mels, which halves the transforms.

Conventions: log-mels are (frames, mels); whatever their type, correlations are float64.
Source: J. P. Lewis, Fast Normalized Cross-Correlation, Vision Interface, 1995.
"""

import numpy as np
import scipy.fft

from auricle.comparison.warping import FloatArray, LogMel, PairDistance, check_pair, no_distance

_CONSTANT = 1e-12  # of the summed squares of what it was computed from: a variation below is a rounding error
_EQUAL = 1e-12  # correlations nearer than this are the same but for rounding


def wcc(first: LogMel, second: LogMel) -> PairDistance:
    """Return 1 - r at the lag where the shorter log-mel correlates best with its window of the longer.

    Windows that are constant, as silence is, have no correlation and are left out.

    Args:
        first: Of shape (frames, mels).
        second: Of shape (frames, mels), with as many mels and any number of frames.

    Returns:
        A value within [0, 2], and the frame of the longer at which the window starts; of equal ones, the earliest. A
        note if a log-mel has no frames, or the shorter or every window of the longer is constant.

    Raises:
        ValueError: If the log-mels are not (frames, mels) with the same mels, or hold what is not finite.

    Example:
        >>> sound = np.array([[0.0], [1.0], [3.0]])
        >>> wcc(sound, np.array([[9.0], [9.0], [5.0], [6.0], [8.0]]))
        PairDistance(value=0.0, where=2, note='')
    """
    check_pair(first, second)
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) == 0:
        return no_distance("a clip has no frames")
    found = correlations(shorter, longer)
    best = np.fmax.reduce(found)  # which passes over nan
    if np.isnan(best):
        constant = "the shorter clip" if np.ptp(shorter) == 0 else "every window of the longer clip"
        return no_distance(f"the log-mel of {constant} is constant, as silence is: it has no correlation")
    return PairDistance(float(1 - best), where=int(np.argmax(found >= best - _EQUAL)))


def correlations(shorter: LogMel, longer: LogMel) -> FloatArray:
    """Return the Pearson correlation of `shorter` with its window of `longer` at each lag.

    Args:
        shorter: Of shape (frames, mels), at least one frame.
        longer: Of shape (frames, mels), with as many mels and no fewer frames.

    Returns:
        Shape (lags,), lag 0 first, within [-1, 1]; nan where `shorter` or the window is constant.

    Example:
        >>> correlations(np.array([[0.0], [1.0]]), np.array([[2.0], [5.0], [5.0], [1.0]]))
        array([ 1., nan, -1.])
    """
    n_lags = len(longer) - len(shorter) + 1
    n_fft = scipy.fft.next_fast_len(len(longer))  # long enough for lags at which the window lies inside
    centred = np.zeros((2, n_fft, shorter.shape[1] + shorter.shape[1] % 2))  # one array: it is memory that takes time
    means = []
    for log_mel, own in zip((shorter, longer), centred, strict=True):
        values = own[: len(log_mel), : log_mel.shape[1]]
        values[:] = log_mel
        means.append(values.mean())
        values -= means[-1]
    squares = np.einsum("sfm,sfm->sf", centred, centred)
    energy, longer_energy = squares.sum(axis=1)
    if energy <= _CONSTANT * means[0] ** 2 * shorter.size or longer_energy <= _CONSTANT * means[1] ** 2 * longer.size:
        return np.full(n_lags, np.nan)
    sums = over_windows(np.einsum("fm->f", centred[1]), len(shorter))[:n_lags]
    variation = over_windows(squares[1], len(shorter))[:n_lags] - sums**2 / shorter.size
    variation[variation <= _CONSTANT * longer_energy] = np.nan
    spectra = scipy.fft.fft(centred.view(np.complex128), axis=1, overwrite_x=True)
    shared = scipy.fft.ifft(np.vecdot(*spectra)).real[:n_lags]
    return np.asarray(np.clip(shared / np.sqrt(energy * variation), -1, 1))


def over_windows(values: FloatArray, length: int) -> FloatArray:
    """Return the sum over each run of so many frames, (frames, ...) to (lags, ...).

    Example:
        >>> over_windows(np.array([1.0, 2.0, 4.0]), 2)
        array([3., 6.])
    """
    running = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    return np.asarray(running[length:] - running[:-length])
