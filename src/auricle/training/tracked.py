"""A run as trackers see it: what they are told of its folder."""

from collections.abc import Mapping
from typing import Any

from auricle import progress
from auricle.storage import fingerprint
from auricle.tracking import Outcome, TrackedRun, check_installed, reading_along
from auricle.training.run_folder import RunFolder
from auricle.training.settings import RunConfig


def tracked_run(config: RunConfig, run: RunFolder) -> TrackedRun:
    """Return what trackers are told first of a run that was begun."""
    environment = run.read_environment()
    folder = run.path.absolute()
    return TrackedRun(
        name=folder.name,
        id=environment.get("id", fingerprint(environment)[:8]),
        folder=folder,
        history=run.metrics.absolute(),
        config=config.with_absolute_paths().model_dump(mode="json", exclude={"tracking"}),
        project=config.tracking.project,
        online=config.tracking.online,
    )


def tracked_outcome(run: RunFolder, summary: Mapping[str, Any]) -> Outcome:
    """Return what trackers are told last, when everything but ``finished.json`` is written."""
    return Outcome(
        summary,
        pictures=(run.picture.absolute(),) if run.picture.is_file() else (),
        tables=tuple(sorted(run.validation.absolute().glob("ranks-*.csv"))),
    )


def hand_over(config: RunConfig, run: RunFolder) -> None:
    """Tell trackers of a finished run, all at once.

    Raises:
        ConfigError: If the package of one is not installed.
    """
    check_installed(config.tracking.to)
    with reading_along(config.tracking.to, tracked_run(config, run)) as readers:
        readers.tell(epochs=len(run.read_history()))
        kept = readers.finish(tracked_outcome(run, run.read_summary() or {}))
    if kept:
        progress.say(f"{run.path} was handed over to {' and '.join(kept)}.")
