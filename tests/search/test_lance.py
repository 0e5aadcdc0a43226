"""What can be wrong with a LanceDB table; what any store has to do is tested by `test_store`."""

import re
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import lancedb
import numpy as np
import pytest

from auricle.errors import StorageError
from auricle.search.lance import FEWEST_FOR_APPROXIMATE, LanceStore
from auricle.search.records import file_key
from tests.search.fakes import DIM, described, meant

FILES = [described("dog.wav", "dog", "dog"), described("rain.wav", "rain")]
SENTENCE = (
    r"^The index in {} cannot be read or written \(.*\)\. If the disk is not full, remove the folder and index again"
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store. Not to be changed; copy it first."""
    folder = tmp_path_factory.mktemp("whole") / "index"
    store = LanceStore(folder, dim=DIM)
    for file in FILES:
        store.add([file])
    store.tidy()
    return folder


def ask_everything(folder: Path) -> None:
    store = LanceStore(folder, dim=DIM)
    view = store.view()
    view.windows_of(list(view.files()))
    places, _ = view.nearest(meant(["dog"])[0], limit=5, where="", exact=True)
    view.rows(places)
    view.vectors(view.find(file_key("dog.wav")))
    view.having_words("dog", limit=5, where="`duration` < 100")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x01" * path.stat().st_size)


@pytest.mark.parametrize("harm", [cut, overwrite, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("kind", ["data", "_indices", "_versions", "_transactions", "_deletions"])
def test_damage_is_told_in_a_sentence_or_does_no_harm(
    whole: Path, tmp_path: Path, kind: str, harm: Callable[[Path], None]
) -> None:
    inside = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file() and kind in path.parts]
    told = []
    for number, file in enumerate(inside):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        harm(folder / file)
        try:
            ask_everything(folder)
            LanceStore(folder, dim=DIM).tidy()
        except StorageError as error:
            told.append(str(error))
    for sentence in told:
        assert re.match(SENTENCE.format(f"{tmp_path}/.+"), sentence)
        assert "\n" not in sentence
    assert told or kind in ("_transactions", "_deletions") or (harm, kind) == (Path.unlink, "_versions")


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "windows.lance").write_text("not a folder")
    with pytest.raises(StorageError, match=SENTENCE.format(tmp_path)):
        LanceStore(tmp_path, dim=DIM)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match=r"^(Cannot write to|The index in) .*file"):
        LanceStore(tmp_path / "file" / "index", dim=DIM)


def test_a_table_that_was_interrupted_when_it_was_made_is_completed(tmp_path: Path) -> None:
    LanceStore(tmp_path / "whole", dim=DIM)
    schema = lancedb.connect(tmp_path / "whole").open_table("windows").schema
    lancedb.connect(tmp_path / "begun").create_table("windows", schema=schema)
    (tmp_path / "empty" / "windows.lance").mkdir(parents=True)
    for folder in ("begun", "empty"):
        store = LanceStore(tmp_path / folder, dim=DIM)
        store.add(FILES)
        view = store.view()
        assert [row.path for row in view.rows(view.having_words("rain", limit=5, where=""))] == ["rain.wav"]


def test_too_few_windows_for_an_approximate_index(tmp_path: Path) -> None:
    store = LanceStore(tmp_path, dim=DIM)
    with pytest.raises(StorageError, match=r"^An approximate index needs at least 5,000 windows; there are 0\."):
        store.build_approximate()
    store.add([described("a.wav", *["dog"] * (FEWEST_FOR_APPROXIMATE - 1))])
    with pytest.raises(StorageError, match=r"there are 4,999\. Exact search is fast with so few: leave --approximate"):
        store.build_approximate()
    assert not store.view().approximate


def test_a_state_that_was_let_go_of_is_told(tmp_path: Path) -> None:
    reader, writer = LanceStore(tmp_path, dim=DIM, in_memory=0), LanceStore(tmp_path, dim=DIM)
    writer.add(FILES)
    old = reader.view()
    writer.remove([FILES[0][0].record])
    writer.tidy()
    assert len(old.nearest(meant(["dog"])[0], limit=5, where="", exact=True)[0]) == 3  # it is readable for ten minutes
    writer.add([described("new.wav", "bird")])
    time.sleep(0.01)
    writer.tidy(kept=timedelta(milliseconds=1))
    with pytest.raises(StorageError, match=SENTENCE.format(tmp_path)):
        old.nearest(meant(["dog"])[0], limit=5, where="", exact=True)
    assert len(reader.view().nearest(meant(["dog"])[0], limit=5, where="", exact=True)[0]) == 2


def test_what_is_in_memory_answers_as_the_disk_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((300, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    LanceStore(tmp_path, dim=DIM).add([described(f"{n}.wav", vectors=vectors[3 * n : 3 * n + 3]) for n in range(100)])
    views = [LanceStore(tmp_path, dim=DIM, in_memory=limit).view() for limit in (0, 299, 300, 10_000)]
    for vector in vectors[:5]:
        for where in ("", "`path` LIKE '%7%' AND `start` > 0"):
            answers = [view.nearest(vector, limit=20, where=where, exact=True) for view in views]
            for places, cosines in answers[1:]:
                assert np.array_equal(places, answers[0][0])
                np.testing.assert_allclose(cosines, answers[0][1], atol=1e-6)
            assert len({str(view.rows(places)) for view, (places, _) in zip(views, answers, strict=True)}) == 1
