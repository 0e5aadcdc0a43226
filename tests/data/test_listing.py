"""Which files of a folder are sounds."""

from pathlib import Path

from auricle.data.listing import Stamp, list_sounds


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")


def test_sounds_of_any_case_below_any_folder_and_nothing_hidden(tmp_path: Path) -> None:
    for name in [
        "b.WAV",
        "a/x.flac",
        "a/b c/#.Ogg",
        "z.mp3",
        "notes.txt",
        ".hidden.wav",
        ".git/x.wav",
        "wav",
        "folder.wav/y.wav",
    ]:
        touch(tmp_path / name)
    assert list(list_sounds(tmp_path)) == ["a/b c/#.Ogg", "a/x.flac", "b.WAV", "folder.wav/y.wav", "z.mp3"]


def test_stamp_and_prefix(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    assert list_sounds(tmp_path, prefix="s/") == {"s/a.wav": Stamp(5, (tmp_path / "a.wav").stat().st_mtime_ns)}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere" / "x.wav")
    folder = tmp_path / "sounds"
    touch(folder / "inner" / "a.wav")
    (folder / "linked.wav").symlink_to(tmp_path / "elsewhere" / "x.wav")
    (folder / "outside").symlink_to(tmp_path / "elsewhere")
    (folder / "inner" / "up").symlink_to(folder)
    (folder / "itself.wav").symlink_to(folder / "itself.wav")
    (folder / "nothing.wav").symlink_to(folder / "gone.wav")
    assert list(list_sounds(folder)) == ["inner/a.wav", "linked.wav", "outside/x.wav"]
