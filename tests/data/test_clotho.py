"""A synthetic Clotho behind a server on this machine: fetched, cut off, damaged, killed, renamed and named back.

The oracle is the folder that the archives were made from.
"""

import csv
import dataclasses
import hashlib
import io
import multiprocessing
import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import py7zr
import pytest
import soundfile

from auricle.data import DataConfig, Purpose, clotho, open_collection
from auricle.data.changes import read_changes
from auricle.data.clotho import PublishedFile, PublishedSplit, Release, Sources
from auricle.data.clotho.unpacking import unpack
from auricle.errors import ConfigError, DataError, DownloadError, StorageError
from auricle.tables import as_csv

Serve = Callable[..., Any]

NAMES = {
    "development": (" Ambience Birds.wav", "Bob&#39;s bus .wav", "both.wav", "a, b  c.wav"),
    "validation": (" e ieio ieai.wav", "both.wav", "rain &amp; wind.wav"),
    "evaluation": ("both.wav", "Santa Motor.wav"),
}
CORRECTED = {" Ambience Birds.wav": "Ambience Birds.wav", " e ieio ieai.wav": "e ieio ieai.wav"}
METADATA = ("file_name", "keywords", "sound_id", "sound_link", "start_end_samples", "manufacturer", "license")
BY = "http://creativecommons.org/licenses/by/3.0/"


def wav(split: str, name: str) -> bytes:
    """Two seconds of noise that follows from split and name."""
    seed = int.from_bytes(hashlib.sha256(f"{split}/{name}".encode()).digest()[:4], "big")
    content = io.BytesIO()
    soundfile.write(content, np.random.default_rng(seed).normal(0, 0.1, 32_000), 16_000, format="WAV", subtype="PCM_16")
    return content.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with py7zr.SevenZipFile(content, "w") as opened:
        for name, data in members.items():
            opened.writestr(data, name)
    return content.getvalue()


def published_files() -> dict[str, bytes]:
    """What the publisher serves, by name; CRLF, Latin-1 and a foreign folder in an archive included."""
    files = {}
    for split, names in NAMES.items():
        members = {f"{split}/{name}": wav(split, name) for name in names}
        files[f"clotho_audio_{split}.7z"] = archive({**members, f"{split}/.DS_Store": b"x", "readme.txt": b"x"})
        captions = [[name, f"A sound of  {name}", "It is  loud."] for name in names]
        header = ["file_name", "caption_1", "caption_2"]
        files[f"clotho_captions_{split}.csv"] = as_csv(header, captions).replace("\n", "\r\n").encode()
        rows = [[name, "bird;far", str(number), "", "", "Müller", BY] for number, name in enumerate(names)]
        files[f"clotho_metadata_{split}.csv"] = as_csv(METADATA, rows).encode("latin-1")
    return files


def release_of(files: dict[str, bytes], url: str = "http://127.0.0.1:9/{name}") -> Release:
    def file(name: str) -> PublishedFile:
        return PublishedFile(name, hashlib.md5(files[name]).hexdigest())

    splits = [
        PublishedSplit(
            split,
            len(names),
            audio=file(f"clotho_audio_{split}.7z"),
            captions=file(f"clotho_captions_{split}.csv"),
            metadata=file(f"clotho_metadata_{split}.csv"),
            unpacked_bytes=64_044 * len(names),
        )
        for split, names in NAMES.items()
    ]
    return Release("clotho 0.1", url, "None.", tuple(splits))


def expected(corrected: bool = True) -> dict[str, bytes]:
    """Every sound of the finished folder."""
    return {
        f"{split}/{CORRECTED.get(name, name) if corrected else name}": wav(split, name)
        for split, names in NAMES.items()
        for name in names
    }


def sounds_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*.wav")}


def temporary_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(".tmp") or ".arriving" in path.parts]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return published_files()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Clotho"


def test_everything_arrives_is_unpacked_and_corrected(serve: Serve, files: dict[str, bytes], folder: Path) -> None:
    server = serve(dict(files))
    counts = clotho.fetch(release_of(files, server.url("{name}")), folder)
    assert [(count.split, count.present, count.missing, count.leftovers) for count in counts] == [
        ("development", 4, (), ()),
        ("validation", 3, (), ()),
        ("evaluation", 2, (), ()),
    ]
    assert sounds_in(folder) == expected()
    assert {path.name: path.read_bytes() for path in (folder / "published").iterdir()} == files
    assert not temporary_in(folder)


