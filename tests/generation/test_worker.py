"""Workers: clips come back as they were made, and whatever a model does, this process goes on and nothing is left."""

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

import auricle.generation
from auricle.errors import GenerationError
from auricle.generation.worker.process import LOG_LINES, Worker

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

ROOM = Path(auricle.generation.__file__).parent
LIMIT_S = 60.0

INSIDE = r'''
import os, signal, stat, subprocess, sys, time
import numpy as np

def on_the_channel(line):
    """Write where only answers belong: the pipe that is none of the three standard ones and can be written."""
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, line + b"\n")
        except OSError:
            pass

class Model:
    sample_rate = 8000
    note = "It is made up."

    def __init__(self, folder):
        self.folder = folder

    def generate(self, captions, seconds, seeds):
        print("print", captions)
        os.write(1, b"\xff no text\n")
        subprocess.run(["echo", "a program"])
        for caption in captions:
            first, _, rest = caption.partition(" ")
            if first == "raise":
                raise ValueError("no such sound")
            if first == "allocate":
                raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
            if first == "exit":
                print("the last print")
                sys.exit(3)
            if first == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if first == "once" and not os.path.exists(self.folder + "/once"):
                open(self.folder + "/once", "w").close()
                os._exit(4)
            if first == "hang":
                child = subprocess.Popen(["sleep", "600"])
                with open(self.folder + "/started", "w") as started:
                    started.write("%d %d\n" % (os.getpid(), child.pid))
                time.sleep(600)
            if first == "say":
                on_the_channel(rest.encode())
                time.sleep(600)
            if first == "flood":
                sys.stderr.write("x" * 3000000 + "\n" + "\n".join(map(str, range(1000))) + "\n")
            if first == "forget":
                return []
        return [np.full(round(length * 8000), seed % 1000) for length, seed in zip(seconds, seeds)]

def load(how, folder):
    if how == "raise":
        raise ValueError("no such model.")
    if how == "exit":
        sys.exit("no such licence")
    if how == "hang":
        time.sleep(600)
    if how == "need":
        import a_package_that_is_not_there
    return Model(folder)
'''


