"""An index that is open, with an embedder that can be followed by hand."""

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auricle import audio
from auricle.errors import AudioError, ConfigError, DataError, StorageError
from auricle.search import Hit, Index
from auricle.search.folder import About, IndexFolder
from auricle.search.index import LONGEST_SENTENCE, MOST_HITS
from auricle.search.lance import LanceStore
from auricle.search.records import Said, Vectors, window_key
from tests.search.fakes import DIM, HOP_S, RATE, WINDOW_S, WordEmbedder, described, tones

MakeIndex = Callable[..., Index]

SOUNDS = (
    described("dogs/far.wav", "dog dog wind", "wind", said=Said("CC0", "park", "A dog barks far away.")),
    described("dogs/near.wav", "wind", "dog", sample_rate=8000),
    described("storm.wav", "rain wind", "rain", "rain rain wind"),
    described("station.wav", "train bell", said=Said("", "Bahnhof", "")),
    described("birds.wav", "bird", duration_s=3.0),
)


@pytest.fixture
def index(make_index: MakeIndex) -> Index:
    return make_index(*SOUNDS)


def told(hits: list[Hit]) -> list[tuple[str, float]]:
    """Return file and cosine of each hit, having looked at its rank."""
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert all(one.score >= other.score for one, other in itertools.pairwise(hits))
    return [(hit.path, round(hit.score, 3)) for hit in hits]


def paths(hits: list[Hit]) -> list[str]:
    return [path for path, _ in told(hits)]


def test_a_hit_per_file_at_its_best_window(index: Index) -> None:
    hits = index.search("a dog barks", top=3)
    assert told(hits) == [("dogs/near.wav", 1.0), ("dogs/far.wav", round(2 / math.sqrt(5), 3)), ("storm.wav", 0.0)]
    assert hits[0].score == pytest.approx(1)
    assert hits[0] == Hit(
        rank=1,
        score=hits[0].score,
        window=window_key("dogs/near.wav", 5.0),
        path="dogs/near.wav",
        start_s=5.0,
        end_s=15.0,
        duration_s=15.0,
        sample_rate=8000,
        channels=1,
        licence="",
        tags="",
        caption="",
    )
    assert (hits[1].start_s, hits[1].licence, hits[1].tags) == (0.0, "CC0", "park")
    assert hits[1].caption == "A dog barks far away."


def test_no_more_hits_than_files(index: Index) -> None:
    for top in (5, 6, MOST_HITS):
        assert len(index.search("rain", top=top)) == 5
    assert len(index.search("rain", top=1)) == 1


def test_several_sentences_are_their_mean(index: Index) -> None:
    both = index.search(["rain", "wind"], top=1)
    assert told(both) == [("storm.wav", 1.0)]
    assert both == index.search("rain and wind", top=1) == index.search(("wind", "rain"), top=1)


def test_without_takes_away(index: Index) -> None:
    length = math.sqrt(1.25)
    assert told(index.search("wind", top=3))[:2] == [("dogs/far.wav", 1.0), ("dogs/near.wav", 1.0)]
    hits = index.search("wind", without=["dog", "a dog"], where="path like 'dogs/%' or path = 'birds.wav'")
    assert told(hits) == [
        ("dogs/far.wav", round(1 / length, 3)),
        ("dogs/near.wav", round(1 / length, 3)),
        ("birds.wav", 0.0),
    ]
    assert told(index.search("dog", without="wind", top=1)) == [("dogs/near.wav", round(1 / length, 3))]
    assert index.search("dog", without="wind") == index.search("dog", without=["wind"])


def test_like_a_sound_file(index: Index, tmp_path: Path) -> None:
    audio.write(tmp_path / "mine.wav", tones("train bell"), RATE)
    assert told(index.search(like=tmp_path / "mine.wav", top=1)) == [("station.wav", 1.0)]
    assert index.search(like=str(tmp_path / "mine.wav")) == index.search(like=[tmp_path / "mine.wav"])
    audio.write(tmp_path / "long.wav", np.concatenate([tones(word, seconds=20) for word in ("rain", "wind")]), RATE)
    (path, cosine), *_ = told(index.search(like=tmp_path / "long.wav"))  # the mean of its windows
    assert (path, cosine > 0.99) == ("storm.wav", True)
    audio.write(tmp_path / "dog.wav", tones("dog"), RATE)
    two = index.search(like=[tmp_path / "dog.wav", tmp_path / "mine.wav"], top=1)
    assert told(two) == [("station.wav", round(math.sqrt(0.5), 3))]
    half = round(math.sqrt(0.5), 3)
    both = index.search("rain", like=tmp_path / "dog.wav", top=2)
    assert sorted(told(both)) == [("dogs/near.wav", half), ("storm.wav", half)]


