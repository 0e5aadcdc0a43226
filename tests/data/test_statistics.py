"""Knowing the data: the oracle is a collection counted by hand, brute force, or what is published about Clotho."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.data import Clip, DataConfig
from auricle.data.metadata import Metadata, match_names
from auricle.data.statistics import ClipFacts, Overlap, Shared, Spread, Statistics, count, describe, tables, to_json
from auricle.data.statistics.counting import overlap, said_of, shared
from auricle.data.statistics.runner import _of_clip
from auricle.data.statistics.tagging import count_parts_of_speech, find_tagger
from auricle.data.words import plain
from auricle.errors import ConfigError, DataError

WriteCsv = Callable[[Path, Sequence[Sequence[str]]], None]
WriteSound = Callable[..., None]

METADATA = ["file_name", "keywords", "sound_id", "sound_link", "start_end_samples", "manufacturer", "license"]
CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"
BY = "http://creativecommons.org/licenses/by/3.0/"


def published(file_name: str, sound_id: str = "Not found", licence: str = CC0) -> list[str]:
    return [file_name, "birds;wind", sound_id, "https://freesound.org/", "[0, 9]", "somebody", licence]


def described(folder: Path, **settings: Any) -> Statistics:
    return describe(DataConfig(collection=folder, **settings))


@pytest.fixture
def captions_alone(tmp_path: Path, write_csv: WriteCsv) -> Path:
    """Caption files of three splits under both names, without a sound."""
    folder = tmp_path / "captions"
    folder.mkdir()
    header = ["file_name", "caption_1", "caption_2"]
    write_csv(
        folder / "clotho_captions_development.csv",
        [header, ["a.wav", "Rain falls.", "A dog barks"], ["b.wav", "rain  falls", "Rain!"], ["c.wav", "Wind", "wind"]],
    )
    write_csv(folder / "validation_captions.csv", [header, ["a.wav", "It rains.", "a dog barks!"]])
    write_csv(folder / "clotho_captions_evaluation.csv", [header, ["e.wav", "Wind blows.", "Rain falls"]])
    return folder


def test_a_collection_that_was_counted_by_hand(clotho: Path) -> None:
    known = described(clotho)
    assert list(known.splits) == ["development", "validation"]
    development, validation, whole = known.splits["development"], known.splits["validation"], known.whole
    assert (development.clips, development.captions, development.captions_per_clip) == (2, 4, {2: 2})
    assert sorted(development.durations_s) == pytest.approx([0.1, 0.5])
    assert (development.sample_rates, development.channels) == ({8000: 1, 44100: 1}, {1: 1, 2: 1})
    assert development.hours == pytest.approx(0.6 / 3600)
    # birds sing far away | a cuckoo calls | a bus stops | doors hiss and close
    assert development.words_per_caption == {3: 2, 4: 2}
    assert (development.words, len(development.word_counts)) == (14, 13)
    assert development.frequent_words(3, function_words=True) == {"a": 2, "and": 1, "away": 1}
    assert development.frequent_words(3, function_words=False) == {"birds": 1, "bus": 1, "calls": 1}
    # a bus idles | an engine runs
    assert (validation.words, len(validation.word_counts)) == (6, 6)
    assert known.out_of_vocabulary == {"validation": {"an": 1, "engine": 1, "idles": 1, "runs": 1}}
    assert (whole.clips, whole.captions, whole.words, len(whole.word_counts)) == (3, 6, 20, 17)
    assert whole.sample_rates == {8000: 2, 44100: 1}
    assert known.shared_captions == {"development": (), "validation": ()}
    assert known.leaks.contents == Overlap({"development": 2, "validation": 1}, ())
    assert known.leaks.recordings.checked == ()
    name = "Bob&#39;s Bus #1.wav"
    assert known.shared_file_names.found == (Shared(name, (f"development/{name}", f"validation/{name}")),)
    assert known.parts_of_speech is None
    assert known.tagging == "not asked for"


def test_captions_alone_say_nothing_about_sounds(captions_alone: Path) -> None:
    known = described(captions_alone)
    assert list(known.splits) == ["development", "validation", "evaluation"]
    assert known.whole.clips == 5
    assert known.whole.captions == 10
    assert known.whole.durations_s == ()
    assert known.whole.hours is None
    assert known.whole.licences == {"unknown": 5}
    assert known.leaks.contents.checked == ()
    facts: Any = to_json(known)
    assert facts["all"]["sounds"] is None
    assert facts["leaks"]["content"]["found"] is None
    assert facts["splits"]["validation"]["licences"] == {"unknown": 1}
    assert "  unknown: captions alone" in tables(known).splitlines()


def test_the_caption_on_two_clips_counts_whatever_its_case_and_punctuation(captions_alone: Path) -> None:
    known = described(captions_alone)
    assert known.shared_captions["development"] == (Shared("rain falls", ("development/a.wav", "development/b.wav")),)
    assert known.leaks.captions.found == (
        Shared("rain falls", ("development/a.wav", "development/b.wav", "evaluation/e.wav")),
        Shared("a dog barks", ("development/a.wav", "validation/a.wav")),
    )


def test_a_caption_twice_on_one_clip_is_not_shared() -> None:
    clips = [ClipFacts("train", "a.wav", ("Wind.", "wind")), ClipFacts("train", "b.wav", ("rain",))]
    assert count(Path(), clips).shared_captions == {"train": ()}


def test_captions_without_a_word_are_the_same_only_if_written_the_same() -> None:
    clips = [ClipFacts("train", f"{text}.wav", (text,)) for text in ("...", "!!!")]
    known = count(Path(), [*clips, ClipFacts("train", "other.wav", ("...",))])
    assert known.shared_captions["train"] == (Shared("...", ("train/....wav", "train/other.wav")),)
    assert known.whole.words_per_caption == {0: 3}


clip_facts = st.builds(
    ClipFacts,
    split=st.sampled_from(["development", "validation", "train"]),
    file_name=st.integers(0, 30).map(str),
    captions=st.lists(st.sampled_from(["Rain.", "rain", "wind", "A dog", "a  dog!"]), max_size=3).map(tuple),
    sound_id=st.sampled_from(["", "", "1", "2", "3"]),
)


@given(st.lists(clip_facts, max_size=12, unique_by=lambda clip: clip.id))
def test_what_is_shared_is_what_comparing_all_pairs_finds(clips: list[ClipFacts]) -> None:
    def pairs(found: Sequence[Shared]) -> set[tuple[str, ...]]:
        return {(one.what, *sorted(pair)) for one in found for pair in combinations(one.clips, 2)}

    def said(clip: ClipFacts) -> set[str]:
        return {plain(caption) for caption in clip.captions}

    by_split = {name: [clip for clip in clips if clip.split == name] for name in ("development", "validation", "train")}
    every_pair = list(combinations(clips, 2))
    expected = {(caption, *sorted([a.id, b.id])) for a, b in every_pair for caption in said(a) & said(b)}
    assert pairs(shared(clips, said_of)) == expected
    across = overlap(by_split, lambda clip: [clip.sound_id])
    same_recording = {a.sound_id for a, b in every_pair if a.sound_id == b.sound_id != "" and a.split != b.split}
    assert {one.what for one in across.found} == same_recording
    for one in across.found:
        assert set(one.clips) == {clip.id for clip in clips if clip.sound_id == one.what}


def test_the_same_recording_in_two_splits_is_a_leak_and_not_found_is_none(clotho: Path, write_csv: WriteCsv) -> None:
    bus = "Bob&#39;s Bus #1.wav"
    write_csv(
        clotho / "clotho_metadata_development.csv",
        [METADATA, published(" Ambience  Birds.wav"), published(bus, "17", BY)],
    )
    write_csv(clotho / "clotho_metadata_validation.csv", [METADATA, published(bus, "17")])
    known = described(clotho)
    assert known.leaks.recordings == Overlap(
        {"development": 1, "validation": 1}, (Shared("17", (f"development/{bus}", f"validation/{bus}")),)
    )
    assert known.splits["development"].licences == {"CC BY 3.0": 1, "CC0": 1}
    write_csv(clotho / "clotho_metadata_development.csv", [METADATA, published(bus)])
    write_csv(clotho / "clotho_metadata_validation.csv", [METADATA, published(bus)])
    assert described(clotho).leaks.recordings == Overlap({"development": 0, "validation": 0}, ())


def test_splits_without_metadata_are_said_to_be_unchecked(captions_alone: Path, write_csv: WriteCsv) -> None:
    write_csv(captions_alone / "clotho_metadata_development.csv", [METADATA, published("a.wav", "1")])
    known = described(captions_alone)
    assert known.leaks.recordings.checked == ()
    line = "  recordings of Freesound in more than one split: "
    assert f"{line}not checked, known of development only" in tables(known).splitlines()
    write_csv(captions_alone / "clotho_metadata_evaluation.csv", [METADATA, published("e.wav", "2")])
    known = described(captions_alone)
    assert known.leaks.recordings.known == {"development": 1, "validation": 0, "evaluation": 1}
    assert known.leaks.recordings.checked == ("development", "evaluation")
    assert f"{line}none (not checked: validation)" in tables(known).splitlines()
    facts: Any = to_json(known)
    assert facts["leaks"]["freesound_id"] == {
        "clips_known": {"development": 1, "validation": 0, "evaluation": 1},
        "splits_checked": ["development", "evaluation"],
        "found": [],
    }


def test_a_name_that_has_lost_its_leading_space_is_found_after_exact_names() -> None:
    one, two = Metadata(sound_id="1"), Metadata(sound_id="2")
    assert match_names({" a.wav": one}, {"a.wav"}) == {"a.wav": one}
    assert match_names({" a.wav": one, "a.wav": two}, {"a.wav"}) == {"a.wav": two}
    assert match_names({" a.wav": one}, {" a.wav", "a.wav"}) == {" a.wav": one}
    assert match_names({"a.wav": one}, {"b.wav"}) == {}


def test_the_licence_is_that_of_the_captions_then_of_the_metadata_then_of_the_settings(
    tmp_path: Path, write_csv: WriteCsv
) -> None:
    rows = [
        ["file_name", "caption", "licence"],
        ["a.wav", "rain", "CC BY 4.0"],
        ["b.wav", "wind", ""],
        ["c.wav", "sun", ""],
    ]
    write_csv(tmp_path / "development_captions.csv", rows)
    write_csv(tmp_path / "clotho_metadata_development.csv", [METADATA, published("a.wav"), published("b.wav")])
    assert described(tmp_path).whole.licences == {"CC BY 4.0": 1, "CC0": 1, "unknown": 1}
    assert described(tmp_path, licence=BY).whole.licences == {"CC BY 3.0": 1, "CC BY 4.0": 1, "CC0": 1}


def test_the_same_sound_in_two_splits_is_a_leak(clotho: Path) -> None:
    birds, bus = " Ambience  Birds.wav", "Bob&#39;s Bus #1.wav"
    (clotho / "validation" / bus).write_bytes((clotho / "development" / birds).read_bytes())
    (found,) = described(clotho).leaks.contents.found
    assert found.clips == (f"development/{birds}", f"validation/{bus}")


def test_sounds_alone(tmp_path: Path, write_sound: WriteSound) -> None:
    for name in ("a.wav", "b.wav"):
        write_sound(tmp_path / name)
    known = described(tmp_path)
    assert (list(known.splits), known.whole.clips, known.whole.captions) == (["sounds"], 2, 0)
    assert known.whole.captions_per_clip == {0: 2}
    assert known.out_of_vocabulary == {}
    facts: Any = to_json(known)
    assert facts["all"]["words_per_caption"] is None
    assert facts["all"]["sounds"]["duration_s"]["max"] == pytest.approx(0.1)
    printed = tables(known)
    assert "  no captions" in printed.splitlines()
    assert "  there is only one split" in printed.splitlines()
    assert "Most frequent words" not in printed


def test_a_folder_with_neither_sounds_nor_captions_is_refused(tmp_path: Path, write_csv: WriteCsv) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=r"holds neither sounds nor captions in Clotho's files .* Name a folder"):
        described(tmp_path)
    write_csv(tmp_path / "clotho_captions_development.csv", [["file_name", "caption_1"]])
    with pytest.raises(DataError, match=r"holds neither sounds nor captions"):
        described(tmp_path)


def test_a_folder_that_is_not_there_or_not_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not there"):
        described(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="No collection is named"):
        describe(DataConfig())


def test_captions_that_are_set_aside_are_listed_or_with_strict_refused(tmp_path: Path, write_csv: WriteCsv) -> None:
    write_csv(tmp_path / "development_captions.csv", [["file_name", "caption"], ["a.wav", "rain"], ["b.wav", ""]])
    known = described(tmp_path)
    assert known.whole.clips == 1
    assert tables(known).splitlines()[-2:] == [
        "Set aside: 1",
        "  Line 3 of development_captions.csv has an empty caption for b.wav.",
    ]
    with pytest.raises(DataError, match="has an empty caption for b"):
        described(tmp_path, strict=True)


def test_clothos_own_name_goes_before_the_other(captions_alone: Path, write_csv: WriteCsv) -> None:
    write_csv(captions_alone / "development_captions.csv", [["file_name", "caption"], ["z.wav", "snow"]])
    assert "snow" not in described(captions_alone).whole.word_counts


def test_words_of_any_script_are_words() -> None:
    known = count(Path(), [ClipFacts("train", "a.wav", ("Vögel zwitschern; собака лает!", "犬が 吠える"))])
    assert known.whole.words_per_caption == {2: 1, 4: 1}
    assert list(known.whole.word_counts) == ["vögel", "zwitschern", "лает", "собака", "吠える", "犬が"]


@pytest.mark.parametrize("duration_s", [0.0, float("nan"), float("inf")])
def test_a_duration_that_cannot_be_is_unknown_and_not_averaged(duration_s: float) -> None:
    rain = Clip("train", "rain.wav", Path("rain.wav"), 2.0, 44100, 1, "c0ffee", "", "", "")
    clips = [_of_clip(rain, []), _of_clip(replace(rain, file_name="b.wav", duration_s=duration_s), [])]
    known = count(Path(), clips)
    assert known.whole.durations_s == (2.0,)
    facts: Any = to_json(known)
    assert facts["all"]["sounds"]["clips_of_known_duration"] == 1
    assert facts["all"]["sounds"]["duration_s"] == {"min": 2.0, "mean": 2.0, "median": 2.0, "max": 2.0}


def test_a_spread_of_counts_is_that_of_the_numbers_written_out() -> None:
    assert Spread.of_counts({8: 2, 9: 1, 20: 1}) == Spread(minimum=8, mean=11.25, median=8.5, maximum=20)
    assert Spread.of([]) is None


TABLES = """\
Clips and captions
  split        clips  captions  per clip
  development      3         6         2
  validation       1         2         2
  evaluation       1         2         2
  all splits       5        10         2

