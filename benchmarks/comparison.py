"""How two ways of doing the same are timed and told: in turns, in one run.

Turns (ours, peer, ours, peer ...) let a machine that grows slower or busier hit both. A time is the median of its
runs, and the best run stands behind it in brackets: on a busy machine the two drift apart, and the best ones are the
fairer pair. A ratio is the peer's time by ours, above 1 when we are faster, of medians and then of best runs.
"""

import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median

import torch

from auricle.errors import ModelError

Row = dict[str, str]
"""A line of the table: ``what, peer, ours, peer_time, ratio, note``."""

_COLUMNS = {"what": "what", "ours": "auricle", "peer": "peer", "peer_time": "peer's", "ratio": "ratio", "note": "note"}
_PACKAGES = ("torch", "numpy", "scipy", "librosa", "h5py")


@dataclass(frozen=True)
class Durations:
    """How long the runs of one call took, in seconds."""

    runs_s: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The median of all runs."""
        return median(self.runs_s)

    @property
    def best_s(self) -> float:
        """The shortest run."""
        return min(self.runs_s)

    def told(self, *, amount: int, unit: str) -> str:
        """Return median and best run, as a time or as so many units per second."""
        if unit:
            return f"{amount / self.median_s:,.0f} {unit}/s ({amount / self.best_s:,.0f})"
        return f"{_seconds(self.median_s)} ({_seconds(self.best_s)})"


def in_turns(*calls: Callable[[], object], repetitions: int) -> list[Durations]:
    """Run all calls one after the other, so many times, and return how long each took."""
    runs_s: list[list[float]] = [[] for _ in calls]
    for _ in range(repetitions):
        for call, taken in zip(calls, runs_s, strict=True):
            start_s = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start_s)
    return [Durations(tuple(taken)) for taken in runs_s]


def row(what: str, *, peer: str, ours: Durations, theirs: Durations, note: str, amount: int = 1, unit: str = "") -> Row:
    """Return a line of the table; with a `unit`, what is done in a second, of `amount` units per run."""
    return {
        "what": what,
        "peer": peer,
        "ours": ours.told(amount=amount, unit=unit),
        "peer_time": theirs.told(amount=amount, unit=unit),
        "ratio": f"{_ratio(theirs.median_s / ours.median_s)} ({_ratio(theirs.best_s / ours.best_s)})",
        "note": note,
    }


def print_table(benchmarks: Mapping[str, Callable[[], list[Row]]]) -> None:
    """Run benchmarks by name and print their lines as one Markdown table, each as soon as it is there.

    A benchmark whose model is not in the cache has one line, which says how to get it.
    """
    print(f"{_machine()}; load {_load()} at the start.")
    print("Medians of runs in turns (best runs); ratio: peer's time by ours.\n")
    print(_line(_COLUMNS.values()))
    print(_line("---" for _ in _COLUMNS), flush=True)
    for name, benchmark in benchmarks.items():
        try:
            lines = benchmark()
        except ModelError as error:
            lines = [{**dict.fromkeys(_COLUMNS, "-"), "what": name, "note": str(error)}]
        for line in lines:
            print(_line(line[column] for column in _COLUMNS), flush=True)
    print(f"\nLoad {_load()} at the end.")


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {torch.get_num_threads()} torch threads, "
        f"python {platform.python_version()}, {packages}"
    )


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
