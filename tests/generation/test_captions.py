"""Captions against plain rules of English and against the scene they are written for."""

import re

import numpy as np
import pytest

from auricle.generation.procedural.captions import details, write
from auricle.generation.procedural.scenes import Event, Layout, Scene, draw
from auricle.generation.procedural.sounds import KINDS, kinds_in
from auricle.randomness import stream

SCENES = [draw(3, number) for number in range(250)]
CAPTIONS = [write(scene, stream(3, "captions", number)) for number, scene in enumerate(SCENES)]
ALL = [caption for five in CAPTIONS for caption in five]

SAID = {
    "loud": r"\bloud(ly)?\b",
    "soft": r"\b(soft|softly|quiet|quietly|faint|faintly)\b",
    "far": r"\b(distance|far away|far off|distant|faraway)\b",
    "near": r"\b(nearby|close by)\b",
    "once": r"\b(once|a single time)\b",
    "twice": r"\b(twice|two times)\b",
    "several": r"\b(several times|repeatedly|again and again)\b",
}


def test_five_different_captions_each() -> None:
    assert {len(five) for five in CAPTIONS} == {5}
    assert all(len({caption.rstrip(".") for caption in five}) == 5 for five in CAPTIONS)


def test_every_caption_names_every_sound_and_no_other() -> None:
    for scene, five in zip(SCENES, CAPTIONS, strict=True):
        for caption in five:
            assert set(kinds_in(caption)) == {event.kind for event in scene.events}, caption


def test_sounds_in_turn_are_named_in_their_order() -> None:
    for scene, five in zip(SCENES, CAPTIONS, strict=True):
        if scene.layout == "in turn":
            assert {tuple(kinds_in(caption)) for caption in five} == {tuple(event.kind for event in scene.events)}


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("together", r"\b(while|as|at the same time|together with|mixes with|along with|amid)\b"),
        ("in turn", r"\b(then|followed by|after|before|later)\b"),
        ("behind", r"\b(while|as|in the background)\b"),
    ],
)
def test_every_caption_says_how_the_sounds_stand_to_each_other(layout: Layout, words: str) -> None:
    captions = [c for scene, five in zip(SCENES, CAPTIONS, strict=True) if scene.layout == layout for c in five]
    assert captions
    assert [caption for caption in captions if not re.search(words, caption, re.IGNORECASE)] == []


def test_together_the_five_mention_everything_that_was_varied_and_nothing_else() -> None:
    partly = 0
    for scene, five in zip(SCENES, CAPTIONS, strict=True):
        counted = [event for event in scene.events if KINDS.get(event.kind).interval_s]
        expected = set[str](event.level for event in scene.events) - {"medium"}
        expected |= {("once", "twice", "several", "several")[event.repetitions - 1] for event in counted}
        distances = set[str](event.distance for event in scene.events)
        expected |= distances if "far" in distances else set()
        said = [{aspect for aspect, words in SAID.items() if re.search(words, caption)} for caption in five]
        assert set().union(*said) == expected, five
        partly += any(mentioned != expected for mentioned in said)
    assert partly > 0.8 * len(SCENES)


def test_articles_agree() -> None:
    assert [c for c in ALL if re.search(r"\ba [aeiou]|\ban [^aeiou]", c, re.IGNORECASE)] == []
    assert [c for c in ALL if re.search(r"\b(a|an|the) (a|an|the)\b", c, re.IGNORECASE)] == []


def test_verbs_agree_with_their_subjects() -> None:
    plural = {
        "birds",
        "waves",
        "crickets",
        "insects",
        "footsteps",
        "people",
        "drops of water",
        "the keys of a computer",
    }
    for name in KINDS:
        for subject, verb, participle in KINDS.get(name).clauses:
            first = verb.split()[0]
            assert first.endswith("s") != (subject in plural), f"{subject} {verb}"
            assert participle.split()[0].endswith("ing")


def test_sentences_begin_with_a_capital_and_mostly_end_with_a_full_stop() -> None:
    assert all(caption[0].isupper() for caption in ALL)
    assert all(re.fullmatch(r"[A-Za-z]+(,? [A-Za-z]+)*\.?", caption) for caption in ALL)
    assert 0.8 < np.mean([caption.endswith(".") for caption in ALL]) < 0.97


def test_captions_are_mostly_6_to_20_words_long_and_varied() -> None:
    lengths = np.array([len(caption.split()) for caption in ALL])
    assert np.mean((lengths >= 6) & (lengths <= 20)) > 0.85
    assert lengths.max() <= 32
    assert len(set(ALL)) > 0.97 * len(ALL)


def test_a_plain_near_scene_has_no_details() -> None:
    rain = Event("rain", 0.0, 3.0, level="medium", distance="near", repetitions=1)
    assert details(Scene(3.0, "alone", (rain,))) == []


def test_near_is_worth_mentioning_only_beside_what_is_far() -> None:
    rain = Event("rain", 0.0, 3.0, level="medium", distance="near", repetitions=1)
    dog = Event("dog", 1.0, 0.3, level="medium", distance="far", repetitions=1)
    assert details(Scene(3.0, "together", (rain, dog))) == [(0, "distance"), (1, "repetition"), (1, "distance")]


def test_the_same_stream_gives_the_same_captions() -> None:
    assert write(SCENES[4], stream(3, "captions", 4)) == CAPTIONS[4]
    assert write(SCENES[4], stream(4, "captions", 4)) != CAPTIONS[4]
