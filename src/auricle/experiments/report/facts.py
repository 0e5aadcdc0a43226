"""What a story's runs were made of and with, as tables: data, licences, settings, environment, the runs themselves.

Pure: everything is read from the results. Nothing in it is an absolute path.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from auricle.experiments.report.document import Table
from auricle.experiments.report.generators import Generator
from auricle.experiments.report.wording import NOTHING, measure_name, span, value
from auricle.experiments.settings_of_runs import differing, said, settings_of, short_names
from auricle.experiments.story import Arm, Story
from auricle.runs import RunResult
from auricle.training import RunConfig

_OF_A_RUN = {"id", "begun", "seed", "encoders"}  # of the environment: what tells runs apart, and what other tables have
_MOST_VALUES = 4


def data_table(story: Story) -> Table:
    """Return how much every arm learned from; of several seeds from the fewest to the most."""
    header = ("arm", "originals", "copies", "hours of copies", "captions", "validation clips", "hours in all")
    return Table("data", "Clips to learn from", header, tuple(map(_data_row, story.arms)))


def licence_table(story: Story, generators: Sequence[Generator]) -> Table:
    """Return under which licences everything stands that went into the runs."""
    rows: dict[tuple[str, ...], None] = {}
    for name, licences in _collections(story).items():
        rows[name, _licence(licences), NOTHING] = None
    for result in _results(story):
        for side, about in result.environment.get("encoders", {}).items():
            source = about.get("source") or Path(about.get("weights") or NOTHING).name
            rows[f"{side} encoder {about['name']}", about.get("licence") or "unknown", source] = None
    for generator in generators:
        made_by = " ".join(filter(None, (generator.model, generator.revision))) or "generator unknown"
        licence = generator.licence or _licence(generator.licences)
        rows[f"copies of {generator.source}", licence, made_by] = None
    return Table("licences", "Licences of data and models", ("part", "licence", "source"), tuple(rows), columns="prose")


def _collections(story: Story) -> dict[str, set[str]]:
    """Return the licences of each collection by its name; those of copies are among them where no run went without."""
    pure: dict[str, set[str]] = {}
    mixed: dict[str, set[str]] = {}
    for result in _results(story):
        found = mixed if "mixing" in result.collection else pure
        found.setdefault(Path(result.collection["folder"]).name, set()).update(result.collection.get("licences", []))
    return {
        **{f"sounds of {name}": licences for name, licences in pure.items()},
        **{f"sounds of {name} and copies": licences for name, licences in mixed.items() if name not in pure},
    }


def settings_table(story: Story) -> Table | None:
    """Return the settings in which arms differ, one row per arm; None where they do not."""
    settings = differing([arm.results[0].config for arm in story.arms])
    names = list(dict.fromkeys(name for arm in settings for name in arm))
    if not names:
        return None
    short = short_names(names)
    rows = tuple(
        (arm.name, *(said(of_arm.get(name, NOTHING)) for name in names))
        for arm, of_arm in zip(story.arms, settings, strict=True)
    )
    header = ("arm", *(short[name] for name in names))
    return Table("settings-that-differ", "Settings in which arms differ", header, rows, columns="prose")


def shared_settings_table(story: Story) -> Table | None:
    """Return the settings that all runs share and that are not the defaults; None where all are."""
    defaults = settings_of(RunConfig())
    every = [settings_of(result.config) for result in _results(story)]
    rows = tuple(
        (name, said(found), said(defaults.get(name, NOTHING)))
        for name, found in every[0].items()
        if found != defaults.get(name) and all(settings.get(name) == found for settings in every)
    )
    if not rows:
        return None
    title = "Settings of all runs that are not the defaults"
    return Table("settings-of-all", title, ("setting", "value", "default"), rows, columns="prose")


def environment_table(story: Story) -> Table:
    """Return with what the runs were made; where runs differ, how many had each."""
    found: dict[str, Counter[str]] = {}
    for result in _results(story):
        for name, which in _flat(result.environment):
            found.setdefault(name, Counter())[which] += 1
    n_runs = sum(len(arm.results) for arm in story.arms)
    rows = []
    for name, counts in found.items():
        parts = [which if count == n_runs else f"{which} ({count} of {n_runs} runs)" for which, count in counts.items()]
        more = [f"{len(parts) - _MOST_VALUES} others"] if len(parts) > _MOST_VALUES else []
        rows.append((name, "; ".join([*parts[:_MOST_VALUES], *more])))
    return Table("environment", "What the runs were made with", ("what", "which"), tuple(rows), columns="prose")


def runs_table(story: Story) -> Table:
    """Return every run; names are folders relative to the one that holds them all."""
    names = run_names(story)
    rows, data = [], []
    for arm in story.arms:
        for result in arm.results:
            name, summary = names[result.path], result.summary
            found = result.measures()[story.measure]
            numbers = (summary["epochs"], summary["steps"], summary["best_epoch"], summary["seconds"])
            cells = (*(f"{number:,}" for number in numbers[:3]), f"{numbers[3]:,.0f}", value(found, story.measure))
            rows.append((name, str(result.config.seed), *cells, arm.name))
            data.append((name, result.config.seed, *numbers, found, arm.name))
    header = ("run", "seed", "epochs", "steps", "best epoch", "seconds", measure_name(story.measure), "arm")
    return Table("runs", "Every run", header, tuple(rows), columns="words", data=(header, *data))


def missing_table(story: Story) -> Table | None:
    """Return the runs that are not there; None where all are."""
    if not story.missing:
        return None
    folders = sorted({str(result.path.absolute().parent) for result in _results(story)}, key=len, reverse=True)
    rows = []
    for name, reason in story.missing:
        for folder in folders:
            reason = reason.replace(folder + os.sep, "")
        rows.append((name, reason))
    return Table("missing", "Runs that are not there", ("run", "reason"), tuple(rows), columns="prose")


def run_names(story: Story) -> dict[Path, str]:
    """Return each run's folder relative to the one that holds them all."""
    paths = [result.path for result in _results(story)]
    parents = {path: path.absolute().parent for path in paths}
    try:
        common = os.path.commonpath(list(parents.values()))
    except ValueError:  # on several drives
        return {path: path.name for path in paths}
    return {path: path.absolute().relative_to(common).as_posix() for path in paths}