Start = Callable[..., Worker]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start workers that end with the test: ``start(how, python=..., start_timeout_s=..., timeout_s=...)``."""
    (tmp_path / "inside.py").write_text(INSIDE, encoding="utf-8")
    started: list[Worker] = []

    def run(
        how: str = "",
        *,
        python: Path = Path(sys.executable),
        start_timeout_s: float = LIMIT_S,
        timeout_s: float = LIMIT_S,
    ) -> Worker:
        worker = Worker(
            "fake",
            python=python,
            inside=tmp_path / "inside.py",
            options={"how": how, "folder": str(tmp_path)},
            start_timeout_s=start_timeout_s,
            timeout_s=timeout_s,
        )
        started.append(worker)
        return worker

    yield run
    for worker in started:
        worker.close()


def made(worker: Worker, *captions: str) -> list[list[float]]:
    """Ask for a clip of a millisecond per caption, with seeds 1, 2 and so on."""
    seeds = range(1, len(captions) + 1)
    clips = worker.generate(captions, seconds=[0.001] * len(captions), seeds=[*seeds])
    return [clip.tolist() for clip in clips]


def processes() -> list[int]:
    return [child.pid for child in psutil.Process().children() if "script.py" in " ".join(child.cmdline())]


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_clips_come_back_and_prints_do_not_disturb(start: Start) -> None:
    worker = start()
    clips = worker.generate(["a\nb", "«ü» \ud800"], seconds=[0.25, 1.0], seeds=[2**63 - 1, 5])
    assert [clip.dtype for clip in clips] == [np.float32] * 2
    np.testing.assert_array_equal(clips[0], np.full(2000, (2**63 - 1) % 1000))
    np.testing.assert_array_equal(clips[1], np.full(8000, 5))
    assert (worker.sample_rate, worker.note) == (8000, "It is made up.")
    wait_until(lambda: [*worker.log] == ["print ['a\\nb', '«ü» \\ud800']", "� no text", "a program"])


def test_a_refusal_says_why_and_the_worker_stays(start: Start) -> None:
    worker = start()
    before = processes()
    with pytest.raises(
        GenerationError, match=r"^The worker of fake could not make a clip: ValueError: no such sound\.$"
    ):
        made(worker, "rain", "raise")
    wait_until(lambda: "ValueError: no such sound" in worker.log)  # the traceback, for whoever looks
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        made(worker, "allocate")
    assert made(worker, "rain") == [[1.0] * 8]
    assert processes() == before


def test_a_worker_that_dies_is_started_again_for_the_same_batch(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made(start(), "rain", "once") == [[1.0] * 8, [2.0] * 8]
    assert capsys.readouterr().err == "The worker of fake exited with status 4; it is started again.\n"


@pytest.mark.parametrize(
    ("caption", "reason"),
    [
        ("exit", r"exited with status 3\. Its last words: .*the last print$"),
        ("kill", r"was ended by signal 9 \(Killed.*\); the machine may have run out of memory\."),
        ("say Loading ...", r"said 'Loading \.\.\.', which is no answer\."),
        ('say {"request": "1"}', r"said '\{.*\}', which is no answer\."),
        ('say {"request": 77}', r"answered request 77 instead of 2\."),
        ("forget", r"left no clips that can be read: .*2-0\.npy"),
    ],
)
def test_a_worker_that_dies_twice_over_a_batch_is_there_for_the_next(start: Start, caption: str, reason: str) -> None:
    worker = start()
    with pytest.raises(
        GenerationError, match=f"^The worker of fake died twice over the same batch: at last it {reason}"
    ):
        made(worker, "rain", caption)
    assert not processes()
    assert made(worker, "rain") == [[1.0] * 8]


def test_a_worker_that_hangs_is_ended_with_all_that_it_started(start: Start, tmp_path: Path) -> None:
    worker = start(timeout_s=1.0)
    with pytest.raises(GenerationError, match=r"at last it did not answer within 1 s\."):
        made(worker, "hang")
    started = (tmp_path / "started").read_text().split()
    wait_until(lambda: not any(psutil.pid_exists(int(number)) for number in started))


def test_many_prints_do_not_block_it(start: Start) -> None:
    worker = start()
    assert made(worker, "flood") == [[1.0] * 8]
    wait_until(lambda: worker.log[-1] == "999")
    assert len(worker.log) == LOG_LINES


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", r"ValueError: no such model\.$"),
        ("exit", r"it exited with status 1\. Its last words: no such licence$"),
        ("hang", r"it did not answer within 1 s\."),
        ("need", r"No module named 'a_package_.*'\. Install what is missing there, or name another interpreter\.$"),
    ],
)
def test_a_worker_that_cannot_load(start: Start, how: str, reason: str) -> None:
    with pytest.raises(GenerationError, match=f"^The worker of fake cannot start with the interpreter .*: .*{reason}"):
        start(how, start_timeout_s=1.0 if how == "hang" else LIMIT_S)


def test_an_interpreter_that_is_none(start: Start, tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"interpreter /nowhere/python: No such file or directory\. Name one"):
        start(python=Path("/nowhere/python"))
    (tmp_path / "text").write_text("no program")
    with pytest.raises(GenerationError, match="Permission denied"):
        start(python=tmp_path / "text")
    with pytest.raises(GenerationError, match=r"it said 'Welcome!', which is no answer\."):
        start(python=script(tmp_path / "greeting", 'echo "Welcome!"; sleep 600'))
    with pytest.raises(GenerationError, match=r"No module named 'numpy'\. Install what is missing there"):
        start(python=script(tmp_path / "bare", f'exec "{sys.executable}" -S "$@"'))


def test_a_closed_worker_leaves_nothing(start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    worker = start()
    made(worker, "rain", "once")
    (folder,) = temporary.iterdir()  # that of the second process; that of the first went with it
    assert not [*folder.iterdir()]
    worker.close()
    worker.close()
    assert not processes()
    with pytest.raises(ValueError, match="closed"):
        made(worker, "rain")
    with pytest.raises(GenerationError):
        start("raise")
    with pytest.raises(GenerationError):
        start(python=Path("/nowhere/python"))
    assert not [*temporary.iterdir()]


ASK = """
import sys
from pathlib import Path
from auricle.generation.worker.process import Worker
inside, folder = sys.argv[1:]
worker = Worker("fake", python=Path(sys.executable), inside=Path(inside), options={"how": "", "folder": folder},
                start_timeout_s=60, timeout_s=60)
worker.generate(["hang"], seconds=[1], seeds=[1])
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_this_process(tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "inside.py").write_text(INSIDE, encoding="utf-8")
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-c", ASK, str(tmp_path / "inside.py"), str(tmp_path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as parent:
        try:
            wait_until(lambda: (tmp_path / "started").exists() and "\n" in (tmp_path / "started").read_text())
            worker, program = map(int, (tmp_path / "started").read_text().split())
            parent.send_signal(sent)
            parent.wait(LIMIT_S)
        finally:
            parent.kill()
    wait_until(lambda: not psutil.pid_exists(worker) and not psutil.pid_exists(program))
    assert not [*(tmp_path / "temporary").iterdir()]


@pytest.mark.parametrize(
    "path", [ROOM / "worker" / "script.py", ROOM / "ezaudio" / "inside.py"], ids=lambda path: path.name
)
def test_what_runs_elsewhere_stands_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    named = {
        module.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([node.module or "."] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    assert named <= {*sys.stdlib_module_names, "numpy", "torch"}
