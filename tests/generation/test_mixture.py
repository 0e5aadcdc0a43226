"""Two originals as one. Oracles: mixes made by hand with numpy, sentences joined by hand, relations written out."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.data import Caption, Clip, Collection, DataConfig, Purpose, open_collection
from auricle.data.words import words
from auricle.errors import ConfigError
from auricle.generation import Generated, GenerationConfig, Original, Shard, generate
from auricle.generation.finishing import fault_of
from auricle.generation.mixture.back_end import ClipMixer, MixtureOptions
from auricle.generation.mixture.captions import join_captions
from auricle.generation.mixture.sounds import lay_under, loudest_part, part
from auricle.generation.output import Output
from auricle.generation.testing import check_augmentation
from auricle.tables import write_rows

RATE = 44_100
STEP = 1.01 / 32768  # of 16 bits, and what float32 rounds
ContentOf = Callable[[Path], dict[str, bytes]]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("A dog barks.", "Rain falls on a roof.", "A dog barks, and rain falls on a roof."),
        ("A dog barks", "Rain falls", "A dog barks, and rain falls."),
        ("a dog barks .", "A car idles .", "a dog barks, and a car idles ."),
        (" A dog barks. . \n", "  Rain falls.\t", "A dog barks, and rain falls."),
        ("Birds chirp,", "Someone hums,", "Birds chirp, and someone hums."),
        ("Cars zoom by!", "Is it a subway?", "Cars zoom by, and is it a subway?"),
        ("A train passes...", "Rain falls…", "A train passes, and rain falls…"),
        ("Rain falls.", "I'm walking.", "Rain falls, and I'm walking."),
        ("Rain falls.", "I walk.", "Rain falls, and I walk."),
        ("Rain falls.", "It's raining.", "Rain falls, and it's raining."),
        ("Rain falls.", "TV static.", "Rain falls, and TV static."),
        ("Rain falls.", "McDonald hums.", "Rain falls, and McDonald hums."),
        ("Rain falls.", "X-rays buzz.", "Rain falls, and X-rays buzz."),
        ("Rain falls.", "3 bells ring.", "Rain falls, and 3 bells ring."),
        ("RAIN FALLS.", "A BELL RINGS", "RAIN FALLS, and A BELL RINGS."),
        ("Rain falls.", "While a dog barks, it rains.", "Rain falls, and while a dog barks, it rains."),
        ('He says "stop."', '"Go," she says.', 'He says "stop.", and "Go," she says.'),
        ("Rain falls.", 'She says "Go!"', 'Rain falls, and she says "Go!"'),
        ("Rain falls.", 'She says "go"', 'Rain falls, and she says "go".'),
        ("Somebody &#39;hums&#39;.", "Rain (far away)", "Somebody &#39;hums&#39, and rain (far away)."),
        ("Собака лает.", "Идёт дождь.", "Собака лает, and идёт дождь."),
        ("狗在叫。", "下雨了。", "狗在叫, and 下雨了。"),
        ("كلب ينبح؟", "المطر يهطل،", "كلب ينبح, and المطر يهطل."),
    ],
)
def test_captions_joined_by_hand(first: str, second: str, joined: str) -> None:
    assert join_captions(first, second) == joined


captions = st.text(st.characters(codec="utf-8"), max_size=30).filter(words)


@settings(deadline=None)
@given(first=captions, second=captions)
def test_all_words_of_both_captions_are_there_in_their_order(first: str, second: str) -> None:
    joined = join_captions(first, second, conjunction="while")
    assert words(joined) == [*words(first), "while", *words(second)]
    assert joined == joined.strip()


def noise(seed: int, seconds: float, level: float = 0.1) -> Any:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def rms(samples: Any) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("snr_db", [-20.0, -3.0, 0.0, 3.0, 20.0])
@pytest.mark.parametrize("level", [1e-3, 0.5])
def test_the_level_is_the_one_asked_for_while_the_second_is_heard(snr_db: float, level: float) -> None:
    first, second = noise(1, 1.0), noise(2, 0.4, level)
    added = lay_under(first, second, snr_db=snr_db, place=0.5).astype(np.float64) - first
    heard = np.flatnonzero(np.abs(added) > 1e-9)
    span = added[heard[0] : heard[-1] + 1]
    assert 20 * np.log10(rms(first) / rms(span)) == pytest.approx(snr_db, abs=0.01)
    assert abs(heard[0] - 0.3 * RATE) <= 2
    assert abs(len(span) - len(second)) <= 2
    assert np.corrcoef(added[heard[0] : heard[0] + len(span)], second[: len(span)])[0, 1] > 0.999


@pytest.mark.parametrize(("length", "room"), [(3, 3), (5, 1), (9, 0)])
def test_every_place_of_a_part_is_as_likely_as_any_other(length: int, room: int) -> None:
    samples = np.arange(6, dtype=np.float32)
    places = [part(samples, length, place=place) for place in np.arange(0, 1, 0.01)]
    assert {tuple(found) for found in places} == {
        tuple(samples[start : start + length]) for start in range(max(6 - length, 0) + 1)
    }
    counts = Counter(found[0] for found in places)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len(counts) == room + 1


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12), st.integers(1, 14))
def test_the_loudest_part_is_that_of_all_parts(values: list[int], length: int) -> None:
    samples = np.array(values, np.float32)
    found = loudest_part(samples, length)
    parts = [samples[start : start + length] for start in range(max(len(values) - length, 0) + 1)]
    assert any(np.array_equal(found, one) for one in parts)
    assert np.sum(found**2) == max(np.sum(one**2) for one in parts)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Collection]:
    """``write({name: (samples, caption, ...)}, parents={...})`` writes a collection and opens it."""

    def written(
        sounds: dict[str, tuple[Any, ...]],
        licences: dict[str, str] | None = None,
        parents: dict[str, str] | None = None,
        mixed_with: dict[str, str] | None = None,
    ) -> Collection:
        folder = tmp_path / "pair"
        (folder / "development").mkdir(parents=True)
        rows = []
        for name, (samples, *said) in sounds.items():
            soundfile.write(folder / "development" / name, samples, RATE, subtype="FLOAT")
            known = [(column or {}).get(name, "") for column in (licences, parents, mixed_with)]
            rows += [(name, text, *known) for text in said]
        header = ["file_name", "caption", "licence", "parent", "mixed_with"]
        write_rows(folder / "development_captions.csv", header, rows)
        return open_collection(DataConfig(collection=folder), purpose=Purpose.LEARNING)

    return written


def mixed(collection: Collection, output: Path, *, level: bool = False, **options: Any) -> Generated:
    config = GenerationConfig(numbers=(1,), output=output, loudness_lufs=-14.0 if level else None)
    (done,) = generate("mixture", collection, config, options=options)
    return done


def rows(done: Generated) -> dict[str, dict[str, Any]]:
    lines = (done.path / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["file"]: row for row in map(json.loads, lines)}


def test_two_clips_are_mixed_as_by_hand(write: Callable[..., Collection], tmp_path: Path) -> None:
    rain, dog = noise(1, 1.0, 0.1), noise(2, 1.0, 0.02)
    said = {"rain.wav": (rain, "It rains."), "dog.wav": (dog, "A dog barks.", "Barking")}
    collection = write(said, {"rain.wav": "CC0", "dog.wav": "CC BY 4.0"})
    done = mixed(collection, tmp_path, min_snr_db=6, max_snr_db=6)
    by_hand = {
        "rain_cap_1.wav": rain + dog * rms(rain) / rms(dog) * 10 ** (-6 / 20),
        "dog_cap_1.wav": dog + rain * rms(dog) / rms(rain) * 10 ** (-6 / 20),
    }
    for name, expected in by_hand.items():
        samples, rate = soundfile.read(done.path / "development" / name)
        assert rate == RATE
        assert np.abs(samples - expected).max() <= STEP
    made = open_collection(DataConfig(collection=done.path), purpose=Purpose.LEARNING)
    told = {clip.file_name: (clip.origin, clip.parent, clip.licence, clip.mixed_with) for clip in made.clips}
    both = "CC BY 4.0 and CC0"
    assert told == {
        "dog_cap_1.wav": ("mixture", "development/dog.wav", both, "development/rain.wav"),
        "rain_cap_1.wav": ("mixture", "development/rain.wav", both, "development/dog.wav"),
    }
    assert [caption.text for caption in made.captions] == ["A dog barks, and it rains.", "It rains, and a dog barks."]
    row = rows(done)["rain_cap_1.wav"]
    assert (row["caption"], row["mixed_with"], row["licence"]) == (
        "It rains, and a dog barks.",
        "development/dog.wav",
        both,
    )


def test_a_copy_is_as_long_as_its_original_and_no_sound_is_repeated(
    write: Callable[..., Collection], tmp_path: Path
) -> None:
    long, short = noise(1, 2.0), noise(2, 0.5)
    collection = write({"long.wav": (long, "Rain."), "short.wav": (short, "A click.")})
    done = mixed(collection, tmp_path, min_snr_db=0, max_snr_db=0)
    samples, _ = soundfile.read(done.path / "development" / "long_cap_1.wav")
    assert len(samples) == len(long)
    lag = np.correlate(samples - long, short, mode="valid")
    start = int(lag.argmax())
    assert np.abs((samples - long)[start : start + len(short)] - short * rms(long) / rms(short)).max() < 1e-3
    outside = np.delete(samples - long, np.s_[start : start + len(short)])
    assert np.abs(outside).max() <= STEP
    samples, _ = soundfile.read(done.path / "development" / "short_cap_1.wav")
    start = int(np.correlate(long, samples - short, mode="valid").argmax())
    cut = long[start : start + len(short)]
    assert np.abs(samples - short - cut * rms(short) / rms(cut)).max() <= STEP


def test_a_number_that_the_stranger_lacks_is_drawn(write: Callable[..., Collection], tmp_path: Path) -> None:
    collection = write({"a.wav": (noise(1, 0.5), "One.", "Two."), "b.wav": (noise(2, 0.5), "Uno.")})
    first, second = generate("mixture", collection, GenerationConfig(output=tmp_path))
    assert rows(first)["a_cap_1.wav"]["caption"] == "One, and uno."
    assert rows(second)["a_cap_2.wav"]["caption"] == "Two, and uno."
    assert set(rows(second)) == {"a_cap_2.wav"}


def test_what_shares_a_sound_or_a_caption_is_never_mixed_in(write: Callable[..., Collection], tmp_path: Path) -> None:
    said = {
        "a.wav": (noise(1, 0.4), "Rain."),
        "b.wav": (noise(2, 0.4), "A bell.", "Rain."),
        "c.wav": (noise(3, 0.4), "A cat."),
        "copy of a.wav": (noise(4, 0.4), "Much rain."),
        "with b.wav": (noise(5, 0.4), "A bell in a storm."),
    }
    collection = write(
        said, parents={"copy of a.wav": "development/a.wav"}, mixed_with={"with b.wav": "development/b.wav"}
    )
    for seed in range(6):
        config = GenerationConfig(numbers=(1,), output=tmp_path / str(seed), seed=seed)
        (done,) = generate("mixture", collection, config)
        partner = {name: row["mixed_with"] for name, row in rows(done).items()}
        assert partner["a_cap_1.wav"] == "development/c.wav"  # b has a caption of a; the copy is a itself
        assert partner["b_cap_1.wav"] == "development/c.wav"  # a has a caption of b; a copy is no original
        assert partner["c_cap_1.wav"] in ("development/a.wav", "development/b.wav")
        assert partner["copy of a_cap_1.wav"] in ("development/b.wav", "development/c.wav")
        assert partner["with b_cap_1.wav"] in ("development/a.wav", "development/c.wav")


def originals(count: int) -> list[Original]:
    clips = [Clip("development", f"{n}.wav", Path(f"{n}.wav"), 0.1, RATE, 1, str(n), "", "", "") for n in range(count)]
    return [Original(clip, (Caption(clip.id, 1, f"Sound {clip.file_name}."),)) for clip in clips]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sound is a short noise that follows from its name."""
    name = "auricle.generation.mixture.back_end.decode"
    monkeypatch.setattr(name, lambda path, **_: noise(int(path.stem), 0.1))


