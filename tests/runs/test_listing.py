"""Which runs there are, how far they are and how good: against files written for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.errors import ConfigError
from auricle.runs import find_run, find_runs, list_runs
from auricle.storage import lock
from auricle.training import RunFolder

Command = Callable[..., Any]
WrittenRun = Callable[..., RunFolder]
Similarities = Callable[..., np.ndarray]


def names(folder: Path, sort: str) -> list[str]:
    return [run.name for run in list_runs(folder, sort=sort)]


def test_states_epochs_and_measures(written_run: WrittenRun, tmp_path: Path) -> None:
    written_run("finished")
    (written_run("killed", finished=False).path / "resume.pt").touch()
    (written_run("killed-early", maps=(), finished=False).path / "resume.pt").touch()
    written_run("begun", maps=(), finished=False)
    running = written_run("running", maps=(0.4, 0.4), finished=False)
    with lock(running.path, purpose="is being trained"):
        found = {run.name: run for run in list_runs(tmp_path / "runs")}
    assert {name: run.state for name, run in found.items()} == {
        "begun": "begun",
        "finished": "finished",
        "killed": "interrupted",
        "killed-early": "interrupted",
        "running": "training",
    }
    assert {name: (run.epochs, run.best_epoch, run.seconds) for name, run in found.items()} == {
        "begun": (0, None, None),
        "finished": (3, 2, 75.2),
        "killed": (3, 2, None),
        "killed-early": (0, None, None),
        "running": (2, 1, None),  # the first of two that are equal
    }
    assert found["killed"].measures["validation/text_to_audio/mAP@10"] == 0.3
    assert found["begun"].measures == {}


def test_runs_at_any_depth_and_nothing_else(written_run: WrittenRun, tmp_path: Path) -> None:
    for name in ("a", "experiment/runs/b", "experiment/runs/c", ".hidden/d"):
        written_run(name)
    runs = tmp_path / "runs"
    (runs / "configs").mkdir()
    (runs / "configs" / "config.yaml").write_text("seed: 1\n")
    (runs / "experiment" / "back").symlink_to(runs, target_is_directory=True)
    written_run("a/evaluation/not-a-run")  # what lies in a run is its own
    assert names(runs, "name") == ["a", "experiment/runs/b", "experiment/runs/c"]
    (runs / "experiment" / "back").unlink()
    assert names(runs / "experiment", "name") == ["runs/b", "runs/c"]
    assert names(runs / "a", "name") == ["a"]
    assert find_runs(runs / "configs") == []
    with pytest.raises(ConfigError, match=r"There is no folder .*nowhere\. `auricle train` makes runs"):
        find_runs(tmp_path / "nowhere")


def test_sorting(written_run: WrittenRun, tmp_path: Path) -> None:
    written_run("a", maps=(0.2,), begun="2025-03-02T09:00:00+00:00")
    written_run("b", maps=(0.5,), begun="2025-03-01T09:00:00+00:00")
    written_run("c", maps=(), finished=False, begun="2025-03-02T09:30:00+02:00")
    runs = tmp_path / "runs"
    assert names(runs, "name") == ["a", "b", "c"]
    assert names(runs, "date") == ["a", "c", "b"]
    assert names(runs, "mAP@10") == names(runs, "validation/text_to_audio/mAP@10") == ["b", "a", "c"]
    assert names(runs, "loss") == names(runs, "median rank") == ["b", "a", "c"]  # the lower the better
    with pytest.raises(ConfigError, match=r"No run here has a measure 'mAP@1'. Did you mean 'mAP@10'\?"):
        list_runs(runs, sort="mAP@1")


def test_sorting_by_an_evaluation(written_run: WrittenRun, similarities: Similarities, tmp_path: Path) -> None:
    written_run("weak", evaluated={"evaluation": similarities(0.5)})
    written_run("strong", evaluated={"evaluation": similarities(2.0)})
    written_run("unknown")
    runs = tmp_path / "runs"
    assert names(runs, "evaluation/mAP@10") == ["strong", "weak", "unknown"]
    assert names(runs, "evaluation/audio_to_text/R@5") == ["strong", "weak", "unknown"]
    assert names(runs, "evaluation/median rank") == ["strong", "weak", "unknown"]


def test_a_damaged_run_does_not_hide_the_others(written_run: WrittenRun, tmp_path: Path, auricle: Command) -> None:
    written_run("good")
    written_run("torn").finished.write_text('{"epochs": 3, "be')
    written_run("odd").finished.write_text('{"epochs": 3}')
    outcome = auricle("runs", "list", tmp_path / "runs")
    assert outcome.status == 0
    assert [line.split()[:2] for line in outcome.out.splitlines()[1:]] == [
        ["good", "finished"],
        ["odd", "damaged"],
        ["torn", "damaged"],
    ]
    torn = tmp_path / "runs" / "torn" / "finished.json"
    assert outcome.said == [
        "odd is damaged: Its files hold something else than auricle writes.",
        f"torn is damaged: {torn} is damaged. Delete it, and the same command trains again.",
    ]


def test_the_table_and_json_say_the_same(
    written_run: WrittenRun,
    similarities: Similarities,
    tmp_path: Path,
    auricle: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = written_run("a", evaluated={"evaluation": similarities(1.0)})
    (listed,) = json.loads(auricle("runs", "list", "runs", "--json", cwd=tmp_path).out)
    assert listed["path"] == "runs/a"
    assert listed["begun"] == "2025-03-01T10:00:00+00:00"
    measured = json.loads((run.path / "evaluation/evaluation/measures.json").read_text())
    assert listed["measures"]["evaluation/audio_to_text/R@1"] == measured["audio_to_text"]["R@1"]
    header, row = auricle("runs", "list", "runs", "--sort", "evaluation/R@1", cwd=tmp_path).out.splitlines()
    assert header.split("  ")[0] == "run"
    shown = [measured["text_to_audio"][name] for name in ("mAP@10", "R@1")]
    assert row.split()[:7] == ["a", "finished", "3", "2", "0.300", *(f"{value:.3f}" for value in shown)]
    assert row.endswith("1 min 15 s")
    assert "evaluation mAP@10  evaluation R@1" in header


def test_runs_alone_lists_those_in_runs(written_run: WrittenRun, tmp_path: Path, auricle: Command) -> None:
    assert auricle("runs", cwd=tmp_path).refused(2) == (
        "There is no folder runs. `auricle train` makes runs; --runs says where."
    )
    written_run("a")
    assert auricle("runs", cwd=tmp_path) == auricle("runs", "list", cwd=tmp_path)
    (tmp_path / "empty").mkdir()
    assert auricle("runs", "list", tmp_path / "empty").said == [
        f"There are no runs in {tmp_path / 'empty'}. `auricle train` makes them."
    ]


def test_a_run_is_found_by_name_or_folder(written_run: WrittenRun, tmp_path: Path, auricle: Command) -> None:
    run = written_run("experiment/plain-0")
    runs = tmp_path / "runs"
    assert find_run("experiment/plain-0", runs) == find_run(str(run.path), runs) == run
    sentence = (
        f"There is no run 'experiment/plain0' in {runs}, and no such folder. Did you mean 'experiment/plain-0'? "
        f"`auricle runs list {runs}` lists those there are."
    )
    with pytest.raises(ConfigError) as refused:
        find_run("experiment/plain0", runs)
    assert str(refused.value) == sentence
    assert auricle("train", "--resume", "experiment/plain0", "--runs", runs).refused(2) == sentence
    for wrong in (["embedded"], ["training.max_epochs=3", "embedded"], ["--name", "x"]):
        assert auricle("train", "--resume", run.path, *wrong).refused(2) == (
            "--resume takes the settings of the run itself; leave out CONFIG and --name."
        )
    assert auricle("train").refused(2).startswith("Missing argument 'CONFIG': a preset, a YAML file, or --resume")
    outcome = auricle("train", "--resume", "experiment/plain-0", "--runs", runs)
    assert (outcome.status, outcome.out) == (0, f"{run.path}\n")
    assert outcome.said[0] == f"{run.path} is finished already; nothing is trained."
