"""A feature store: arrays on disk by key, for one description of sounds or sentences.

One folder, made of shards of a few hundred arrays each, in the safetensors format. A shard is written to a temporary
name and renamed, so a store can be written by several processes at once and survives being killed: a key is either
there, whole, or missing. There is no index beside the shards that could disagree with them; their headers are the
index. The folder's ``description.json`` says what the numbers depend on, and a store made otherwise lives in a
folder of another name.

Keys are digests of content, never of names: a moved, renamed or shared sound is described once.

Source of the format: Hugging Face, safetensors, 2022 (header of names, types, shapes and offsets; then the data).
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auricle import object_store, progress
from auricle.errors import StorageError
from auricle.places import local, shown
from auricle.storage import atomic, digest_bytes, fingerprint, make_folder, remove_temporary, write_json

_OPEN_SHARDS = 1024  # mapped, not read: they hold no file open and no memory of their own


class FeatureStore(Mapping[str, NDArray[np.floating[Any]]]):
    """A read-only mapping from key to array, with `write` for the process that has new ones.

    Args:
        root: The folder of all stores.
        name: What is stored, for people: ``log-mel-panns``.
        settings: All that the numbers depend on, JSON-able. Another value is another store.

    Raises:
        StorageError: If the folder cannot be written or a shard is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = FeatureStore(Path(folder), name="ones", settings={"mels": 2})
        ...     store.write({"a": np.ones((3, 2), np.float32)})
        ...     store["a"].shape, "b" in store
        ((3, 2), False)
    """

    def __init__(self, root: Path, *, name: str, settings: Mapping[str, Any]) -> None:
        self.folder = make_folder(local(root) / f"{name}-{fingerprint(settings)}")
        description = self.folder / "description.json"
        object_store.pull(self.folder, watch=progress.track)
        if not description.exists():
            write_json(description, {"name": name, "settings": dict(settings)})
        remove_temporary(self.folder)
        self._shard_of: dict[str, Path] = {}
        self._known: set[Path] = set()
        self._open: OrderedDict[Path, Any] = OrderedDict()
        self._take_in()

    def refresh(self) -> None:
        """Take in what other processes have written since."""
        object_store.pull(self.folder, watch=progress.track)
        self._take_in()

    def _take_in(self) -> None:
        for shard in sorted(self.folder.glob("*.safetensors")):
            if shard not in self._known:
                self._known.add(shard)
                self._shard_of.update(dict.fromkeys(self._opened(shard).keys(), shard))

    def write(self, arrays: Mapping[str, NDArray[np.floating[Any]]]) -> None:
        """Add arrays as one shard, whole or not at all.

        Raises:
            StorageError: If the folder cannot be written.
        """
        from safetensors.numpy import save

        if not arrays:
            return
        shard = self.folder / f"{digest_bytes(chr(10).join(sorted(arrays)).encode())}.safetensors"
        with atomic(shard) as temporary:
            temporary.write_bytes(save({key: np.ascontiguousarray(array) for key, array in arrays.items()}))
        self._known.add(shard)
        self._shard_of.update(dict.fromkeys(arrays, shard))

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return the distinct `keys` that are not here, in their order."""
        return [key for key in dict.fromkeys(keys) if key not in self._shard_of]

    def __getitem__(self, key: str) -> NDArray[np.floating[Any]]:
        array: NDArray[np.floating[Any]] = self._opened(self._shard_of[key]).get_tensor(key)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._shard_of)

    def __len__(self) -> int:
        return len(self._shard_of)

    def _opened(self, shard: Path) -> Any:
        from safetensors import SafetensorError, safe_open

        if shard not in self._open:
            object_store.fetch(shard)
            try:
                self._open[shard] = safe_open(str(shard), framework="numpy")
            except SafetensorError as error:
                raise StorageError(
                    f"The feature shard {shown(shard)} is damaged ({error}). Delete it; what is missing is computed "
                    "again."
                ) from None
            if len(self._open) > _OPEN_SHARDS:
                self._open.popitem(last=False)
        self._open.move_to_end(shard)
        return self._open[shard]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}  # a data loader's worker opens shards of its own
