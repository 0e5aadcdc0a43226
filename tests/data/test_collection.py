"""Identities, order, and parts of a collection."""

from pathlib import Path

import pytest

from auricle.data import Caption, Clip, Collection
from auricle.errors import ConfigError


def clip(split: str, file_name: str) -> Clip:
    return Clip(split, file_name, Path(file_name), 1.0, 8000, 1, "c0ffee", "", "", "")


@pytest.fixture
def collection() -> Collection:
    clips = (
        clip("validation", "b.wav"),
        clip("test", "x.wav"),
        clip("development", "b.wav"),
        clip("extra", "y/z#1.wav"),
    )
    captions = (
        Caption("validation/b.wav", 1, "one"),
        Caption("development/b.wav", 1, "two"),
        Caption("validation/b.wav", 2, "three"),
    )
    return Collection(Path("somewhere"), clips, captions, ())


def test_identities_are_made_of_split_name_and_number() -> None:
    assert clip("extra", "y/z#1.wav").id == "extra/y/z#1.wav"
    assert Caption("extra/y/z#1.wav", 2, "").id == "extra/y/z#1.wav#2"


def test_splits_are_listed_in_the_fields_order_then_by_name(collection: Collection) -> None:
    assert collection.splits == ("development", "validation", "extra", "test")


def test_captions_of_a_clip_are_those_of_its_split(collection: Collection) -> None:
    assert [caption.text for caption in collection.captions_of("validation/b.wav")] == ["one", "three"]
    assert [caption.text for caption in collection.captions_of("development/b.wav")] == ["two"]
    assert collection.captions_of("test/x.wav") == ()


def test_a_split_has_its_own_clips_and_captions(collection: Collection) -> None:
    part = collection.split("validation")
    assert [clip.id for clip in part.clips] == ["validation/b.wav"]
    assert [caption.text for caption in part.captions] == ["one", "three"]


def test_an_unknown_split_names_the_near_one(collection: Collection) -> None:
    with pytest.raises(ConfigError, match=r"no split 'validaton'\. Did you mean 'validation'\? It has: development,"):
        collection.split("validaton")


def test_without_leaves_out_clips_with_their_captions_and_keeps_the_rest(collection: Collection) -> None:
    rest = collection.without(["validation/b.wav", "not there"])
    assert [clip.id for clip in rest.clips] == ["test/x.wav", "development/b.wav", "extra/y/z#1.wav"]
    assert [caption.text for caption in rest.captions] == ["two"]
    assert len(collection.clips) == 4
