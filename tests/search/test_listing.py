"""Which sounds a folder holds, whatever else is in it."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from auricle.errors import DataError
from auricle.search.listing import is_inside, list_sounds


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def test_sounds_by_their_endings_in_alphabetical_order_and_nothing_hidden(root: Path) -> None:
    touch(root, "b.WAV", "a/x.flac", "a/b c/#.Ogg", "z.mp3", "Z.m4a", "folder.wav/y.wav", "ä/ö.opus", "a b.wav\n.wav")
    touch(root, "notes.txt", "wav", ".hidden.wav", ".git/x.wav", "a/.b/c/x.wav", "a/x.wav.part", "films/film.mp4")
    listing = list_sounds(root)
    found = ["Z.m4a", "a b.wav\n.wav", "a/b c/#.Ogg", "a/x.flac", "b.WAV", "folder.wav/y.wav", "z.mp3", "ä/ö.opus"]
    assert list(listing.sounds) == found
    assert (listing.left_out, listing.unreadable) == ({}, [])


def test_size_and_time_are_those_of_the_file(root: Path) -> None:
    touch(root, "a.wav")
    os.utime(root / "a.wav", ns=(1, 1_700_000_000_123_456_789))
    (root / "empty.wav").touch()
    sounds = list_sounds(root).sounds
    assert sounds["a.wav"] == (5, 1_700_000_000_123_456_789)
    assert sounds["empty.wav"][0] == 0


def test_links_inside_are_sounds_and_links_out_are_left_out(root: Path, tmp_path: Path) -> None:
    touch(root, "a/x.wav")
    touch(tmp_path, "elsewhere/x.wav", "sounds-of-others/x.wav", "elsewhere/notes.txt")
    (root / "inside.wav").symlink_to(root / "a" / "x.wav")
    (root / "relative.wav").symlink_to("a/x.wav")
    (root / "out.wav").symlink_to(tmp_path / "elsewhere" / "x.wav")
    (root / "out").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "beside.wav").symlink_to("../sounds-of-others/x.wav")
    (root / "a" / "out and in.wav").symlink_to(tmp_path / "back.wav")
    (tmp_path / "back.wav").symlink_to(root / "a" / "x.wav")
    (root / "a" / "in and out.wav").symlink_to(root / "out.wav")
    (root / "notes.txt").symlink_to(tmp_path / "elsewhere" / "notes.txt")
    (root / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    listing = list_sounds(root)
    assert list(listing.sounds) == ["a/out and in.wav", "a/x.wav", "inside.wav", "relative.wav"]
    assert sorted(listing.left_out) == ["a/in and out.wav", "beside.wav", "out", "out.wav"]
    assert listing.left_out["out.wav"] == "out.wav is a link that leads out of the folder."


def test_links_in_circles_and_to_nothing_are_not_there(root: Path) -> None:
    touch(root, "inner/a.wav")
    (root / "inner" / "up").symlink_to(root, target_is_directory=True)
    (root / "inner" / "beside").symlink_to(root / "inner", target_is_directory=True)
    (root / "itself.wav").symlink_to(root / "itself.wav")
    (root / "one.wav").symlink_to(root / "other.wav")
    (root / "other.wav").symlink_to(root / "one.wav")
    (root / "gone.wav").symlink_to(root / "nothing.wav")
    (root / "folder.wav").symlink_to(root / "inner")
    listing = list_sounds(root)
    assert (list(listing.sounds), listing.left_out) == (["inner/a.wav"], {})


def test_what_is_no_file_is_no_sound(root: Path) -> None:
    os.mkfifo(root / "pipe.wav")
    assert list_sounds(root).sounds == {}


def test_a_folder_that_is_a_link_itself_is_followed(root: Path, tmp_path: Path) -> None:
    touch(root, "a.wav")
    (root / "b.wav").symlink_to(root / "a.wav")
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    for same in (tmp_path / "link", tmp_path / "elsewhere" / ".." / "sounds", root):
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        assert list(list_sounds(same).sounds) == ["a.wav", "b.wav"]


class Scan:
    """``os.scandir`` that may not read folders of some names: permissions do not stop the superuser."""

    def __init__(self, refused: Iterable[str]) -> None:
        self.refused = tuple(refused)
        self.scandir = os.scandir

    def __call__(self, folder: str | Path) -> object:
        if Path(folder).name in self.refused:
            raise PermissionError(13, "Permission denied", str(folder))
        return self.scandir(folder)


def test_a_folder_that_cannot_be_read_is_told_and_what_is_below_it_cannot_be_known(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(root, "a.wav", "locked/b.wav", "locked too/c.wav", "x/locked/d.wav")
    monkeypatch.setattr(os, "scandir", Scan(["locked"]))
    listing = list_sounds(root)
    assert list(listing.sounds) == ["a.wav", "locked too/c.wav"]
    assert sorted(listing.unreadable) == ["locked/", "x/locked/"]
    assert listing.left_out["x/locked/"] == "The folder x/locked/ cannot be read: Permission denied."
    assert listing.cannot_know("locked/b.wav")
    assert listing.cannot_know("x/locked/deeper/e.wav")
    for path in ("a.wav", "locked too/gone.wav", "locked.wav", "x/gone.wav", "y/x/locked/d.wav"):
        assert not listing.cannot_know(path)


def test_the_folder_itself_has_to_be_there_and_readable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(root, "a.wav")
    for path in (root / "nothing", root / "a.wav"):
        with pytest.raises(DataError, match=rf"^There is no folder {path}\.$"):
            list_sounds(path)
    monkeypatch.setattr(os, "scandir", Scan(["sounds"]))
    with pytest.raises(DataError, match=rf"^The folder {root} cannot be read: Permission denied\.$"):
        list_sounds(root)


def test_names_that_are_not_utf_8_are_left_out_with_a_name_that_can_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latin = os.fsdecode("Vögel".encode("latin-1"))
    touch(root, f"{latin}.wav", f"{latin}/a.wav", f"{latin}/locked/b.wav", f"{latin}.txt", "a.wav")
    (root / f"{latin} out.wav").symlink_to("/etc/hostname")
    monkeypatch.setattr(os, "scandir", Scan(["locked"]))
    listing = list_sounds(root)
    assert list(listing.sounds) == ["a.wav"]
    assert sorted(listing.left_out) == ["V?gel out.wav", "V?gel.wav", "V?gel/a.wav", "V?gel/locked/"]
    assert listing.left_out["V?gel.wav"] == "The name of V?gel.wav is not UTF-8; rename the file."
    for sentence in listing.left_out.values():
        assert sentence.encode()


def test_a_file_that_vanishes_meanwhile_is_not_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(root, "a.wav", "b.wav")

    def scandir(folder: str | Path) -> object:
        entries = list(original(folder))
        (root / "a.wav").unlink()
        return iter(entries)

    original = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    assert list(list_sounds(root).sounds) == ["b.wav"]


def test_folders_in_folders_a_thousand_deep(root: Path) -> None:
    before = Path.cwd()
    try:
        os.chdir(root)
        for _ in range(1100):  # a path of so many parts can be walked to, but not named
            Path("d").mkdir()
            os.chdir("d")
        touch(Path(), "a.wav")
    finally:
        os.chdir(before)
    try:
        assert list(list_sounds(root).sounds) == ["d/" * 1100 + "a.wav"]
    finally:  # pytest could not remove it
        subprocess.run(["rm", "-r", root / "d"], check=True)


def test_inside_is_below() -> None:
    assert is_inside("/sounds/a.wav", "/sounds")
    assert is_inside("/a.wav", "/")
    assert not any(is_inside(path, "/sounds") for path in ("/sounds", "/sounds2/a.wav", "/a/sounds/a.wav", "/"))