Sounds
  unknown: captions alone

Words per caption, and vocabulary (new words: those that development lacks, and their share of all)
  split        fewest  mean  median  most  words  vocabulary  new words   share
  development       1   1.7     1.5     3     10           6
  validation        2   2.5     2.5     3      5           5          2  40.00%
  evaluation        2   2.0     2.0     2      4           4          1  25.00%
  all splits        1   1.9     2.0     3     19           9

Captions on more than one clip of a split (false negatives in a batch)
  split        captions  on several clips  occurrences  repeats
  development         6                 1            2        1
  validation          2                 0            0        0
  evaluation          2                 0            0        0
  development
    rain falls
      development/a.wav | development/b.wav

Most frequent words, without function words
  development  rain (3), falls (2), wind (2), barks (1), dog (1)
  validation   barks (1), dog (1), rains (1)
  evaluation   blows (1), falls (1), rain (1), wind (1)
  all splits   rain (4), falls (3), wind (3), barks (2), dog (2), blows (1), rains (1)

Parts of speech
  not asked for

Leakage between splits
  recordings of Freesound in more than one split: not checked, known of no split
  sound files in more than one split: not checked, known of no split
  captions in more than one split: 2
    rain falls
      development/a.wav | development/b.wav | evaluation/e.wav
    a dog barks
      development/a.wav | validation/a.wav
  no leak, but to know: file names in more than one split: 1
    a.wav
      development/a.wav | validation/a.wav

