"""Scoring Clotho's evaluation split, 5225 captions and 1045 clips, against a plain loop over the queries.

Run: ``python benchmarks/scoring.py``. Each line is one case, both sides timed in this run on the same float32 matrix,
the best of several repetitions; every per-query result of the two is asserted equal. Peak memory is the input's bytes
and what tracemalloc saw on top of them.
"""

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from auricle.evaluation import RetrievalResult, score_both_directions

N_CLIPS, CAPTIONS_PER_CLIP, N_LABELS = 1045, 5, 50

T = TypeVar("T")
PerQuery = tuple[list[int], list[float]]


def by_loop(similarity: NDArray[np.float32], relevance: NDArray[np.bool_]) -> PerQuery:
    """Return best rank and average precision at 10 of each query, one sort per query."""
    best_ranks, average_precisions = [], []
    for scores, relevant in zip(similarity, relevance, strict=True):
        order = np.argsort(-scores)
        ranks = np.flatnonzero(relevant[order]) + 1
        precisions = np.arange(1, len(ranks) + 1) / ranks
        best_ranks.append(int(ranks[0]))
        average_precisions.append(float(precisions[ranks <= 10].sum() / len(ranks)))
    return best_ranks, average_precisions


def loop_both_directions(similarity: NDArray[np.float32], relevance: NDArray[np.bool_]) -> tuple[PerQuery, PerQuery]:
    return by_loop(similarity, relevance), by_loop(similarity.T, relevance.T)


def cases() -> list[tuple[str, NDArray[np.int64] | NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return per case its name, relevance as auricle is given it, and as the loop needs it."""
    own = np.arange(N_CLIPS * CAPTIONS_PER_CLIP) // CAPTIONS_PER_CLIP
    label = np.arange(N_CLIPS) % N_LABELS
    by_label = label[own][:, None] == label
    return [
        ("scoring, own clip, both directions", own, own[:, None] == np.arange(N_CLIPS)),
        ("scoring, clips of the same label, both directions", by_label, by_label),
    ]


def rows() -> list[dict[str, str]]:
    """Return one row per case: ``what, peer, ours, peer_time, ratio, note``."""
    similarity = np.random.default_rng(0).standard_normal((N_CLIPS * CAPTIONS_PER_CLIP, N_CLIPS)).astype(np.float32)
    table = []
    for what, relevance, matrix in cases():
        ours, results = timed(partial(score_both_directions, similarity, relevance), repetitions=7)
        theirs, expected = timed(partial(loop_both_directions, similarity, matrix), repetitions=3)
        for result, (best_ranks, average_precisions) in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result.best_rank, best_ranks)
            np.testing.assert_allclose(result.average_precision, average_precisions, rtol=1e-12)
        input_bytes = similarity.nbytes + relevance.nbytes
        peak = input_bytes + peak_bytes(partial(score_both_directions, similarity, relevance))
        table.append(
            {
                "what": what,
                "peer": "one argsort per query",
                "ours": f"{ours:.3f} s",
                "peer_time": f"{theirs:.3f} s",
                "ratio": f"{theirs / ours:.1f}",
                "note": f"peak {peak / 1e6:.0f} MB, {input_bytes / 1e6:.0f} MB of it the input; results equal",
            }
        )
    return table


def timed(call: Callable[[], T], *, repetitions: int) -> tuple[float, T]:
    """Return the shortest duration in seconds and the result."""
    durations_s = []
    for _ in range(repetitions):
        start_s = time.perf_counter()
        result = call()
        durations_s.append(time.perf_counter() - start_s)
    return min(durations_s), result


def peak_bytes(call: Callable[[], tuple[RetrievalResult, RetrievalResult]]) -> int:
    """Return the most memory that `call` held at once."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    for row in rows():
        print("{what}: {ours}; {peer}: {peer_time}; ratio {ratio}; {note}".format(**row))


if __name__ == "__main__":
    main()
