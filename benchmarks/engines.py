"""A Ray cluster against this machine alone: the same embeddings on the same two processors.

Run: ``python -m benchmarks.engines [CLIPS]``. All that `embedded` reads of a collection is computed by `auricle
features compute`: in one process whose threads share the work, in two processes of joblib, and by two workers of a Ray
cluster of two nodes with a processor each. Every variant writes into an empty folder; that all hold the same bits is
asserted. Times are of whole commands; what a cluster's start takes is stated beside them, since a cluster is there
before.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from auricle import audio
from auricle.generation.procedural import captions, scenes
from auricle.generation.procedural.kind import SAMPLE_RATE
from auricle.progress import track
from auricle.randomness import stream
from auricle.tables import write_rows

N_CLIPS = 2_000
SECONDS = 5.0


def make_collection(folder: Path, count: int) -> None:
    """Write clips of exactly `SECONDS`, with a caption each."""
    rows = []
    for number in track(range(count), label="making sounds", unit="clip", total=count):
        scene = scenes.draw(0, number)
        samples = scenes.render(scene, stream(0, "sound", number))
        name = f"{number:05d}.wav"
        audio.write(folder / name, np.resize(samples, round(SECONDS * SAMPLE_RATE)), SAMPLE_RATE)
        rows.append((name, captions.write(scene, stream(0, "caption", number))[0]))
    write_rows(folder / "captions.csv", ["file_name", "caption"], rows)


def timed(collection: Path, features: Path, *options: str) -> float:
    """Return the seconds that the command takes."""
    command = [sys.executable, "-m", "auricle", "features", "compute", "embedded", f"data.collection={collection}"]
    began = time.perf_counter()
    subprocess.run(
        [*command, f"features.folder={features}", *options],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def stored(features: Path) -> dict[str, bytes]:
    """Return every array by its key."""
    return {
        key: array.tobytes() for shard in features.rglob("*.safetensors") for key, array in load_file(shard).items()
    }


def main(count: int) -> None:
    """Print a table."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_collection(folder / "sounds", count)
        timed(folder / "sounds", folder / "warm")  # the manifest, and files into the system's cache
        expected = stored(folder / "warm")
        began = time.perf_counter()
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        started_s = time.perf_counter() - began
        os.environ["RAY_ADDRESS"] = cluster.address
        print(f"{count:,} clips of {SECONDS:g} s and their captions; the cluster was up in {started_s:.1f} s.\n")
        print("| who computes | time | against joblib |\n|---|---|---|", flush=True)
        try:
            variants = {
                "joblib, two processes": ("features.engine.workers=2", "features.threads=1"),
                "one process, its threads": (),
                "Ray, two nodes of one processor": ("--engine", "ray"),
            }
            peer = 0.0
            for name, options in variants.items():
                features = folder / name.replace(" ", "-")
                seconds = timed(folder / "sounds", features, *options)
                assert stored(features) == expected, name
                peer = peer or seconds
                print(f"| {name} | {seconds:.1f} s | {seconds / peer:.2f} |", flush=True)
        finally:
            cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N_CLIPS)