def test_the_second_time_nothing_is_asked_for_and_nothing_changes(
    serve: Serve, files: dict[str, bytes], folder: Path
) -> None:
    server = serve(dict(files))
    release = release_of(files, server.url("{name}"))
    clotho.fetch(release, folder)
    server.asked.clear()
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*") if path.is_file()}
    clotho.fetch(release, folder)
    assert not server.asked
    assert before == {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*") if path.is_file()
    }


def test_a_download_that_is_cut_off_twice_goes_on(
    serve: Serve, files: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auricle.downloads.time.sleep", lambda _: None)  # before it asks again
    server = serve(dict(files))
    name = "clotho_audio_development.7z"
    size = len(files[name])
    third = size // 3 // 65536 * 65536
    server.cuts[name] = [size, third, third]  # the first is the question how large it is
    clotho.fetch(release_of(files, server.url("{name}")), folder)
    assert sounds_in(folder) == expected()
    assert server.asked[name] == [None, None, f"bytes={third}-", f"bytes={2 * third}-"]


def test_a_wrong_checksum_is_refused_and_nothing_is_unpacked(
    serve: Serve, files: dict[str, bytes], folder: Path
) -> None:
    server = serve({**files, "clotho_audio_validation.7z": files["clotho_audio_evaluation.7z"]})
    with pytest.raises(DownloadError, match=r"clotho_audio_validation\.7z.* is not what was published"):
        clotho.fetch(release_of(files, server.url("{name}")), folder)
    assert not sounds_in(folder)
    assert not (folder / "published" / "clotho_audio_validation.7z").exists()
    server.files.update(files)
    clotho.fetch(release_of(files, server.url("{name}")), folder)
    assert sounds_in(folder) == expected()


def test_too_little_room_is_said_before_anything_is_downloaded(
    serve: Serve, files: dict[str, bytes], folder: Path
) -> None:
    server = serve(dict(files))
    release = release_of(files, server.url("{name}"))
    vast = dataclasses.replace(
        release, splits=(dataclasses.replace(release.splits[0], unpacked_bytes=1e15), *release.splits[1:])
    )
    with pytest.raises(StorageError, match=r"needs about 1000000\.00 GB more .* are free\. Nothing was downloaded"):
        clotho.fetch(vast, folder)
    assert not list(folder.rglob("*.7z*"))
    assert not sounds_in(folder)


def test_the_room_for_the_download_counts_too(
    serve: Serve, files: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(dict(files))
    release = release_of(files, server.url("{name}"))
    needed = sum(map(len, files.values())) + sum(split.unpacked_bytes for split in release.splits)
    usage = shutil.disk_usage(folder.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=int(needed) - 1))
    with pytest.raises(StorageError, match="GB are free"):
        clotho.fetch(release, folder)
    assert {name: len(asked) for name, asked in server.asked.items()} == dict.fromkeys(files, 1)  # only for the sizes


def test_one_split_alone(serve: Serve, files: dict[str, bytes], folder: Path) -> None:
    server = serve(dict(files))
    (count,) = clotho.fetch(release_of(files, server.url("{name}")), folder, splits=["validation"])
    assert (count.split, count.present) == ("validation", 3)
    assert {name.partition("/")[0] for name in sounds_in(folder)} == {"validation"}
    with pytest.raises(ConfigError, match=r"no split 'valid'\. Did you mean 'validation'\? It has: development, val"):
        clotho.fetch(release_of(files), folder, splits=["valid"])


def test_downloading_alone_unpacks_nothing_and_fetching_goes_on(
    serve: Serve, files: dict[str, bytes], folder: Path
) -> None:
    server = serve(dict(files))
    paths = clotho.download(release_of(files, server.url("{name}")), folder)
    assert {path.name: path.read_bytes() for path in paths} == files
    assert not sounds_in(folder)
    server.close()
    clotho.fetch(release_of(files), folder)
    assert sounds_in(folder) == expected()


def test_files_that_are_at_hand_need_no_network_and_stay(files: dict[str, bytes], tmp_path: Path, folder: Path) -> None:
    source = tmp_path / "downloads"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content)
    clotho.fetch(release_of(files), folder, sources=Sources("http://127.0.0.1:9/{name}", source), keep_archives=False)
    assert sounds_in(folder) == expected()
    assert {path.name for path in source.iterdir()} == set(files)
    assert not list(folder.rglob("*.7z"))  # they are not copied


