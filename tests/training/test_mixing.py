"""Mixing copies into a split. Oracles: the definition, clip by clip; worked tables; what must make no difference."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.config import validate
from auricle.data import Caption, Clip, Collection, SetAside
from auricle.errors import ConfigError, DataError
from auricle.evaluation.csv_rows import Row
from auricle.randomness import derive_seed
from auricle.training import RunConfig
from auricle.training.mixing import Mixture, ScoreTable, mix
from auricle.training.pairs import CaptionedClips
from auricle.training.settings import SyntheticConfig

PLACES = (Path("a/audiogen"), Path("b/ezaudio"))
NAMES = tuple(place.name for place in PLACES)


def clip(identity: str, *, parent: str = "", origin: str = "", licence: str = "", content: str = "") -> Clip:
    split, _, name = identity.partition("/")
    said = content or f"{origin} {identity}"
    return Clip(split, name, Path(identity), 36.0, 16000, 1, said, origin, parent, licence)


def collection(clips: Iterable[Clip], folder: str = "Clotho", **values: object) -> Collection:
    clips = tuple(clips)
    captions = tuple(Caption(one.id, 1, f"What {one.id} of {one.origin or folder} is like.") for one in clips)
    return replace(Collection(Path(folder), clips, captions, ()), **values)  # type: ignore[arg-type]


def originals(n: int) -> Collection:
    return collection(clip(f"development/{number}.wav", licence="CC0") for number in range(n))


def copy(number: int, caption: int, origin: str = "audiogen") -> Clip:
    parent = f"development/{number}.wav"
    return clip(f"development/{number}_cap_{caption}.wav", parent=parent, origin=origin, licence=f"of {origin}")


def source(origin: str, counts: Sequence[int]) -> Collection:
    """A folder of one generator with so many copies of each original."""
    return collection((copy(n, k + 1, origin) for n, count in enumerate(counts) for k in range(count)), origin)


def wanted(**values: object) -> SyntheticConfig:
    return SyntheticConfig(**{"sources": PLACES, **values})


def taken(mixture: Mixture) -> set[str]:
    return {one.id for clips in mixture.copies.values() for one in clips}


def shuffled(whole: Collection, order: random.Random) -> Collection:
    clips, captions = list(whole.clips), list(whole.captions)
    order.shuffle(clips)
    order.shuffle(captions)
    return replace(whole, clips=tuple(clips), captions=tuple(captions))


counts_of_copies = st.lists(st.integers(0, 4), min_size=3, max_size=6).filter(any)
seeds = st.integers(-5, 2**40)


@settings(deadline=None)
@given(counts=counts_of_copies, more=counts_of_copies, copies=st.integers(0, 5), seed=seeds)
def test_the_definition_clip_by_clip(counts: list[int], more: list[int], copies: int, seed: int) -> None:
    folders = {"audiogen": source("audiogen", counts), "ezaudio": source("ezaudio", more)}
    learning = originals(6)
    mixture = mix(learning, folders, wanted(copies=copies, seed=seed))
    expected = []
    for original in learning.clips:
        ranked = sorted(
            (derive_seed(seed, "copy", original.id, one.origin, one.file_name), f"development/{name}/{one.file_name}")
            for name, folder in folders.items()
            for one in folder.clips
            if one.parent == original.id
        )
        expected += [name for _, name in ranked[:copies]]
    assert [one.id for one in mixture.collection.clips] == [*(one.id for one in learning.clips), *expected]
    assert mixture.originals == learning.clips
    assert taken(mixture) == set(expected)
    for one in mixture.collection.clips[6:]:
        (caption,) = mixture.collection.captions_of(one.id)
        assert caption.text == f"What development/{one.file_name.partition('/')[2]} of {one.origin} is like."


@settings(deadline=None)
@given(counts=counts_of_copies, more=counts_of_copies, seed=seeds)
def test_the_copies_at_a_number_hold_those_at_a_smaller_one(counts: list[int], more: list[int], seed: int) -> None:
    folders = {"audiogen": source("audiogen", counts), "ezaudio": source("ezaudio", more)}
    at = [taken(mix(originals(6), folders, wanted(copies=copies, seed=seed))) for copies in range(6)]
    assert at[0] == set()
    together = [a + b for a, b in zip(counts + [0] * 6, more + [0] * 6, strict=False)]
    for copies in range(1, 6):
        assert at[copies] > at[copies - 1] or max(together) < copies
        assert len(at[copies]) == sum(min(copies, there) for there in together)


@settings(deadline=None)
@given(counts=counts_of_copies, more=counts_of_copies, seed=seeds, copies=st.integers(1, 5), order=st.randoms())
def test_the_order_of_sources_and_listings_makes_no_difference(
    counts: list[int], more: list[int], seed: int, copies: int, order: random.Random
) -> None:
    folders = {"audiogen": source("audiogen", counts), "ezaudio": source("ezaudio", more)}
    other = {name: shuffled(folders[name], order) for name in reversed(folders)}
    config = wanted(copies=copies, seed=seed)
    one, another = mix(originals(6), folders, config), mix(originals(6), other, config)
    assert (one.collection.clips, one.collection.captions) == (another.collection.clips, another.collection.captions)
    assert (one.facts(), one.remarks) == (another.facts(), another.remarks)
    assert taken(one) == taken(mix(shuffled(originals(6), order), folders, config))


@settings(deadline=None)
@given(counts=counts_of_copies, seed=seeds, copies=st.integers(1, 5))
def test_other_clips_make_no_difference(counts: list[int], seed: int, copies: int) -> None:
    config, n = wanted(copies=copies, seed=seed), len(counts)
    few = mix(originals(n), {"audiogen": source("audiogen", counts)}, config)
    more = mix(originals(n + 2), {"audiogen": source("audiogen", [*counts, 4, 4])}, config)
    added = {one.id for one in more.originals} - {one.id for one in few.originals}
    assert few.copies["audiogen"] == tuple(one for one in more.copies["audiogen"] if one.parent not in added)


def test_where_a_source_lies_makes_no_difference() -> None:
    there = source("audiogen", [3, 3, 3])
    moved = replace(
        there,
        folder=Path("/elsewhere/audiogen"),
        clips=tuple(replace(one, path="/elsewhere" / one.path) for one in there.clips),
    )
    config = wanted(copies=2)
    assert taken(mix(originals(3), {"audiogen": there}, config)) == taken(
        mix(originals(3), {"audiogen": moved}, config)
    )


def test_every_copy_is_as_likely_as_any_other() -> None:
    folders = {name: source(name, [2, 3]) for name in NAMES}
    drawn = Counter(
        name for seed in range(600) for name in taken(mix(originals(2), folders, wanted(copies=1, seed=seed)))
    )
    assert len(drawn) == 10
    for name, times in drawn.items():
        expected = 600 / (4 if name.split("/")[2].startswith("0") else 6)
        assert abs(times - expected) < 4 * expected**0.5  # four standard deviations


@settings(deadline=None)
@given(n=st.integers(2, 40), fraction=st.floats(0.01, 1), smaller=st.floats(0.01, 1), seed=seeds)
def test_a_fraction_of_the_originals_is_kept_with_its_copies(
    n: int, fraction: float, smaller: float, seed: int
) -> None:
    folders = {"audiogen": source("audiogen", [3] * n)}

    def kept(share: float, copies: int) -> Mixture:
        return mix(originals(n), folders if copies else {}, wanted(copies=copies, fraction=share, seed=seed))

    mixture = kept(fraction, 2)
    ranked = sorted(originals(n).clips, key=lambda one: derive_seed(seed, "original", one.id))
    assert {*mixture.originals} == {*ranked[: max(2, round(fraction * n))]}
    assert mixture.originals == kept(fraction, 0).originals
    assert [*mixture.originals] == [one for one in originals(n).clips if one in mixture.originals]
    assert Counter(one.parent for one in mixture.copies["audiogen"]) == {one.id: 2 for one in mixture.originals}
    few, many = sorted([smaller, fraction])
    assert {*kept(few, 1).originals} <= {*kept(many, 1).originals}
    assert taken(kept(few, 1)) <= taken(kept(many, 1))


@given(n=st.integers(4, 60), parts=st.integers(2, 10))
def test_a_part_of_the_originals_is_kept_with_its_copies(n: int, parts: int) -> None:
    whole, folders = originals(n), {"audiogen": source("audiogen", [2] * n)}
    asked = [wanted(copies=1, parts=parts, part=part) for part in range(1, parts + 1)]
    if n < 2 * parts:
        with pytest.raises(DataError, match=rf"{n} originals cannot be cut into training.synthetic.parts={parts} "):
            mix(whole, folders, asked[0])
        return
    mixtures = [mix(whole, folders, one) for one in asked]
    cut = [[whole.clips[place] for place in places] for places in np.array_split(range(n), parts)]
    assert [[*mixture.originals] for mixture in mixtures] == cut
    everything = taken(mix(whole, folders, wanted(copies=1)))
    assert set().union(*map(taken, mixtures)) == everything  # the choice of a clip's copies is the same in a part


def test_copies_alone() -> None:
    folders = {name: source(name, [1, 2, 1]) for name in NAMES}
    both, only = (mix(originals(3), folders, wanted(copies=2, only=alone)) for alone in (False, True))
    assert only.originals == ()
    assert only.collection.clips == both.collection.clips[3:]
    assert only.collection.captions == both.collection.captions[3:]


def test_counts_hours_and_licences() -> None:
    folders = {name: source(name, [1, 1, 0]) for name in NAMES}
    mixture = mix(originals(3), folders, wanted(copies=2))
    assert list(mixture.facts()) == ["originals", "copies", "sources"]
    assert mixture.facts() == {
        "originals": {"clips": 3, "hours": 0.03},
        "copies": {"clips": 4, "hours": 0.04},
        "sources": {
            "audiogen": {"copies": 2, "licences": ["of audiogen"]},
            "ezaudio": {"copies": 2, "licences": ["of ezaudio"]},
        },
    }
    assert mixture.summary == "3 originals (0.03 h), 4 copies (0.04 h) from audiogen (2), ezaudio (2)."
    assert mixture.remarks == ("1 of 3 originals have fewer copies than asked for; all of theirs are taken.",)
    assert mix(originals(3), {}, wanted()).summary == "3 originals (0.03 h), 0 copies (0 h)."


def test_other_splits_of_a_source_are_never_used() -> None:
    foreign = [
        clip(f"{split}/0_cap_{n}.wav", parent="development/0.wav", origin="audiogen")
        for split in ("validation", "evaluation", "test")
        for n in range(5)
    ]
    own = source("audiogen", [1, 1])
    mixture = mix(originals(2), {"audiogen": collection([*foreign, *own.clips], "audiogen")}, wanted(copies=5))
    assert mixture.collection.splits == ("development",)
    assert taken(mixture) == {"development/audiogen/0_cap_1.wav", "development/audiogen/1_cap_1.wav"}
    alone = collection(foreign, "audiogen")
    with pytest.raises(DataError, match=r"audiogen cannot be mixed in: none of its clips .* as its parent\. A source"):
        mix(originals(2), {"audiogen": alone}, wanted(copies=1))


def test_copies_of_unknown_clips_are_left_out_and_counted() -> None:
    foreign = ["validation/0.wav", "development/7.wav", "0.wav"]
    clips = [clip(f"development/{n}_of.wav", parent=parent, origin="audiogen") for n, parent in enumerate(foreign)]
    set_aside = (SetAside("development/broken.wav", "It is broken."),)
    folder = collection([*clips, *source("audiogen", [1, 1]).clips], "audiogen", set_aside=set_aside)
    mixture = mix(originals(2), {"audiogen": folder}, wanted(copies=1))
    assert len(taken(mixture)) == 2
    assert mixture.remarks == (
        "3 clip(s) are not mixed in. The parent of development/audiogen/0_of.wav, 'validation/0.wav', is no original.",
    )
    assert [one.what for one in mixture.collection.set_aside] == [
        "audiogen/development/broken.wav",
        *(f"development/audiogen/{n}_of.wav" for n in range(3)),
    ]


def test_a_copy_that_two_sources_have_counts_once() -> None:
    folders = {"caption-1": source("audiogen", [1, 1]), "whole": source("audiogen", [2, 2])}
    mixture = mix(originals(2), folders, SyntheticConfig(sources=(Path("caption-1"), Path("whole")), copies=3))
    assert taken(mixture) == {
        *(f"development/caption-1/{n}_cap_1.wav" for n in range(2)),
        *(f"development/whole/{n}_cap_2.wav" for n in range(2)),
    }
    assert mixture.remarks[0] == (
        "2 clip(s) are not mixed in. development/whole/0_cap_1.wav is the same as development/caption-1/0_cap_1.wav."
    )


def test_copies_of_one_name_and_generator_with_other_sounds_are_different_copies() -> None:
    loud = [replace(one, content=f"loud {one.id}") for one in source("audiogen", [1, 1]).clips]
    folders = {"quiet": source("audiogen", [1, 1]), "loud": collection(loud, "loud")}
    config = SyntheticConfig(sources=(Path("quiet"), Path("loud")), copies=2)
    assert len(taken(mix(originals(2), folders, config))) == 4
    renamed = {"aaa": folders["quiet"], "loud": folders["loud"]}
    one, other = (
        {
            c.content
            for clips in mix(originals(2), f, config.model_copy(update={"copies": 1})).copies.values()
            for c in clips
        }
        for f in (folders, renamed)
    )
    assert one == other


def test_a_collection_that_holds_copies_itself() -> None:
    """Its copies are no originals; they are learned from only where the folder is a source too."""
    own = collection([*originals(3).clips, *source("audiogen", [2, 2, 2]).clips])
    without = mix(own, {}, wanted(fraction=0.99))
    assert without.originals == originals(3).clips
    assert without.collection.clips == originals(3).clips
    assert "6 clip(s) of development were made from others of it and are no originals" in without.remarks[0]
    mixture = mix(own, {"Clotho": own}, SyntheticConfig(sources=(Path("Clotho"),), copies=1))
    assert mixture.originals == originals(3).clips
    assert Counter(one.parent for one in mixture.copies["Clotho"]) == {one.id: 1 for one in originals(3).clips}


def test_a_copy_its_original_and_other_copies_of_it_are_never_each_others_negatives() -> None:
    mixture = mix(originals(3), {name: source(name, [1, 1, 1]) for name in NAMES}, wanted(copies=2))
    clips = CaptionedClips(mixture.collection, audio={}, text={})
    family = np.array([one.parent or one.id for one in clips.clips])
    assert len(family) == 9
    assert clips.related(range(9)).numpy().sum() == 27
    assert np.array_equal(clips.related(range(9)).numpy(), family[:, None] == family[None, :])


def table(text: str) -> ScoreTable:
    (_, header), *rows = [(n, line.split(",")) for n, line in enumerate(text.split(), 1)]
    return ScoreTable(Path("scores.csv"), header, [Row(n, dict(zip(header, cells, strict=True))) for n, cells in rows])


SCORES = "clip,clap 0_cap_1.wav,0.9 development/0_cap_2.wav,0.1 0_cap_3.wav,0.5 1_cap_1.wav,-1 1_cap_2.wav,0.3 8.wav,?"


def good(text: str, **values: object) -> set[str]:
    config = wanted(copies=5, scores=Path("scores.csv"), score_column="clap", **values)
    mixture = mix(originals(2), {"audiogen": source("audiogen", [3, 2])}, config, scores=table(text))
    return {name.removeprefix("development/audiogen/").removesuffix(".wav") for name in taken(mixture)}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"min_score": 0.3}, {"0_cap_1", "0_cap_3", "1_cap_2"}),
        ({"min_score": 0.31}, {"0_cap_1", "0_cap_3"}),
        ({"keep_fraction": 0.4}, {"0_cap_1", "0_cap_3"}),
        ({"keep_fraction": 0.01}, {"0_cap_1"}),
        ({"keep_fraction": 1}, {"0_cap_1", "0_cap_2", "0_cap_3", "1_cap_1", "1_cap_2"}),
        ({"keep_fraction": 0.8, "min_score": 0.4}, {"0_cap_1", "0_cap_3"}),
        ({"keep_fraction": 0.2, "min_score": 0.1}, {"0_cap_1"}),
        ({"min_score": 2}, set()),
    ],
)
def test_scores_leave_out_what_is_not_good_enough(asked: dict[str, float], expected: set[str]) -> None:
    assert good(SCORES, **asked) == expected


def test_the_best_of_each_source_are_kept() -> None:
    text = "file_name,source,clap " + " ".join(
        f"{n}_cap_1.wav,{name},{score}"
        for name, scores in zip(NAMES, ((1, 2), (4, 3)), strict=True)
        for n, score in enumerate(scores)
    )
    config = wanted(copies=5, scores=Path("scores.csv"), score_column="clap", keep_fraction=0.5)
    folders = {name: source(name, [1, 1]) for name in NAMES}
    expected = {"development/audiogen/1_cap_1.wav", "development/ezaudio/0_cap_1.wav"}
    assert taken(mix(originals(2), folders, config, scores=table(text))) == expected
    by_origin = table(text.replace("source", "origin"))
    assert taken(mix(originals(2), folders, config, scores=by_origin)) == expected
    with pytest.raises(
        DataError, match=r"line 2: '0_cap_1.wav' stands for \S+/audiogen/\S+ and \S+/ezaudio/\S+\. Add a"
    ):
        mix(originals(2), folders, config, scores=table(text.replace("source", "model")))


def test_what_has_an_empty_score_is_left_out() -> None:
    config = wanted(copies=1, scores=Path("scores.csv"), score_column="clap", keep_fraction=0.5)
    scores = table("clip,clap 0_cap_1.wav, 1_cap_1.wav,nan 2_cap_1.wav,3 3_cap_1.wav,4")
    mixture = mix(originals(4), {"audiogen": source("audiogen", [1] * 4)}, config, scores=scores)
    assert taken(mixture) == {"development/audiogen/3_cap_1.wav"}
    assert mixture.remarks == (
        "2 clip(s) are not mixed in. The score of development/audiogen/0_cap_1.wav in scores.csv is empty.",
        "3 of 4 originals have fewer copies than asked for; all of theirs are taken.",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("clip,score 0.wav,1", r"scores\.csv has no column 'clap'; its columns are 'clip', 'score'"),
        ("name,clap 0.wav,1", r"scores\.csv has no column 'clip' or 'file_name' or 'fname' or 'filename'"),
        (
            SCORES.replace("0.5", "good"),
            r"scores\.csv, line 4: 'good' is no number\. Correct it, or leave the cell empty",
        ),
        (SCORES.replace("0_cap_3", "0_cap_1"), r"line 4: \S+/0_cap_1\.wav has a score already\. Remove one"),
        (
            SCORES.replace("1_cap", "7_cap"),
            r"no score for 2 of 5 copies, the first is 'development/audiogen/1_cap_1\.wav'",
        ),
    ],
)
def test_faulty_scores(text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        good(text, min_score=0)


def test_a_source_without_copies_of_the_originals() -> None:
    foreign = collection([clip("development/0_cap_1.wav", parent="rain.wav")], "audiogen")
    with pytest.raises(DataError) as refusal:
        mix(originals(2), {"audiogen": foreign}, wanted(copies=1))
    assert str(refusal.value) == (
        "audiogen cannot be mixed in: none of its clips in 'development' has an original of Clotho as its parent (the "
        "first has 'rain.wav'). A source has development/ beside development_captions.csv, whose column 'parent' names "
        "the original of each clip, as in development/0.wav."
    )
    with pytest.raises(DataError, match=r"Clotho cannot be mixed in: none of its clips .* as its parent\. A source"):
        mix(originals(2), {"Clotho": originals(2)}, wanted(copies=1))


def test_a_copy_that_would_be_called_as_an_original_is() -> None:
    learning = collection([*originals(2).clips, clip("development/audiogen/1_cap_1.wav")])
    with pytest.raises(
        DataError, match=r"The copy development/audiogen/1_cap_1\.wav would be called as a clip of Clotho is"
    ):
        mix(learning, {"audiogen": source("audiogen", [1, 1])}, wanted(copies=1))


def test_nothing_left_to_learn_from() -> None:
    with pytest.raises(DataError, match=r"^Nothing is left to learn from: .* none of them has a copy that is good"):
        good(SCORES, min_score=2, only=True)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"copies": 6}, "training.synthetic.copies: input should be less than or equal to 5 (got 6)"),
        ({"copies": 1}, "training.synthetic: copies is 1, but there are no sources; name folders of generated clips"),
        ({"sources": ["a"], "only": True}, "only leaves the originals out, and copies is 0: nothing is left to learn"),
        ({"sources": ["a/x", "b/x"]}, "two sources are called 'x', and a source is known by its name; rename one"),
        ({"min_score": 1}, "min_score and keep_fraction need scores, a CSV with a score for every copy"),
        ({"keep_fraction": 1}, "min_score and keep_fraction need scores"),
        ({"scores": "a.csv"}, "scores are given, but neither min_score nor keep_fraction says what is good enough"),
        ({"scores": "a.csv", "min_score": float("nan")}, "min_score: input should be a finite number"),
        ({"scores": "a.csv", "keep_fraction": 0}, "keep_fraction: input should be greater than 0"),
        ({"parts": 3, "part": 4}, "training.synthetic: part is 4, but there are 3 parts"),
        ({"fraction": 0}, "fraction: input should be greater than 0"),
        ({"fraction": 1.5}, "fraction: input should be less than or equal to 1"),
    ],
)
def test_settings_that_make_no_sense(asked: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        validate(RunConfig, {"training": {"synthetic": asked}}, source="mine.yaml")
    assert sentence in str(refusal.value)


def test_paths_are_expanded_and_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "scores.csv").touch()
    asked = {"sources": ["~/audiogen", "ezaudio"], "scores": "scores.csv", "min_score": 0}
    config = validate(RunConfig, {"training": {"synthetic": asked}}, source="mine.yaml").with_absolute_paths()
    assert config.training.synthetic.sources == (tmp_path / "home" / "audiogen", tmp_path / "ezaudio")
    assert config.training.synthetic.scores == tmp_path / "scores.csv"
    assert SyntheticConfig(sources="audiogen").sources == (Path("audiogen"),)
