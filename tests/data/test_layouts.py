"""What is recognised as what."""

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import DataError

Write = Callable[..., None]


def opened(folder: Path, **settings: object) -> Collection:
    return open_collection(DataConfig.model_validate({"collection": folder, **settings}), purpose=Purpose.REPORTING)


def ids(collection: Collection) -> list[str]:
    return [clip.id for clip in collection.clips]


def reasons(collection: Collection) -> list[str]:
    return [one.reason for one in collection.set_aside]


def test_clothos_layout_with_its_quirks(clotho: Path) -> None:
    collection = opened(clotho)
    assert collection.splits == ("development", "validation")
    assert [(clip.id, clip.duration_s, clip.sample_rate, clip.channels) for clip in collection.clips] == [
        ("development/ Ambience  Birds.wav", 0.5, 8000, 1),
        ("development/Bob&#39;s Bus #1.wav", 0.1, 44100, 2),
        ("validation/Bob&#39;s Bus #1.wav", 0.2, 8000, 1),
    ]
    assert [(caption.id, caption.text) for caption in collection.captions] == [
        ("development/ Ambience  Birds.wav#1", " Birds sing,  far away. "),
        ("development/ Ambience  Birds.wav#2", 'A "cuckoo" calls.'),
        ("development/Bob&#39;s Bus #1.wav#1", "A bus stops."),
        ("development/Bob&#39;s Bus #1.wav#2", "Doors hiss\nand close."),
        ("validation/Bob&#39;s Bus #1.wav#1", "A bus idles."),
        ("validation/Bob&#39;s Bus #1.wav#2", "An engine runs."),
    ]
    assert all(clip.path == clotho / clip.split / clip.file_name and clip.path.is_file() for clip in collection.clips)
    assert len({clip.content for clip in collection.clips}) == 3
    assert collection.set_aside == ()


def test_clothos_layout_with_one_row_per_caption(tmp_path: Path, write_sound: Write, write_csv: Write) -> None:
    write_sound(tmp_path / "evaluation" / "a.wav")
    rows = [["fname", "raw_text", "text"], ["a.wav", "It rains!", "it rains"], ["a.wav", "Wind.", "wind"]]
    write_csv(tmp_path / "evaluation_captions.csv", rows)
    collection = opened(tmp_path)
    assert [(caption.id, caption.text) for caption in collection.captions] == [
        ("evaluation/a.wav#1", "It rains!"),
        ("evaluation/a.wav#2", "Wind."),
    ]


def test_clothos_own_caption_file_goes_before_the_other(clotho: Path, write_csv: Write) -> None:
    write_csv(clotho / "validation_captions.csv", [["fname", "raw_text"], ["Bob&#39;s Bus #1.wav", "other"]])
    assert "other" not in {caption.text for caption in opened(clotho).captions}


def test_a_caption_file_without_its_folder_and_a_folder_without_its_file_are_no_splits(
    clotho: Path, write_sound: Write, write_csv: Write
) -> None:
    write_csv(clotho / "clotho_captions_evaluation.csv", [["file_name", "caption_1"], ["a.wav", "rain"]])
    write_sound(clotho / "test" / "b.wav")
    assert opened(clotho).splits == ("development", "validation")


def test_clothos_own_caption_file_with_a_wrong_column(clotho: Path, write_csv: Write) -> None:
    write_csv(clotho / "clotho_captions_validation.csv", [["file_name", "label"], ["a.wav", "rain"]])
    with pytest.raises(DataError, match=r"clotho_captions_validation\.csv has the column\(s\) file_name, label;"):
        opened(clotho)


def test_sounds_with_one_table_get_splits_of_exact_counts(tmp_path: Path, write_sound: Write, write_csv: Write) -> None:
    names = [f"deep/er/{number}.wav" for number in range(20)]
    for name in names:
        write_sound(tmp_path / name)
    write_csv(tmp_path / "texts.csv", [["path", "sentence"], *([name, f"sound {name}"] for name in names)])
    write_csv(tmp_path / "classes.csv", [["file_name", "label"], ["deep/er/1.wav", "rain"]])
    collection = opened(tmp_path, validation_share=0.2)
    assert Counter(clip.split for clip in collection.clips) == {"development": 14, "validation": 4, "evaluation": 2}
    assert [clip.file_name for clip in collection.clips] == names
    assert [caption.text for caption in collection.captions] == [f"sound {name}" for name in names]
    assert ids(opened(tmp_path, validation_share=0.2)) == ids(collection)
    assert ids(opened(tmp_path, validation_share=0.2, split_seed=1)) != ids(collection)


def test_a_table_may_give_splits_and_provenance(tmp_path: Path, write_sound: Write, write_csv: Write) -> None:
    write_sound(tmp_path / "a.wav")
    write_sound(tmp_path / "train" / "b.wav")
    write_sound(tmp_path / "test" / "b.wav")
    rows = [
        ["file_name", "split", "caption", "license", "origin", "parent"],
        ["a.wav", "train", "one", "CC0", "Freesound", ""],
        ["b.wav", "train", "two", "", "AudioGen", "train/a.wav"],
        ["b.wav", "test", "three", "", "", ""],
    ]
    write_csv(tmp_path / "captions.csv", rows)
    collection = opened(tmp_path, licence="unknown licence")
    assert [(clip.id, clip.origin, clip.parent, clip.licence) for clip in collection.clips] == [
        ("train/a.wav", "Freesound", "", "CC0"),
        ("train/b.wav", "AudioGen", "train/a.wav", "unknown licence"),
        ("test/b.wav", "", "", "unknown licence"),
    ]
    assert [clip.path.relative_to(tmp_path).as_posix() for clip in collection.clips] == [
        "a.wav",
        "train/b.wav",
        "test/b.wav",
    ]


