"""What a tracker must do, and what it is told.

A tracker is told of the run, then of each epoch, then of the end. It is told everything in every sitting: when a run is
gone on with, the rows of the epochs that were done before come first, so that what it keeps is complete without it
having to know what it kept. A tracker may raise whatever it likes: its process ends, and the training does not.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

Row = Mapping[str, float]


@dataclass(frozen=True)
class TrackedRun:
    """A run as a tracker sees it.

    Attributes:
        name: Of its folder.
        id: The same in every sitting, and no other run's: 8 hexadecimal digits.
        folder: Where it lies; absolute.
        history: Its ``metrics.jsonl``: one row per epoch.
        config: All settings, nested, JSON-able.
        project: What it is filed under.
        online: Whether it may be sent anywhere.
    """

    name: str
    id: str
    folder: Path
    history: Path
    config: Mapping[str, Any]
    project: str = "auricle"
    online: bool = False

    def rows(self) -> list[Row]:
        """Return the rows that are there."""
        if not self.history.is_file():
            return []
        return [json.loads(line) for line in self.history.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Outcome:
    """What a finished run came to.

    Attributes:
        summary: As ``finished.json`` has it, JSON-able.
        pictures: PNG files.
        tables: CSV files.
    """

    summary: Mapping[str, Any]
    pictures: tuple[Path, ...] = ()
    tables: tuple[Path, ...] = ()


class Tracker(Protocol):
    """Something that shows runs elsewhere."""

    def begin(self, run: TrackedRun) -> None:
        """Begin to keep a run; what an earlier sitting kept of it is replaced or gone on with."""

    def log(self, row: Row) -> None:
        """Keep the numbers of an epoch; ``epoch`` and ``step`` are among them."""

    def finish(self, outcome: Outcome | None) -> None:
        """Keep what came out; None if this sitting ended before the run did."""


def to_json(told: TrackedRun | Outcome) -> str:
    """Return what a tracker is told as one line of JSON."""
    return json.dumps(asdict(told), default=str)


def run_from_json(line: str) -> TrackedRun:
    """Return the run that `to_json` wrote."""
    values = json.loads(line)
    return TrackedRun(**{**values, "folder": Path(values["folder"]), "history": Path(values["history"])})


def outcome_from_json(line: str) -> Outcome:
    """Return the outcome that `to_json` wrote."""
    values = json.loads(line)
    pictures, tables = (tuple(map(Path, values[kind])) for kind in ("pictures", "tables"))
    return Outcome(values["summary"], pictures, tables)
