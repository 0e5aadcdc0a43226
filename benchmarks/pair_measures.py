"""Measures between two log-mels, against their plain formulas, for an original of 22 s and its five copies.

Run: ``python -m benchmarks pair_measures``. Log-mels of ``clotho-baseline``'s kind: a frame every 20 ms, 64 mels. The
peers go window by window over (mels, frames), as the prior work did, with numpy's correlation coefficient or librosa's
compiled dynamic time warping; for ``dtw`` it is librosa's own subsequence form. BLAS has one thread.
"""

from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auricle.comparison import PAIR_MEASURES

from .comparison import Row, in_turns, row

FRAMES_PER_S, N_MELS = 50, 64
ORIGINAL_S, COPIES_S, N_COPIES = 22, (30, 10), 5
TOLERANCE = 1e-7

LogMel = NDArray[np.floating[Any]]
Pairs = list[tuple[LogMel, LogMel]]


def windows(shorter: LogMel, longer: LogMel) -> list[LogMel]:
    """Return the runs of the longer that are as long as the shorter, all (mels, frames)."""
    n_frames = shorter.shape[1]
    return [longer[:, lag : lag + n_frames] for lag in range(longer.shape[1] - n_frames + 1)]


def plain_correlations(shorter: LogMel, longer: LogMel) -> list[float]:
    return [np.corrcoef(shorter.flatten(), window.flatten())[0, 1] for window in windows(shorter, longer)]


def plain_wcc(shorter: LogMel, longer: LogMel) -> float:
    return 1 - max(plain_correlations(shorter, longer))


def plain_prior_wcc(shorter: LogMel, longer: LogMel) -> float:
    return float(1 - np.mean(plain_correlations(shorter, longer)))


def plain_prior_dtw(shorter: LogMel, longer: LogMel) -> float:
    first, second = ((log_mel - log_mel.min()) / np.ptp(log_mel) for log_mel in (shorter, longer))
    costs = np.array(
        [librosa.sequence.dtw(X=first.T, Y=window.T, backtrack=False)[-1, -1] for window in windows(first, second)]
    )
    return float(((costs - costs.min()) / np.ptp(costs)).mean())


def plain_dtw(shorter: LogMel, longer: LogMel) -> float:
    """Return the mean distance of the frames on librosa's path."""
    accumulated, path = librosa.sequence.dtw(X=shorter, Y=longer, subseq=True)
    return float(accumulated[-1].min() / len(path))


PEERS: dict[str, tuple[str, Callable[[LogMel, LogMel], float], int]] = {
    "dtw": ("librosa, subseq=True", plain_dtw, 9),
    "wcc": ("np.corrcoef per window", plain_wcc, 9),
    "prior_wcc": ("np.corrcoef per window", plain_prior_wcc, 9),
    "prior_dtw": ("librosa per window", plain_prior_dtw, 3),
}


def rows() -> list[Row]:
    """Return one row per measure and duration of the copies."""
    with threadpool_limits(limits=1):
        return [compared(name, copy_s) for name in PEERS for copy_s in COPIES_S]


def compared(name: str, copy_s: int) -> Row:
    peer, plain, repetitions = PEERS[name]
    pairs = drawn_pairs(copy_s)
    turned = [tuple(np.ascontiguousarray(log_mel.T) for log_mel in pair) for pair in pairs]

    def ours() -> list[float]:
        return [PAIR_MEASURES.get(name).compare(*pair).value for pair in pairs]

    def theirs() -> list[float]:
        return [plain(*pair) for pair in turned]

    np.testing.assert_allclose(ours(), theirs(), rtol=TOLERANCE)
    own_times, their_times = in_turns(ours, theirs, repetitions=repetitions)
    return row(
        f"{name}, {ORIGINAL_S} s against {copy_s} s",
        peer=peer,
        ours=own_times,
        theirs=their_times,
        amount=N_COPIES,
        unit="pairs",
        note=f"one thread; results within {TOLERANCE:g}",
    )


def drawn_pairs(copy_s: int) -> Pairs:
    """Return the original with each of its copies, the shorter of the two first, (frames, mels)."""
    draw = np.random.default_rng(0)
    original, *copies = (
        draw.normal(-6, 3, (FRAMES_PER_S * duration_s, N_MELS)).astype(np.float32)
        for duration_s in (ORIGINAL_S, *[copy_s] * N_COPIES)
    )
    return [(original, copy) if len(original) <= len(copy) else (copy, original) for copy in copies]
