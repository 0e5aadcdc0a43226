"""A store loses nothing it has, and never shows half of anything."""

import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import StorageError
from auricle.features import FeatureStore
from auricle.features.description import Array

SETTINGS = {"mels": 4}

WRITER = """
import sys
from pathlib import Path
import numpy as np
from auricle.features import FeatureStore
from auricle.features.description import Array
store = FeatureStore(Path(sys.argv[1]), name="numbers", settings={"mels": 4})
print("ready", flush=True)
for shard in range(int(sys.argv[2]), 10_000):
    store.write({f"{shard}-{k}": np.full((50 + k, 4), shard * 100 + k, np.float32) for k in range(20)})
"""


def opened(folder: Path) -> FeatureStore:
    return FeatureStore(folder, name="numbers", settings=SETTINGS)


def test_arrays_of_any_length_and_precision_come_back_in_another_process_too(tmp_path: Path) -> None:
    arrays: dict[str, Array] = {
        "long": np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32),
        "short": np.ones((1, 4), np.float16),
        "vector": np.arange(7, dtype=np.float32),
    }
    store = opened(tmp_path)
    store.write(arrays)
    for same in (store, opened(tmp_path), pickle.loads(pickle.dumps(store))):
        assert set(same) == set(arrays)
        for key, array in arrays.items():
            np.testing.assert_array_equal(same[key], array)
            assert same[key].dtype == array.dtype
    assert store.missing(["short", "new", "long", "new"]) == ["new"]
    with pytest.raises(KeyError):
        store["new"]


def test_other_settings_are_another_store(tmp_path: Path) -> None:
    opened(tmp_path).write({"a": np.zeros(3, np.float32)})
    assert len(FeatureStore(tmp_path, name="numbers", settings={"mels": 5})) == 0


@pytest.mark.parametrize("attempt", range(3))
def test_killed_while_writing_everything_that_is_there_is_whole(tmp_path: Path, attempt: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "0"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(random.Random(attempt).uniform(0.05, 0.5))
        writer.send_signal(signal.SIGKILL)
    store = opened(tmp_path)
    assert not list(store.folder.glob(".*.tmp"))
    for key in store:
        shard, k = map(int, key.split("-"))
        np.testing.assert_array_equal(store[key], np.full((50 + k, 4), shard * 100 + k, np.float32))
    assert len(store) % 20 == 0


def test_two_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), start], stdout=subprocess.PIPE)
        for start in ("9960", "9980")
    ]
    store = opened(tmp_path)
    while any(writer.poll() is None for writer in writers):
        store.refresh()
        assert all(len(store[key]) >= 50 for key in list(store)[-5:])
    for writer in writers:
        writer.communicate()
    store.refresh()
    assert len(store) == 40 * 20


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    opened(tmp_path).write({"a": np.zeros(3, np.float32)})
    (shard,) = opened(tmp_path).folder.glob("*.safetensors")
    shard.write_bytes(shard.read_bytes()[:20])
    with pytest.raises(StorageError, match=rf"The feature shard .*{shard.name} is damaged .*Delete it"):
        opened(tmp_path)


def test_more_shards_than_are_kept_open(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number in range(80):
        store.write({str(number): np.full(2, number, np.float32)})
    again = opened(tmp_path)
    assert [float(again[str(number)][0]) for number in range(80)] == list(range(80))
