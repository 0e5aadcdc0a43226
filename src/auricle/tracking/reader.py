"""A tracker in a process of its own: ``python -m auricle.tracking.reader NAME``.

Reads what `auricle.tracking.readers` writes, and the history from the run's folder. Exit status 0: everything was kept;
1: it was not, and the last line that was printed says why.
"""

import json
import os
import sys
from collections.abc import Iterator

from auricle.errors import AuricleError
from auricle.tracking.contract import Outcome, outcome_from_json, run_from_json
from auricle.tracking.trackers import TRACKERS


def main() -> None:
    """Follow one run to its end."""
    (name,) = sys.argv[1:]
    try:
        _follow(name, _take_channel())
    except Exception as error:
        reason = str(error) if isinstance(error, AuricleError) else f"{type(error).__name__}: {error}".rstrip(": ")
        print("\n" + " ".join(reason.split()), flush=True)
        os._exit(1)  # what a library does at exit may fail in its turn, or wait for ever


def _follow(name: str, lines: Iterator[str]) -> None:
    run = run_from_json(next(lines))
    tracker = TRACKERS.get(name)()
    tracker.begin(run)
    kept = 0
    outcome: Outcome | None = None
    for line in lines:
        if line.startswith("{"):
            outcome = outcome_from_json(line)
            continue
        epochs = json.loads(line)
        for row in run.rows()[kept:epochs]:
            tracker.log(row)
        kept = max(kept, epochs)
    tracker.finish(outcome)


def _take_channel() -> Iterator[str]:
    """Yield the lines of standard input, from which nobody else can read then: a library that asks gets no answer."""
    with os.fdopen(os.dup(0), encoding="utf-8") as lines:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        yield from lines


if __name__ == "__main__":
    main()
