"""`auricle runs list`: the runs in a folder, how far they are and how good.

A run is a folder that `auricle train` has written; it may lie at any depth, as the runs of an experiment do. A run
whose sounds are still being described for the first time is not listed yet.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from auricle import object_store, progress
from auricle.errors import AuricleError, ConfigError
from auricle.places import local, shown
from auricle.registry import did_you_mean
from auricle.storage import holder, read_json
from auricle.training import RunFolder
from auricle.training.loop import SELECTED_BY
from auricle.training.run_folder import is_small

State = Literal["finished", "training", "interrupted", "begun", "damaged"]

_DIRECTION = "text_to_audio"
_SELECTED = f"validation/{SELECTED_BY}"
_LOW_IS_GOOD = ("loss", "median rank")


@dataclass(frozen=True)
class ListedRun:
    """A run at a glance.

    Attributes:
        name: Its path inside the folder that is listed.
        path: Its folder.
        state: ``training`` while a process holds it; ``interrupted`` after its first epoch or first saved step,
            ``begun`` before; ``damaged`` if one of its files cannot be read.
        remark: Who trains it, or what is damaged; empty otherwise.
        begun: When its first sitting began.
        epochs: That are done.
        best_epoch: By validation mAP@10, counted from 1; None before the first.
        seconds: That it was trained; None until it is finished.
        measures: Of the best epoch as ``validation/text_to_audio/mAP@10`` ..., and of every split it was evaluated on
            as ``evaluation/text_to_audio/mAP@10`` ...
    """

    name: str
    path: Path
    state: State
    remark: str
    begun: datetime
    epochs: int
    best_epoch: int | None
    seconds: float | None
    measures: Mapping[str, float]


def is_run(folder: Path) -> bool:
    """Return whether `auricle train` has written this folder."""
    return (folder / "config.yaml").is_file() and (folder / "collection.json").is_file()


def find_runs(folder: Path) -> list[RunFolder]:
    """Return the runs in a folder, at any depth, in the order of their paths, or the folder itself if it is one.

    Hidden folders are passed over.

    Raises:
        ConfigError: If there is no such folder.
    """
    object_store.pull(folder, wanted=is_small, watch=progress.track)
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {shown(folder)}. `auricle train` makes runs; --runs says where.")
    return [RunFolder(folder)] if is_run(folder) else [RunFolder(path) for path in _walk(folder, set())]


def find_run(name: str, folder: Path) -> RunFolder:
    """Return a run by its name in a folder of runs, or by its own path.

    Raises:
        ConfigError: If there is none; the nearest name is named.
    """
    for place in (folder / name, local(name)):
        RunFolder(place).take_in()
        if is_run(place):
            return RunFolder(place)
    known = [str(run.path.relative_to(folder)) for run in find_runs(folder)] if folder.is_dir() else []
    raise ConfigError(
        f"There is no run {name!r} in {shown(folder)}, and no such folder.{did_you_mean(name, known)} "
        f"`auricle runs list {shown(folder)}` lists those there are."
    )


def list_runs(folder: Path, *, sort: str = "name") -> list[ListedRun]:
    """Return the runs in a folder.

    Args:
        folder: The folder, or a run.
        sort: ``name``, ``date`` (the latest first), or a measure (the best first): ``mAP@10`` of the best epoch,
            ``evaluation/mAP@10`` of an evaluation, ``audio_to_text/R@1``, ``loss``. What lacks it comes last.

    Raises:
        ConfigError: If there is no such folder, or no run has such a measure.
    """
    runs = [_listed(run, folder) for run in find_runs(folder)]
    if sort == "name":
        return runs
    if sort == "date":
        return sorted(runs, key=lambda run: run.begun, reverse=True)
    key = measure_key(sort, runs)
    sign = 1 if key.endswith(_LOW_IS_GOOD) else -1
    return sorted(runs, key=lambda run: sign * run.measures.get(key, sign * math.inf))


def measure_key(measure: str, runs: Sequence[ListedRun]) -> str:
    """Return the full name of a measure that runs have: of ``R@1``, ``validation/text_to_audio/R@1``.

    Raises:
        ConfigError: If none has it.
    """
    known = sorted({key for run in runs for key in run.measures})
    split, _, rest = measure.partition("/")
    for key in (measure, f"{split}/{_DIRECTION}/{rest}", f"validation/{measure}", f"validation/{_DIRECTION}/{measure}"):
        if key in known:
            return key
    near = did_you_mean(measure, [*known, *(key.rpartition("/")[2] for key in known)])
    raise ConfigError(f"No run here has a measure {measure!r}.{near} Known are name, date, {', '.join(known)}.")


def measures_of(run: RunFolder) -> dict[str, float]:
    """Return the measures of a run's best epoch and of its evaluations by their full names.

    Raises:
        StorageError: If a file is damaged.
    """
    return _measures(run, _best_row(run))


def table(runs: Sequence[ListedRun], *, measure: str | None = None) -> str:
    """Return runs for a terminal, one per line.

    Args:
        runs: In the order of the lines.
        measure: Full name of one more measure that is shown.
    """
    evaluated = {key for run in runs for key in run.measures if key.endswith(SELECTED_BY)}
    keys = [_SELECTED, *sorted(evaluated - {_SELECTED})]
    if measure and measure not in keys:
        keys.append(measure)
    lines = [["run", "state", "epochs", "best", *map(_titled, keys), "begun", "took"]]
    for run in runs:
        values = [f"{run.measures[key]:.3f}" if key in run.measures else "-" for key in keys]
        begun = run.begun.astimezone().strftime("%Y-%m-%d %H:%M")
        best = str(run.best_epoch or "-")
        lines.append([run.name, run.state, str(run.epochs), best, *values, begun, _duration(run.seconds)])
    return aligned(lines, left=2)


def aligned(lines: Sequence[Sequence[str]], *, left: int) -> str:
    """Return cells in columns for a terminal, the first `left` of them aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([*map(str.ljust, line[:left], widths), *map(str.rjust, line[left:], widths[left:])]).rstrip()
        for line in lines
    )


