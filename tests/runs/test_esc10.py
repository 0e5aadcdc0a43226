"""Real recordings: from nothing to scores by label, and a network that learns as a whole."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle.places import cache_folder

Command = Callable[..., Any]

USERS_CACHE = cache_folder()  # before any test points AURICLE_CACHE elsewhere
ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"


@pytest.mark.slow
@pytest.mark.skipif(not ESC10.is_dir(), reason="../shared/data/esc10 is not beside this repository")
def test_clips_of_the_right_class_are_found(auricle: Command, pretrained: Path, tmp_path: Path) -> None:
    trained = auricle(
        "train", "embedded", f"data.collection={ESC10}", "--name", "esc10", cwd=tmp_path, cache=pretrained
    )
    assert trained.status == 0, trained.err
    asked = ("--split", "validation", "--labels", ESC10 / "classes.csv", "--json")
    answer = auricle("evaluate", "runs/esc10", *asked, cwd=tmp_path, cache=pretrained)
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["text_to_audio"]["mAP@10"] >= 0.95


@pytest.mark.slow
@pytest.mark.skipif(not ESC10.is_dir(), reason="../shared/data/esc10 is not beside this repository")
@pytest.mark.skipif(not (USERS_CACHE / "models" / "aisfx").is_dir(), reason="run: auricle models fetch aisfx")
def test_cnn14_begun_from_aisfx_learns_within_8_gb(pretrained: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="the system does not count the memory of its processes")
    program = str(Path(sys.executable).with_name("auricle"))
    command = [program, "train", "cnn14-aisfx", f"data.collection={ESC10}", "training.max_epochs=2"]
    subprocess.run(
        [*command, "--name", "cnn14"],
        cwd=tmp_path,
        env={**os.environ, "AURICLE_CACHE": str(pretrained), "OMP_NUM_THREADS": "2"},
        check=True,
    )
    metrics = (tmp_path / "runs" / "cnn14" / "metrics.jsonl").read_text(encoding="utf-8")
    first, second = (json.loads(line)["train/loss"] for line in metrics.splitlines())
    assert second < first < math.log(16)  # what guessing among the 16 clips of a batch costs
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    assert peak < 8e9
