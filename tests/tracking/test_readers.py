"""Whatever a tracker does, it does in a process of its own: the training neither stops nor hears it."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from auricle.config import describe, read
from auricle.errors import ConfigError
from auricle.tracking import Outcome, TrackedRun, TrackingConfig, check_installed, reading_along
from auricle.tracking import readers as reading
from auricle.training import RunConfig

Install = Callable[[str], None]


def follow(run: TrackedRun, outcome: Outcome | None) -> list[str]:
    """Let wandb, or what stands in its place, read three epochs along."""
    with reading_along(["wandb"], run) as readers:
        for epochs in (1, 2, 3):
            readers.tell(epochs=epochs)
        return readers.finish(outcome) if outcome else []


def trackers(pid: int | None = None) -> list[psutil.Process]:
    """The trackers that a process, this one by default, has started and not yet let go."""
    living = [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "auricle.tracking.reader" in child.cmdline()]


def noted(run: TrackedRun) -> list[str]:
    return (run.folder / "noted.txt").read_text().splitlines()


def lost_because(reason: str, run: TrackedRun) -> str:
    return (
        f"wandb no longer reads along: {reason}. The run is not affected; once it is finished, "
        f"`auricle train --resume {run.folder}` hands it over as a whole.\n"
    )


def test_rows_come_once_and_in_order_and_nothing_else_is_heard(
    install: Install, run: TrackedRun, outcome: Outcome, capfd: pytest.CaptureFixture[str]
) -> None:
    install(
        """
        print("Welcome!", file=sys.stderr)
        os.system("echo Create an account today")
        """
    )
    assert follow(run, outcome) == ["wandb"]
    assert noted(run) == ["begun", "4", "8", "12", "13", "finished 0"]
    assert capfd.readouterr() == ("", "")
    assert "wandb" not in sys.modules


def test_a_sitting_that_ends_early_is_closed_as_failed(install: Install, run: TrackedRun) -> None:
    install("")

    def sitting() -> None:
        with reading_along(["wandb"], run) as readers:
            readers.tell(epochs=1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sitting()
    assert noted(run) == ["begun", "4", "finished 1"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise OSError(28, 'No space left on device')", "OSError: [Errno 28] No space left on device"),
        ("def init(**_): raise RuntimeError('no\\n service.')", "RuntimeError: no service"),
        ("def init(**_): input('Your key: ')", "EOFError: EOF when reading a line"),
        ("def init(**_): os._exit(3)", "it ended with status 3"),
        ("def init(**_): os.kill(os.getpid(), 9)", "it ended with status -9"),
        ("def init(**_): sys.exit('Goodbye.')", "Goodbye"),
        ("Run.log = lambda *_, **__: 1 / 0", "ZeroDivisionError: division by zero"),
        ("Run.finish = lambda *_, **__: 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_tracker_that_fails_is_let_go_with_one_sentence(
    install: Install, run: TrackedRun, outcome: Outcome, capfd: pytest.CaptureFixture[str], code: str, reason: str
) -> None:
    install(code)
    assert follow(run, outcome) == []
    assert capfd.readouterr() == ("", lost_because(reason, run))


def test_a_tracker_that_fails_in_the_middle_is_said_at_the_next_epoch_and_never_again(
    install: Install, run: TrackedRun, outcome: Outcome, capfd: pytest.CaptureFixture[str]
) -> None:
    install("Run.log = lambda *_, **__: 1 / 0")
    with reading_along(["wandb"], run) as readers:
        readers.tell(epochs=1)
        (process,) = trackers()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        readers.tell(epochs=2)
        assert capfd.readouterr().err == lost_because("ZeroDivisionError: division by zero", run)
        readers.tell(epochs=3)
        assert readers.finish(outcome) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("where", ["def init(**_)", "Run.finish = lambda *_, **__"])
def test_a_tracker_that_hangs_is_ended(
    install: Install,
    run: TrackedRun,
    outcome: Outcome,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    monkeypatch.setattr(reading, "PATIENCE_S", 1.0)
    install(f"{where}: time.sleep(600)")
    assert follow(run, outcome) == []
    assert capfd.readouterr() == ("", lost_because("it did not end within 1 s", run))
    assert trackers() == []


def test_a_tracker_that_is_stopped_does_not_stop_the_training(
    install: Install, run: TrackedRun, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE_S", 0.5)
    install("")
    with reading_along(["wandb"], run) as readers:
        (process,) = trackers()
        process.suspend()
        for epoch in range(5000):
            readers.tell(epochs=epoch)
        assert readers.finish(outcome) == []


def test_a_killed_training_takes_its_tracker_along(install: Install, run: TrackedRun, tmp_path: Path) -> None:
    install("")
    script = (
        "import pickle, sys, time; from auricle.tracking import reading_along\n"
        "with reading_along(['wandb'], pickle.load(open(sys.argv[1], 'rb'))) as readers:\n"
        "    readers.tell(epochs=2); print('told', flush=True); time.sleep(60)\n"
    )
    (tmp_path / "run.pickle").write_bytes(pickle.dumps(run))
    command = [sys.executable, "-c", script, str(tmp_path / "run.pickle")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as training:
        assert training.stdout is not None
        training.stdout.readline()
        (tracker,) = trackers(training.pid)
        os.kill(training.pid, signal.SIGKILL)
    tracker.wait(30)
    assert noted(run) == ["begun", "4", "8", "finished 1"]


def test_a_package_that_is_missing_is_said_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = r"tracking.to asks for trakio, which is not installed. Install it: pip install 'auricle\[trakio\]'"
    with pytest.raises(ConfigError, match=sentence):
        check_installed(["trakio"])
    (tmp_path / "trakio").mkdir()  # files of that name where the command is typed
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=sentence):
        check_installed(["trakio"])


def test_none_is_imported_by_checking_or_reading_a_configuration() -> None:
    code = (
        "import sys; from auricle.training import RunConfig; from auricle.config import read\n"
        "from auricle.tracking import check_installed\n"
        "config = read(RunConfig, None, ['tracking.to=[wandb, trackio]'])\n"
        "check_installed(config.tracking.to); print({'wandb', 'trackio'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_section() -> None:
    assert read(RunConfig, None, ["tracking.to=wandb"]).tracking.to == ("wandb",)
    assert read(RunConfig, None, ["tracking.to=[trackio, wandb, trackio]"]).tracking.to == ("trackio", "wandb")
    with pytest.raises(
        ConfigError, match=r"there is no tracker 'wandbb'. Did you mean 'wandb'\? Known: trackio, wandb"
    ):
        read(RunConfig, None, ["tracking.to=[wandbb]"])
    with pytest.raises(ConfigError, match=r"tracking\.project"):
        read(RunConfig, None, ["tracking.project=a/b"])
    assert [setting.key for setting in describe(TrackingConfig)] == ["to", "project", "online"]
