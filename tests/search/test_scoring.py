"""Scores of an index against the scores of the whole matrix of sentences and files, and by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import ConfigError, DataError
from auricle.evaluation import RelevantPairs, RetrievalResult, score
from auricle.search import Hit, Index
from auricle.search.records import Vectors
from auricle.search.scoring import score_index
from tests.search.fakes import DIM, WORDS, described, meant

MakeIndex = Callable[..., Index]

SENTENCES = [f"{one} {other} {third}" for one in WORDS for other in WORDS[:3] for third in WORDS[3:]]


def drawn(n_files: int) -> list[Vectors]:
    """Return the vectors of files with one to four windows each."""
    rng = np.random.default_rng(n_files)
    rows = [rng.standard_normal((rng.integers(1, 5), DIM)).astype(np.float32) for _ in range(n_files)]
    return [row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows]


def name(number: int) -> str:
    return f"{number % 7}/{number}.wav"


def written(folder: Path, *lines: str, name: str = "queries.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("n_files", [40, 150])
def test_scores_are_those_of_the_whole_matrix(make_index: MakeIndex, tmp_path: Path, n_files: int) -> None:
    vectors = drawn(n_files)
    index = make_index(*(described(name(number), vectors=rows) for number, rows in enumerate(vectors)))
    rng = np.random.default_rng(0)
    pairs = sorted({(query, int(rng.integers(n_files))) for query in range(len(SENTENCES)) for _ in range(3)})
    queries = written(tmp_path, "file_name,caption", *(f"{name(item)},{SENTENCES[query]}" for query, item in pairs))
    similarity = np.array([[(rows @ said).max() for rows in vectors] for said in meant(SENTENCES)])
    rows, items = np.array(pairs).T
    expected = score(similarity, RelevantPairs(rows, items, len(SENTENCES), n_files))
    found = score_index(index, queries)
    assert found.n_queries == len(SENTENCES)
    assert found.n_items == n_files
    shared = found.measures().keys()
    assert {"R@1", "R@5", "R@10", "mAP@10"} <= shared
    assert "MRR" in shared or n_files > 100  # of whose files a hundred are looked at
    assert {key: value for key, value in expected.measures().items() if key in shared} == pytest.approx(
        found.measures()
    )
    assert found.chance() == pytest.approx(expected.chance())


def few(make_index: MakeIndex) -> Index:
    return make_index(
        described("dog.wav", "dog"),
        described("rain.wav", "rain", "dog rain"),
        described("development/bird.wav", "bird"),
        described("development/storm.wav", "rain wind", recording="x", duration_s=8.0),
        described("copy.wav", "dog dog wind", recording="x", duration_s=8.0),
    )


def measures(result: RetrievalResult) -> dict[str, float]:
    return {key: round(value, 4) for key, value in result.measures().items()}


def test_by_hand(make_index: MakeIndex, tmp_path: Path) -> None:
    """The dog is first; of the two files about wind and dogs one is first and the other third."""
    lines = ("dog.wav,A dog.", "copy.wav,A dog dog in the wind.", "rain.wav,A dog dog in the wind.")
    found = score_index(few(make_index), written(tmp_path, "file_name,caption", *lines, lines[1]))
    assert found.n_queries == 2
    precisions = (1 / 1 + 2 / 3) / 2  # copy.wav with 1, dog.wav with 0.89, rain.wav with 0.63, storm.wav with 0.32
    assert measures(found) == {
        **dict.fromkeys(("R@1", "R@5", "R@10", "median rank", "MRR"), 1),
        "mAP@10": round((1 + precisions) / 2, 4),
    }


def test_one_row_per_file_and_files_of_a_split(make_index: MakeIndex, root: Path, tmp_path: Path) -> None:
    index = few(make_index)
    (root / "development").mkdir()
    lines = ("bird.wav,A bird.,Birds,bird", "storm.wav,wind and rain,wind rain,rain in the wind")
    wide = written(tmp_path, "file_name,caption_1,caption_2,caption_3", *lines, name="clotho_captions_development.csv")
    found = score_index(index, wide)
    assert found.n_queries == 6
    assert measures(found)["R@5"] == 1
    split = written(tmp_path, "file_name,split,caption", "bird.wav,development,bird")
    assert measures(score_index(index, split))["R@1"] == 1
    whole = written(tmp_path, "file_name,caption", "development/bird.wav,bird")
    assert measures(score_index(index, whole))["R@1"] == 1


def test_what_the_condition_leaves_out_cannot_be_found(make_index: MakeIndex, tmp_path: Path) -> None:
    index = few(make_index)
    queries = written(tmp_path, "file_name,caption", "dog.wav,dog", "copy.wav,dog", "rain.wav,rain", "dog.wav,rain")
    some = score_index(index, queries, where="path <> 'dog.wav'")
    assert (some.n_queries, some.n_items) == (2, 5)
    assert measures(some)["R@1"] == 1  # the copy and the rain
    assert measures(some)["mAP@10"] == 0.5  # of two each, one was found at the first place
    none = score_index(index, queries, where="path = 'development/bird.wav'")
    assert {key: value for key, value in measures(none).items() if key[0] in "Rm"} == {
        "R@1": 0,
        "R@5": 0,
        "R@10": 0,
        "mAP@10": 0,
    }
    with pytest.raises(ConfigError, match=r"^The condition 'length < 5' asks about"):
        score_index(index, queries, where="length < 5")


def test_words_can_be_looked_for_too(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index(*(described(f"{letter}.wav", "dog") for letter in ("anna", "berta", "cäsar")))
    queries = written(tmp_path, "file_name,caption", "cäsar.wav,Cäsar", "berta.wav,Berta")
    assert measures(score_index(index, queries, hybrid=True))["R@1"] == 1
    assert measures(score_index(index, queries))["R@1"] == 0


def test_a_file_that_is_not_in_the_index_is_named(make_index: MakeIndex, tmp_path: Path, root: Path) -> None:
    queries = written(tmp_path, "file_name,caption", "dog.wav,A dog.", '"cat, small.wav",A cat.')
    with pytest.raises(
        DataError,
        match=rf"^Line 3 of queries\.csv names cat, small\.wav, which is not in the index of {root}\. File na",
    ):
        score_index(few(make_index), queries)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["file_name,caption"], r"^queries\.csv has no sentence\.$"),
        (["file_name,caption", "dog.wav,"], r"^queries\.csv has no sentence\.$"),
        (
            ["name,words", "dog.wav,A dog."],
            r"^queries\.csv has the column\(s\) name, words; captions need file_name and",
        ),
    ],
)
def test_a_table_without_questions(make_index: MakeIndex, tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        score_index(few(make_index), written(tmp_path, *lines))
    with pytest.raises(DataError, match=r"nothing\.csv"):
        score_index(few(make_index), tmp_path / "nothing.csv")


def test_files_that_come_while_it_is_scored_do_not_count(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = few(make_index)
    queries = written(tmp_path, "file_name,caption", "dog.wav,dog")
    search = index.search

    def with_another(*arguments: object, **named: object) -> list[Hit]:
        hits = search(*arguments, **named)  # type: ignore[arg-type]
        return [Hit(**{**vars(hits[0]), "path": "new.wav"}), *hits[:-1]]

    monkeypatch.setattr(index, "search", with_another)
    assert measures(score_index(index, queries))["R@1"] == 1
