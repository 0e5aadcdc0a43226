"""Runs side by side: settings and measures as written, differences as computed by hand from the ranks."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.errors import ConfigError
from auricle.runs import compare_runs
from auricle.training import RunFolder

Command = Callable[..., Any]
WrittenRun = Callable[..., RunFolder]
Similarities = Callable[..., np.ndarray]


def precision(run: RunFolder, split: str = "evaluation") -> np.ndarray:
    path = run.path / "evaluation" / split / "ranks-text_to_audio.csv"
    with path.open(encoding="utf-8", newline="") as opened:
        return np.array([float(row["ap"]) for row in csv.DictReader(opened)])


def test_settings_measures_and_differences(
    written_run: WrittenRun, similarities: Similarities, tmp_path: Path, auricle: Command
) -> None:
    plain = written_run("plain", "tracking.to=wandb", maps=(0.2,), evaluated={"evaluation": similarities(1.0)})
    copies = written_run(
        "copies",
        "seed=1",
        "training.batch_size=64",
        "features.threads=1",
        evaluated={"evaluation": similarities(2.5, seed=1), "validation": similarities(1.0)},
    )
    compared = compare_runs([plain, copies])
    assert compared.runs == ("plain", "copies")
    assert compared.settings == {"seed": (0, 1), "training.batch_size": (32, 64)}
    assert compared.measures["validation/text_to_audio/mAP@10"] == (0.2, 0.3)
    assert compared.measures["evaluation/text_to_audio/mAP@10"] == pytest.approx(
        (precision(plain).mean(), precision(copies).mean())
    )
    assert compared.measures["validation/audio_to_text/R@1"][0] is None  # evaluated in one of them alone
    (found,) = (one for one in compared.differences if (one.direction, one.of.measure) == ("text_to_audio", "mAP@10"))
    assert (found.run, found.baseline, found.split) == ("copies", "plain", "evaluation")
    by_hand = precision(copies) - precision(plain)
    assert found.of.difference == pytest.approx(by_hand.mean())
    per_clip = by_hand.reshape(20, 5).mean(axis=1)  # clips are what varies
    margin = 1.96 * per_clip.std(ddof=1) / np.sqrt(20)
    assert found.of.low == pytest.approx(by_hand.mean() - margin, abs=0.25 * margin)
    assert found.of.high == pytest.approx(by_hand.mean() + margin, abs=0.25 * margin)
    assert 0 < found.of.p_value < 0.01
    assert {one.direction for one in compared.differences} == {"text_to_audio", "audio_to_text"}

    shown = auricle("runs", "compare", "plain", "copies", cwd=tmp_path)
    assert (shown.status, shown.err) == (0, "")
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["seed", "0", "1"] in lines
    assert ["validation/text_to_audio/mAP@10", "0.2", "0.3"] in lines
    assert any(
        line[:5] == ["copies", "-", "plain", "evaluation/text_to_audio/mAP@10", f"{by_hand.mean():+.3f}"]
        for line in lines
    )
    said = json.loads(auricle("runs", "compare", "plain", "copies", "--json", cwd=tmp_path).out)
    assert said["settings"] == {"seed": [0, 1], "training.batch_size": [32, 64]}


def test_without_evaluations_the_validation_of_the_training_is_compared(
    written_run: WrittenRun, similarities: Similarities
) -> None:
    runs = [written_run(name, validated=similarities(skill)) for name, skill in (("a", 1.0), ("b", 2.0))]
    compared = compare_runs(runs)
    assert {one.split for one in compared.differences} == {"validation"}
    assert all(one.of.difference > 0 for one in compared.differences if one.of.measure == "mAP@10")


def test_equal_runs_do_not_differ(written_run: WrittenRun, similarities: Similarities) -> None:
    runs = [written_run(name, evaluated={"evaluation": similarities(1.0)}) for name in ("a", "b", "c")]
    compared = compare_runs(runs)
    assert compared.settings == {}
    assert {(one.of.difference, one.of.low, one.of.high, one.of.p_value) for one in compared.differences} == {
        (0.0, 0.0, 0.0, 1.0)
    }
    assert {one.run for one in compared.differences} == {"b", "c"}


def test_what_cannot_be_compared_is_said(
    written_run: WrittenRun, similarities: Similarities, tmp_path: Path, auricle: Command
) -> None:
    plain = written_run("plain", evaluated={"evaluation": similarities(1.0)})
    other = written_run("other", evaluated={"evaluation": similarities(1.0, clips=19)})
    capped = written_run("capped", evaluated={"evaluation": similarities(1.0)})
    path = capped.path / "evaluation" / "evaluation" / "measures.json"
    path.write_text(path.read_text().replace('"all"', '"capped"'))
    compared = compare_runs([plain, other, capped])
    assert compared.differences == ()
    first, second = compared.remarks
    assert first.startswith("other and plain cannot be compared on evaluation: ")
    assert second == (
        "capped and plain cannot be compared on evaluation: They were scored in different ways "
        "(ap_denominator: all -> capped)."
    )
    assert compare_runs([plain, other], split="test").remarks == (
        f"other and plain cannot be compared on test: {plain.path} has no ranks of test. "
        f"`auricle evaluate {plain.path} --split test` makes them.",
    )
    with pytest.raises(ConfigError, match="A comparison needs two runs or more"):
        compare_runs([plain])
    assert auricle("runs", "compare", "plain", cwd=tmp_path).status == 2


def test_two_runs_of_one_name_are_told_apart(written_run: WrittenRun, tmp_path: Path) -> None:
    runs = [written_run("one/plain"), written_run("two/plain")]
    assert compare_runs(runs).runs == tuple(str(run.path) for run in runs)
