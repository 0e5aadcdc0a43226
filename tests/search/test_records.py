"""The identities of files and windows, and the words that a file is found by."""

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.search.records import Said, SoundFile, Stamp, file_key, split_window_key, split_words, window_key

FILE = SoundFile("sea/waves.wav", "0" * 32, Stamp(5, 7, ""), Said(), 12.5, 44100, 2)

PATHS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_a_file_is_known_by_its_path_alone() -> None:
    paths = [
        "a.wav",
        "a.WAV",
        "./a.wav",
        "b/a.wav",
        "b\\a.wav",
        "ä.wav",
        unicodedata.normalize("NFD", "ä.wav"),
        "a .wav",
    ]
    assert len({file_key(path) for path in paths}) == len(paths)
    assert all(len(file_key(path)) == 16 for path in paths)


@given(PATHS, st.integers(0, 10**9))
def test_a_windows_key_leads_back(path: str, start_ms: int) -> None:
    key = window_key(path, start_ms / 1000)
    assert split_window_key(key) == (file_key(path), start_ms)
    assert key.isascii()
    assert key.replace("-", "").isalnum()


@pytest.mark.parametrize(
    "key",
    [
        *("", "-", "-0", "0123456789abcdef", "0123456789abcdef-", "0123456789abcdef--5", "0123456789abcdef-5.0"),
        *("0123456789ABCDEF-0", "0123456789abcde-0", "0123456789abcdef0-0", "0123456789abcdeg-0"),
        *(
            "0123456789abcdef-0\n",
            " 0123456789abcdef-0",
            "0123456789abcdef-0 ",
            "0123456789abcdef-5/..",
            "../../etc/passwd",
        ),
        *(
            "0123456789abcdef-" + "9" * 13,
            "0123456789abcdef-0' OR '1'='1",
            "0123456789abcdef-\x00",
            "0123456789abcdef-+5",
            "0123456789abcdef-٣",
        ),
    ],
)
def test_what_is_no_windows_key_is_none(key: str) -> None:
    assert split_window_key(key) is None


@pytest.mark.parametrize(
    "change",
    [
        {"path": "sea/wave.wav"},
        {"content": "1" * 32},
        {"stamp": Stamp(6, 7, "")},
        {"stamp": Stamp(5, 8, "")},
        {"stamp": Stamp(5, 7, "x")},
        {"said": Said(licence="CC0")},
        {"said": Said(tags="CC0")},
        {"said": Said(caption="CC0")},
        {"duration_s": 12.6},
        {"sample_rate": 48000},
        {"channels": 1},
    ],
)
def test_whatever_changes_makes_another_record(change: dict[str, Any]) -> None:
    assert replace(FILE, **change).record != FILE.record
    assert replace(FILE).record == FILE.record


def test_what_is_said_here_goes_before_what_is_said_there() -> None:
    here, there = Said("CC0", "", "It rains."), Said("CC BY", "rain roof", "Water.")
    assert here.over(there) == Said("CC0", "rain roof", "It rains.")
    assert there.over(here) == there
    assert Said().over(here) == here == here.over(Said())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("field/DogBarks_03.wav", "field Dog Barks 03"),
        ("AMBForest-dawn chorus.2024.FLAC", "AMBForest dawn chorus 2024"),
        ("take2.wav", "take 2"),
        ("übung/Türen.wav", "übung Türen"),
        (unicodedata.normalize("NFD", "übung/Türen.wav"), "übung Türen"),  # as macOS writes names
        ("雨の音.wav", "雨の音"),
        ("<b>&amp;'--\";.wav", "b amp"),
        ("a\nb\x00c.wav", "a b c"),
        ("___.wav", ""),
        ("no suffix", "no suffix"),
        (".wav", "wav"),
    ],
)
def test_the_words_of_a_name(path: str, words: str) -> None:
    assert replace(FILE, path=path).words == words


def test_tags_and_captions_are_among_the_words() -> None:
    said = Said("CC0", "sea; SurfSound", "Waves break. | A gull cries.")
    assert replace(FILE, said=said).words == "sea waves sea Surf Sound Waves break A gull cries"


@given(PATHS)
def test_splitting_words_again_changes_nothing(text: str) -> None:
    assert split_words(split_words(text)) == split_words(text)
