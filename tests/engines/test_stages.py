"""Every batch stage on a cluster of two nodes leaves what it leaves here; see also `test_killed`."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cluster import two_nodes, wait_until, working_processes
from tests.conftest import Command

pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray, about itself


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_nodes() as cluster:
        yield cluster


@pytest.mark.slow
def test_clips_are_generated(cluster: Any, auricle: Command, captioned: Path, tmp_path: Path) -> None:
    given = ("generate", "procedural", "--collection", captioned, "--output")

    def clips(output: Path, *options: str) -> dict[str, bytes]:
        told = auricle(*given, output, *options)
        assert told.status == 0, told.err
        return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*.wav")}

    expected = clips(tmp_path / "here")
    assert len(expected) == 15 * 5
    assert clips(tmp_path / "there", "--engine", "ray") == expected
    again = auricle(*given, tmp_path / "there", "--engine", "ray")
    assert "0 clips made, 15 were there" in again.err
    refused = auricle(*given, tmp_path / "parts", "--engine", "ray", "--shard", "1/2")
    assert "leave the shard out" in refused.refused(2)


@pytest.mark.slow
def test_pairs_are_compared(cluster: Any, auricle: Command, captioned: Path, pretrained: Path, tmp_path: Path) -> None:
    told = auricle("generate", "procedural", "--collection", captioned, "--captions", "1", "--output", tmp_path)
    assert told.status == 0, told.err
    generated = next(tmp_path.iterdir())

    def table(name: str, *options: str) -> str:
        output, features = tmp_path / name, tmp_path / f"{name}-features"
        given = ("compare", captioned, generated, "--output", output, "--features", features)
        told = auricle(*given, "--workers", "1", *options, cache=pretrained)
        assert told.status == 0, told.err
        return (output / "scores.csv").read_text()

    assert table("there", "--engine", "ray") == table("here")


@pytest.mark.slow
def test_sounds_are_indexed(cluster: Any, auricle: Command, captioned: Path, pretrained: Path, tmp_path: Path) -> None:
    from auricle.search import Index

    def vectors(index: Path, *options: str) -> dict[str, bytes]:
        told = auricle("index", captioned, "--index", index, *options, cache=pretrained)
        assert told.status == 0, told.err
        view = Index.open(index)._store.view()
        files = view.files()
        windows = view.windows_of(list(files))
        return {file.path: windows[record].vectors.tobytes() for record, file in files.items()}

    expected = vectors(tmp_path / "here")
    assert len(expected) == 25
    assert vectors(tmp_path / "there", "--engine", "ray") == expected


@pytest.mark.slow
def test_the_run_of_a_killed_worker_is_taken_over(
    cluster: Any, auricle: Command, captioned: Path, pretrained: Path, quickly: tuple[str, ...], tmp_path: Path
) -> None:
    settings = (f"data.collection={captioned}", *quickly, "training.max_epochs=40", "training.save_every_s=0")
    given = ("experiment", "procedural-copies", *settings, "seeds=[0,1]", "--name", "x")

    def metrics(name: str, *options: str) -> dict[str, str]:
        told = auricle(*given, "--experiments", tmp_path / name, *options, cache=pretrained)
        assert told.status == 0, told.err
        return {path.parent.name: path.read_text() for path in (tmp_path / name / "x" / "runs").glob("*/metrics.jsonl")}

    expected = metrics("here", "--processes", "1")
    assert len(expected) == 6
    killed = []

    def kill() -> None:
        runs = tmp_path / "there" / "x" / "runs"
        wait_until(lambda: any(runs.glob("*/resume.pt")))
        killed.append(working_processes()[-1])
        os.kill(killed[0], signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    found = metrics("there", "--engine", "ray")
    killing.join(timeout=60)
    assert killed
    assert found.keys() == expected.keys()
    for name, lines in expected.items():
        for wanted, line in zip(lines.splitlines(), found[name].splitlines(), strict=True):
            wanted_row, row = json.loads(wanted), json.loads(line)
            assert row.keys() == wanted_row.keys()
            # Another process lays its arrays elsewhere in memory, which changes the order of sums in products.
            np.testing.assert_allclose(list(row.values()), list(wanted_row.values()), rtol=1e-4, atol=1e-4)
