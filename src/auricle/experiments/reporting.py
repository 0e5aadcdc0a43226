"""`auricle report`: an experiment's folder or any runs in, a report out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auricle.errors import ConfigError
from auricle.experiments.folder import ExperimentFolder
from auricle.experiments.report import write_report
from auricle.experiments.story import MEASURE
from auricle.experiments.story_of_runs import story_of_runs
from auricle.experiments.told import open_experiment


def report(
    paths: Sequence[Path], *, output: Path | None = None, split: str | None = None, measure: str | None = None
) -> Path:
    """Write the report of an experiment or of runs.

    Args:
        paths: The folder of one experiment, or folders of runs.
        output: Where it goes; by default ``report`` in the working folder, or in the experiment's.
        split: Of runs, as in `story_of_runs`; that of an experiment is its plan's.
        measure: The one that decides, instead of the plan's; ``R@1`` means ``text_to_audio/R@1``.

    Returns:
        The page.

    Raises:
        ConfigError: If an experiment is not alone or was scored on another split, or the measure is not known.
        AuricleError: As `open_experiment`, `story_of_runs` and `write_report`.
    """
    experiments = [path for path in paths if ExperimentFolder(path).is_begun()]
    if experiments and len(paths) > 1:
        raise ConfigError(f"{experiments[0]} is an experiment; a report tells of one experiment, or of runs.")
    story = open_experiment(paths[0]) if experiments else story_of_runs(paths, split=split)
    if split not in (None, story.split):
        raise ConfigError(f"{paths[0]} was scored on {story.split!r}, as its plan says, and not on {split!r}.")
    if measure is not None:
        story = replace(story, measure=measure if "/" in measure else f"{MEASURE.partition('/')[0]}/{measure}")
    return write_report(story, output or (ExperimentFolder(paths[0]).report if experiments else Path("report")))
