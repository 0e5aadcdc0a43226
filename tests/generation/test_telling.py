"""From captions to scenes: what a sentence says of a sound is in the scene, what it does not say is drawn."""

import numpy as np
import pytest

from auricle.errors import GenerationError
from auricle.generation.procedural.back_end import PROCEDURAL, Procedural
from auricle.generation.procedural.scenes import Event
from auricle.generation.procedural.sounds import KINDS, kinds_in
from auricle.generation.procedural.telling import MOST_SOUNDS, scene_of
from auricle.randomness import stream


def told(caption: str, seconds: float = 8.0) -> list[Event]:
    scene = scene_of(caption, seconds, stream(0, "test"))
    assert scene is not None
    assert scene.duration_s == seconds
    return list(scene.events)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A dog barks loudly twice", [("dog", "loud", "near", 2)]),
        ("a distant dog barks once", [("dog", "medium", "far", 1)]),
        ("Rain falls softly as a dog barks far off twice", [("rain", "soft", "near", 1), ("dog", "medium", "far", 2)]),
        ("Loud rain, then a faint bell rings once", [("rain", "loud", "near", 1), ("bell", "soft", "near", 1)]),
    ],
)  # fmt: skip
def test_what_is_said_is_in_the_scene(caption: str, expected: list[tuple[str, str, str, int]]) -> None:
    assert [(event.kind, event.level, event.distance, event.repetitions) for event in told(caption)] == expected


def test_what_follows_follows_and_what_is_together_is_together() -> None:
    first, second = told("A dog barks once, then a bell rings once")
    assert first.start_s + first.length_s <= second.start_s
    rain, _ = told("Rain falls as a dog barks")
    assert (rain.start_s, rain.length_s) == (0.0, 8.0)


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_heard_by_each_of_its_words(name: str) -> None:
    for word in KINDS.get(name).words:
        assert [event.kind for event in told(f"The {word}.")] == [name]
    (clip,) = Procedural().generate([f"The {KINDS.get(name).words[0]}."], seconds=[2.0], seeds=[1])
    assert np.sqrt(np.mean(clip**2)) > 2e-3


def test_at_most_five_sounds_are_taken() -> None:
    names = [KINDS.get(name).words[0] for name in list(KINDS)[:9]]
    assert kinds_in(" ".join(names)) == list(KINDS)[:9]
    assert len(told(" and ".join(names))) == MOST_SOUNDS


def test_no_event_passes_the_end_more_than_its_own_length() -> None:
    for number in range(50):
        rng = np.random.default_rng(number)
        words = [KINDS.get(name).words[0] for name in rng.permutation(list(KINDS))[:3]]
        for event in told(" then ".join(words), seconds=float(rng.uniform(1, 20))):
            assert 0 <= event.start_s < 20


def test_a_caption_that_names_no_sound_is_refused() -> None:
    with pytest.raises(GenerationError, match=r"'Silence\.' names no sound that procedural can make"):
        Procedural().generate(["Silence."], seconds=[1.0], seeds=[0])
    with pytest.raises(GenerationError, match=r"'word word .*\.\.\.' names no sound"):
        Procedural().generate(["word " * 2000], seconds=[1.0], seeds=[0])


def test_a_batch_is_equal_to_its_clips_alone_bit_for_bit() -> None:
    captions = [f"A {KINDS.get(name).words[0]} is heard." for name in list(KINDS)[:8]]
    seconds, seeds = [0.5 + number for number in range(8)], list(range(8))
    together = Procedural().generate(captions, seconds=seconds, seeds=seeds)
    for number, clip in enumerate(together):
        (alone,) = Procedural().generate([captions[number]], seconds=[seconds[number]], seeds=[seeds[number]])
        assert np.array_equal(clip, alone)


def test_signs_that_are_no_words_make_no_difference() -> None:
    plain = Procedural().generate(["A dog barks."], seconds=[1.0], seeds=[3])[0]
    assert np.array_equal(plain, Procedural().generate(["A 🐕 dog \u2014 barks!"], seconds=[1.0], seeds=[3])[0])
    with pytest.raises(GenerationError, match="'🐕' names no sound"):
        Procedural().generate(["🐕"], seconds=[1.0], seeds=[0])


def test_it_is_opened_by_the_registry() -> None:
    assert isinstance(PROCEDURAL.open("", PROCEDURAL.options()), Procedural)
