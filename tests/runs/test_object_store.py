"""A collection, its features and its runs in an object store: trained, killed, gone on with on another machine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auricle import places
from auricle.data import DataConfig, Purpose, open_collection
from auricle.features import FeatureStore
from tests.conftest import Command
from tests.s3 import S3Server, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "cache"))
    for name in server.names():
        server.remove(name)
    server.asked.clear()
    return server


def put_folder(s3: S3Server, folder: Path, below: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            s3.put(f"{below}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def sounds_fetched(s3: S3Server) -> list[str]:
    return [line for line in s3.asked if line.startswith("GET") and line.endswith(".wav")]


def test_a_collection_is_opened_as_a_local_one_and_its_sounds_are_read_once(
    eight_noises: Path, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_folder(s3, eight_noises, "sounds")
    there = DataConfig.model_validate({"collection": s3.url("sounds")})
    opened = open_collection(there, purpose=Purpose.REPORTING)
    here = open_collection(
        DataConfig(collection=Path(shutil.copytree(eight_noises, tmp_path / "n"))), purpose=Purpose.REPORTING
    )
    assert [(clip.id, clip.content) for clip in opened.clips] == [(clip.id, clip.content) for clip in here.clips]
    assert len(sounds_fetched(s3)) == 8
    assert "sounds/manifest.parquet" in s3.names()
    shutil.rmtree(tmp_path / "cache")  # another machine: the manifest knows the sounds
    s3.asked.clear()
    again = open_collection(DataConfig(collection=places.local(s3.url("sounds"))), purpose=Purpose.REPORTING)
    assert again == opened
    assert sounds_fetched(s3) == []
    assert not again.clips[0].path.exists()
    from auricle.audio import decode

    assert len(decode(again.clips[0].path)) == 4000  # fetched when it is opened
    assert len(sounds_fetched(s3)) == 1


def test_a_sound_that_changes_in_the_store_is_looked_at_again(eight_noises: Path, s3: S3Server) -> None:
    put_folder(s3, eight_noises, "sounds")
    config = DataConfig(collection=places.local(s3.url("sounds")))
    before = open_collection(config, purpose=Purpose.REPORTING)
    time.sleep(0.01)
    s3.put("sounds/noise-0.wav", (eight_noises / "noise-1.wav").read_bytes())
    after = open_collection(config, purpose=Purpose.REPORTING)
    changed = [one.id for one, other in zip(before.clips, after.clips, strict=True) if one.content != other.content]
    assert changed == ["development/noise-0.wav"]
    assert after.clips[0].content == after.clips[1].content


def test_a_collection_that_is_not_there_is_named_by_its_url(auricle: Command, s3: S3Server, tmp_path: Path) -> None:
    outcome = auricle("features", "log-mel", s3.url("nothing"), cache=tmp_path / "cache")
    assert s3.url("nothing") in outcome.refused(1)
    assert "is not there" in outcome.refused(1)


def test_two_writers_of_one_feature_store_and_a_reader_elsewhere(s3: S3Server, tmp_path: Path) -> None:
    def opened() -> FeatureStore:
        return FeatureStore(places.local(s3.url("features")), name="ones", settings={"mels": 2})

    one, other = opened(), opened()
    one.write({"a": np.ones((3, 2), np.float32)})
    other.write({"b": np.zeros((1, 2), np.float32)})
    one.refresh()
    assert set(one) == {"a", "b"}
    shutil.rmtree(tmp_path / "cache")
    elsewhere = opened()
    assert set(elsewhere) == {"a", "b"}
    assert np.array_equal(elsewhere["a"], np.ones((3, 2)))


def test_paths_of_a_written_configuration_are_urls(s3: S3Server) -> None:
    from auricle.config import dump

    config = DataConfig.model_validate({"collection": "s3://bucket/my sounds"})
    assert "collection: s3://bucket/my sounds\n" in dump(config)
    assert DataConfig.model_validate({"collection": "s3:/bucket/my sounds"}) == config


@pytest.mark.slow
def test_training_goes_on_on_another_machine(
    auricle: Command, captioned: Path, pretrained: Path, quickly: tuple[str, ...], s3: S3Server, tmp_path: Path
) -> None:
    put_folder(s3, captioned, "sounds")
    settings = (
        f"data.collection={s3.url('sounds')}",
        f"features.folder={s3.url('features')}",
        *quickly,
        "training.max_epochs=8",
        "training.save_every_s=0",
    )
    whole = auricle("train", "embedded", *settings, "--name", "whole", "--runs", s3.url("runs"), cache=pretrained)
    assert whole.status == 0, whole.err
    assert whole.out.strip() == s3.url("runs/whole")
    assert "runs/whole/resume.pt" not in s3.names()
    command = [
        sys.executable, "-c", "from auricle.cli import main; main()", "train", "embedded", *settings,
        "--name", "killed", "--runs", s3.url("runs"),
    ]  # fmt: skip
    environment = {**os.environ, "AURICLE_CACHE": str(pretrained)}
    training = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while "runs/killed/resume.pt" not in s3.names() and time.monotonic() < until and training.poll() is None:
        time.sleep(0.02)
    training.send_signal(signal.SIGSTOP)  # alive, and in the middle
    second = auricle(*command[3:], cache=pretrained)
    training.send_signal(signal.SIGKILL)
    training.communicate()
    assert "runs/killed/finished.json" not in s3.names(), "it was too quick to be killed"
    assert f"{s3.url('runs/killed')} is being trained by process {training.pid} on" in second.refused(1)
    shutil.rmtree(pretrained / "remote")
    resumed = auricle("train", "--resume", "killed", "--runs", s3.url("runs"), cache=pretrained)
    assert resumed.status == 0, resumed.err
    assert "going on at epoch" in resumed.err
    assert s3.read("runs/killed/last.safetensors") == s3.read("runs/whole/last.safetensors")
    outcomes = [json.loads(s3.read(f"runs/{name}/finished.json")) for name in ("whole", "killed")]
    assert (
        outcomes[0]["best"]["validation/text_to_audio/mAP@10"] == outcomes[1]["best"]["validation/text_to_audio/mAP@10"]
    )
    listed = auricle("runs", "list", s3.url("runs"), cache=pretrained)
    assert [line.split()[:2] for line in listed.out.splitlines()[1:]] == [["killed", "finished"], ["whole", "finished"]]
    evaluated = auricle("evaluate", s3.url("runs/killed"), cache=pretrained)
    assert evaluated.status == 0, evaluated.err
    assert "runs/killed/evaluation/evaluation/measures.json" in s3.names()
    removed = auricle("runs", "remove", "whole", "--runs", s3.url("runs"), "--yes", cache=pretrained)
    assert (removed.status, removed.out.strip()) == (0, f"{s3.url('runs/whole')}: removed")
    assert s3.names("runs/whole") == []