def test_a_file_cannot_be_in_two_splits(tmp_path: Path, write_sound: Write, write_csv: Write) -> None:
    write_sound(tmp_path / "a.wav")
    write_csv(tmp_path / "c.csv", [["file", "split", "caption"], ["a.wav", "train", "x"], ["a.wav", "test", "y"]])
    collection = opened(tmp_path)
    assert ids(collection) == ["train/a.wav"]
    assert reasons(collection) == ["Line 3 of c.csv puts a.wav into 'test', but it is in 'train' already."]


def test_parents_become_identities_where_splits_are_drawn(tmp_path: Path, write_sound: Write, write_csv: Write) -> None:
    rows = [["file_name", "caption", "parent", "mixed_with"]]
    for number in range(5):
        write_sound(tmp_path / f"{number}.wav")
        write_sound(tmp_path / f"copy of {number}.wav")
        rows += [[f"{number}.wav", "x", "", ""], [f"copy of {number}.wav", "x", f"{number}.wav", ""]]
    write_sound(tmp_path / "mixture.wav")
    rows.append(["mixture.wav", "x", "0.wav", "1.wav"])
    write_csv(tmp_path / "captions.csv", rows)
    for seed in range(4):  # the manifest of one draw must not disturb the next
        collection = opened(tmp_path, split_seed=seed, validation_share=0.2, evaluation_share=0.2)
        clips = {clip.file_name: clip for clip in collection.clips}
        for number in range(5):
            assert clips[f"copy of {number}.wav"].parent == clips[f"{number}.wav"].id
            assert clips[f"copy of {number}.wav"].split == clips[f"{number}.wav"].split
        mixture, one, other = clips["mixture.wav"], clips["0.wav"], clips["1.wav"]
        assert (mixture.parent, mixture.mixed_with) == (one.id, other.id)
        assert mixture.split == one.split == other.split


def test_of_two_tables_one_must_be_named(tmp_path: Path, write_sound: Write, write_csv: Write) -> None:
    write_sound(tmp_path / "a.wav")
    write_csv(tmp_path / "english.csv", [["file_name", "caption"], ["a.wav", "rain"]])
    write_csv(tmp_path / "german.csv", [["file_name", "caption"], ["a.wav", "Regen"]])
    with pytest.raises(
        DataError, match=r"has 2 caption files: english\.csv, german\.csv\. Name one, as in data\.captions="
    ):
        opened(tmp_path)
    assert opened(tmp_path, captions="german.csv").captions[0].text == "Regen"
    assert opened(tmp_path, captions=tmp_path / "english.csv").captions[0].text == "rain"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_table_of_another_encoding_is_found_and_read(tmp_path: Path, write_sound: Write, encoding: str) -> None:
    write_sound(tmp_path / "é.wav")
    (tmp_path / "table.csv").write_bytes("file,text\né.wav,le café\n".encode(encoding))
    (caption,) = opened(tmp_path, encoding=encoding).captions
    assert (caption.id, caption.text) == ("development/é.wav#1", "le café")


def test_sounds_alone(tmp_path: Path, write_sound: Write) -> None:
    write_sound(tmp_path / "b.WAV")
    write_sound(tmp_path / "a" / " x #1.wav")
    write_sound(tmp_path / ".trash" / "c.wav")
    collection = opened(tmp_path)
    assert ids(collection) == ["sounds/a/ x #1.wav", "sounds/b.WAV"]
    assert (collection.captions, collection.set_aside) == ((), ())


def test_a_table_without_captions_is_mentioned(
    tmp_path: Path, write_sound: Write, write_csv: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sound(tmp_path / "a.wav")
    write_csv(tmp_path / "classes.csv", [["file_name", "label"], ["a.wav", "rain"]])
    assert opened(tmp_path).splits == ("sounds",)
    assert "classes.csv is not a caption file (its columns: file_name, label)" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "header"), [("captions.csv", ["file_name", "words"]), ("x.csv", ["clip", "caption"])])
def test_a_table_meant_to_have_captions_must_have_the_columns(
    tmp_path: Path, write_sound: Write, write_csv: Write, name: str, header: list[str]
) -> None:
    write_sound(tmp_path / "a.wav")
    write_csv(tmp_path / name, [header, ["a.wav", "rain"]])
    with pytest.raises(
        DataError, match=rf"{name} has the column\(s\) {', '.join(header)}; captions need file_name and"
    ):
        opened(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be any bytes")
def test_a_name_that_is_not_utf_8_is_set_aside(tmp_path: Path, write_sound: Write) -> None:
    write_sound(tmp_path / "a.wav")
    (tmp_path / "a.wav").with_name(os.fsdecode(b"caf\xe9.wav")).write_bytes(b"x")
    collection = opened(tmp_path)
    assert ids(collection) == ["sounds/a.wav"]
    assert reasons(collection) == ["The name of 'caf\\udce9.wav' is not UTF-8; rename the file."]


def test_the_shared_recordings(shared: Path) -> None:
    before = sorted(path.name for path in (shared / "esc10").iterdir())
    collection = opened(shared / "esc10")
    assert Counter(clip.split for clip in collection.clips) == {"development": 160, "validation": 80}
    assert all(len(collection.captions_of(clip.id)) == 5 for clip in collection.clips)
    assert {(clip.sample_rate, clip.channels) for clip in collection.clips} == {(44100, 1)}
    assert Counter(round(clip.duration_s) for clip in collection.clips) == {5: 238, 7: 2}
    assert collection.set_aside == ()
    assert sorted(path.name for path in (shared / "esc10").iterdir()) == before
