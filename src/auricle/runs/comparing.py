"""`auricle runs compare`: in what runs differ, how good each is, and whether that is more than the choice of clips.

The first run is what the others are compared with. p-values are of single comparisons; of many, some are small by
chance (`auricle.evaluation.holm`), and one seed per configuration says nothing about training again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auricle import config
from auricle.errors import ConfigError, DataError
from auricle.evaluation import Difference, Ranks, compare_ranks, read_ranks
from auricle.runs.evaluating import DIRECTIONS
from auricle.runs.listing import aligned, measures_of
from auricle.storage import read_json
from auricle.training import RunFolder
from auricle.training.run_folder import IMMATERIAL


@dataclass(frozen=True)
class RunDifference:
    """How much better one run is than another by one measure.

    Attributes:
        run: Name of the run.
        baseline: Name of the run it is compared with.
        split: The clips that were asked about.
        direction: ``text_to_audio`` or ``audio_to_text``.
        of: Both values, their difference, its interval and p-value.
    """

    run: str
    baseline: str
    split: str
    direction: str
    of: Difference


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: Their names; the first is the baseline.
        settings: Each setting that is not the same in all, by its dotted name -> its value in each run.
        measures: Each measure by its full name -> its value in each run, None where it was not measured.
        differences: Of every other run to the baseline.
        remarks: Sentences: what could not be compared, and why.
    """

    runs: tuple[str, ...]
    settings: Mapping[str, tuple[Any, ...]]
    measures: Mapping[str, tuple[float | None, ...]]
    differences: tuple[RunDifference, ...]
    remarks: tuple[str, ...]


def compare_runs(runs: Sequence[RunFolder], *, split: str | None = None) -> RunComparison:
    """Put runs side by side.

    Args:
        runs: At least two; the first is the baseline.
        split: What the differences are about. By default the splits that all were evaluated on; if there are none, the
            validation of the training.

    Raises:
        ConfigError: If there are fewer than two, or one is no run.
        StorageError: If a file of one is damaged.
    """
    if len(runs) < 2:
        raise ConfigError("A comparison needs two runs or more.")
    names = _names([run.path for run in runs])
    measures = [measures_of(run) for run in runs]
    keys = list(dict.fromkeys(key for values in measures for key in values))
    differences: list[RunDifference] = []
    remarks: list[str] = []
    for about in (split,) if split else _common_splits(runs):
        for run, name in zip(runs[1:], names[1:], strict=True):
            try:
                found = _differences(runs[0], run, about)
            except DataError as error:
                remarks.append(f"{name} and {names[0]} cannot be compared on {about}: {error}")
                continue
            differences += [RunDifference(name, names[0], about, direction, of) for direction, of in found]
    return RunComparison(
        runs=names,
        settings=_differing_settings(runs),
        measures={key: tuple(values.get(key) for values in measures) for key in keys},
        differences=tuple(differences),
        remarks=tuple(remarks),
    )


def comparison_table(comparison: RunComparison) -> str:
    """Return a comparison for a terminal."""
    parts = []
    if comparison.settings:
        rows = [[key, *map(_shown, values)] for key, values in comparison.settings.items()]
        parts.append(aligned([["setting", *comparison.runs], *rows], left=1 + len(comparison.runs)))
    rows = [[key, *map(_shown, values)] for key, values in comparison.measures.items()]
    parts.append(aligned([["measure", *comparison.runs], *rows], left=1))
    if comparison.differences:
        confidence = f"{comparison.differences[0].of.confidence:.0%} interval"
        rows = [
            [
                f"{one.run} - {one.baseline}",
                f"{one.split}/{one.direction}/{one.of.measure}",
                f"{one.of.difference:+.3f}",
                f"[{one.of.low:+.3f}, {one.of.high:+.3f}]",
                f"{one.of.p_value:.4f}",
            ]
            for one in comparison.differences
        ]
        parts.append(aligned([["difference", "of", "", confidence, "p"], *rows], left=2))
    return "\n\n".join(parts)


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the names of folders, or their paths where two are called alike."""
    names = tuple(path.absolute().name for path in paths)
    return names if len(set(names)) == len(names) else tuple(map(str, paths))


def _differing_settings(runs: Sequence[RunFolder]) -> dict[str, tuple[Any, ...]]:
    flat = [config.flat(run.read_config().model_dump(mode="json", exclude=IMMATERIAL)) for run in runs]
    keys = dict.fromkeys(key for values in flat for key in values)
    return {
        key: tuple(values.get(key) for values in flat)
        for key in keys
        if any(flat[0].get(key) != v.get(key) for v in flat)
    }


def _common_splits(runs: Sequence[RunFolder]) -> list[str]:
    evaluated = [{path.parent.name for path in run.path.glob("evaluation/*/measures.json")} for run in runs]
    return sorted(set.intersection(*evaluated)) or [runs[0].read_config().training.validation_split]


def _differences(baseline: RunFolder, run: RunFolder, split: str) -> list[tuple[str, Difference]]:
    before, after = (_scoring(one, split) for one in (baseline, run))
    if lines := config.differences(before, after):
        raise DataError(f"They were scored in different ways ({'; '.join(lines)}).")
    return [
        (direction, difference)
        for direction in DIRECTIONS
        for difference in compare_ranks(_ranks(baseline, split, direction), _ranks(run, split, direction)).values()
    ]


def _scoring(run: RunFolder, split: str) -> dict[str, Any]:
    """Return how the ranks of a split were counted."""
    path = run.path / "evaluation" / split / "measures.json"
    if not path.is_file():
        return run.read_config().evaluation.model_dump(mode="json")
    scoring: dict[str, Any] = read_json(path, advice="Remove it, and `auricle evaluate` writes it again.")["scoring"]
    return scoring


def _ranks(run: RunFolder, split: str, direction: str) -> Ranks:
    folder = run.path / "evaluation" / split
    if not folder.is_dir() and split == run.read_config().training.validation_split:
        folder = run.validation
    if not folder.is_dir():
        raise DataError(
            f"{run.path} has no ranks of {split}. `auricle evaluate {run.path} --split {split}` makes them."
        )
    return read_ranks(folder / f"ranks-{direction}.csv")


def _shown(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