def _walk(folder: Path, seen: set[Path]) -> Iterator[Path]:
    if (real := folder.resolve()) in seen:  # a link back
        return
    seen.add(real)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_dir():
            continue
        if is_run(path):
            yield path
        else:
            yield from _walk(path, seen)


def _listed(run: RunFolder, folder: Path) -> ListedRun:
    name = run.path.absolute().name if run.path == folder else str(run.path.relative_to(folder))
    begun = datetime.fromtimestamp(run.config.stat().st_mtime, tz=UTC)
    trained_by = holder(run.path)
    try:
        environment, summary, best = run.read_environment(), run.read_summary(), _best_row(run)
        epochs = summary["epochs"] if summary else len(run.read_history())
        begun = datetime.fromisoformat(environment["begun"]) if "begun" in environment else begun
        measures = _measures(run, best)
    except (AuricleError, KeyError, TypeError, ValueError) as error:
        remark = str(error) if isinstance(error, AuricleError) else "Its files hold something else than auricle writes."
        return ListedRun(name, run.path, "damaged", remark, begun, 0, None, None, {})
    if summary:
        state: State = "finished"
    elif trained_by:
        state = "training"
    else:
        state = "interrupted" if epochs or object_store.exists(run.resume) else "begun"
    return ListedRun(
        name=name,
        path=run.path,
        state=state,
        remark=f"by {trained_by}" if state == "training" else "",
        begun=begun,
        epochs=epochs,
        best_epoch=int(best["epoch"]) if best else None,
        seconds=summary["seconds"] if summary else None,
        measures=measures,
    )


def _best_row(run: RunFolder) -> Mapping[str, float]:
    """Return the row of the best epoch so far; nothing before the first."""
    if summary := run.read_summary():
        best: Mapping[str, float] = summary["best"]
        return best
    return max(run.read_history(), key=lambda row: row[_SELECTED], default={})


def _measures(run: RunFolder, best: Mapping[str, float]) -> dict[str, float]:
    measures = {key: value for key, value in best.items() if key.startswith("validation/")}
    for path in sorted(run.path.glob("evaluation/*/measures.json")):
        kept: Mapping[str, Any] = read_json(path, advice="Remove it, and `auricle evaluate` writes it again.")
        for direction in ("text_to_audio", "audio_to_text"):
            for name, value in kept[direction].items():
                measures.setdefault(f"{path.parent.name}/{direction}/{name}", value)
    return measures


def _titled(key: str) -> str:
    split, _, rest = key.partition("/")
    return f"{split} {rest.removeprefix(f'{_DIRECTION}/')}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
