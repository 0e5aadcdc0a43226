"""Sounds and captions as they come: what cannot be used is set aside and listed, or refused in one sentence."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

Command = Callable[..., Any]
Samples = np.ndarray[Any, np.dtype[np.float64]]

LISTED = {
    "missing.wav": r"Line \d+ of captions\.csv names missing\.wav, which is not there\.",
    "zero-byte.wav": r"zero-byte\.wav is empty \(0 bytes\)\.",
    "text.wav": r"text\.wav cannot be read as a sound ",
    "truncated.wav": r"truncated\.wav is cut short: its header announces 8044 bytes, 5000 are there\.",
    "development/nan.wav": r"nan(-again)?\.wav: Some samples are not finite \(NaN or infinity\)\.",
    "development/nan-again.wav": r"nan(-again)?\.wav: Some samples are not finite \(NaN or infinity\)\.",
}
USED = ["silence.wav", "eight-channels.wav", "8-kHz.wav", "short.wav", "float.wav"]


def noise(seconds: float, *, rate: int = 16000, channels: int = 1) -> Samples:
    return np.random.default_rng(1).normal(0, 0.1, (round(seconds * rate), channels))


def caption(folder: Path, *rows: str) -> None:
    with (folder / "captions.csv").open("a", encoding="utf-8") as opened:
        opened.writelines(row + "\n" for row in rows)


@pytest.fixture
def mixed(noises: Path) -> Path:
    """The noises, with every bad and every strange sound of this page beside them in development."""
    broken = noise(0.5)
    broken[7] = np.nan
    (noises / "zero-byte.wav").touch()
    (noises / "text.wav").write_text("This is not a sound.", encoding="utf-8")
    soundfile.write(noises / "truncated.wav", noise(0.25), 16000)
    (noises / "truncated.wav").write_bytes((noises / "truncated.wav").read_bytes()[:5000])
    for name in ("nan.wav", "nan-again.wav"):
        soundfile.write(noises / name, broken, 16000, subtype="FLOAT")
    soundfile.write(noises / "silence.wav", np.zeros(8000), 16000)
    soundfile.write(noises / "eight-channels.wav", noise(0.5, channels=8), 16000)
    soundfile.write(noises / "8-kHz.wav", noise(0.5, rate=8000), 8000)
    soundfile.write(noises / "short.wav", noise(0.05), 16000)
    soundfile.write(noises / "float.wav", noise(0.5), 48000, subtype="FLOAT")
    names = [*(name.removeprefix("development/") for name in LISTED), *USED]
    caption(noises, *(f"{name},development,This is {name}." for name in names))
    return noises


def test_bad_sounds_are_listed_and_the_others_are_trained_on(
    mixed: Path, train: Command, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    trained = train(mixed, tmp_path, "training.max_epochs=1")
    assert trained.status == 0, trained.err
    assert f"{mixed}: 4 set aside, 15 clips remain." in trained.err
    assert "2 clip(s) set aside: nan" in trained.err
    with (tmp_path / "run" / "set-aside.csv").open(encoding="utf-8", newline="") as opened:
        listed = {row["what"]: row["reason"] for row in csv.DictReader(opened)}
    assert sorted(listed) == sorted(LISTED)
    for what, reason in LISTED.items():
        assert re.match(reason, listed[what])

    asked = auricle("evaluate", tmp_path / "run", "--split", "development", cache=pretrained)
    assert asked.status == 0, asked.err
    with (tmp_path / "run/evaluation/development/ranks-audio_to_text.csv").open(encoding="utf-8", newline="") as opened:
        ranked = [row["clip"] for row in csv.DictReader(opened)]
    assert sorted(ranked) == sorted(f"development/{name}" for name in [*USED, *(f"noise-{n}.wav" for n in range(4))])


def test_strict_refuses_the_first_bad_sound(noises: Path, train: Command, tmp_path: Path) -> None:
    (noises / "zero-byte.wav").touch()
    caption(noises, "zero-byte.wav,development,Nothing.")
    assert train(noises, tmp_path, "data.strict=true").refused(1) == "zero-byte.wav is empty (0 bytes)."
    (noises / "zero-byte.wav").unlink()
    soundfile.write(noises / "zero-byte.wav", np.full(8000, np.inf), 16000, subtype="FLOAT")
    refused = train(noises, tmp_path, "data.strict=true")
    assert refused.status == 1
    assert re.match(r"auricle: development/zero-byte\.wav: .*not finite.* run without strict\.", refused.said[-1])


def test_nothing_but_bad_sounds(noises: Path, train: Command, tmp_path: Path) -> None:
    for sound in noises.glob("*.wav"):
        sound.write_bytes(b"")
    assert re.search(r"has no clip that can be used\. .*empty \(0 bytes\)", train(noises, tmp_path).refused(1))


def test_faults_of_captions_are_listed(noises: Path, auricle: Command) -> None:
    caption(
        noises,
        "noise-0.wav,development,",
        "nothing.wav,development,A sound that is not there.",
        "noise-1.wav,development,A noise of 2 machines.",
        "noise-2.wav,development,one, two,three",
    )
    soundfile.write(noises / "unnamed.wav", noise(0.1), 16000)
    checked = auricle("data", "check", noises, "--json")
    assert checked.status == 0
    report = json.loads(checked.out)
    assert report["splits"]["development"] == {"clips": 4, "captions": 4, "seconds": 2.0}
    assert report["set_aside"] == [
        {"what": "captions.csv line 10", "reason": "Line 10 of captions.csv has an empty caption for noise-0.wav."},
        {"what": "captions.csv line 12", "reason": "Line 12 of captions.csv repeats a caption of noise-1.wav."},
        {
            "what": "captions.csv line 13",
            "reason": "Line 13 of captions.csv has 5 cells where the header has 3. A cell that holds a comma needs "
            "double quotes around it.",
        },
        {"what": "nothing.wav", "reason": "Line 11 of captions.csv names nothing.wav, which is not there."},
        {"what": "unnamed.wav", "reason": report["set_aside"][-1]["reason"]},
    ]
    assert "unnamed.wav" in report["set_aside"][-1]["reason"]
    shown = auricle("data", "check", noises)
    assert re.search(r"^development +4 +4 +0\.0$", shown.out, re.MULTILINE)
    assert shown.out.count("set aside: ") == 5


def test_a_wrong_column(noises: Path, auricle: Command) -> None:
    table = noises / "captions.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("caption", "capiton", 1), encoding="utf-8")
    refusal = auricle("data", "check", noises, "--captions", table).refused(1)
    assert refusal.startswith("captions.csv has the column(s) file_name, split, capiton; captions need file_name and")


def test_bytes_of_another_encoding(noises: Path, auricle: Command) -> None:
    caption(noises, "noise-0.wav,validation,caf")
    table = noises / "captions.csv"
    table.write_bytes(table.read_bytes().replace(b"of 3", b"of \xe9").replace(b"caf", b"development"))
    refusal = auricle("data", "check", noises).refused(1)
    assert refusal == (
        "captions.csv is not utf-8: line 4 has the byte 0xE9. Save the file as UTF-8, or name its encoding, as in "
        "data.encoding=latin-1."
    )
    assert auricle("data", "check", noises, "--encoding", "latin-1").status == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"The collection \S+ is not there\."),
        ("file", r"The collection \S+ is a file, not a folder\."),
        ("folder", r"\S+ holds no sound\. Looked for Clotho's layout"),
    ],
)
def test_what_is_no_collection(tmp_path: Path, auricle: Command, content: str | None, sentence: str) -> None:
    place = tmp_path / "sounds"
    if content == "file":
        place.touch()
    elif content == "folder":
        place.mkdir()
    assert re.match(sentence, auricle("data", "check", place).refused(1))


@pytest.mark.parametrize("left", ["development", "validation"])
def test_training_needs_two_splits(noises: Path, train: Command, tmp_path: Path, left: str) -> None:
    table = noises / "captions.csv"
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([rows[0], *(row for row in rows if f",{left}," in row)]) + "\n", encoding="utf-8")
    gone = "validation" if left == "development" else "development"
    outcome = train(noises, tmp_path)
    assert outcome.status == 1
    assert f"has no clips in the split {gone!r} (it has: {left}). Training needs captioned clips" in outcome.said[-1]


def test_training_needs_captions(noises: Path, train: Command, tmp_path: Path) -> None:
    (noises / "captions.csv").unlink()
    assert "has no clips in the split 'development' (it has: sounds)" in train(noises, tmp_path).refused(1)
