"""A feature store against one HDF5 file with one dataset per clip, as the prior work kept its log-mels.

Run: ``python -m benchmarks feature_store``. Reads are in random order, as a data loader's are, of files just written:
the disk plays no part. Opening means until every key is known.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from auricle.features import FeatureStore
from auricle.storage import digest_bytes

from .comparison import Row, in_turns, row

N_LOG_MELS, LOG_MEL = 2_000, (1100, 64)
N_VECTORS, VECTOR = 100_000, (384,)
SHARD = 256
N_READ = 2_000

Array = NDArray[np.float32]


def keys_of(n_arrays: int) -> list[str]:
    return [digest_bytes(str(number).encode()) for number in range(n_arrays)]


def write(folder: Path, keys: Sequence[str], shape: tuple[int, ...]) -> None:
    """Write the same random arrays to a feature store and to an HDF5 file."""
    draw = np.random.default_rng(0)
    store = open_store(folder)
    with h5py.File(folder / "peer.hdf5", "w") as peer:
        for start in range(0, len(keys), SHARD):
            shard = {key: draw.standard_normal(shape, np.float32) for key in keys[start : start + SHARD]}
            store.write(shard)
            for key, array in shard.items():
                peer.create_dataset(key, data=array)


def open_store(folder: Path) -> FeatureStore:
    return FeatureStore(folder, name="benchmark", settings={})


def keys_by_h5py(folder: Path) -> list[str]:
    with h5py.File(folder / "peer.hdf5") as peer:
        return list(peer)


def read(store: Mapping[str, Any], order: Sequence[str]) -> float:
    """Read arrays one by one and use each a little; an HDF5 dataset is read by its ``[()]``."""
    return sum(float(store[key][()].flat[0]) for key in order)


def reading(what: str, folder: Path, keys: Sequence[str]) -> Row:
    """Compare reads from an open store and an open HDF5 file in the same random order."""
    order = [keys[place] for place in np.random.default_rng(1).permutation(len(keys))[:N_READ]]
    store = open_store(folder)
    with h5py.File(folder / "peer.hdf5") as peer:
        for key in order:
            np.testing.assert_array_equal(store[key], peer[key][()])
        ours, theirs = in_turns(lambda: read(store, order), lambda: read(peer, order), repetitions=5)
    return row(
        f"random reads of {N_READ:,} of {what}",
        peer="h5py, one dataset per clip",
        ours=ours,
        theirs=theirs,
        amount=N_READ,
        unit="arrays",
        note="equal bit for bit",
    )


def opening(what: str, folder: Path) -> Row:
    """Compare opening."""
    assert set(open_store(folder)) == set(keys_by_h5py(folder))
    ours, theirs = in_turns(lambda: open_store(folder), lambda: keys_by_h5py(folder), repetitions=5)
    return row(
        f"opening a store of {what}, shards of {SHARD}",
        peer="h5py, names of the datasets",
        ours=ours,
        theirs=theirs,
        note="the same keys",
    )


def rows() -> list[Row]:
    """Return two rows of reads and one of opening."""
    with tempfile.TemporaryDirectory() as temporary:
        log_mels, vectors = Path(temporary) / "log-mels", Path(temporary) / "vectors"
        what_log_mels, what_vectors = f"{N_LOG_MELS:,} log-mels {LOG_MEL}", f"{N_VECTORS:,} vectors {VECTOR}"
        write(log_mels, keys_of(N_LOG_MELS), LOG_MEL)
        write(vectors, keys_of(N_VECTORS), VECTOR)
        return [
            reading(what_log_mels, log_mels, keys_of(N_LOG_MELS)),
            reading(what_vectors, vectors, keys_of(N_VECTORS)),
            opening(what_vectors, vectors),
        ]