@pytest.mark.usefixtures("decoded")
def test_strangers_are_drawn_evenly_and_one_more_changes_few_copies() -> None:
    mixer, (first, *strangers) = ClipMixer(MixtureOptions()), originals(9)

    def partner(of: list[Original], seed: int) -> str:
        return mixer.augment(first, number=1, strangers=of, seconds=0.1, seed=seed).mixed_with

    with_all = [partner(strangers, seed) for seed in range(800)]
    counts = Counter(with_all)
    assert len(counts) == 8
    assert all(abs(count - 100) < 4 * np.sqrt(100 * 7 / 8) for count in counts.values())  # four standard deviations
    without = [partner(strangers[:-1], seed) for seed in range(800)]
    assert all(one == other for one, other in zip(with_all, without, strict=True) if one != strangers[-1].clip.id)


@pytest.mark.usefixtures("decoded")
def test_the_levels_are_drawn_evenly_between_the_two() -> None:
    mixer, (first, stranger) = ClipMixer(MixtureOptions(min_snr_db=-2, max_snr_db=4)), originals(2)
    drawn = []
    for seed in range(300):
        made = mixer.augment(first, number=1, strangers=[stranger], seconds=0.1, seed=seed)
        drawn.append(20 * np.log10(rms(noise(0, 0.1)) / rms(made.samples - noise(0, 0.1))))
    assert -2.001 < min(drawn) < -1.9
    assert 3.9 < max(drawn) < 4.001
    assert np.mean(drawn) == pytest.approx(1, abs=4 * 6 / np.sqrt(12 * 300))


