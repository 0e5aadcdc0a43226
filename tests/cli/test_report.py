"""``auricle report`` as a person types it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle.experiments.report import sections

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def runs(run: Path, auricle: Command, pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two scored runs that differ in their seed, and one with another size."""
    folder = tmp_path_factory.mktemp("runs")
    one = Path(shutil.copytree(run, folder / "one"))
    scored = auricle("evaluate", one, cache=pretrained)
    assert scored.status == 0, scored.err
    for name, was, becomes in (("two", "seed: 0", "seed: 1"), ("small", "dim: 300", "dim: 299")):
        config = Path(shutil.copytree(one, folder / name)) / "config.yaml"
        config.write_text(config.read_text(encoding="utf-8").replace(was, becomes, 1), encoding="utf-8")
    return [one, folder / "two", folder / "small"]


def test_runs_in_a_report(runs: list[Path], auricle: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "as_pdf", lambda _: b"%PDF")  # half of the time of a report
    outcome = auricle("report", *runs, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (0, "report/report.html\n"), outcome.err
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "Report on 3 runs" in text
    assert "dim 300" in text
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("<audio") > 3  # the collection is still there
    other = auricle("report", *runs, "--output", tmp_path / "other", "--measure", "R@5", cwd=tmp_path)
    assert other.status == 0
    assert "R@5 (text → audio)" in (tmp_path / "other" / "report.md").read_text(encoding="utf-8").splitlines()[2]


def test_a_measure_that_is_not_there(runs: list[Path], auricle: Command, tmp_path: Path) -> None:
    said = auricle("report", runs[0], "--measure", "mAP@1", cwd=tmp_path).refused(2)
    assert said.startswith("There is no measure 'text_to_audio/mAP@1'. Did you mean 'text_to_audio/mAP@10'?")
    assert not (tmp_path / "report").exists()


def test_a_split_that_was_not_scored(runs: list[Path], auricle: Command, tmp_path: Path) -> None:
    said = auricle("report", runs[0], "--split", "validation", cwd=tmp_path).refused(1)
    assert said.endswith(f"`auricle evaluate {runs[0]} --split validation` does it.")


def test_what_is_no_run(auricle: Command, tmp_path: Path) -> None:
    assert "is no run: it has no config.yaml" in auricle("report", tmp_path, cwd=tmp_path).refused(2)
    assert auricle("report", cwd=tmp_path).status == 2


def test_an_experiment_stands_alone(runs: list[Path], auricle: Command, tmp_path: Path) -> None:
    experiment = tmp_path / "experiment"
    experiment.mkdir()
    (experiment / "plan.yaml").write_text("arms: {copies: 0}\n", encoding="utf-8")
    said = auricle("report", experiment, runs[0], cwd=tmp_path).refused(2)
    assert said == f"{experiment} is an experiment; a report tells of one experiment, or of runs."


def test_an_experiment_is_told_where_it_is(runs: list[Path], auricle: Command, tmp_path: Path) -> None:
    experiment = tmp_path / "experiment"
    shutil.copytree(runs[0], experiment / "runs" / "original-seed-0")
    (experiment / "plan.yaml").write_text("title: Told <again>\narms: {copies: 0}\nseeds: [0, 7]\n", encoding="utf-8")
    (experiment / "experiment.json").write_text('{"split": "evaluation", "steps_per_epoch": null, "failed": {}}')
    outcome = auricle("report", experiment, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (0, f"{experiment / 'report' / 'report.html'}\n"), outcome.err
    page = (experiment / "report" / "report.html").read_text(encoding="utf-8")
    assert "<h1>Told &lt;again&gt;</h1>" in page
    assert "original-seed-7" in page  # missing, and said to be
    assert str(tmp_path) not in page
    said = auricle("report", experiment, "--split", "validation", cwd=tmp_path).refused(2)
    assert said == f"{experiment} was scored on 'evaluation', as its plan says, and not on 'validation'."
