"""Opening a collection: bad input, one sentence each, and what is remembered."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.config import read, validate
from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import ConfigError, DataError

Write = Callable[..., None]


def opened(folder: Path, **settings: object) -> Collection:
    return open_collection(DataConfig.model_validate({"collection": folder, **settings}), purpose=Purpose.REPORTING)


@pytest.fixture
def folder(tmp_path: Path, write_sound: Write, write_csv: Write) -> Path:
    """Two good sounds, and a row for a third, `x.wav`, that a test makes bad."""
    write_sound(tmp_path / "a.wav")
    write_sound(tmp_path / "b.wav")
    rows = [["file_name", "caption"], ["a.wav", "rain"], ["x.wav", "wind"], ["b.wav", "sun"], ["x.wav", "storm"]]
    write_csv(tmp_path / "captions.csv", rows)
    return tmp_path


def leave_missing(path: Path) -> None:
    pass


def write_nothing(path: Path) -> None:
    path.write_bytes(b"")


def write_prose(path: Path) -> None:
    path.write_text("This is not a sound.")


def write_half(path: Path) -> None:
    soundfile.write(path, np.zeros(8000), 8000)
    path.write_bytes(path.read_bytes()[:9000])


def write_header_only(path: Path) -> None:
    soundfile.write(path, np.zeros(0), 8000)


BAD = {
    leave_missing: r"Line 3 of captions\.csv names x\.wav, which is not there\.",
    write_nothing: r"x\.wav is empty \(0 bytes\)\.",
    write_prose: r"x\.wav cannot be read as a sound \(",
    write_half: r"x\.wav is cut short: its header announces 16044 bytes, 9000 are there\.",
    write_header_only: r"x\.wav holds no samples\.",
}


@pytest.mark.parametrize(("spoil", "sentence"), BAD.items())
def test_a_bad_sound_is_set_aside_once_or_refused(
    folder: Path, spoil: Callable[[Path], None], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder / "x.wav")
    collection = opened(folder)
    assert sorted(clip.file_name for clip in collection.clips) == ["a.wav", "b.wav"]
    assert [caption.text for caption in collection.captions] == ["rain", "sun"]
    (one,) = collection.set_aside
    assert one.what == "x.wav"
    assert one.reason.count("\n") == 0
    with pytest.raises(DataError, match=rf"^{sentence}"):
        opened(folder, strict=True)
    assert f"{folder}: 1 set aside, 2 clips remain. {one.reason}" in capsys.readouterr().err


def test_a_sound_that_is_mended_is_taken_in(folder: Path, write_sound: Write) -> None:
    write_nothing(folder / "x.wav")
    assert len(opened(folder).clips) == 2
    write_sound(folder / "x.wav")
    assert len(opened(folder, strict=True).clips) == 3


def test_unusual_sounds_are_accepted(folder: Path, write_sound: Write) -> None:
    write_sound(folder / "x.wav", duration_s=0.05, sample_rate=8000, channels=8)
    (clip,) = [clip for clip in opened(folder, strict=True).clips if clip.file_name == "x.wav"]
    assert (clip.duration_s, clip.sample_rate, clip.channels) == (0.05, 8000, 8)


@pytest.mark.parametrize(("suffix", "kind"), [("flac", "FLAC"), ("ogg", "OGG"), ("mp3", "MP3"), ("WAV", "WAV")])
def test_every_kind_of_sound_is_measured(tmp_path: Path, suffix: str, kind: str) -> None:
    soundfile.write(tmp_path / f"a.{suffix}", np.zeros((22050, 2)), 22050, format=kind)
    (clip,) = opened(tmp_path).clips
    assert (clip.sample_rate, clip.channels) == (22050, 2)
    assert clip.duration_s == pytest.approx(1.0, abs=0.1)  # mp3 is padded to whole frames


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["y.wav", "hail"], "Line 6 of captions.csv names y.wav, which is not there."),
        (["notes.txt", "hail"], "Line 6 of captions.csv names notes.txt, which is no sound by its ending."),
        (["../a.wav", "hail"], "Line 6 of captions.csv names ../a.wav, which is not there."),
        (["a.wav", "  "], "Line 6 of captions.csv has an empty caption for a.wav."),
        (["", "hail"], "Line 6 of captions.csv names no file."),
        (["a.wav", "rain"], "Line 6 of captions.csv repeats a caption of a.wav."),
    ],
)
def test_a_bad_row_is_set_aside_or_refused(folder: Path, write_sound: Write, row: list[str], reason: str) -> None:
    write_sound(folder / "x.wav")
    with (folder / "captions.csv").open("a") as file:
        file.write(",".join(row) + "\n")
    collection = opened(folder)
    assert [one.reason for one in collection.set_aside] == [reason]
    assert (len(collection.clips), len(collection.captions)) == (3, 4)
    with pytest.raises(DataError) as refused:
        opened(folder, strict=True)
    assert str(refused.value) == reason


def test_a_sound_that_no_row_names_or_whose_captions_are_all_empty_is_no_clip(folder: Path, write_sound: Write) -> None:
    write_sound(folder / "x.wav")
    write_sound(folder / "more" / "y.wav")
    text = (folder / "captions.csv").read_text().replace("sun", "")
    (folder / "captions.csv").write_text(text)
    collection = opened(folder)
    assert sorted(clip.file_name for clip in collection.clips) == ["a.wav", "x.wav"]
    assert [one.reason for one in collection.set_aside] == [
        "Line 4 of captions.csv has an empty caption for b.wav.",
        "more/y.wav has no caption in captions.csv.",
    ]


def test_many_faults_are_summed_up_in_one_line(
    tmp_path: Path, write_sound: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sound(tmp_path / "good.wav")
    for number in range(5):
        write_nothing(tmp_path / f"{number}.wav")
    assert len(opened(tmp_path).set_aside) == 5
    said = f"{tmp_path}: 5 set aside, 1 clips remain. " + " ".join(f"{i}.wav is empty (0 bytes)." for i in range(3))
    assert f"{said} And 2 more.\n" in capsys.readouterr().err


def test_nothing_usable(tmp_path: Path) -> None:
    write_nothing(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"has no clip that can be used\. a\.wav is empty"):
        opened(tmp_path)


def test_missing_empty_and_unnamed_collections(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere is not there\. Name the folder of sounds"):
        opened(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no sound\. Looked for Clotho's layout"):
        opened(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"x")
    with pytest.raises(DataError, match=r"a\.wav is a file, not a folder"):
        opened(tmp_path / "a.wav")
    with pytest.raises(ConfigError, match=r"No collection is named\..*data\.collection=FOLDER"):
        open_collection(DataConfig(), purpose=Purpose.REPORTING)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.wav"]


def test_a_caption_file_that_is_named_must_be_there(folder: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*other\.csv"):
        opened(folder, captions="other.csv")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"encoding": "utf-9"}, "encoding: no such encoding; utf-8, latin-1 and cp1252 are the usual ones"),
        ({"encoding": "hex"}, "encoding: no such encoding"),
        ({"validation_share": 0.6, "evaluation_share": 0.4}, "leave nothing for development"),
        ({"validation_share": -0.1}, "validation_share: input should be greater than or equal to 0"),
        ({"caption": "x"}, r"caption: no such setting\. Did you mean 'captions'\?"),
    ],
)
def test_impossible_settings(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        validate(DataConfig, values, source="test")


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert read(DataConfig, None, ["collection=~/Clotho"]).collection == Path("/home/someone/Clotho")


def test_moving_the_folder_changes_nothing_but_paths(clotho: Path, tmp_path: Path) -> None:
    before = opened(clotho)
    shutil.move(clotho, tmp_path / "moved")
    after = opened(tmp_path / "moved")
    assert [(clip.id, clip.content) for clip in after.clips] == [(clip.id, clip.content) for clip in before.clips]
    assert after.captions == before.captions
