"""The prior work's log-mel files, in and out: ``{split}_audio_logmels.hdf5`` with one dataset (frames, mels) per clip.

A dataset is named like its clip's file, with or without the suffix. HDF5 is for exchange only: a file that is being
written when the process is killed cannot be read again, which is why features are kept in a `FeatureStore`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auricle import progress
from auricle.data import Clip
from auricle.errors import AuricleError, DataError
from auricle.features.description import Array
from auricle.features.sounds import LogMelSpectrograms
from auricle.features.store import FeatureStore
from auricle.storage import atomic

FILE_NAME = "{split}_audio_logmels.hdf5"
"""What the prior work calls the file of a split."""
TOLERANCE = 2e-2
"""How far an imported log-mel may be from one computed here, where it is above `LOUD`."""
LOUD = -20.0
"""Below, in natural logarithm, float32 transforms differ by rounding alone."""
_CHECKED = 3


def export_log_mels(store: Mapping[str, Array], clips: Iterable[Clip], path: Path) -> int:
    """Write the log-mels of the clips of one split to an HDF5 file.

    Args:
        store: Log-mels by content.
        clips: Those of one split.
        path: The file, usually ``{split}_audio_logmels.hdf5``.

    Returns:
        The number of clips written.

    Raises:
        DataError: If a clip has no log-mel in the store.
    """
    import h5py

    written = 0
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        for clip in clips:
            if clip.content not in store:
                raise DataError(f"{clip.id} has no log-mel yet. Run `auricle features log-mel` first.")
            file.create_dataset(clip.file_name, data=np.asarray(store[clip.content], np.float32))
            written += 1
    return written


def import_log_mels(
    path: Path, clips: Iterable[Clip], store: FeatureStore, description: LogMelSpectrograms
) -> list[str]:
    """Take the log-mels of an HDF5 file into the store of the front end they were made with.

    The first three are computed again from the sounds: a file made by another front end is refused, never mixed in.

    Args:
        path: The HDF5 file of one split.
        clips: Those of the same split.
        store: Where they go; must belong to `description`.
        description: The front end the file is said to be made with.

    Returns:
        The names of datasets that belong to no clip.

    Raises:
        DataError: If the file is no HDF5 file, or its numbers are not this front end's.
    """
    import h5py

    by_name = {
        name: clip for clip in clips for name in (clip.file_name, str(PurePosixPath(clip.file_name).with_suffix("")))
    }
    strangers: list[str] = []
    shard: dict[str, Array] = {}
    checked = 0
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path} cannot be read as HDF5 ({error}).") from None
    with file:
        names: list[str] = []
        file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
        for name in progress.track(names, label=f"import {path.name}", unit="clip", total=len(names)):
            if name not in by_name:
                strangers.append(name)
                continue
            clip, log_mel = by_name[name], np.asarray(file[name], np.float32)
            if checked < _CHECKED:
                _check(path, clip, log_mel, description)
                checked += 1
            shard[clip.content] = log_mel.astype(description.precision)
            if len(shard) == 256:
                store.write(shard)
                shard = {}
    store.write(shard)
    return strangers


def _check(path: Path, clip: Clip, log_mel: NDArray[Any], description: LogMelSpectrograms) -> None:
    (computed,) = description.describe([clip])
    if isinstance(computed, AuricleError):
        raise computed
    name = description.front_end.name
    if computed.shape != log_mel.shape:
        raise DataError(
            f"{path.name} was not made by the front end {name}: {clip.file_name} has shape {log_mel.shape} there, "
            f"{computed.shape} here. Import it under its own front end, or compute the features anew."
        )
    loud = (computed > LOUD) | (log_mel > LOUD)
    apart = float(np.abs(np.where(loud, computed - log_mel, 0)).max())
    if not apart <= TOLERANCE:
        raise DataError(
            f"{path.name} was not made by the front end {name}: {clip.file_name} differs by {apart:.2g} "
            f"(at most {TOLERANCE} is rounding). Compute the features anew."
        )