def scoring_sentences(story: Story) -> list[str]:
    """Return how the measures were counted."""
    scoring = _results(story)[0].scoring
    sentences = [
        {
            "all": "mAP@10 divides by the number of relevant clips, as DCASE does.",
            "capped": "mAP@10 divides by the number of relevant clips, at most 10.",
        }.get(scoring.get("ap_denominator", ""), ""),
        {
            "hit": "R@k counts whether any relevant clip is among the first k.",
            "share": "R@k counts how many of the relevant clips are among the first k.",
        }.get(scoring.get("recall", ""), ""),
        "A caption's own clip is relevant to it.",
    ]
    if scoring.get("labels"):
        name = Path(scoring["labels"]).name
        sentences[-1] = f"Every clip with the label of a caption's own clip is relevant to it ({name})."
    elif scoring.get("relevance"):
        sentences[-1] = f"What is relevant to a caption stands in {Path(scoring['relevance']).name}."
    return [*filter(None, sentences), "Ties count against the system."]


def _results(story: Story) -> list[RunResult]:
    return [result for arm in story.arms for result in arm.results]


def _data_row(arm: Arm) -> tuple[str, ...]:
    originals, copies, copied_hours, captions, validation, hours = [], [], [], [], [], []
    for result in arm.results:
        facts, training = result.collection, result.config.training
        mixing = facts.get("mixing", {})
        copies.append(mixing.get("copies", {}).get("clips", 0))
        copied_hours.append(mixing.get("copies", {}).get("hours", 0.0))
        originals.append(mixing.get("originals", {}).get("clips", facts["clips"].get(training.split, 0)))
        captions.append(facts["captions"].get(training.split, 0))
        validation.append(facts["clips"].get(training.validation_split, 0))
        hours.append(facts["hours"])
    return (arm.name, *map(span, (originals, copies, copied_hours, captions, validation, hours)))


def _licence(licences: Iterable[str]) -> str:
    return ", ".join(sorted(licences)) or "unknown"


def _flat(environment: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, found in environment.items():
        if not prefix and name in _OF_A_RUN:
            continue
        if isinstance(found, Mapping):
            yield from _flat(found, "" if name == "packages" else f"{name} ")
        elif isinstance(found, bool):
            yield f"{prefix}{name}", "yes" if found else "no"
        elif isinstance(found, str) and Path(found).is_absolute():
            yield f"{prefix}{name}", Path(found).name
        elif found is not None:
            yield f"{prefix}{name}", ", ".join(map(str, found)) if isinstance(found, list) else str(found)
