"""A story of any runs: those that differ in their seed alone are one arm.

For runs that no plan made. They need to be finished and scored on one split, with the same queries counted in the same
way; nothing is evaluated here.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from auricle.errors import ConfigError, DataError
from auricle.evaluation import Ranks
from auricle.experiments.settings_of_runs import Settings, Value, differing, said, short_names
from auricle.experiments.story import Arm, Story
from auricle.pages import count
from auricle.runs import RunResult, read_result
from auricle.training import RunFolder

_SPLITS = ("evaluation", "validation")
_COPIES, _EPOCHS = "training.synthetic.copies", "training.max_epochs"
_MOST_IN_NAME, _LONGEST_NAME = 2, 48


def story_of_runs(paths: Sequence[Path], *, split: str | None = None) -> Story:
    """Read finished runs as a story.

    Args:
        paths: Folders of runs, at least one, each once; the arm of the first is the baseline.
        split: On which all were scored; evaluation by default, or validation where not all were scored on that.

    Raises:
        ConfigError: If no run is named, one is no run, or two are the same.
        DataError: If one is not finished or not scored on the split, or they were not scored on the same queries in
            the same way.
        StorageError: If one of their files is damaged.
    """
    if not paths:
        raise ConfigError("No run is named. Name the folders of one or more runs, as in runs/NAME.")
    runs = [RunFolder(path) for path in paths]
    split = split or _common_split(runs)
    results = [read_result(run, split=split) for run in runs]
    for other in results[1:]:
        _check_comparable(results[0], other)
    arms = _arms(results)
    copies = {arm.factors.get("copies") for arm in arms}
    return Story(
        title=f"Report on {count(len(results), 'run') if len(results) > 1 else _shown(results[0].name)}",
        about="",
        split=split,
        arms=arms,
        baseline=arms[0].name,
        dose="copies" if len(copies - {None}) > 1 else "",
    )


def _common_split(runs: Sequence[RunFolder]) -> str:
    """Return the first split that all runs were scored on, else one that some were."""
    scored = [{split for split in _SPLITS if (run.path / "evaluation" / split).is_dir()} for run in runs]
    by_all = [split for split in _SPLITS if all(split in splits for splits in scored)]
    by_some = [split for split in _SPLITS if any(split in splits for splits in scored)]
    return [*by_all, *by_some, *_SPLITS][0]


def _check_comparable(one: RunResult, other: RunResult) -> None:
    if one.scoring != other.scoring:
        raise DataError(
            f"{one.path} and {other.path} were scored in different ways ({dict(one.scoring)} and "
            f"{dict(other.scoring)}). `auricle evaluate` scores one of them again."
        )
    for direction in one.ranks:
        here, there = ({*zip(ranks.clips, ranks.queries, strict=True)} for ranks in _ranks(direction, one, other))
        if here != there:
            clip, query = min(here ^ there)
            raise DataError(
                f"{one.path} and {other.path} did not answer the same queries on {one.split!r}: {query!r} of {clip} is "
                "in one of them alone. Runs can be compared that were scored on one collection."
            )


def _ranks(direction: str, *results: RunResult) -> list[Ranks]:
    return [result.ranks[direction] for result in results]


def _arms(results: Sequence[RunResult]) -> tuple[Arm, ...]:
    by_settings: dict[tuple[tuple[str, Value], ...], list[RunResult]] = {}
    for result, own in zip(results, _telling_apart(results), strict=True):
        together = by_settings.setdefault(tuple(own.items()), [])
        if same := [before for before in together if before.config.seed == result.config.seed]:
            raise ConfigError(
                f"{same[0].path} and {result.path} have the same settings and the same seed: they are one run. "
                "Leave one of them out."
            )
        together.append(result)
    names = _names(
        [dict(factors) for factors in by_settings], [[run.name for run in runs] for runs in by_settings.values()]
    )
    return tuple(
        Arm(name, dict(factors), tuple(together))
        for name, (factors, together) in zip(names, by_settings.items(), strict=True)
    )


def _telling_apart(results: Sequence[RunResult]) -> list[Settings]:
    """Return the settings in which runs differ, by short names."""
    settings = differing([result.config for result in results])
    settings = [{**own, **data} for own, data in zip(settings, _data(results), strict=True)]
    if any(_COPIES in own for own in settings):
        without = [{name: value for name, value in own.items() if name != _EPOCHS} for own in settings]
        if _distinct(without) == _distinct(settings):  # epochs follow from copies where arms are given equal steps
            settings = without
    short = short_names(list(dict.fromkeys(name for own in settings for name in own)))
    return [{short[name]: value for name, value in own.items()} for own in settings]


def _data(results: Sequence[RunResult]) -> list[Settings]:
    """Return the fingerprint of each run's collection where they differ; one with copies in it says nothing."""
    found = [None if "mixing" in result.collection else str(result.collection["fingerprint"]) for result in results]
    differ = len({*found} - {None}) > 1
    return [{"data": fingerprint} if differ and fingerprint else {} for fingerprint in found]


def _distinct(settings: Sequence[Settings]) -> int:
    return len({tuple(own.items()) for own in settings})


def _names(factors: Sequence[Settings], runs: Sequence[Sequence[str]]) -> list[str]:
    """Return what arms are called: their few settings, or what the names of their runs have in common; each once."""
    names = [", ".join(f"{key} {said(value)}" for key, value in own.items()) for own in factors]
    if not all(names) or max(map(len, factors)) > _MOST_IN_NAME or max(map(len, names)) > _LONGEST_NAME:
        names = [_common_name(own) for own in runs]
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, 1)]


def _common_name(runs: Sequence[str]) -> str:
    first, last = min(runs), max(runs)
    shared = next((first[:n] for n in range(len(first), 0, -1) if last.startswith(first[:n])), "")
    name = re.sub(r"[-_. ]*(seed)?[-_. =]*$", "", shared) if len(runs) > 1 else first
    return _shown(name or runs[0])


def _shown(name: str) -> str:
    """Return a folder's name as it can be written down; of what UTF-8 cannot hold a question mark is left."""
    return name.encode("utf-8", "replace").decode()
