"""Experiments: what is made, what is killed and goes on, what fails and does not end the rest.

The oracle of an interrupted experiment is the same one in peace: equal numbers in every run, epoch by epoch.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from auricle import runs
from auricle.errors import ConfigError, DataError, ModelError
from auricle.experiments import Plan, default_name, open_experiment, read_plan, run_experiment
from auricle.experiments import runner as runner_module
from auricle.storage import lock

PATIENCE_S = 120


@pytest.fixture
def cache(pretrained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    return pretrained


@pytest.fixture(scope="module")
def given(captioned: Path, quickly: tuple[str, ...]) -> list[str]:
    """Settings of the plan: 15 clips, two seeds."""
    return [f"data.collection={captioned}", *quickly, "training.max_epochs=2", "seeds=[0,1]"]


@pytest.fixture
def plan(given: list[str], cache: Path) -> Plan:
    """The shipped plan of three arms."""
    return read_plan("procedural-copies", given)


def metrics(folder: Path, *, runs: str = "*") -> dict[str, str]:
    """What every run has learned, and what it answers."""
    files = ("metrics.jsonl", "evaluation/evaluation/ranks-text_to_audio.csv")
    found = sorted(folder.glob(f"runs/{runs}"))
    return {f"{run.name}/{name}": (run / name).read_text() for run in found for name in files}


@pytest.fixture(scope="module")
def in_peace(given: list[str], pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment of `plan`, made in one go. Not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURICLE_CACHE", str(pretrained))
        path = tmp_path_factory.mktemp("experiments") / "peace"
        run_experiment(read_plan("procedural-copies", given), path, processes=1)
    return path


@pytest.fixture
def begun(in_peace: Path, tmp_path: Path) -> Path:
    """An experiment of which nothing but the clips is made."""
    shutil.copytree(in_peace / "generated", tmp_path / "x" / "generated")
    return tmp_path / "x"


def test_every_arm_with_every_seed(in_peace: Path) -> None:
    story = open_experiment(in_peace)
    assert [(arm.name, arm.seeds) for arm in story.arms] == [
        ("original", (0, 1)),
        ("procedural 1x", (0, 1)),
        ("procedural 2x", (0, 1)),
    ]
    assert (story.baseline, story.split, story.dose, story.missing) == ("original", "evaluation", "copies", ())
    for arm in story.arms:
        for result in arm.results:
            mixing = result.collection.get("mixing", {"originals": {"clips": 15}, "copies": {"clips": 0}})
            assert mixing["originals"]["clips"] == 15
            assert mixing["copies"]["clips"] == 15 * int(arm.factors["copies"])
            assert len(result.ranks["text_to_audio"].queries) == 25


def test_arms_take_equally_many_steps(in_peace: Path) -> None:
    story = open_experiment(in_peace)
    steps = {result.summary["steps"] for arm in story.arms for result in arm.results}
    assert steps == {2 * 4}  # 15 clips in batches of 4, twice
    assert {len(result.history) for arm in story.arms for result in arm.results} == {2}


def test_equal_epochs_take_more_steps_with_copies(plan: Plan, begun: Path) -> None:
    short = plan.model_copy(update={"equal": "epochs", "seeds": (0,)})
    story = run_experiment(short, begun, processes=1)
    steps = [arm.results[0].summary["steps"] for arm in story.arms]
    assert steps == [2 * 4, 2 * 8, 2 * 11]  # a batch of one is left out


def test_a_second_time_nothing_is_made(plan: Plan, in_peace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in in_peace.glob("runs/*/*.safetensors")}
    assert len(before) == 12
    run_experiment(plan, in_peace, processes=1)
    assert {path: path.stat().st_mtime_ns for path in in_peace.glob("runs/*/*.safetensors")} == before
    assert "-seed-" not in capfd.readouterr().err


class Killed(BaseException):
    """Stands for a process that ends at once."""


def test_an_experiment_that_ends_again_and_again_equals_one_in_peace(
    plan: Plan, in_peace: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate, scored = runs.evaluate, iter([True, False, True])

    def then_die(*arguments: Any, **settings: Any) -> Any:
        if next(scored):  # and nobody is told of it
            evaluate(*arguments, **settings)
        raise Killed

    half = plan.model_copy(update={"seeds": (1,)})
    monkeypatch.setattr(runner_module, "evaluate", then_die)
    for _ in range(3):  # after the first run, before the second is scored, and after that
        with pytest.raises(Killed):
            run_experiment(half, begun, processes=1)
    monkeypatch.setattr(runner_module, "evaluate", evaluate)
    assert run_experiment(half, begun, processes=1).missing == ()
    assert metrics(begun) == metrics(in_peace, runs="*-seed-1")


def test_a_run_that_diverges_is_named_and_the_others_are_made(
    given: list[str], tmp_path: Path, auricle: Callable[..., Any], pretrained: Path
) -> None:
    arms = [{"copies": 0}, {"name": "far too fast", "settings": {"training": {"learning_rate": 1e38}}}]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"arms": arms}), encoding="utf-8")
    options = ("seeds=[0]", "--name", "x", "--processes", "1")
    outcome = auricle("experiment", tmp_path / "mine.yaml", *given, *options, cwd=tmp_path, cache=pretrained)
    assert outcome.status == 1
    assert outcome.said[-1] == "auricle: 1 run(s) could not be made; the report names them and says why."
    story = open_experiment(tmp_path / "experiments" / "x")
    assert [arm.name for arm in story.arms] == ["original"]
    ((name, reason),) = story.missing
    assert name == "far-too-fast-seed-0"
    assert reason.startswith("The training has diverged: ")
    assert (tmp_path / "experiments" / "x" / "report" / "report.html").is_file()


def test_without_its_baseline_there_is_nothing_to_compare_with(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ModelError("The training has diverged.")

    monkeypatch.setattr(runner_module, "train", fail)
    with pytest.raises(DataError, match=r"^No run of the baseline 'original' of .* is finished\. The training has div"):
        run_experiment(plan, tmp_path / "x", processes=1)


def test_another_plan_is_refused(plan: Plan, in_peace: Path) -> None:
    other = plan.model_copy(update={"seeds": (0, 1, 2)})
    with pytest.raises(ConfigError, match=r"was begun with another plan \(seeds: \[0, 1\] -> \[0, 1, 2\]\)"):
        run_experiment(other, in_peace)


def test_it_is_not_run_twice_at_a_time(in_peace: Path, auricle: Callable[..., Any]) -> None:
    with lock(in_peace, purpose="is being run"):
        said = auricle("experiment", "--resume", in_peace.name, "--experiments", in_peace.parent).refused(1)
    assert f"is being run by process {os.getpid()} on " in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "One of PLAN and --resume NAME is needed; `auricle experiment --list` shows the plans."),
        (("low-data", "--resume", "x"), "One of PLAN and --resume NAME is needed"),
        (("--resume", "x"), "is no experiment: it has no plan.yaml."),
        (("low-dat",), "There is no plan 'low-dat', and no file of that name. Did you mean 'low-data'?"),
        (("procedural-copies",), "No collection is given. Add data.collection=PATH"),
        (("procedural-copies", "trainin.max_epochs=1"), "settings of the plan has 1 unusable setting(s): trainin: no"),
        (("procedural-copies", "arms=[]"), "arms: "),
    ],
)
def test_wrong_commands(arguments: tuple[str, ...], sentence: str, auricle: Callable[..., Any]) -> None:
    assert sentence in auricle("experiment", *arguments).refused(2)


def test_the_list_and_a_dry_run(auricle: Callable[..., Any], captioned: Path, tmp_path: Path) -> None:
    listed = auricle("experiment", "--list")
    assert listed.out.count("\n    ") == 5
    shown = auricle("experiment", "random-seeds", f"data.collection={captioned}", "--dry-run", cwd=tmp_path)
    assert shown.status == 0, shown.err
    assert "20 runs of at most 100 epochs, scored on evaluation." in shown.out
    assert "generated first, where they are missing: audiogen." in shown.out
    assert not (tmp_path / "experiments").exists()


def test_the_name_follows_from_the_plan(plan: Plan) -> None:
    assert default_name("procedural-copies", plan) != default_name(
        "procedural-copies", plan.model_copy(update={"seeds": (5,)})
    )


@pytest.mark.slow
def test_killed_twice_in_several_processes(in_peace: Path, given: list[str], cache: Path, tmp_path: Path) -> None:
    code = "from auricle.cli import main; main()"
    options = ["--name", "x", "--processes", "2"]
    command = [sys.executable, "-c", code, "experiment", "procedural-copies", *given, *options]
    folder = tmp_path / "experiments" / "x"

    def finished() -> int:
        return len([*folder.glob("runs/*/finished.json")])

    for least in (1, 3):
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE_S
        while finished() < least and time.monotonic() < end:
            assert process.poll() is None
            time.sleep(0.01)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs([worker for worker in workers if _trains(worker)], timeout=10)
        assert not alive  # no training goes on without whoever asked for it
        assert finished() < 6
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr
    assert metrics(folder) == metrics(in_peace)
    assert json.loads((folder / "experiment.json").read_text())["failed"] == {}


@pytest.mark.slow
def test_a_killed_process_is_replaced(in_peace: Path, given: list[str], cache: Path, tmp_path: Path) -> None:
    code = "from auricle.cli import main; main()"
    options = ["--name", "x", "--processes", "2"]
    command = [sys.executable, "-c", code, "experiment", "procedural-copies", *given, *options]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    folder, end = tmp_path / "experiments" / "x", time.monotonic() + PATIENCE_S
    while not [*folder.glob("runs/*/metrics.jsonl")] and time.monotonic() < end:
        time.sleep(0.01)
    workers = [worker for worker in psutil.Process(process.pid).children(recursive=True) if _trains(worker)]
    workers[0].kill()
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert "A process that trains was killed; what it was doing goes on in another." in said
    assert metrics(folder) == metrics(in_peace)


def _trains(process: psutil.Process) -> bool:
    return "loky" in " ".join(process.cmdline()) and "resource_tracker" not in " ".join(process.cmdline())