def test_a_wrong_file_at_hand_is_refused(files: dict[str, bytes], tmp_path: Path, folder: Path) -> None:
    source = tmp_path / "downloads"
    source.mkdir()
    (source / "clotho_captions_development.csv").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"downloads/clotho_captions_development\.csv is not what was published"):
        clotho.fetch(release_of(files), folder, sources=Sources("http://127.0.0.1:9/{name}", source))


def test_a_folder_that_somebody_unpacked_by_hand_is_verified(files: dict[str, bytes], folder: Path) -> None:
    for name, content in expected(corrected=False).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for name, content in files.items():
        if name.endswith(".csv"):
            (folder / name).write_bytes(content)
    counts = clotho.fetch(release_of(files), folder)  # no server: nothing is needed
    assert sum(count.present for count in counts) == 9
    assert sounds_in(folder) == expected()
    assert (folder / "published" / "clotho_captions_development.csv").read_bytes() == files[
        "clotho_captions_development.csv"
    ]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:900])])
def test_a_sound_that_is_gone_or_cut_short_is_unpacked_again(
    serve: Serve, files: dict[str, bytes], folder: Path, damage: Callable[[Path], object]
) -> None:
    server = serve(dict(files))
    release = release_of(files, server.url("{name}"))
    clotho.fetch(release, folder)
    damage(folder / "development" / "Ambience Birds.wav")
    kept = (folder / "development" / "both.wav").stat().st_mtime_ns
    server.close()  # the archive is still there
    clotho.fetch(release, folder)
    assert sounds_in(folder) == expected()
    assert (folder / "development" / "both.wav").stat().st_mtime_ns == kept


def test_an_archive_can_go_when_its_sounds_are_there(serve: Serve, files: dict[str, bytes], folder: Path) -> None:
    server = serve(dict(files))
    release = release_of(files, server.url("{name}"))
    clotho.fetch(release, folder, keep_archives=False)
    assert not list(folder.rglob("*.7z"))
    server.close()
    clotho.fetch(release, folder)
    assert sounds_in(folder) == expected()


def test_missing_and_leftover_sounds_are_listed(files: dict[str, bytes], tmp_path: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "clotho_captions_validation.csv").write_bytes(files["clotho_captions_validation.csv"])
    with pytest.raises(DataError, match=r"no clotho_audio_validation\.7z in .*published or .*with --from"):
        clotho.extract(folder)
    members = {f"{name}": wav("validation", name) for name in ("both.wav", "stranger.wav")}
    (tmp_path / "clotho_audio_validation.7z").write_bytes(archive(members))
    (count,) = clotho.extract(folder, source=tmp_path)
    assert (count.captioned, count.present) == (3, 1)
    assert count.missing == (" e ieio ieai.wav", "rain &amp; wind.wav")
    assert count.leftovers == ("stranger.wav",)
    with pytest.raises(ConfigError, match="has no captions of 'test'"):
        clotho.extract(folder, splits=["test"])


