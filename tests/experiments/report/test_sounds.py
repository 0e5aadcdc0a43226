"""Clips in a page: what can be heard is what is in the file, and where there is nothing a sentence says why."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.audio import write
from auricle.config import validate
from auricle.errors import AudioError
from auricle.experiments import Arm, Story
from auricle.experiments.report.sounds import LONGEST_S, SAMPLE_RATE, as_mp3, load_sounds
from auricle.runs import RunResult
from auricle.training import RunConfig

Answer = Callable[..., RunResult]


def story_on(folder: Path, answer: Answer, *, split: str = "evaluation", **data: object) -> Story:
    config = validate(RunConfig, {"data": {"collection": folder, **data}}, source="a test")
    result = replace(answer([1, 2]), config=config, split=split)
    return Story("T", "", split, (Arm("only", {}, (result,)),), baseline="only")


def heard(mp3: bytes) -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(io.BytesIO(mp3))
    return np.asarray(samples), rate


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def sounds(noises: Path) -> Path:
    """`noises`, its two clips of evaluation a short and a long tone."""
    write(noises / "noise-6.wav", tone(2.5), 16_000)
    write(noises / "noise-7.wav", tone(12.0), 16_000)
    return noises


def test_a_tone_is_heard_as_it_is(sounds: Path, answer: Answer) -> None:
    story = story_on(sounds, answer, origin="a studio", licence="CC0-1.0")
    sound = load_sounds(story, ["evaluation/noise-6.wav"])["evaluation/noise-6.wav"]
    assert (sound.about, sound.fault) == ("2.5 s · a studio · CC0-1.0", "")
    samples, rate = heard(sound.mp3)
    assert rate == SAMPLE_RATE
    assert len(samples) / rate == pytest.approx(2.5, abs=0.06)
    middle = samples[rate // 2 : -rate // 2]
    loudest = np.argmax(np.abs(np.fft.rfft(middle))) * rate / len(middle)
    assert loudest == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.02)


def test_of_a_long_clip_the_beginning_is_heard(sounds: Path, answer: Answer) -> None:
    sound = load_sounds(story_on(sounds, answer), ["evaluation/noise-7.wav"])["evaluation/noise-7.wav"]
    assert sound.about == "the first 10 s of 12.0 s · origin unknown · licence unknown"
    samples, rate = heard(sound.mp3)
    assert len(samples) / rate == pytest.approx(LONGEST_S, abs=0.06)
    assert len(sound.mp3) < 150_000  # twenty of these make a page of 4 MB at most


def test_equal_sounds_give_equal_bytes() -> None:
    assert as_mp3(tone(1.0), 16_000) == as_mp3(tone(1.0), 16_000)


def test_what_is_too_loud_is_clipped() -> None:
    samples, _ = heard(as_mp3(10 * tone(1.0), 16_000))
    assert np.abs(samples).max() < 2


def test_a_machine_that_writes_no_mp3(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise ValueError("Unknown format: 'MP3'")  # what soundfile says where libsndfile is older

    monkeypatch.setattr(soundfile, "write", refuse)
    with pytest.raises(AudioError, match="too old to write MP3"):
        as_mp3(tone(0.1), 16_000)


def test_a_collection_that_is_gone(tmp_path: Path, answer: Answer) -> None:
    story = story_on(tmp_path / "secret" / "sounds", answer)
    sound = load_sounds(story, ["evaluation/a.wav"])["evaluation/a.wav"]
    assert (sound.mp3, sound.about) == (b"", "")
    assert sound.fault == "No player: the collection 'sounds' is not where it was when the runs were made."


def test_a_collection_that_cannot_be_opened_any_more(noises: Path, answer: Answer) -> None:
    (noises / "captions.csv").write_text("no columns\n")
    sound = load_sounds(story_on(noises, answer), ["evaluation/noise-6.wav"])["evaluation/noise-6.wav"]
    assert sound.fault == "No player: the collection 'noises' cannot be opened any more."


def test_clips_of_another_collection_are_not_mistaken_for_the_runs_own(sounds: Path, answer: Answer) -> None:
    story = story_on(sounds, answer, split="evaluation-of-others")
    sound = load_sounds(story, ["evaluation/noise-6.wav"])["evaluation/noise-6.wav"]
    assert sound.fault == "No player: the collection 'noises' of the runs has no split 'evaluation-of-others'."


def test_a_clip_that_is_gone_and_one_that_is_damaged(sounds: Path, answer: Answer) -> None:
    story = story_on(sounds, answer)
    load_sounds(story, [])
    (sounds / "noise-6.wav").unlink()
    (sounds / "noise-7.wav").write_bytes(b"RIFF")
    gone, damaged = load_sounds(story, ["evaluation/noise-6.wav", "evaluation/noise-7.wav"]).values()
    assert (gone.mp3, damaged.mp3) == (b"", b"")
    assert gone.fault.startswith("No player: ")
    assert damaged.fault.startswith("No player: ")
    assert str(sounds) not in gone.fault + damaged.fault


def test_a_clip_whose_samples_are_damaged(sounds: Path, answer: Answer) -> None:
    """The header is whole; what cannot be used is found when it is decoded."""
    soundfile.write(sounds / "noise-6.wav", np.full(100, np.nan), 8000, subtype="FLOAT")
    sound = load_sounds(story_on(sounds, answer), ["evaluation/noise-6.wav"])["evaluation/noise-6.wav"]
    assert sound.fault == "No player: noise-6.wav: Some samples are not finite (NaN or infinity)."