def test_a_file_that_is_no_sound_is_told(index: Index, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    for like in (tmp_path / "text.wav", tmp_path / "nothing.wav", tmp_path, ""):
        with pytest.raises(AudioError):
            index.search(like=like)


def test_a_sound_without_a_finite_embedding_is_told(make_index: MakeIndex, tmp_path: Path) -> None:
    class Overflowing(WordEmbedder):
        def embed_audio(self, sounds: Sequence[object]) -> Vectors:
            return np.full((len(sounds), DIM), np.nan, np.float32)

    audio.write(tmp_path / "mine.wav", tones("dog"), RATE)
    with pytest.raises(AudioError, match=r"^mine\.wav gives no finite embedding\.$"):
        make_index(*SOUNDS, embedder=Overflowing()).search(like=tmp_path / "mine.wav")


def test_like_windows_of_the_index(index: Index) -> None:
    near = window_key("dogs/near.wav", 5.0)
    hits = index.search(like_windows=[near])
    assert told(hits)[0] == ("dogs/far.wav", round(2 / math.sqrt(5), 3))
    assert "dogs/near.wav" not in paths(hits)
    assert len(hits) == 4
    hits = index.search(like_windows=[near, window_key("storm.wav", 5.0)])
    assert set(paths(hits)) == {"dogs/far.wav", "station.wav", "birds.wav"}
    assert told(index.search("train bell", like_windows=[near], top=1))[0][0] == "station.wav"


@pytest.mark.parametrize("window", ["0123456789abcdef-0", "", "-", "../../etc/passwd", "x' or '1'='1", "a" * 5000])
def test_unknown_windows_are_told(index: Index, window: str) -> None:
    message = r"^The index has no window '.{0,40}'\.$|^The index has no window \".{0,40}\"\.$"
    with pytest.raises(DataError, match=message):
        index.search(like_windows=[window])
    with pytest.raises(DataError, match=message):
        index.locate(window)
    known = window_key("dogs/near.wav", 5.0)
    for odd in (known + "0", known.upper(), " " + known, window_key("dogs/near.wav", 5.001)):
        with pytest.raises(DataError, match=message):
            index.locate(odd)


def test_conditions(index: Index) -> None:
    assert paths(index.search("dog", where="duration < 5")) == ["birds.wav"]
    assert paths(index.search("dog", where="licence = 'CC0'")) == ["dogs/far.wav"]
    assert told(index.search("dog", where="start = 0", top=2))[1] == ("dogs/near.wav", 0.0)
    assert index.search("dog", where="duration > 1000") == []
    assert index.search("dog", where="duration > 1000", hybrid=True) == []
    with pytest.raises(ConfigError, match=r"^The condition 'length < 5' asks about 'length', which is no column"):
        index.search("dog", where="length < 5")


def test_words_in_names_tags_and_captions(index: Index) -> None:
    assert "station.wav" not in paths(index.search("Bahnhof", top=1))
    hybrid = index.search("Bahnhof", hybrid=True)
    assert paths(hybrid)[0] == "station.wav"
    assert len(hybrid) == 5
    rank = paths(index.search("Bahnhof")).index("station.wav") + 1
    assert hybrid[0].score == pytest.approx(1 / (60 + rank) + 1 / 61)
    first, second, *_ = index.search("rain park", hybrid=True)
    assert first.path == "dogs/far.wav"  # second by its sound, as all but the first are equally far, first by its words
    assert first.score == pytest.approx(1 / 62 + 1 / 61)
    assert second.path == "storm.wav"
    assert second.score == pytest.approx(1 / 61)
    assert paths(index.search("rain park", hybrid=True, top=1)) == ["dogs/far.wav"]
    assert paths(index.search("park dog", hybrid=True, where="path like '%near%'")) == ["dogs/near.wav"]
    like = window_key("dogs/far.wav", 0)
    assert "dogs/far.wav" not in paths(index.search("park dog", like_windows=[like], hybrid=True))
    assert index.search(like_windows=[like], hybrid=True) == index.search(like_windows=[like])


@pytest.mark.parametrize("words", ["...", "the", '"', "AND", "-dog +park", "'; drop table windows; --", "日本"])
def test_words_that_are_only_signs(index: Index, words: str) -> None:
    assert len(index.search(words, hybrid=True)) == 5


def test_names_are_found_as_they_are_written(make_index: MakeIndex) -> None:
    index = make_index(*SOUNDS, described("fx/DoorSlam_07.wav", "wind"), described("TÜR2.wav", "wind"))
    for words in ("DoorSlam_07", "door slam", "Slam", "fx/DoorSlam_07.wav"):
        assert paths(index.search(words, hybrid=True, top=1)) == ["fx/DoorSlam_07.wav"]
    for words in ("TÜR2", "tür 2", "Tür"):
        assert paths(index.search(words, hybrid=True, top=1)) == ["TÜR2.wav"]


COPIES = (
    *(described(f"copy {number}.mp3", "dog", recording="one") for number in range(1, 4)),
    described("copy.wav", "dog dog dog", recording="one", duration_s=10.1),
    described("longer.wav", "dog", recording="one", duration_s=11.0),
    described("other.wav", "dog", recording="another"),
    described("rain.wav", "rain"),
)


def test_near_duplicates_are_one_hit(make_index: MakeIndex) -> None:
    index = make_index(*COPIES)
    folded = index.search("dog")
    assert paths(folded) == ["copy 1.mp3", "longer.wav", "other.wav", "rain.wav"]
    assert folded[0].alike == ("copy 2.mp3", "copy 3.mp3", "copy.wav")
    assert [hit.alike for hit in folded[1:]] == [(), (), ()]
    whole = index.search("dog", fold=False)
    assert len(whole) == 7
    assert all(hit.alike == () for hit in whole)
    assert len(index.search("dog", top=2)) == 2
    assert paths(index.search("rain copy", hybrid=True))[0] in ("copy 1.mp3", "rain.wav")
    assert len(index.search("rain copy", hybrid=True)) == 4


def test_enough_hits_though_one_file_or_one_recording_has_most_windows(make_index: MakeIndex) -> None:
    long = described("a day of rain.wav", *["rain rain dog"] * 5000)
    copies = [described(f"copy {number}.wav", "rain", recording="one") for number in range(300)]
    others = [described(f"other {number}.wav", "rain wind") for number in range(12)]
    index = make_index(long, *copies, *others)
    for hybrid in (False, True):
        hits = index.search("rain", top=10, hybrid=hybrid)
        assert len(hits) == 10
        assert hits[0].path in ("copy 0.wav", "a day of rain.wav")
    everything = index.search("rain", top=100)
    assert len(everything) == 14
    assert len(everything[0].alike) == 299
    assert len(index.search("rain", top=400, fold=False)) == 313
    assert paths(index.search("rain", where="path like 'other%'", top=3))[0] == "other 0.wav"


def test_an_empty_index_finds_nothing(make_index: MakeIndex) -> None:
    index = make_index()
    assert index.search("dog") == index.search("dog", hybrid=True, where="duration < 5", exact=False) == []
    assert index.paths() == []
    assert (index.facts().files, index.facts().windows, index.facts().hours) == (0, 0, 0)
    with pytest.raises(ConfigError, match=r"^A sentence is empty"):
        index.search(" ")
    with pytest.raises(DataError, match=r"^The index has no window"):
        index.search(like_windows=["x"])


@pytest.mark.parametrize("nothing", ["", (), []])
def test_nothing_is_looked_for(index: Index, nothing: str | list[str]) -> None:
    with pytest.raises(ConfigError, match=r"^Nothing is looked for\. Describe the sound in a few words, or name one"):
        index.search(nothing)
    with pytest.raises(ConfigError, match=r"^Nothing is looked for"):
        index.search(nothing, without=["dog"])


def test_sentences_are_neither_blank_nor_long(index: Index) -> None:
    for blank in (" ", "\n", ["dog", ""]):
        with pytest.raises(ConfigError, match=r"^A sentence is empty\. Describe the sound in a few words\.$"):
            index.search(blank)
        with pytest.raises(ConfigError, match=r"^A sentence is empty"):
            index.search("dog", without=blank)
    assert paths(index.search("dog " + "x" * (LONGEST_SENTENCE - 4), top=1)) == ["dogs/near.wav"]
    for long in ("x" * 1001, ["dog", "x" * 10_000]):
        with pytest.raises(
            ConfigError, match=r"^A sentence has 1\d?,00[01] characters; 1,000 are the most\. A few words"
        ):
            index.search(long)
        with pytest.raises(ConfigError, match=r"^A sentence has"):
            index.search("dog", without=long)


@pytest.mark.parametrize("top", [0, -1, MOST_HITS + 1])
def test_how_many_hits_can_be_had(index: Index, top: int) -> None:
    with pytest.raises(ConfigError, match=rf"^{top} hits are asked for; 1 to 1,000 can be had\.$"):
        index.search("dog", top=top)


def test_a_sentence_is_embedded_once(make_index: MakeIndex) -> None:
    embedder = WordEmbedder()
    index = make_index(*SOUNDS, embedder=embedder)
    for _ in range(3):
        index.search(["dog", "rain", "dog"], without="wind")
    assert sorted(embedder.asked) == ["dog", "rain", "wind"]
    index.search([f"sentence {number}" for number in range(1000)])
    index.search("dog")  # which was forgotten meanwhile
    assert sorted(embedder.asked[-2:]) == ["dog", "sentence 999"]


def test_what_an_index_holds(index: Index, root: Path) -> None:
    facts = index.facts()
    assert (facts.root, facts.files, facts.windows, facts.set_aside) == (root, 5, 9, 0)
    assert facts.hours == pytest.approx((15 + 15 + 20 + 10 + 3) / 3600)
    assert (facts.model, facts.dim, facts.window_s, facts.hop_s) == ("words", DIM, WINDOW_S, HOP_S)
    assert not facts.approximate
    assert index.paths() == ["birds.wav", "dogs/far.wav", "dogs/near.wav", "station.wav", "storm.wav"]


def test_a_changed_file_is_found_once_while_it_is_being_indexed(index: Index) -> None:
    """What is new is added before what it replaces is removed."""
    LanceStore(index.folder, dim=DIM).add([described("dogs/near.wav", "rain", "rain", sample_rate=44100)])
    assert paths(index.search("dog")).count("dogs/near.wav") == 1
    assert index.facts().files == 5
    assert index.facts().hours == pytest.approx(63 / 3600)
    assert index.search(like_windows=[window_key("dogs/near.wav", 5.0)], top=1)[0].path == "storm.wav"


def test_searching_while_another_writes(make_index: MakeIndex) -> None:
    """Every answer is of one moment: a batch of files is there as a whole or not at all."""
    index = make_index(*SOUNDS)
    faults: list[BaseException] = []
    counts: list[list[int]] = [[] for _ in range(8)]
    done = threading.Event()

    def ask(number: int) -> None:
        try:
            while not done.is_set() or len(counts[number]) < 3:
                hits = index.search("bell", where="path like 'new/%'", top=1000, hybrid=number % 2 == 1)
                counts[number].append(len(hits))
                assert {hit.path for hit in hits} == {f"new/{n}.wav" for n in range(len(hits))}
                assert index.facts().windows >= 9
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    writer = LanceStore(index.folder, dim=DIM)
    for batch in range(10):
        writer.add([described(f"new/{10 * batch + n}.wav", "bell") for n in range(10)])
        if batch % 4 == 3:
            writer.tidy()
    done.set()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]
    for seen in counts:
        assert seen == sorted(seen)
        assert all(count % 10 == 0 for count in seen)
    assert len(index.search("bell", where="path like 'new/%'", top=1000)) == 100