@pytest.mark.usefixtures("decoded")
def test_the_contract_is_kept_and_one_that_does_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    mixer = ClipMixer(MixtureOptions())
    check_augmentation(mixer, originals(4), seconds=0.1)
    check_augmentation(mixer, originals(4), seconds=0.05)
    augment = mixer.augment

    def first_stranger(original: Original, *, strangers: Any, **asked: Any) -> Any:
        return augment(original, strangers=strangers[:1], **asked)

    def one_seed(original: Original, **asked: Any) -> Any:
        return augment(original, **{**asked, "seed": 0})

    def unknown(original: Original, **asked: Any) -> Any:
        return replace(augment(original, **asked), mixed_with="development/x.wav")

    for fault, complaint in (
        (first_stranger, "depends on the order of the strangers"),
        (one_seed, "another seed gives the same copy"),
        (unknown, "is mixed with no stranger"),
    ):
        monkeypatch.setattr(mixer, "augment", fault)
        with pytest.raises(AssertionError, match=complaint):
            check_augmentation(mixer, originals(4), seconds=0.1)


def test_neither_batch_nor_shards_nor_the_order_of_the_collection_make_a_difference(
    sounds: Collection, tmp_path: Path, content_of: ContentOf
) -> None:
    def made(name: str, of: Collection, shard: Shard | None = None, **config: Any) -> Path:
        wanted = GenerationConfig(numbers=(2,), output=tmp_path / name, **config)
        return generate("mixture", of, wanted, shard=shard)[0].path

    whole = content_of(made("whole", sounds))
    assert sum(name.endswith(".wav") for name in whole) == 15
    assert content_of(made("batch", sounds, batch_size=1)) == whole
    turned = replace(sounds, clips=sounds.clips[::-1], captions=sounds.captions[::-1])
    assert content_of(made("turned", turned)) == whole
    for number in (2, 3, 1):
        parts = made("parts", sounds, Shard(number, 3))
    found = content_of(parts)
    assert {name: found[name] for name in whole if "manifest" not in name} == {
        name: content for name, content in whole.items() if "manifest" not in name
    }
    assert content_of(made("seed", sounds, seed=1)) != whole


