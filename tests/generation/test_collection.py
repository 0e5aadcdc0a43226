"""The embedded collection: the same bytes however it comes about, and a folder in Clotho's layout."""

import csv
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from auricle import audio
from auricle.errors import StorageError
from auricle.generation.procedural.collection import SPLITS, WrittenClip, write_collection

CLIPS = 20

WRITE = """
import sys
from pathlib import Path
from auricle.generation.procedural.collection import write_collection
write_collection(Path(sys.argv[1]), clips=int(sys.argv[2]))
"""


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.reader(opened))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("collections") / "embedded"


@pytest.fixture(scope="module")
def written(folder: Path) -> list[WrittenClip]:
    return write_collection(folder, clips=CLIPS)


def test_the_folder_has_clothos_layout(folder: Path, written: list[WrittenClip]) -> None:
    assert [sum(clip.split == split for clip in written) for split in SPLITS] == [12, 4, 4]
    for split in SPLITS:
        header, *lines = rows(folder / f"clotho_captions_{split}.csv")
        assert header == ["file_name", "caption_1", "caption_2", "caption_3", "caption_4", "caption_5"]
        names = [clip.file_name for clip in written if clip.split == split]
        assert [line[0] for line in lines] == names
        assert all(len(line) == 6 and all(line) for line in lines)
        assert sorted(path.name for path in (folder / split).iterdir()) == sorted(names)


def test_clips_are_32_khz_mono_16_bit_and_2_to_6_seconds_long(folder: Path, written: list[WrittenClip]) -> None:
    for clip in written:
        info = soundfile.info(str(folder / clip.split / clip.file_name))
        assert (info.samplerate, info.channels, info.subtype) == (32000, 1, "PCM_16")
        assert 2.0 <= info.duration <= 6.0


def test_names_and_labels_are_the_kinds(folder: Path, written: list[WrittenClip]) -> None:
    assert [clip.file_name for clip in written] == [f"{'-'.join(c.kinds)}-{i:03d}.wav" for i, c in enumerate(written)]
    header, *lines = rows(folder / "classes.csv")
    assert header == ["split", "file_name", "label"]
    assert lines == [[clip.split, clip.file_name, "+".join(sorted(clip.kinds))] for clip in written]


def test_another_process_with_other_string_hashes_writes_the_same_bytes(
    folder: Path, written: list[WrittenClip], tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "4321"}
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path), str(CLIPS)], env=environment, check=True)
    assert content(tmp_path) == content(folder)


def test_fewer_clips_are_the_same_clips(folder: Path, written: list[WrittenClip], tmp_path: Path) -> None:
    assert write_collection(tmp_path, clips=6) == written[:6]
    sounds = {name: data for name, data in content(tmp_path).items() if name.endswith(".wav")}
    assert len(sounds) == 6
    assert sounds.items() <= content(folder).items()


def test_a_killed_run_goes_on_to_the_same_bytes(folder: Path, written: list[WrittenClip], tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path), str(CLIPS)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*/*.wav"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.wait()
    there = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*.wav")}
    assert 4 <= len(there) < CLIPS
    assert not list(tmp_path.glob("*.csv"))
    write_collection(tmp_path, clips=CLIPS)
    assert content(tmp_path) == content(folder)
    assert {path: path.stat().st_mtime_ns for path in there} == there


def test_a_finished_collection_is_not_rendered_again(
    folder: Path, written: list[WrittenClip], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(folder)
    monkeypatch.setattr(audio, "write", lambda *_: pytest.fail("rendered again"))
    assert write_collection(folder, clips=CLIPS) == written
    assert content(folder) == before


def test_another_seed_is_another_collection_and_not_mixed_in(
    folder: Path, written: list[WrittenClip], tmp_path: Path
) -> None:
    assert [clip.kinds for clip in write_collection(tmp_path, clips=5, seed=1)] != [c.kinds for c in written[:5]]
    with pytest.raises(StorageError, match=r"holds sounds made with .*'seed': 0.* not with .*'seed': 1"):
        write_collection(folder, clips=CLIPS, seed=1)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "clotho_captions_development.csv").write_text("file_name\n")
    with pytest.raises(StorageError, match="holds files that are not from here"):
        write_collection(tmp_path, clips=5)
    assert content(tmp_path) == {"clotho_captions_development.csv": b"file_name\n"}


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "procedural.json").write_text("{")
    with pytest.raises(StorageError, match="holds sounds made with something unreadable"):
        write_collection(tmp_path, clips=5)


def test_an_impossible_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(StorageError, match="Choose another folder"):
            write_collection(folder, clips=5)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="may not be written by this user"):
        write_collection(tmp_path, clips=5)


@pytest.mark.parametrize(("code", "reason"), [(errno.EROFS, "read-only file system"), (errno.ENOSPC, "disk is full")])
def test_a_file_system_that_refuses_is_a_storage_error(
    code: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=reason):
        write_collection(tmp_path, clips=5)
    assert not list(tmp_path.glob("*.csv"))


def test_too_few_clips_for_three_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="clips must be at least 5"):
        write_collection(tmp_path, clips=4)
    assert content(tmp_path) == {}
