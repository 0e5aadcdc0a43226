"""Hits and reports as text, written out here as they have to be."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from auricle.errors import StorageError
from auricle.search import Hit, IndexingReport
from auricle.search.folder import SetAside
from auricle.search.records import window_key
from auricle.search.telling import as_m3u, clock, sentence, table, write_m3u

ROOT = Path("/home/ä b/Sounds")


def hit(path: str, **changes: Any) -> Hit:
    facts: dict[str, Any] = {"start_s": 0.0, "end_s": 3.0, "duration_s": 3.0, "rank": 1, "score": 0.5, **changes}
    said: dict[str, Any] = {"sample_rate": 44100, "channels": 1, "licence": "", "tags": "", "caption": ""}
    return Hit(path=path, window=window_key(path, facts["start_s"]), **facts, **said)


LONG = hit("birds/dawn.wav", rank=2, score=0.4321, start_s=5.0, end_s=15.0, duration_s=3725.4)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *(
            (0, "0:00"),
            (0.04, "0:00"),
            (0.4, "0:00.4"),
            (9.96, "0:10"),
            (59.94, "0:59.9"),
            (59.96, "1:00"),
            (60, "1:00"),
        ),
        *((3599.94, "59:59.9"), (3599.96, "1:00:00"), (3661, "1:01:01"), (3661.25, "1:01:01.3"), (90_000, "25:00:00")),
    ],
)
def test_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_table_of_hits() -> None:
    hits = [
        hit("dog.wav", score=0.98765),
        LONG,
        hit("short end.wav", rank=100, score=-0.25, start_s=5.0, end_s=12.0, duration_s=12.0),
        hit("copies.wav", rank=4, alike=("a.mp3",)),
        hit("more.wav", rank=5, alike=("a.mp3", "b.mp3")),
    ]
    assert table(hits, root=ROOT).splitlines() == [
        "  1   0.988  0:03                    /home/ä b/Sounds/dog.wav",
        "  2   0.432  0:05–0:15 of 1:02:05.4  /home/ä b/Sounds/birds/dawn.wav",
        "100  -0.250  0:05–0:12 of 0:12       /home/ä b/Sounds/short end.wav",
        "  4   0.500  0:03                    /home/ä b/Sounds/copies.wav  (and 1 copy)",
        "  5   0.500  0:03                    /home/ä b/Sounds/more.wav  (and 2 copies)",
    ]
    assert table([], root=ROOT) == ""


@pytest.mark.parametrize(
    "name", ["a\nb.wav", "\x1b[2J\x1b]0;title\x07.wav", "a\r\u2028b.wav", "\x00.wav", "\u202egnp.wav"]
)
def test_names_cannot_write_on_the_terminal(name: str) -> None:
    (line,) = table([hit(name)], root=ROOT).split("\n")
    assert line.isprintable()
    assert line.startswith("  1   0.500  0:03  /home/ä b/Sounds/")


def test_a_playlist() -> None:
    hits = [hit("dog & cat.wav", duration_s=2.6), LONG, hit("#1, new.wav", start_s=12.5, end_s=15.0, duration_s=15.0)]
    assert as_m3u(hits, root=ROOT).splitlines() == [
        "#EXTM3U",
        "#EXTINF:3,dog & cat.wav",
        "/home/ä b/Sounds/dog & cat.wav",
        "#EXTINF:3725,birds/dawn.wav",
        "#EXTVLCOPT:start-time=5.000",
        "/home/ä b/Sounds/birds/dawn.wav",
        "#EXTINF:15,#1, new.wav",
        "#EXTVLCOPT:start-time=12.500",
        "/home/ä b/Sounds/#1, new.wav",
    ]
    assert as_m3u([], root=ROOT) == "#EXTM3U\n"


def test_places_in_days_of_recording_are_exact() -> None:
    late = hit("a.wav", start_s=1_234_567.125, end_s=1_234_577.0, duration_s=2e6)
    assert "#EXTVLCOPT:start-time=1234567.125\n" in as_m3u([late], root=ROOT)


@pytest.mark.parametrize("name", ["a\nb.wav", "a\r\n#EXTINF:9,b.wav", "a\u2028b.wav", "\x1b[2J.wav", "tab\t.wav"])
def test_a_name_takes_one_line_of_a_playlist(name: str) -> None:
    lines = as_m3u([hit(name)], root=ROOT).splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[1].startswith("#EXTINF:3,")
    assert lines[2].startswith("file:///home/")
    assert unquote(lines[2].removeprefix("file://")) == f"{ROOT}/{name}"


def test_a_playlist_is_written_whole(tmp_path: Path) -> None:
    write_m3u(tmp_path / "new" / "hits.m3u", [LONG], root=ROOT)
    written = (tmp_path / "new" / "hits.m3u").read_text(encoding="utf-8")
    assert written == as_m3u([LONG], root=ROOT)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"^Cannot write to .*file.*: a (part of the path|file of this name) is"):
        write_m3u(tmp_path / "file" / "hits.m3u", [LONG], root=ROOT)


def report(**changes: Any) -> IndexingReport:
    nothing = {"files": 0, "windows": 0, "described": 0, "taken_over": 0, "unchanged": 0, "removed": 0}
    facts = {**nothing, "set_aside": (), "described_s": 0.0, "elapsed_s": 2.0, **changes}
    return IndexingReport(folder=Path("index"), root=ROOT, model="classes", **facts)


def test_what_was_done_in_a_sentence() -> None:
    assert sentence(report(files=1, windows=1, unchanged=1)) == "1 file in 1 window: 0 described, 1 unchanged in 0:02."
    done = report(files=1200, windows=3400, described=1000, unchanged=100, described_s=5000.0, elapsed_s=40.0)
    assert sentence(done) == (
        "1,200 files in 3,400 windows: 1,000 described, 100 unchanged in 0:40, 125 times real time."
    )
    set_aside = (SetAside("a.wav", "No sound."),)
    done = report(files=5, windows=5, described=1, taken_over=2, unchanged=2, removed=3, set_aside=set_aside)
    assert sentence(done).endswith(
        "1 described, 2 taken over, 2 unchanged, 3 removed, 1 set aside in 0:02, 0 times real time."
    )