Licences (clips)
  development  unknown (3)
  validation   unknown (1)
  evaluation   unknown (1)
  all splits   unknown (5)"""


def test_tables_as_they_were_written_by_hand(captions_alone: Path) -> None:
    assert tables(described(captions_alone)) == TABLES


def test_long_lists_are_cut_in_the_terminal_and_whole_in_json() -> None:
    captions = tuple(f"{'very ' * 30}loud rain number {number}" for number in range(7))
    clips = [
        ClipFacts("development", f"{'a' * 90}{number}.wav", captions, duration_s=1.5, sample_rate=rate, channels=2)
        for number, rate in enumerate([8000, 16000, 22050, 32000, 44100, 48000, 96000, 192000])
    ]
    known = count(Path("Sounds"), clips)
    printed = tables(known).splitlines()
    assert max(map(len, printed)) <= 100
    assert "    and 2 more" in printed
    facts: Any = to_json(known)
    on_several = facts["captions_on_several_clips"]["development"]
    assert (on_several["distinct"], on_several["occurrences"]) == (7, 56)
    assert [len(one["clips"]) for one in on_several["found"]] == [8] * 7


def test_json_survives_being_written(clotho: Path) -> None:
    facts = to_json(described(clotho))
    assert json.loads(json.dumps(facts)) == facts
    assert set(facts) == {
        "folder",
        "splits",
        "all",
        "captions_on_several_clips",
        "out_of_vocabulary",
        "leaks",
        "file_names_in_several_splits",
        "tagging",
        "parts_of_speech",
        "set_aside",
    }


def test_as_many_frequent_words_as_are_asked_for(captions_alone: Path) -> None:
    facts: Any = to_json(describe(DataConfig(collection=captions_alone), top=2))
    assert facts["all"]["frequent_words"] == {"rain": 4, "falls": 3}


def test_without_a_tagger_parts_of_speech_are_unknown_and_the_tables_say_how_to_get_one(
    captions_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    known = describe(DataConfig(collection=captions_alone), tag=True)
    assert known.parts_of_speech is None
    assert to_json(known)["parts_of_speech"] is None
    assert "  not installed: pip install 'auricle[tagger]'" in tables(known).splitlines()


def test_parts_of_speech_are_counted_per_split(captions_alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {"rain": "NN1", "wind": "NN1", "dog": "NN1", "a": "AT0", "it": "PNP"}
    monkeypatch.setattr(
        "auricle.data.statistics.runner.find_tagger", lambda: lambda words: [tags.get(word, "VVZ") for word in words]
    )
    known = describe(DataConfig(collection=captions_alone), tag=True)
    assert known.parts_of_speech is not None
    assert known.parts_of_speech["validation"] == {"nouns": 1, "verbs": 2, "adjectives": 0, "adverbs": 0, "other": 2}
    line = next(line for line in tables(known).splitlines() if line.startswith("  all splits") and "%" in line)
    assert line.split() == "all splits 9 (47.4%) 7 (36.8%) 0 (0.0%) 0 (0.0%) 3 (15.8%)".split()


def test_the_english_tagger_knows_a_simple_sentence() -> None:
    pytest.importorskip("HanTa", reason="no tagger is installed: pip install 'auricle[tagger]'")
    tagger = find_tagger()
    assert tagger is not None
    counted = count_parts_of_speech([["a", "large", "dog", "barks", "loudly"], [], ["犬"]], tagger=tagger)
    assert counted == {"nouns": 1, "verbs": 1, "adjectives": 1, "adverbs": 1, "other": 2}


def test_neither_tagger_nor_plots_are_loaded_unasked(captions_alone: Path) -> None:
    code = (
        "import sys; from auricle.data import DataConfig; from auricle.data.statistics import describe, tables;"
        f"tables(describe(DataConfig(collection={str(captions_alone)!r})));"
        "print(*{'matplotlib', 'HanTa'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_what_is_published_about_clotho(shared: Path) -> None:
    known = described(shared / "clotho_captions")
    assert {name: facts.clips for name, facts in known.splits.items()} == {
        "development": 3839,
        "validation": 1045,
        "evaluation": 1045,
    }
    # Drossos et al. 2020: five captions of 8 to 20 words per clip, split so that development has every word.
    assert known.whole.captions_per_clip == {5: 5929}
    assert list(known.whole.words_per_caption) == list(range(8, 21))
    assert known.out_of_vocabulary == {"validation": {}, "evaluation": {}}
    # Counted with sort and uniq on the captions, one per line.
    found = known.shared_captions["development"]
    assert sum(len(one.clips) - 1 for one in found) == 17
    assert len(found) == 16
    assert known.shared_captions["validation"] == known.shared_captions["evaluation"] == ()
    assert len(known.shared_file_names.found) == 4
