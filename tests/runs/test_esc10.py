"""Real recordings, as the issue asks: from nothing to scores by label."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
CONFIG = Path(__file__).parents[2] / "configs" / "embedded.yaml"


@pytest.mark.slow
@pytest.mark.skipif(not ESC10.is_dir(), reason="../shared/data/esc10 is not beside this repository")
def test_clips_of_the_right_class_are_found(auricle: Command, pretrained: Path, tmp_path: Path) -> None:
    trained = auricle("train", CONFIG, f"data.collection={ESC10}", "--name", "esc10", cwd=tmp_path, cache=pretrained)
    assert trained.status == 0, trained.err
    labels = ("--labels", ESC10 / "classes.csv")
    asked = auricle(
        "evaluate",
        "runs/esc10",
        *labels,
        "--split",
        "validation",
        "--ap-denominator",
        "capped",
        "--json",
        cwd=tmp_path,
        cache=pretrained,
    )
    assert asked.status == 0, asked.err
    assert json.loads(asked.out)["text_to_audio"]["mAP@10"] >= 0.95
