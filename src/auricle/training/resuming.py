"""`auricle train --resume`: a run goes on from what its own folder says."""

from collections.abc import Sequence
from pathlib import Path

from auricle import config, progress
from auricle.places import local, shown
from auricle.storage import lock
from auricle.training.launching import leave_to_the_first
from auricle.training.run_folder import RunFolder
from auricle.training.runner import train
from auricle.training.settings import RunConfig
from auricle.training.tracked import hand_over


def resume(path: Path, overrides: Sequence[str] = ()) -> RunFolder:
    """Go on with a run exactly where it was stopped, with the settings it was begun with.

    A finished run is not trained again; if `tracking.to` is set, it is handed over to the trackers once more.

    Args:
        path: The run's folder.
        overrides: ``key.path=value`` that make it no other run: where collection, copies and features lie now, and who
            reads along.

    Returns:
        The run, finished.

    Raises:
        ConfigError: If this is no run, or an override makes it another one.
        AuricleError: As `train` does.
    """
    run = RunFolder(local(path))
    run.read_config()
    settings = config.read(RunConfig, run.config, overrides)
    if run.read_summary() is None:
        return train(settings, run.path)
    leave_to_the_first()
    with lock(run.path, purpose="is being trained"):
        run.check_config(settings)
        progress.say(f"{shown(run.path)} is finished already; nothing is trained.")
        if settings.tracking.to:
            hand_over(settings, run)
    return run