@pytest.mark.slow
def test_mixture_survives_kill_9(survives_kills: Callable[..., None]) -> None:
    survives_kills("mixture")


def test_what_cannot_be_heard_is_mixed_into_nothing_and_set_aside(
    write: Callable[..., Collection], tmp_path: Path
) -> None:
    broken = noise(4, 0.5)
    broken[100] = np.nan
    collection = write(
        {
            "a.wav": (noise(1, 0.5), "Rain."),
            "b.wav": (noise(2, 0.5), "A bell."),
            "silent.wav": (np.zeros(RATE // 2, np.float32), "Nothing."),
            "broken.wav": (broken, "A crash."),
            "mute.wav": (noise(5, 0.5), "..."),
        }
    )
    done = mixed(collection, tmp_path)
    assert {name: row["mixed_with"] for name, row in rows(done).items()} == {
        "a_cap_1.wav": "development/b.wav",
        "b_cap_1.wav": "development/a.wav",
    }
    assert {one.file: one.reason for one in done.set_aside} == {
        "silent_cap_1.wav": "silent; silent; silent; silent",
        "broken_cap_1.wav": "broken.wav: Some samples are not finite (NaN or infinity).",
        "mute_cap_1.wav": "Caption 1 of mute.wav has no words; it cannot be joined.",
    }
    with (done.path / "set-aside.csv").open(encoding="utf-8") as opened:
        assert {row["caption"] for row in csv.DictReader(opened)} == {"Nothing.", "A crash.", "..."}


def test_a_clip_without_strangers_is_set_aside(write: Callable[..., Collection], tmp_path: Path) -> None:
    done = mixed(write({"a.wav": (noise(1, 0.5), "Rain."), "b.wav": (noise(2, 0.5), "Rain.")}), tmp_path)
    assert (done.made, len(done.set_aside)) == (0, 2)
    assert done.set_aside[0].reason == (
        "No other clip can be mixed into a.wav: all that can be heard share a sound or a caption with it."
    )


def test_a_length_that_is_asked_for_shortens_and_never_repeats(sounds: Collection, tmp_path: Path) -> None:
    lengths = {clip.id: clip.duration_s for clip in sounds.split("development").clips}
    for seconds in (1.0, 60.0):
        wanted = GenerationConfig(numbers=(1,), output=tmp_path / str(seconds), seconds=seconds)
        (done,) = generate("mixture", sounds, wanted)
        assert done.made == 15
        for row in rows(done).values():
            assert row["seconds"] == pytest.approx(min(seconds, lengths[row["parent"]]), abs=1e-3)
            samples, rate = soundfile.read(done.path / "development" / row["file"], dtype="float32")
            assert fault_of(samples, rate, seconds=None) == ""


def test_a_folder_of_another_level_is_refused_and_wrong_options_are_one_sentence(
    sounds: Collection, tmp_path: Path
) -> None:
    mixed(sounds, tmp_path, level=True)
    with pytest.raises(Exception, match=r"about\.parameters\.max_snr_db: 3\.0 -> 9\.0"):
        mixed(sounds, tmp_path, level=True, max_snr_db=9)
    with pytest.raises(ConfigError, match=r"min_snr_db is 4, above max_snr_db, 3"):
        mixed(sounds, tmp_path, min_snr_db=4)
    with pytest.raises(ConfigError, match="conjunction"):
        mixed(sounds, tmp_path, conjunction=" ")
    with pytest.raises(ConfigError, match=r"no such setting\. Did you mean 'max_snr_db'\?"):
        mixed(sounds, tmp_path, max_snr=4)
    with pytest.raises(ConfigError, match=r"'mixture:x' is not how the back end is written; mixture is"):
        generate("mixture:x", sounds, GenerationConfig(output=tmp_path))


def test_rows_of_an_earlier_version_say_nothing_of_mixtures(sounds: Collection, tmp_path: Path) -> None:
    done = mixed(sounds, tmp_path)
    manifest = done.path / "manifest.jsonl"
    earlier = [{key: value for key, value in row.items() if key != "mixed_with"} for row in rows(done).values()]
    manifest.write_text("".join(json.dumps(row) + "\n" for row in earlier), encoding="utf-8")
    Output(done.path).finish([])
    with (done.path / "development_captions.csv").open(encoding="utf-8") as opened:
        found = list(csv.DictReader(opened))
    assert len(found) == 15
    assert {row["mixed_with"] for row in found} == {""}
