"""The control for synthetic audio as a person runs it: mix clips, train with the copies, compare them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle.comparison import page

Command = Callable[..., Any]


def test_mixed_clips_are_copies_like_any_others(
    auricle: Command, train: Command, captioned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "SHOWN", 1)  # spectrograms take longer than all else
    made = auricle("generate", "mixture", "--collection", captioned, "--captions", "1-2", "--output", tmp_path)
    assert made.status == 0, made.err
    folders = [Path(line) for line in made.out.splitlines()]
    assert [folder.name for folder in folders] == ["sounds-mixture-caption-1", "sounds-mixture-caption-2"]
    mixing = [f"training.synthetic.sources=[{folders[0]}, {folders[1]}]", "training.synthetic.copies=1"]
    outcome = train(captioned, tmp_path / "runs", "training.max_epochs=1", *mixing)
    assert outcome.status == 0, outcome.err
    facts = json.loads((tmp_path / "runs" / "run" / "collection.json").read_text(encoding="utf-8"))
    assert facts["clips"] == {"development": 30, "validation": 5}
    assert sum(source["copies"] for source in facts["mixing"]["sources"].values()) == 15
    compared = auricle("compare", captioned, *folders, "--output", tmp_path / "compared", "--measures", "dtw")
    assert compared.status == 0, compared.err
    with (tmp_path / "compared" / "scores.csv").open(encoding="utf-8") as opened:
        scores = list(csv.DictReader(opened))
    assert len(scores) == 30
    assert {row["origin"] for row in scores} == {"mixture"}
    assert all(Path(row["clip"]).stem.startswith(Path(row["parent"]).stem) for row in scores)
    assert all(", and " in row["caption"] for row in scores)