def evil(name: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An archive with a name that py7zr itself refuses to write."""
    monkeypatch.setattr(py7zr.py7zr, "check_archive_path", lambda _: True)
    content = archive({"validation/both.wav": wav("validation", "both.wav"), name: b"evil"})
    monkeypatch.undo()
    return content


@pytest.mark.parametrize("name", ["../evil.wav", "validation/../../evil.wav", "/tmp/evil.wav", "..\\evil.wav"])
def test_an_archive_that_leads_out_of_the_folder_is_refused_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "in" / "evil.7z"
    path.parent.mkdir()
    path.write_bytes(evil(name, monkeypatch))
    with pytest.raises(DataError, match=r"evil\.7z is refused: its member .*evil.wav' leads out of the folder"):
        unpack(path, tmp_path / "in" / "sounds", renamed={})
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (tmp_path / "link.wav").symlink_to(tmp_path / "secret.wav")
    with py7zr.SevenZipFile(tmp_path / "link.7z", "w") as opened:
        opened.write(tmp_path / "link.wav", "validation/link.wav")
    with pytest.raises(DataError, match="leads out of the folder"):
        unpack(tmp_path / "link.7z", tmp_path / "sounds", renamed={})
    assert not (tmp_path / "sounds").exists()


def test_two_sounds_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.7z").write_bytes(archive({"a/rain.wav": b"1", "b/rain.wav": b"2"}))
    with pytest.raises(DataError, match=r"two sounds called 'rain\.wav'"):
        unpack(tmp_path / "twice.7z", tmp_path / "sounds", renamed={})


def test_a_damaged_archive_leaves_no_damaged_sound(tmp_path: Path) -> None:
    members = {f"{number}.wav": wav("x", str(number)) for number in range(8)}
    content = bytearray(archive(members))
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "damaged.7z").write_bytes(content)
    with pytest.raises(DataError, match=r"damaged\.7z is damaged or no 7z archive"):
        unpack(tmp_path / "damaged.7z", tmp_path / "sounds", renamed={})
    for path in (tmp_path / "sounds").glob("*"):
        assert path.read_bytes() == members[path.name]
    (tmp_path / "none.7z").write_bytes(b"<html>503</html>")
    with pytest.raises(DataError, match=r"none\.7z is damaged or no 7z archive"):
        unpack(tmp_path / "none.7z", tmp_path / "sounds", renamed={})


def test_a_full_disk_while_unpacking_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sounds.7z").write_bytes(archive({"rain.wav": bytes(2_000_000)}))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_999_999))
    with pytest.raises(StorageError, match=r"needs 0\.0 GB more to be unpacked"):
        unpack(tmp_path / "sounds.7z", tmp_path / "sounds", renamed={})


def _fetch_slowly(release: Release, folder: Path) -> None:
    """Fetch in a process of its own, a little slower, so that it can be killed anywhere."""
    fsync = os.fsync
    os.fsync = lambda fd: (time.sleep(0.02), fsync(fd))[1]  # type: ignore[func-returns-value]
    clotho.fetch(release, folder)


@pytest.fixture
def killed(serve: Serve, files: dict[str, bytes], folder: Path) -> Callable[[float], None]:
    """Fetch into `folder` and kill the process after some seconds."""
    server = serve(dict(files))
    context = multiprocessing.get_context("spawn")

    def kill_after(seconds: float) -> None:
        process = context.Process(target=_fetch_slowly, args=(release_of(files, server.url("{name}")), folder))
        process.start()
        end = time.monotonic() + 60
        while not (folder / ".lock").exists():
            assert process.is_alive(), "it has ended before it began"
            assert time.monotonic() < end
            time.sleep(0.001)
        time.sleep(seconds)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    return kill_after


def test_kill_9_at_any_moment_costs_nothing_but_time(
    serve: Serve, files: dict[str, bytes], folder: Path, killed: Callable[[float], None]
) -> None:
    for seconds in (0.02, 0.1, 0.25, 0.4, 0.6):
        killed(seconds)
        for name, content in sounds_in(folder).items():
            assert content in (expected().get(name), expected(corrected=False).get(name)), name
    clotho.fetch(release_of(files, serve(dict(files)).url("{name}")), folder)
    assert sounds_in(folder) == expected()
    assert not temporary_in(folder)


def test_a_second_process_is_told_who_fills_the_folder(files: dict[str, bytes], folder: Path) -> None:
    from auricle.storage import lock

    folder.mkdir()
    with lock(folder, purpose="is being filled"), pytest.raises(StorageError, match=rf"by process {os.getpid()} on"):
        clotho.fetch(release_of(files), folder)


def test_the_record_of_names_and_the_way_back(serve: Serve, files: dict[str, bytes], folder: Path) -> None:
    server = serve(dict(files))
    clotho.fetch(release_of(files, server.url("{name}")), folder)
    assert [dataclasses.astuple(change) for change in read_changes(folder)] == [
        (split, name, "file_name", "leading-space", name, CORRECTED[name])
        for split, name in (("development", " Ambience Birds.wav"), ("validation", " e ieio ieai.wav"))
    ]
    assert "\nAmbience Birds.wav," in "\n" + (folder / "clotho_captions_development.csv").read_text(encoding="utf-8")
    assert "Müller" in (folder / "clotho_metadata_development.csv").read_text(encoding="latin-1")
    assert len(clotho.rename(folder, undo=True)) == 2
    assert sounds_in(folder) == expected(corrected=False)
    for name, content in files.items():
        if name.endswith(".csv"):
            assert (folder / name).read_bytes().replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")
    assert read_changes(folder) == []
    assert clotho.rename(folder, undo=True) == []
    assert [change.before for change in clotho.rename(folder, trial=True)] == list(CORRECTED)
    assert len(clotho.rename(folder)) == 2
    assert sounds_in(folder) == expected()


@pytest.mark.parametrize("undone", [1, 2, 3])
def test_renaming_that_was_killed_between_its_steps_is_completed(
    serve: Serve, files: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch, undone: int
) -> None:
    from auricle import tables
    from auricle.data.clotho import file_names

    server = serve(dict(files))
    release = release_of(files, server.url("{name}"))
    left = [undone]

    def write_rows(*arguments: Any, **options: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        original(*arguments, **options)

    original = tables.write_rows
    monkeypatch.setattr(file_names, "write_rows", write_rows)
    with pytest.raises(KeyboardInterrupt):
        clotho.fetch(release, folder)
    monkeypatch.undo()
    clotho.fetch(release, folder)
    assert sounds_in(folder) == expected()
    for split in NAMES:
        for table in (f"clotho_captions_{split}.csv", f"clotho_metadata_{split}.csv"):
            assert b"\n " not in (folder / table).read_bytes()


def test_a_name_that_is_taken_is_not_taken_over(folder: Path) -> None:
    folder.mkdir()
    (folder / "clotho_captions_validation.csv").write_text("file_name,caption_1\n a.wav,x\na.wav,y\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"' a\.wav' in validation cannot lose its leading space: 'a\.wav' is taken"):
        clotho.rename(folder)
    (folder / "clotho_captions_validation.csv").write_text("file_name,caption_1\n a.wav,x\n", encoding="utf-8")
    (folder / "validation").mkdir()
    for name in (" a.wav", "a.wav"):
        (folder / "validation" / name).write_bytes(name.encode())
    with pytest.raises(DataError, match=r"there is such a file\. Remove one of the two"):
        clotho.rename(folder)
    assert (folder / "validation" / "a.wav").read_bytes() == b"a.wav"


def test_what_came_is_a_collection_with_origins_and_licences(
    serve: Serve, files: dict[str, bytes], folder: Path
) -> None:
    server = serve(dict(files))
    clotho.fetch(release_of(files, server.url("{name}")), folder)
    collection = open_collection(DataConfig(collection=folder), purpose=Purpose.REPORTING)
    assert {clip.id for clip in collection.clips} == set(expected())
    assert not collection.set_aside
    assert {clip.licence for clip in collection.clips} == {BY}
    assert collection.clips[0].origin == "Freesound 0"


def test_the_release_of_clotho_is_the_one_whose_captions_are_at_hand(shared: Path) -> None:
    release = clotho.RELEASES.get("clotho 2.1")
    for split in release.splits:
        content = (shared / "clotho_captions" / split.captions.name).read_bytes()
        assert hashlib.md5(content).hexdigest() == split.captions.md5
        assert content.count(b".wav,") + content.count(b'.wav",') >= split.clips


def test_exactly_three_names_of_clotho_are_corrected(shared: Path, tmp_path: Path) -> None:
    for path in (shared / "clotho_captions").glob("*.csv"):
        shutil.copy(path, tmp_path)
    assert [change.before for change in clotho.rename(tmp_path)] == [
        " typical neighborhood in Porto.wav",
        " Ambience Birds.wav",
        " e ieio ieai.wav",
    ]
    before = (shared / "clotho_captions" / "clotho_captions_development.csv").read_bytes()
    clotho.rename(tmp_path, undo=True)
    after = (tmp_path / "clotho_captions_development.csv").read_bytes()
    assert after == before.replace(b"\r\n", b"\n")


def test_from_the_server_to_a_trained_model(
    serve: Serve,
    files: dict[str, bytes],
    folder: Path,
    auricle: Callable[..., Any],
    train: Callable[..., Any],
    pretrained: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve(dict(files))
    name = "clotho_audio_development.7z"
    server.cuts[name] = [len(files[name]), 65_536, 65_536]
    known = dict(clotho.RELEASES._members)
    monkeypatch.setattr(clotho.RELEASES, "_members", {**known, "clotho 0.1": release_of(files, server.url("{name}"))})
    splits = ["--splits", "development", "validation", "evaluation"]
    fetched = auricle("data", "fetch", "clotho", "--version", "0.1", *splits, "--to", folder)
    assert fetched.status == 0, fetched.err
    assert [line.split() for line in fetched.out.splitlines()] == [
        ["split", "captioned", "there", "missing", "leftover"],
        ["development", "4", "4", "0", "0"],
        ["validation", "3", "3", "0", "0"],
        ["evaluation", "2", "2", "0", "0"],
    ]
    curated = auricle("data", "curate", folder)
    assert curated.said[-1] == "18 changes."  # the double space of every caption
    checked = auricle("data", "check", folder)
    assert (checked.status, "set aside" in checked.out) == (0, False)
    described = auricle("data", "describe", folder, "--json")
    assert '"CC BY 3.0": 9' in described.out
    assert train(folder, folder.parent / "runs").status == 0
    scored = auricle("evaluate", folder.parent / "runs" / "run", cache=pretrained)
    assert scored.status == 0, scored.err


def test_what_the_command_line_says_of_missing_sounds(
    files: dict[str, bytes], tmp_path: Path, folder: Path, auricle: Callable[..., Any]
) -> None:
    folder.mkdir()
    (folder / "clotho_captions_validation.csv").write_bytes(files["clotho_captions_validation.csv"])
    (folder / "clotho_audio_validation.7z").write_bytes(archive({"both.wav": wav("x", "y"), "odd.wav": wav("x", "z")}))
    outcome = auricle("data", "extract", folder)
    assert outcome.status == 1
    assert "missing: validation/ e ieio ieai.wav\nmissing: validation/rain &amp; wind.wav" in outcome.out
    assert "leftover, named by no caption: validation/odd.wav" in outcome.out
    assert outcome.said[-1].endswith(
        "2 sounds that the captions name are not there. Fetch or extract the archive again."
    )
    refused = auricle("data", "fetch", "clotho", "--version", "3")
    assert "No release named 'clotho 3'. Did you mean 'clotho 2.1'? Known: clotho 2.1." in refused.refused(2)
    renamed = auricle("data", "rename", folder)
    assert renamed.out == "validation: ' e ieio ieai.wav' -> 'e ieio ieai.wav'\n"
    back = auricle("data", "rename", folder, "--undo", "--dry-run")
    assert (back.out, back.said) == ("validation: 'e ieio ieai.wav' -> ' e ieio ieai.wav'\n", ["1 names would change."])


def test_the_strange_names_of_clotho_all_work(shared: Path, tmp_path: Path) -> None:
    names: dict[str, list[str]] = {}
    for split in NAMES:
        table = (shared / "clotho_captions" / f"clotho_captions_{split}.csv").read_text(encoding="utf-8")
        names[split] = [cells[0] for cells in list(csv.reader(io.StringIO(table, newline="")))[1:]]
    every = Counter(name for in_split in names.values() for name in in_split)
    strange = {
        split: [name for name in in_split if " ." in name or "&" in name or name[0] == " " or every[name] > 1]
        for split, in_split in names.items()
    }
    found = [name for in_split in strange.values() for name in in_split]
    assert sum(" .wav" in name for name in found) == 64
    assert sum(bool(re.search("&#39;|&amp;", name)) for name in found) == 69
    assert sum(every[name] > 1 for name in found) == 2 * 4
    for split, in_split in strange.items():
        rows = as_csv(["file_name", "caption_1"], ([name, "It rains."] for name in in_split))
        (tmp_path / f"clotho_captions_{split}.csv").write_text(rows, encoding="utf-8")
        members = {f"{split}/{name}": wav(split, name)[:2044] for name in in_split}
        for name, content in members.items():  # a whole file of a thousand samples
            members[name] = content[:40] + (2000).to_bytes(4, "little") + content[44:]
        (tmp_path / f"clotho_audio_{split}.7z").write_bytes(archive(members))
    counts = clotho.extract(tmp_path)
    clotho.rename(tmp_path)
    assert not [count for count in counts if count.missing or count.leftovers]
    collection = open_collection(DataConfig(collection=tmp_path), purpose=Purpose.REPORTING)
    assert {clip.id for clip in collection.clips} == {
        f"{split}/{name.lstrip()}" for split, in_split in strange.items() for name in in_split
    }
    assert not collection.set_aside
