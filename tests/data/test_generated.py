"""Captions of generated clips: a table worked by hand, and Clotho's counts."""

import csv
from pathlib import Path

import pytest

from auricle.data import DataConfig, Purpose, open_collection
from auricle.data.generated import extend_captions, generated_name
from auricle.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "file_name,caption_1,caption_2\nrain.wav,It rains.,Drops fall.\nsea/a.b.wav,Waves.,Walkie-talkie\n"
    (tmp_path / "clotho_captions_development.csv").write_text(rows, encoding="utf-8")
    return tmp_path


def test_a_table_worked_by_hand(folder: Path) -> None:
    written = extend_captions(folder, folder / "out", generators=["audiogen"])
    assert {path.name: rows for path, rows in written.items()} == {
        "development_audiogen_caption_1.csv": 6,
        "development_audiogen_caption_2.csv": 6,
        "development_audiogen.csv": 8,
    }
    assert (folder / "out" / "development_audiogen_caption_2.csv").read_text(encoding="utf-8").splitlines() == [
        "fname,raw_text,text,origin,parent",
        "rain.wav,It rains.,it rains,,",
        "rain.wav,Drops fall.,drops fall,,",
        "rain_cap_2.wav,Drops fall.,drops fall,audiogen,development/rain.wav",
        "sea/a.b.wav,Waves.,waves,,",
        "sea/a.b.wav,Walkie-talkie,walkie talkie,,",
        "sea/a.b_cap_2.wav,Walkie-talkie,walkie talkie,audiogen,development/sea/a.b.wav",
    ]


def test_generators_and_numbers_are_chosen(folder: Path) -> None:
    written = extend_captions(folder, folder / "out", generators=["audiogen", "ezaudio"], numbers=[2, 2])
    assert [path.name for path in written] == [
        "development_audiogen_caption_2.csv",
        "development_audiogen.csv",
        "development_ezaudio_caption_2.csv",
        "development_ezaudio.csv",
    ]
    assert set(written.values()) == {6}
    with pytest.raises(ConfigError, match=r"There is no caption 3; .* have captions 1 to 2"):
        extend_captions(folder, folder / "out", generators=["x"], numbers=[3])
    with pytest.raises(ConfigError, match=r"'\.\./x' cannot be the name of a generator"):
        extend_captions(folder, folder / "out", generators=["../x"])


def test_a_name_that_another_clip_has_is_refused(folder: Path) -> None:
    rows = "file_name,caption_1\nrain.wav,It rains.\nrain_cap_1.wav,It rains.\n"
    (folder / "clotho_captions_development.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(DataError, match=r"generated from rain\.wav would be called rain_cap_1\.wav, as another is"):
        extend_captions(folder, folder / "out", generators=["x"])


def test_what_is_written_opens_as_a_collection_with_parents(folder: Path, write_sound: object, tmp_path: Path) -> None:
    assert callable(write_sound)
    extend_captions(folder, folder / "out", generators=["audiogen"])
    (folder / "out" / "development_audiogen.csv").rename(folder / "out" / "development_captions.csv")
    for name in ("rain.wav", "sea/a.b.wav"):
        for copy in (name, generated_name(name, 1), generated_name(name, 2)):
            write_sound(folder / "out" / "development" / copy)
    collection = open_collection(DataConfig(collection=folder / "out"), purpose=Purpose.LEARNING)
    assert len(collection.clips) == 6
    parents = {clip.file_name: (clip.origin, clip.parent) for clip in collection.clips}
    assert parents["sea/a.b_cap_2.wav"] == ("audiogen", "development/sea/a.b.wav")
    assert parents["sea/a.b.wav"] == ("", "")


def test_clotho_has_38390_rows_per_generator(shared: Path, tmp_path: Path) -> None:
    written = extend_captions(shared / "clotho_captions", tmp_path, generators=["audiogen"])
    assert written[tmp_path / "development_audiogen.csv"] == 38_390
    assert {rows for path, rows in written.items() if "_caption_" in path.name} == {6 * 3839}
    with (tmp_path / "development_audiogen.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    copies = [row for row in rows if row["parent"]]
    assert len(copies) == len({row["fname"] for row in copies}) == 5 * 3839
    assert {row["fname"] for row in rows if not row["parent"]}.isdisjoint(row["fname"] for row in copies)
