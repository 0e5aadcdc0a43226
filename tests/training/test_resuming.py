"""Going on from a run's own folder, and telling trackers: of a run in the making and of a finished one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from auricle.errors import ConfigError
from auricle.training import RunConfig, RunFolder, default_name, resume, train
from auricle.training.loop import Loop

Configured = Callable[..., RunConfig]

TRACKER = """
import json, pathlib

class Settings:
    model_fields = {}

class Run:
    starting_step = 0
    summary = {}
    def log(self, values, step, commit):
        note([step, values.get("epoch")])
    def finish(self, exit_code):
        note(["finished", exit_code])
        assert not (folder / "finished.json").exists() or hand_over

def init(**given):
    global folder, hand_over
    folder = pathlib.Path(given["dir"])
    hand_over = (folder / "finished.json").exists()
    note([given["name"], given["project"], given["config"]["training"]["batch_size"]])
    return Run()

def note(what):
    with (folder / "noted.jsonl").open("a") as opened:
        opened.write(json.dumps(what) + "\\n")

Image = Table = lambda *_, **__: None
"""


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in the place of wandb; it may be changed."""
    path = tmp_path / "packages" / "wandb" / "__init__.py"
    path.parent.mkdir(parents=True)
    path.write_text(TRACKER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(path.parents[1]))
    return path


def tracked(config: RunConfig) -> RunConfig:
    return config.model_copy(update={"tracking": config.tracking.model_copy(update={"to": ("wandb",)})})


def noted(run: RunFolder) -> list[object]:
    return [yaml.safe_load(line) for line in (run.path / "noted.jsonl").read_text().splitlines()]


def interrupted_after(saves: int, config: RunConfig, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train until so many states are saved, then stop as after Ctrl-C."""
    save, left = Loop.save, saves

    def count(self: Loop) -> None:
        nonlocal left
        save(self)
        left -= 1
        if not left:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "save", count)
        with pytest.raises(KeyboardInterrupt):
            train(config, path)


def test_it_needs_nothing_but_the_folder(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(save_every_s=0, max_epochs=3)
    whole = train(config, tmp_path / "whole")
    interrupted_after(5, config, tmp_path / "run", monkeypatch)
    capsys.readouterr()
    run = resume(tmp_path / "run")
    assert f"{run.path}: going on at epoch 2, step 4." in capsys.readouterr().err
    for name in ("metrics.jsonl", "best.safetensors", "validation/ranks-text_to_audio.csv"):
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_a_run_that_saved_nothing_begins_at_the_first_step(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted_after(1, configured(save_every_s=0), tmp_path / "run", monkeypatch)
    (tmp_path / "run" / "resume.pt").unlink()
    capsys.readouterr()
    assert resume(tmp_path / "run").read_summary()
    assert f"{tmp_path / 'run'}: no step was saved before; beginning at the first." in capsys.readouterr().err


def test_a_finished_run_is_not_touched(
    configured: Configured, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(configured(max_epochs=1), tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*") if path.name != ".lock"}
    capsys.readouterr()
    resume(tmp_path / "run")
    assert capsys.readouterr().err == f"{run.path} is finished already; nothing is trained.\n"
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*") if path.name != ".lock"} == before


def test_what_would_be_another_run_is_refused(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(configured(max_epochs=1), tmp_path / "finished")
    interrupted_after(1, configured(save_every_s=0), tmp_path / "begun", monkeypatch)
    for name, before in (("finished", 1), ("begun", 2)):
        with pytest.raises(ConfigError, match=rf"another configuration \(training.max_epochs: {before} -> 9\)"):
            resume(tmp_path / name, ["training.max_epochs=9"])
    with pytest.raises(ConfigError, match=r"is no run: it has no config.yaml"):
        resume(tmp_path)


def test_a_tracker_reads_along_and_is_no_part_of_the_run(
    configured: Configured, tmp_path: Path, tracker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(save_every_s=0, max_epochs=3)
    assert default_name("x", tracked(config)) == default_name("x", config)
    interrupted_after(5, tracked(config), tmp_path / "run", monkeypatch)
    run = resume(tmp_path / "run")
    first, second = [["run", "auricle", 4], [3, 1]], [["run", "auricle", 4], [3, 1], [6, 2], [9, 3], [10, None]]
    assert noted(run) == [*first, ["finished", 1], *second, ["finished", 0]]
    untracked = train(config, tmp_path / "untracked")
    assert run.metrics.read_bytes() == untracked.metrics.read_bytes()
    assert train(config, tmp_path / "run").read_summary()  # the same run


def test_a_finished_run_is_handed_over(
    configured: Configured, tmp_path: Path, tracker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(configured(max_epochs=2), tmp_path / "run")
    capsys.readouterr()
    resume(run.path, ["tracking.to=[wandb]", "tracking.project=later"])
    assert noted(run) == [["run", "later", 4], [3, 1], [6, 2], [7, None], ["finished", 0]]
    assert f"{run.path} was handed over to wandb.\n" in capsys.readouterr().err


def test_a_tracker_that_fails_changes_nothing_of_the_run(
    configured: Configured, tmp_path: Path, tracker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = train(configured(), tmp_path / "whole")
    tracker.write_text("raise OSError(28, 'No space left on device')")
    run = train(tracked(configured()), tmp_path / "run")
    for name in ("metrics.jsonl", "best.safetensors"):
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()
    assert capsys.readouterr().err.count("wandb no longer reads along: OSError: [Errno 28]") == 1
    resume(run.path, ["tracking.to=[wandb]"])
    assert "handed over" not in capsys.readouterr().err


def test_a_missing_tracker_is_said_before_anything_is_computed(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auricle.tracking.trackers.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"Install it: pip install 'auricle\[wandb\]'"):
        train(tracked(configured()), tmp_path / "run")
    assert not (tmp_path / "features").exists()
