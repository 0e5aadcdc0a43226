"""The folder of an index, and what it says of itself: which sounds, which model, which windows.

::

    INDEX/
      index.json        format, indexed folder, model with its identity, dimensions, windows
      windows.lance/    the store
      set-aside.csv     path,reason,size_bytes,modified_ns: what cannot be used, not tried again until it changes
      .lock             held by the process that writes
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auricle import object_store, places, storage, tables
from auricle.errors import DataError, StorageError

FORMAT = 1

_SET_ASIDE = ("path", "reason", "size_bytes", "modified_ns")
_ADVICE = "Remove the index and make it again."


def default_folder() -> Path:
    """Return where an index is unless somebody says otherwise: ``$AURICLE_INDEX``, else in the user's data."""
    if chosen := os.environ.get("AURICLE_INDEX"):
        return places.local(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "auricle" / "index"


@dataclass(frozen=True)
class About:
    """What an index is of.

    Attributes:
        root: The folder that is indexed, absolute.
        model: Name of the embedder, as `auricle.search.embedders.complete` gives it.
        identity: What tells its embeddings from any other's.
        dim: Dimensions of the embeddings.
        window_s: Length of a window in seconds.
        hop_s: Distance between the beginnings of two windows in seconds.
        store: Address of its store; empty where that is in the folder of the index.
    """

    root: Path
    model: str
    identity: dict[str, Any]
    dim: int
    window_s: float
    hop_s: float
    store: str = ""


@dataclass(frozen=True)
class SetAside:
    """A sound that cannot be used.

    Attributes:
        path: Relative to the indexed folder.
        reason: A sentence.
        size_bytes, modified_ns: Of the file when it was tried; 0 of what is no file to try.
    """

    path: str
    reason: str
    size_bytes: int = 0
    modified_ns: int = 0


@dataclass(frozen=True)
class IndexFolder:
    """An index on disk.

    Attributes:
        path: Its folder.
    """

    path: Path

    @property
    def set_aside(self) -> Path:
        """The list of sounds that cannot be used."""
        return self.path / "set-aside.csv"

    def exists(self) -> bool:
        """Return whether there is an index."""
        return object_store.pull_file(self._about)

    def read(self) -> About:
        """Return what the index is of.

        Raises:
            DataError: If there is none.
            StorageError: If it is damaged, or of a later version.
        """
        if not self.exists():
            raise DataError(
                f"There is no index in {places.shown(self.path)}. `auricle index FOLDER` makes one of your sounds."
            )
        found = storage.read_json(self._about, advice=_ADVICE)
        try:
            if found["format"] != FORMAT:
                raise StorageError(
                    f"The index in {places.shown(self.path)} has the format {found['format']}, this auricle reads "
                    f"{FORMAT}. Use the version that made it, or make it again."
                )
            return About(**{**found["about"], "root": places.local(found["about"]["root"])})
        except (KeyError, TypeError):
            raise StorageError(f"{self._about} is damaged. {_ADVICE}") from None

    def write(self, about: About) -> None:
        """Say what the index is of."""
        said = {**asdict(about), "root": places.shown(about.root)}
        if not about.store:
            del said["store"]  # so that an auricle which knows of no other store can read it
        storage.write_json(self._about, {"format": FORMAT, "about": said})

    def read_set_aside(self) -> list[SetAside]:
        """Return the sounds that cannot be used.

        Raises:
            StorageError: If the list is damaged.
        """
        if not object_store.pull_file(self.set_aside):
            return []
        try:
            _, *rows = tables.read_rows(self.set_aside)
            return [SetAside(path, reason, int(size), int(modified)) for _, (path, reason, size, modified) in rows]
        except (DataError, ValueError):
            raise StorageError(f"{self.set_aside} is damaged. Remove it and index the folder again.") from None

    def write_set_aside(self, sounds: list[SetAside]) -> None:
        """List the sounds that cannot be used."""
        rows = [(sound.path, sound.reason, sound.size_bytes, sound.modified_ns) for sound in sounds]
        tables.write_rows(self.set_aside, _SET_ASIDE, sorted(rows))

    @property
    def _about(self) -> Path:
        return self.path / "index.json"
