"""Without the extra `cluster`, and with engines that are not there."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auricle.engines import EngineConfig, LocalEngine, Share, open_engine
from auricle.engines.packing import pack, unpack
from auricle.errors import ConfigError
from auricle.places import local
from tests.conftest import Command


def test_without_ray_the_command_says_what_installs_it(
    auricle: Command, eight_noises: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # what Python does where it is not installed
    told = auricle("features", "log-mel", eight_noises, "--engine", "ray")
    assert told.refused(2).endswith("pip install 'auricle[cluster]'")


def test_nothing_of_ray_is_imported_otherwise(eight_noises: Path, tmp_path: Path) -> None:
    script = (
        "import atexit, json, sys\n"
        "sys.argv = ['auricle', *sys.argv[1:]]\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "from auricle.cli import main; main()"
    )
    command = [sys.executable, "-c", script, "features", "log-mel", str(eight_noises)]
    command += ["--features", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert not loaded & {"ray", "botocore", "s3fs", "qdrant_client", "prometheus_client", "psycopg2"}


@pytest.mark.parametrize("name", ["slurm", "ray:HOST", "raytracer", ""])
def test_an_engine_that_is_none(auricle: Command, eight_noises: Path, name: str) -> None:
    told = auricle("features", "log-mel", eight_noises, "--engine", name)
    assert "no such engine; local, ray and ray://HOST:10001 are known" in told.refused(2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Ray, about itself
def test_a_cluster_that_does_not_answer(auricle: Command, eight_noises: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'auricle[cluster]'")
    told = auricle("features", "log-mel", eight_noises, "--engine", "ray://127.0.0.1:9")
    assert "ray://127.0.0.1:9 cannot be reached" in told.refused(2)


def test_processes_of_this_machine_do_every_shard_once() -> None:
    engine = open_engine(EngineConfig(workers=2))
    assert engine == LocalEngine(2)
    with engine.working(begin_doubling, iter(range(30))) as results:
        assert sorted(results) == sorted([*range(30), *range(30)])


def begin_doubling(share: Share | None) -> Callable[[int], list[int]]:
    return lambda number: [number, number]


def test_a_mirror_travels_as_its_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "mine"))
    packed = pack([local("s3://archive/rain.wav"), Path("not there")])
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "theirs"))
    assert unpack(packed) == [tmp_path / "theirs" / "remote" / "s3" / "archive" / "rain.wav", Path("not there")]


def test_a_path_of_this_folder_travels_as_a_whole_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    monkeypatch.chdir(tmp_path)
    packed = pack(Path("here"))
    monkeypatch.chdir("/")
    assert unpack(packed) == tmp_path / "here"


def test_an_environment_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"environment: There is no configuration file"):
        EngineConfig(name="ray", runtime_env=tmp_path / "none.yaml").read_runtime_env()
