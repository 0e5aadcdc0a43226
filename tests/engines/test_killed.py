"""Two thousand clips on a cluster of two nodes, of which a worker and a node are killed."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file

from tests.cluster import two_nodes, wait_until, working_processes
from tests.conftest import Command

pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray, about itself

WORDS = ("dog", "rain", "bell", "bird", "wind", "door", "engine", "crowd", "stream", "clock")


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A cluster of this test alone, which takes a node away."""
    with two_nodes() as cluster:
        yield cluster


def make_collection(folder: Path, *, clips: int, seconds: float) -> Path:
    """Write tones of their own in noise, with captions of their own."""
    folder.mkdir()
    random = np.random.default_rng(0)
    times = np.arange(int(16_000 * seconds)) / 16_000
    lines = ["file_name,caption"]
    for number in range(clips):
        tone = 0.4 * np.sin(2 * np.pi * (80 + 3.7 * number) * times) + random.normal(0, 0.02, len(times))
        soundfile.write(folder / f"{number:05}.wav", tone, 16_000)
        one, other = WORDS[number % 10], WORDS[number // 10 % 10]
        lines.append(f'{number:05}.wav,"A {one} and a {other}, heard {number} times"')
    (folder / "captions.csv").write_text("\n".join(lines) + "\n")
    return folder


def stored(features: Path) -> dict[str, dict[str, bytes]]:
    """Return every array of every store, by store and key."""
    found: dict[str, dict[str, bytes]] = {}
    for shard in features.rglob("*.safetensors"):
        arrays = {key: array.tobytes() for key, array in load_file(shard).items()}
        found.setdefault(shard.parent.name, {}).update(arrays)
    return found


@pytest.mark.slow
def test_2000_clips_through_features_and_embeddings_equal_the_local_ones_whoever_is_killed(
    cluster: Any, auricle: Command, pretrained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    collection = make_collection(tmp_path / "sounds", clips=2000, seconds=1.0)

    def compute(features: Path, *options: str) -> None:
        told = auricle(
            "features", "compute", "embedded", f"data.collection={collection}", f"features.folder={features}", *options,
            cache=pretrained,
        )  # fmt: skip
        assert told.status == 0, told.err
        told = auricle("features", "log-mel", collection, "--features", features, *options, cache=pretrained)
        assert told.status == 0, told.err

    compute(tmp_path / "local")
    expected = stored(tmp_path / "local")
    learned_from = 2000 - 200  # less the evaluation split, which is drawn
    assert {len(arrays) for arrays in expected.values()} == {learned_from}, expected.keys()

    killed: list[str] = []

    def kill() -> None:
        shards = tmp_path / "elsewhere"
        wait_until(lambda: len(list(shards.rglob("*.safetensors"))) >= 2)
        os.kill(working_processes()[0], signal.SIGKILL)
        killed.append("worker")
        wait_until(lambda: len(list(shards.rglob("*.safetensors"))) >= 4)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        killed.append("node")

    killing = threading.Thread(target=kill)
    killing.start()
    compute(tmp_path / "elsewhere", "--engine", "ray")
    killing.join(timeout=60)
    assert killed == ["worker", "node"]
    assert stored(tmp_path / "elsewhere") == expected
