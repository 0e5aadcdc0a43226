"""A million windows in a store: building, size, exact and approximate search, recall@10.

Run: ``python -m benchmarks.vectors [WINDOWS ...]``, by default 100,000 and 1,000,000; the larger takes five minutes and
6 GB of disk for a while. ``python -m benchmarks vectors`` is one row: exact search against LanceDB's own scan.

The vectors have 300 dimensions, 5,000 kinds of sound, and nothing in common within a kind but its centre (the cosine of
two of a kind is 0.6 on average); questions are drawn as the windows are. What is timed is the nearest ten from a vector
of length 1, as `auricle.search` asks for them, one question after the other; the first three are not counted.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auricle.search.fingerprints import SIZE
from auricle.search.lance import LanceStore
from auricle.search.recall import recall_of
from auricle.search.records import Said, SoundFile, Stamp, Windows

from .comparison import Row, in_turns, row

DIM = 300
SIZES = (100_000, 1_000_000)
K = 10

_KINDS = 5_000
_SPREAD = 0.8
_QUESTIONS = 200
_AT_ONCE = 20_000

Vectors = NDArray[np.float32]


def drawn(count: int, *seed: int) -> Vectors:
    """Return vectors (count, DIM) of length 1."""
    centres = np.random.default_rng(0).standard_normal((_KINDS, DIM), np.float32)
    random = np.random.default_rng([1, *seed])
    vectors = centres[random.integers(0, _KINDS, count)]
    vectors += _SPREAD * random.standard_normal((count, DIM), np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def fill(store: LanceStore, n_windows: int) -> None:
    """Add windows, each of a file of its own."""
    blank = np.zeros((1, SIZE), np.float16)
    for start in range(0, n_windows, _AT_ONCE):
        vectors = drawn(min(_AT_ONCE, n_windows - start), start)
        store.add(
            [
                (
                    SoundFile(
                        path=f"folder {(start + number) // 100}/sound {start + number}.wav",
                        content=f"{start + number:032x}",
                        stamp=Stamp(0, 0, ""),
                        said=Said("CC0", "a tag", "A caption of a usual length, which says what is heard."),
                        duration_s=10.0,
                        sample_rate=44_100,
                        channels=1,
                    ),
                    Windows((0.0,), (10.0,), vector[None], blank),
                )
                for number, vector in enumerate(vectors)
            ]
        )


def percentiles_ms(ask: Callable[[Vectors], object], questions: Vectors) -> tuple[float, float]:
    """Return the median and the 99th percentile of the time a question takes, in milliseconds."""
    taken = []
    for question in questions:
        began = time.perf_counter()
        ask(question)
        taken.append(time.perf_counter() - began)
    p50, p99 = np.percentile(taken[3:], [50, 99]) * 1e3
    return float(p50), float(p99)


def measured(n_windows: int, folder: Path) -> list[str]:
    """Return the cells of one line of the table."""
    import psutil

    questions = drawn(_QUESTIONS)
    store = LanceStore(folder, dim=DIM)
    began = time.perf_counter()
    fill(store, n_windows)
    store.tidy()
    added_s = time.perf_counter() - began
    began = time.perf_counter()
    store.build_approximate()
    built_s = time.perf_counter() - began
    store.tidy(kept=timedelta(0))
    size_gb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9
    view = store.view()
    exact = percentiles_ms(partial(_nearest, view, exact=True), questions)
    near = percentiles_ms(partial(_nearest, view, exact=False), questions)
    memory_gb = psutil.Process().memory_info().rss / 1e9
    recall = recall_of(view, questions)
    return [
        f"{n_windows:,}",
        f"{added_s:.0f} s",
        f"{built_s:.0f} s",
        f"{size_gb:.2f} GB",
        f"{exact[0]:.0f} ms, {exact[1]:.0f} ms",
        f"{near[0]:.0f} ms, {near[1]:.0f} ms",
        f"{recall:.3f}",
        f"{memory_gb:.1f} GB",
    ]


def _nearest(view: object, question: Vectors, *, exact: bool) -> object:
    return view.nearest(question, limit=K, where="", exact=exact)  # type: ignore[attr-defined]


def rows() -> list[Row]:
    """Return one row: exact search in memory against LanceDB's scan of the same table."""
    questions = drawn(20)
    with tempfile.TemporaryDirectory() as folder:
        fill(LanceStore(Path(folder), dim=DIM), SIZES[0])
        in_memory = LanceStore(Path(folder), dim=DIM).view()
        scanned = LanceStore(Path(folder), dim=DIM, in_memory=0).view()
        for question in questions[:3]:
            ours, theirs = (view.nearest(question, limit=K, where="", exact=True) for view in (in_memory, scanned))
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_allclose(ours[1], theirs[1], atol=1e-5)

        def ask(view: object) -> None:
            for question in questions:
                _nearest(view, question, exact=True)

        our_time, their_time = in_turns(partial(ask, in_memory), partial(ask, scanned), repetitions=5)
    return [
        row(
            f"exact search, nearest {K} of {SIZES[0]:,} windows ({DIM},)",
            peer="LanceDB's scan of the same table",
            ours=our_time,
            theirs=their_time,
            amount=len(questions),
            unit="queries",
            note="the same windows, cosines equal within 1e-05",
        )
    ]


def main(sizes: list[int]) -> None:
    """Print the table."""
    header = (
        *("windows", "adding", "approximate index", "on disk", "exact p50, p99", "approximate p50, p99"),
        *("recall@10", "memory"),
    )
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}", flush=True)
    for n_windows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {' | '.join(measured(n_windows, Path(folder)))} |", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(SIZES))
