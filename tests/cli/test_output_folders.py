"""Folders that cannot be written: each command says so in one sentence, and goes on once it can."""

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

FULL = r"Cannot write to \S+: the disk is full \(\d+ MB free\)\. Free some space and run the same command again\."


@pytest.mark.parametrize(
    ("runs", "name", "sentence"),
    [
        ("file", "run", r"Cannot write to \S+/file/run: a part of the path is a file\. Choose another folder\."),
        (".", "file", r"Cannot write to \S+/file: a file of this name is in the way\. Choose another folder\."),
        (".", "long" * 100, r"Cannot write to \S+long: .*name.*too long"),
        ("dangling/link", "run", r"Cannot write to \S+/run: "),
    ],
)
def test_an_impossible_folder_for_a_run(
    noises: Path, train: Command, tmp_path: Path, runs: str, name: str, sentence: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "else")
    assert re.match(sentence, train(noises, tmp_path / runs, name=name).refused(1))


def test_a_file_in_the_way_of_results(
    run: Path, noises: Path, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation")))
    (copy / "evaluation").touch()
    refused = auricle("evaluate", copy, cache=pretrained)
    assert refused.status == 1
    assert re.fullmatch(r"auricle: Cannot write to \S+: a part of the path is a file\. .*", refused.said[-1])
    for command in (["log-mel", noises], ["export", noises, tmp_path / "out"]):
        refusal = auricle("features", *command, "--features", copy / "evaluation").said[-1]
        assert re.match(r"auricle: Cannot write to \S+: a part of the path is a file\.", refusal)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """A real file system of so many kilobytes, made by the first call and changed by later ones."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(kilobytes: int, *, read_only: bool = False) -> Path:
        options = [f"size={kilobytes}k", "ro" if read_only else "rw", *(["remount"] if place.is_mount() else [])]
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only the superuser of a Linux machine can make a small disk")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_disk(small_disk: Callable[..., Path], noises: Path, train: Command, auricle: Command) -> None:
    disk = small_disk(1000, read_only=True)
    sentence = r"Cannot write to \S+: it is on a read-only file system\. Choose another folder\."
    assert re.fullmatch(sentence, train(noises, disk).refused(1))
    auricle("data", "check", noises)
    assert re.fullmatch(sentence, auricle("features", "log-mel", noises, "--features", disk).refused(1))


def test_a_collection_on_a_read_only_disk_can_be_read(
    small_disk: Callable[..., Path], noises: Path, auricle: Command, tmp_path: Path
) -> None:
    disk = small_disk(1000)
    shutil.copytree(noises, disk / "sounds")
    small_disk(1000, read_only=True)
    outcome = auricle("data", "check", disk / "sounds", cache=tmp_path / "cache")
    assert outcome.status == 0
    assert f"{disk / 'sounds'} may not be written; what is seen of its sounds is kept in {tmp_path}" in outcome.err


def test_a_full_disk_by_every_command_that_writes(
    run: Path, noises: Path, auricle: Command, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    auricle("data", "check", noises)
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    config = tmp_path / "mine.yaml"
    config.write_text(f"data: {{collection: {noises}}}", encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for command in (
        ["train", config, "--runs", tmp_path / "new"],
        ["evaluate", copy],
        ["features", "log-mel", noises, "--features", tmp_path / "new"],
        ["features", "export", noises, tmp_path / "new", "--features", tmp_path / "new"],
        ["demo", "--folder", tmp_path / "new"],
    ):
        refused = auricle(*command, cache=pretrained)
        assert refused.status == 1, command
        assert re.fullmatch(f"auricle: {FULL}", refused.said[-1]), command
    shutil.rmtree(tmp_path / "new")
    config.unlink()
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize("kilobytes", [4, 1500, 3000], ids=["nothing fits", "no checkpoint fits", "no state fits"])
def test_training_on_a_disk_that_fills_up(
    small_disk: Callable[..., Path], captioned: Path, run: Path, train: Command, kilobytes: int
) -> None:
    disk = small_disk(kilobytes)
    refused = train(captioned, disk, "training.save_every_s=0")
    assert refused.status == 1
    assert re.fullmatch(f"auricle: {FULL}", refused.said[-1])
    assert not list(disk.rglob("*.tmp"))
    small_disk(64_000)
    assert train(captioned, disk, "training.save_every_s=0").status == 0
    for name in ("best.safetensors", "last.safetensors", "metrics.jsonl"):
        assert (disk / "run" / name).read_bytes() == (run / name).read_bytes()


def test_making_sounds_on_a_disk_that_fills_up(
    small_disk: Callable[..., Path], auricle: Command, pretrained: Path
) -> None:
    disk = small_disk(1000)
    refused = auricle("demo", "--folder", disk, "--clips", 20, cache=pretrained)
    assert refused.status == 1
    assert re.fullmatch(f"auricle: {FULL}", refused.said[-1])
    assert not list(disk.rglob("*.tmp"))
