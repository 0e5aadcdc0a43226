"""A finished run read back: what it was made from, how it learned, and what it answered to every query."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auricle.errors import DataError
from auricle.evaluation import Ranks, read_ranks
from auricle.places import shown
from auricle.storage import read_json
from auricle.training import RunConfig, RunFolder

_ANEW = "Remove it, and the command that wrote it writes it again."


@dataclass(frozen=True, eq=False)
class RunResult:
    """One finished run on one split.

    Attributes:
        name: Of its folder.
        path: Its folder.
        config: All settings.
        collection: What it learned from and validated on: ``collection.json``.
        environment: Versions, machine, seed, encoders with licence and source: ``environment.json``.
        history: One row per epoch, as ``metrics.jsonl`` has them.
        summary: ``finished.json``.
        split: What `ranks` are about.
        ranks: Per direction, ``text_to_audio`` and ``audio_to_text``.
        scoring: How they were counted: the settings of the section ``evaluation``.
    """

    name: str
    path: Path
    config: RunConfig
    collection: Mapping[str, Any]
    environment: Mapping[str, Any]
    history: tuple[Mapping[str, float], ...]
    summary: Mapping[str, Any]
    split: str
    ranks: Mapping[str, Ranks]
    scoring: Mapping[str, Any]

    def measures(self) -> dict[str, float]:
        """Return every measure of both directions: ``text_to_audio/mAP@10`` ..."""
        return {
            f"{direction}/{name}": value
            for direction, ranks in self.ranks.items()
            for name, value in ranks.measures().items()
        }


def read_result(run: RunFolder, *, split: str) -> RunResult:
    """Read a finished run that was evaluated on a split.

    Args:
        run: Its folder.
        split: As `auricle evaluate --split` wrote it.

    Raises:
        ConfigError: If this is no run.
        DataError: If it is not finished, or was not evaluated on this split.
        StorageError: If one of its files is damaged.
    """
    config = run.read_config()
    summary = run.read_summary()
    if summary is None:
        raise DataError(f"{shown(run.path)} is not finished. `auricle train --resume {run.path}` goes on with it.")
    folder = run.path / "evaluation" / split
    if not (folder / "measures.json").is_file():
        raise DataError(
            f"{shown(run.path)} was not evaluated on {split!r}. `auricle evaluate {run.path} --split {split}` does it."
        )
    measured = read_json(folder / "measures.json", advice=_ANEW)
    return RunResult(
        name=run.path.absolute().name,
        path=run.path,
        config=config,
        collection=read_json(run.collection, advice=_ANEW),
        environment=read_json(run.environment, advice=_ANEW),
        history=tuple(run.read_history()),
        summary=summary,
        split=split,
        ranks={
            direction: read_ranks(folder / f"ranks-{direction}.csv") for direction in ("text_to_audio", "audio_to_text")
        },
        scoring=measured["scoring"],
    )
