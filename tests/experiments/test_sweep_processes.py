"""A sweep as a person runs it: the command, several processes, and what is left when some of them are killed."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from auricle.config import validate
from auricle.errors import AuricleError, ConfigError
from auricle.experiments.sweep import Asked, begin_sweep
from auricle.experiments.sweep.team import Member
from auricle.training import RunConfig

Command = Callable[..., Any]

PATIENCE_S = 180
SEARCHING = Path(__file__).with_name("searching.py")
SPACE = """
method: random
parameters:
  training-learning_rate: {distribution: log_uniform_values, min: 1e-04, max: 1e-02}
  models-audio-hidden: {values: [null, 32]}
"""
FINISHED = {"complete", "pruned", "failed"}


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(SPACE, encoding="utf-8")
    return path


@pytest.fixture
def search(
    auricle: Command, pretrained: Path, captioned: Path, quickly: tuple[str, ...], space: Path, tmp_path: Path
) -> Command:
    """Run a sweep on real trainings in this process: ``search("--trials", 2)``."""

    def run(*options: object) -> Any:
        given = (f"data.collection={captioned}", *quickly, "training.max_epochs=2")
        return auricle("sweep", "embedded", space, *given, *options, cwd=tmp_path, cache=pretrained)

    return run


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def check(folder: Path, *, trials: int) -> list[dict[str, str]]:
    """Exactly so many trials are finished, and each that was killed is gone on with; return those that go on."""
    rows = rows_of(folder)
    fates = Counter(row["fate"] for row in rows)
    assert sum(fates[fate] for fate in FINISHED) == trials, rows
    assert fates.keys() <= FINISHED | {"replaced", "surplus", "lost"}
    continuing = [row for row in rows if row["continues"]]
    for row in continuing:
        before = rows[int(row["continues"])]
        assert before["fate"] == "replaced"
        assert (before["run"], before["training.learning_rate"]) == (row["run"], row["training.learning_rate"])
    return continuing


def wait_until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_best_configuration_trains_to_the_same_numbers(
    search: Command, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    outcome = search("--trials", 2)
    assert outcome.status == 0, outcome.err
    (folder,) = (tmp_path / "sweeps").iterdir()
    assert folder.name.startswith("embedded-")
    best = max(rows_of(folder), key=lambda row: float(row["value"]))
    first, blank, *parameters = outcome.out.splitlines()
    assert first.startswith(f"Trial {best['trial']} of 2 (2 complete): validation/text_to_audio/mAP@10 0.")
    assert not blank
    assert [line.split()[0] for line in parameters] == ["training.learning_rate", "models.audio.hidden"]
    assert outcome.said[-1] == f"Next: auricle train {folder.relative_to(tmp_path)}/best.yaml"
    trained = auricle("train", folder / "best.yaml", "--name", "best", cwd=tmp_path, cache=pretrained)
    assert trained.status == 0, trained.err
    metrics = (tmp_path / "runs" / "best" / "metrics.jsonl").read_bytes()
    assert metrics == (folder / "trials" / best["run"] / "metrics.jsonl").read_bytes()
    assert (tmp_path / "runs" / "best" / "best.safetensors").read_bytes() == (
        folder / "trials" / best["run"] / "best.safetensors"
    ).read_bytes()
    # The same command adds nothing, the same with more trials goes on, and so does --resume.
    assert search("--trials", 2).out == outcome.out
    assert len(rows_of(folder)) == 2
    resumed = auricle("sweep", "--resume", folder.name, "--trials", 3, cwd=tmp_path, cache=pretrained)
    assert resumed.status == 0, resumed.err
    assert len(rows_of(folder)) == 3


def test_what_is_said_is_about_trials_alone(search: Command) -> None:
    said = search("--trials", 1, "--name", "quiet").said
    assert any(line.startswith("Trial 0: 0.") and line.endswith(", the best so far, 1 of 1.") for line in said)
    assert not any("epochs in" in line or "study" in line for line in said), said


FAULTS = {
    (): "CONFIG and SPACE are needed, or a sweep to go on with: --resume NAME.",
    ("embedded",): "CONFIG and SPACE are needed, or a sweep to go on with: --resume NAME.",
    ("embedded", "nowhere.yaml"): "There is no configuration file nowhere.yaml.",
    ("--resume", "nothing"): "nothing is no sweep: it has no sweep.json. `auricle sweep CONFIG SPACE` makes them.",
    ("embedded", "--resume", "x"): "--resume takes configuration and space of the sweep itself; leave out all but its "
    "name.",
}


@pytest.mark.parametrize(("arguments", "sentence"), FAULTS.items(), ids=" ".join)
def test_a_command_that_cannot_be(auricle: Command, arguments: tuple[str, ...], sentence: str) -> None:
    assert auricle("sweep", *arguments).refused(2) == sentence


def test_an_evaluation_measure_is_refused(auricle: Command, space: Path, captioned: Path, tmp_path: Path) -> None:
    space.write_text(f"metric: {{name: eval_Txt2Audio_mAP, goal: maximize}}\n{SPACE}", encoding="utf-8")
    refusal = auricle("sweep", "embedded", space, f"data.collection={captioned}", cwd=tmp_path).refused(2)
    assert refusal == (
        f"{space}: metric.name is 'eval_Txt2Audio_mAP', a measure of the evaluation split, which is for reporting: "
        "what is chosen on it can no longer be measured on it. Use a validation measure, val_mAP for example."
    )
    assert not (tmp_path / "sweeps").exists()


def test_a_collection_that_is_not_there_ends_the_sweep(auricle: Command, space: Path, tmp_path: Path) -> None:
    refusal = auricle("sweep", "embedded", space, "data.collection=nowhere", cwd=tmp_path).refused(1)
    assert refusal.startswith("The collection nowhere is not there.")


@pytest.fixture
def stand_ins(tmp_path: Path, space: Path) -> Iterator[Callable[[int], list[subprocess.Popen[bytes]]]]:
    """Begin a sweep of 20 trials by `searching.py`, and start so many processes that work on it."""
    base = validate(RunConfig, {"data": {"collection": tmp_path}, "training": {"max_epochs": 4}}, source="test")
    begin_sweep(base, space, tmp_path / "sweep", Asked(trials=20, heartbeat_s=1, grace_s=3))
    started: list[subprocess.Popen[bytes]] = []

    def start(number: int) -> list[subprocess.Popen[bytes]]:
        command = [sys.executable, str(SEARCHING), str(tmp_path / "sweep")]
        started.extend(subprocess.Popen(command) for _ in range(number))
        return started

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_twenty_trials_in_three_processes_of_which_one_is_killed(
    stand_ins: Callable[[int], list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    killed, *others = stand_ins(3)
    wait_until(lambda: killed.pid in being_trained(tmp_path / "sweep"))
    killed.kill()
    assert [process.wait(PATIENCE_S) for process in others] == [0, 0]
    assert check(tmp_path / "sweep", trials=20)


@pytest.mark.parametrize(
    ("script", "error", "sentence"),
    [
        ("sys.exit('It is full.')", RuntimeError, r"A process of the sweep ended like this:\nIt is full\."),
        ("print('It is full.', file=sys.stderr); sys.exit(3)", AuricleError, r"^It is full\.$"),
        ("print('No such name.', file=sys.stderr); sys.exit(2)", ConfigError, r"^No such name\.$"),
    ],
)
def test_what_a_process_ends_with_is_raised_by_the_one_that_watches(
    script: str, error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with (tmp_path / "said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen([sys.executable, "-c", f"import sys; {script}"], stderr=said, text=True)
        process.wait()
        with pytest.raises(error, match=sentence) as raised:
            Member(process, said).raise_its_error()
    assert type(raised.value) is error


def start_command(search_in: Path, pretrained: Path, captioned: Path, space: Path, *options: str) -> Any:
    log = (search_in / "command.log").open("wb")
    with log:
        return subprocess.Popen(
            [
                *(sys.executable, "-c", "from auricle.cli import main; main()", "sweep", "embedded", str(space)),
                *(f"data.collection={captioned}", "training.max_epochs=4", "training.batch_size=4", "--name", "sweep"),
                *options,
            ],
            cwd=search_in,
            env={**os.environ, "AURICLE_CACHE": str(pretrained)},
            stdout=log,
            stderr=log,
        )


def being_trained(folder: Path) -> set[int]:
    """Return the processes that train a trial now."""
    found = set()
    for owner in (folder / "trials").glob("*/.lock-owner"):
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            found.add(int(owner.read_text(encoding="utf-8").split()[1]))
    return found


@pytest.mark.slow
def test_twenty_trials_of_the_command_in_two_processes_of_which_one_is_killed(
    pretrained: Path, captioned: Path, space: Path, tmp_path: Path
) -> None:
    options = ("--trials", "20", "--workers", "2", "--heartbeat", "1", "--grace", "4")
    command = start_command(tmp_path, pretrained, captioned, space, *options)
    folder = tmp_path / "sweeps" / "sweep"
    wait_until(lambda: len(being_trained(folder)) == 2 or command.poll() is not None)
    os.kill(min(being_trained(folder)), signal.SIGKILL)
    log = tmp_path / "command.log"
    assert command.wait(PATIENCE_S) == 0, log.read_text(encoding="utf-8")
    said = log.read_text(encoding="utf-8")
    assert "was killed. Its trial is gone on with when nothing has been heard of it for 4 s." in said
    again = check(folder, trials=20)[0]
    assert f"Trial {again['continues']} was interrupted; trial {again['trial']} goes on with it." in said
    assert (folder / "best.yaml").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_command_that_is_ended_leaves_no_process_and_is_gone_on_with(
    pretrained: Path,
    captioned: Path,
    space: Path,
    auricle: Command,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    options = ("--trials", "6", "--workers", "2", "--heartbeat", "1", "--grace", "2")
    command = start_command(tmp_path, pretrained, captioned, space, *options)
    folder = tmp_path / "sweeps" / "sweep"
    wait_until(lambda: len(being_trained(folder)) == 2 or command.poll() is not None)
    workers = psutil.Process(command.pid).children(recursive=True)
    assert len(workers) == 2
    os.kill(command.pid, number)
    status = command.wait(PATIENCE_S)
    psutil.wait_procs(workers, timeout=30)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    if number == signal.SIGINT:
        assert status == 1
        said = (tmp_path / "command.log").read_text(encoding="utf-8")
        assert "Traceback" not in said
        sentence = "Interrupted; what was done is kept. `auricle sweep --resume sweeps/sweep` goes on with it."
        assert said.splitlines()[-1].endswith(sentence)
    else:
        time.sleep(3)  # until nobody can be taken for alive
    resumed = auricle("sweep", "--resume", "sweep", cwd=tmp_path, cache=pretrained)
    assert resumed.status == 0, resumed.err
    assert len(check(folder, trials=6)) == 2
    assert json.loads((folder / "sweep.json").read_text(encoding="utf-8"))["trials"] == 6