def test_where_a_window_is(index: Index, root: Path) -> None:
    (root / "dogs").mkdir()
    (root / "dogs" / "near.wav").write_bytes(b"sound")
    found = index.locate(window_key("dogs/near.wav", 5.0))
    assert (found.path, found.start_s, found.end_s, found.duration_s) == (root / "dogs" / "near.wav", 5.0, 15.0, 15.0)


def test_a_file_that_is_gone_or_no_file(index: Index, root: Path) -> None:
    with pytest.raises(
        DataError, match=r"^birds\.wav is not there any more\. `auricle index` brings the index up to dat"
    ):
        index.locate(window_key("birds.wav", 0))
    (root / "birds.wav").mkdir()
    with pytest.raises(DataError, match=r"^birds\.wav is not there any more"):
        index.locate(window_key("birds.wav", 0))


def test_links_that_lead_out_after_indexing(index: Index, root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    for name in ("birds.wav", "near.wav"):
        (secret / name).write_bytes(b"secret")
    (tmp_path / "sounds-of-others.wav").write_bytes(b"secret")
    (root / "birds.wav").symlink_to(secret / "birds.wav")
    (root / "dogs").symlink_to(secret, target_is_directory=True)
    (root / "storm.wav").symlink_to("../sounds-of-others.wav")
    (root / "station.wav").symlink_to(root / "station.wav")
    for path in ("birds.wav", "dogs/near.wav", "storm.wav"):
        with pytest.raises(DataError, match=rf"^{path} leads out of the indexed folder\.$"):
            index.locate(window_key(path, 0))
    with pytest.raises(DataError, match=r"^station\.wav is not there any more"):
        index.locate(window_key("station.wav", 0))
    (root / "inside.wav").write_bytes(b"sound")
    (root / "birds.wav").unlink()
    (root / "birds.wav").symlink_to("inside.wav")
    assert index.locate(window_key("birds.wav", 0)).path == root / "inside.wav"


def test_paths_in_the_index_that_somebody_made_up(make_index: MakeIndex, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(b"secret")
    made_up = ("../secret.wav", "/etc/hostname", "a/../../secret.wav", "../sounds/../secret.wav")
    index = make_index(*(described(path, "dog") for path in made_up))
    (root / "a").mkdir()
    for path in made_up:
        with pytest.raises(DataError, match=r"leads out of the indexed folder\.$"):
            index.locate(window_key(path, 0))


def test_a_folder_that_is_a_link_itself(make_index: MakeIndex, root: Path, tmp_path: Path) -> None:
    index = make_index(*SOUNDS)
    root.rename(tmp_path / "real")
    root.symlink_to(tmp_path / "real", target_is_directory=True)
    (root / "birds.wav").write_bytes(b"sound")
    assert index.locate(window_key("birds.wav", 0)).path == tmp_path / "real" / "birds.wav"


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    """Whatever model is opened, it is this one."""
    embedder = WordEmbedder()
    monkeypatch.setattr("auricle.search.embedders.open_embedder", lambda *_, **__: embedder)
    return embedder


def test_opening_loads_the_model_when_it_is_needed_and_refuses_another(
    make_index: MakeIndex, root: Path, opening: WordEmbedder, tmp_path: Path
) -> None:
    folder = make_index(*SOUNDS).folder
    with pytest.raises(DataError, match=r"^There is no index in .*index\. `auricle index FOLDER` makes one"):
        Index.open(folder)
    about = About(root, "words", opening.identity(), DIM, WINDOW_S, HOP_S)
    IndexFolder(folder).write(about)
    opened = Index.open(str(folder))
    assert opened.facts().files == 5
    assert paths(opened.search("dog", top=1)) == ["dogs/near.wav"]
    assert opened.load_model() is opening
    IndexFolder(folder).write(replace(about, identity={"words": ["cat"]}))
    another = Index.open(folder)
    assert another.facts().files == 5
    with pytest.raises(
        ConfigError, match=rf"^The index in {folder} was made with another model than words is now\. Say"
    ):
        another.search("dog")
    with pytest.raises(ConfigError, match=r"^There is no model 'nothing'"):
        Index.open(folder, model="nothing")
    (tmp_path / "moved").mkdir()
    assert Index.open(folder, model=str(tmp_path / "moved")).about.model == str(tmp_path / "moved")


def test_opening_a_damaged_index(make_index: MakeIndex, root: Path) -> None:
    folder = make_index(*SOUNDS).folder
    IndexFolder(folder).write(About(root, "words", {}, DIM, WINDOW_S, HOP_S))
    for path in (folder / "windows.lance" / "data").iterdir():
        path.write_bytes(b"")
    opened = Index.open(folder)
    with pytest.raises(StorageError, match=rf"^The index in {folder} cannot be read or written"):
        opened.facts()
