"""`auricle runs remove`: whole runs, or nothing of them.

A run is renamed before its files are deleted, so that what is left of a removal that was killed is no run; the next
removal in the same folder clears it away. In an object store, where nothing can be renamed, what makes it a run goes
first.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from auricle import object_store
from auricle.errors import ConfigError, StorageError
from auricle.places import shown, url_of
from auricle.runs.listing import is_run
from auricle.storage import holder, lock, writing
from auricle.training import RunFolder

_REMOVED = ".{name}.removed-by-auricle"


def check_removable(runs: Sequence[RunFolder]) -> None:
    """Check that every one of these may be removed.

    Raises:
        ConfigError: If one is no run, or only a link to one.
        StorageError: If one is being trained; machine and process are named.
    """
    for run in runs:
        if not is_run(run.path):
            raise ConfigError(
                f"{shown(run.path)} is no run that `auricle train` has written: config.yaml and collection.json are "
                "not both there. Nothing is removed."
            )
        if run.path.is_symlink():
            raise ConfigError(f"{shown(run.path)} is a link to {run.path.resolve()}; name that. Nothing is removed.")
        if who := holder(run.path):
            raise StorageError(f"{shown(run.path)} is being trained by {who}. Stop that first. Nothing is removed.")


def remove_runs(runs: Sequence[RunFolder]) -> None:
    """Remove runs with everything in them, after all were checked.

    Raises:
        ConfigError: If one is no run; nothing is removed then.
        StorageError: If one is being trained or may not be removed.
    """
    check_removable(runs)
    for path in dict.fromkeys(run.path.absolute() for run in runs):
        for left in path.parent.glob(_REMOVED.format(name="*")):
            shutil.rmtree(left, ignore_errors=True)
        _remove(path)


def _remove(path: Path) -> None:
    gone = path.with_name(_REMOVED.format(name=path.name))
    if url_of(path):
        with lock(path, purpose="is being trained"):
            object_store.remove_folder(path, first=["config.yaml", "collection.json"])
            shutil.rmtree(path, ignore_errors=True)
        return
    with writing(path.parent):
        with lock(path, purpose="is being trained"):
            path.rename(gone)
        shutil.rmtree(gone)
