"""`auricle train` in two processes: it learns what one does, survives each of them, and leaves none behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file

from auricle import config as configuration
from auricle.errors import ConfigError
from auricle.presets import find_config
from auricle.training import RunConfig, RunFolder, default_name
from auricle.training.launching import joined, open_fabric

Configured = Callable[..., RunConfig]

CNN = {"encoder": "cnn10", "weights": "random", "fc_units": 8, "frozen": False, "trainable_from_block": 4}

Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Start ``auricle train`` with a configuration: ``started(config, path, *settings)``; all ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(config: RunConfig, path: Path, *settings: str, by: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        file = tmp_path / f"{path.name}.yaml"
        file.write_text(configuration.dump(config), encoding="utf-8")
        given = ("train", str(file), *settings, "--name", path.name, "--runs", str(path.parent))
        command = [sys.executable, *by, "-m", "auricle", *given]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "MASTER"))}
        running.append(
            subprocess.Popen(
                command,
                env={**inherited, "AURICLE_CACHE": str(tmp_path / "cache"), "GLOO_SOCKET_IFNAME": "lo"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def finished(process: "subprocess.Popen[str]") -> str:
    """Wait for a training that ends well; return what it said."""
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def rows(run: Path) -> list[dict[str, float]]:
    return RunFolder(run).read_history()


def weights(path: Path) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in load_file(path).items()}


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def wait_for_epochs(number: int, run: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while len(rows(run)) < number:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for_the_end(process: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process}").exists() and "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["fabric", "torchrun"])
def test_two_processes_learn_what_one_does(
    pretrained: Path, captioned: Path, tiny_bert: Path, tmp_path: Path, started: Started, by: str
) -> None:
    settings = ["training.max_epochs=5", "training.batch_size=6", f"models.text.encoder={tiny_bert}"]
    settings += [f"data.collection={captioned}", "trainer.accelerator=cpu", "models.audio.hidden=32"]
    settings += ["models.audio.dropout=0.3", f"features.folder={tmp_path / 'features'}"]
    (tmp_path / "cache").symlink_to(pretrained, target_is_directory=True)
    config = configuration.read(RunConfig, _embedded(), settings)
    one, two = tmp_path / "runs" / "one", tmp_path / "runs" / "two"
    finished(started(config, one))
    if by == "fabric":
        said = finished(started(config, two, "trainer.devices=2"))
    else:
        said = finished(started(config, two, by=_torchrun(2)))
    assert said.count("5 epochs") == 1
    assert json.loads((two / "environment.json").read_text())["world_size"] == 2
    assert RunFolder(two).finished.is_file()
    for row, same in zip(rows(one), rows(two), strict=True):
        assert same == pytest.approx(row, rel=1e-4, abs=1e-6)
        assert same["validation/text_to_audio/mAP@10"] == pytest.approx(
            row["validation/text_to_audio/mAP@10"], abs=1e-3
        )


def _embedded() -> Path:
    return find_config(Path("embedded"))


def _torchrun(processes: int) -> tuple[str, ...]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ("--master-addr", "127.0.0.1", "--master-port", str(port))
    return ("-m", "torch.distributed.run", *place, "--nproc-per-node", str(processes))


@pytest.mark.slow
def test_killed_and_interrupted_it_ends_and_goes_on_as_if_nothing_had_happened(
    configured: Configured, tmp_path: Path, started: Started
) -> None:
    config = configured(audio=CNN, max_epochs=12, save_every_s=0, learnable_temperature=True)
    settings = ("trainer.devices=2", "trainer.sync_batch_norm=true")
    whole, run = tmp_path / "runs" / "whole", tmp_path / "runs" / "run"
    finished(started(config, whole, *settings))
    for fault in ("the first is killed", "the second is killed", "ctrl-c"):
        process = started(config, run, *settings)
        wait_for_epochs(len(rows(run)) + 2, run, process)
        (second,) = children(process.pid)
        if fault == "ctrl-c":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            os.kill(process.pid if fault == "the first is killed" else second, signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        wait_for_the_end(second)
        assert not RunFolder(run).finished.exists()
        assert "Traceback" not in said
        assert process.returncode == (-signal.SIGKILL if fault == "the first is killed" else 1)
        assert said.count("Another process of this training has ended") == (fault == "the second is killed")
        assert said.count("Interrupted; what was done is in") == (fault == "ctrl-c")
    assert "going on at epoch" in finished(started(config, run, *settings))
    assert (run / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    for name in ("best.safetensors", "last.safetensors"):
        assert weights(run / name) == weights(whole / name)


@pytest.mark.slow
def test_a_fault_of_all_is_said_once(configured: Configured, tmp_path: Path, started: Started) -> None:
    process = started(configured(learning_rate=1e38), tmp_path / "run", "trainer.devices=2")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.count("The training has diverged") == 1
    assert "Traceback" not in said
    assert "Another process" not in said


def test_the_number_of_processes_makes_no_other_run(configured: Configured) -> None:
    config = configured()
    several = with_trainer(config, devices=4, nodes=2)
    assert default_name("x", several) == default_name("x", config)
    assert default_name("x", with_trainer(config, sync_batch_norm=True)) != default_name("x", config)


def with_trainer(config: RunConfig, **settings: object) -> RunConfig:
    return config.model_copy(update={"trainer": config.trainer.model_copy(update=settings)})


@pytest.mark.parametrize("devices", ["0", "-1", "1.5", "all", "true"])
def test_devices_are_a_number_or_auto(devices: str) -> None:
    with pytest.raises(ConfigError, match=r"trainer\.devices: .*a number from 1 on or auto is needed"):
        configuration.read(RunConfig, _embedded(), [f"trainer.devices={devices}"])


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what srun says to a process it starts."""

    def say(**variables: int) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"SLURM_{name}", str(value))

    return say


def test_srun_is_found_and_must_have_started_what_is_configured(
    configured: Configured, slurm: Callable[..., None]
) -> None:
    slurm(NTASKS=8, NTASKS_PER_NODE=4, NNODES=2, PROCID=5, LOCALID=1, NODEID=1)
    wrong = with_trainer(configured(), devices=2, nodes=2)
    with pytest.raises(ConfigError, match="srun started 4 on each of 2 machines"), joined(wrong):
        pass
    for config in (configured(), with_trainer(configured(), devices="auto", nodes=2)):
        fabric, nodes = open_fabric(config)
        assert (fabric.world_size, fabric.global_rank, fabric.local_rank, nodes) == (8, 5, 1, 2)


def test_several_machines_need_somebody_to_start_them(configured: Configured) -> None:
    config = with_trainer(configured(), nodes=2)
    with pytest.raises(ConfigError, match="nothing started this command on 2 machines"), joined(config):
        pass


def test_other_commands_train_on_one_device(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["auricle", "experiment", "low-data"])
    config = with_trainer(configured(), devices=2)
    with pytest.raises(ConfigError, match="Only `auricle train` trains on several devices"), joined(config):
        pass
