"""How much an approximate index finds: measured against brute force of this test's own, and in cases worked by hand."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from auricle.search.lance import LanceStore
from auricle.search.recall import recall_of
from auricle.search.records import Vectors
from auricle.search.store import Places
from tests.search.fakes import described

DIM = 32
N_FILES, PER_FILE = 60, 100


def unit(rows: np.ndarray) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """6,000 vectors around 60 centres, those of a centre in the windows of a file."""
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.standard_normal((N_FILES, DIM)), PER_FILE, axis=0)
    return unit(centres + 0.7 * rng.standard_normal(centres.shape))


@pytest.fixture(scope="module")
def store(vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    """A store of these vectors with an approximate index."""
    store = LanceStore(tmp_path_factory.mktemp("index"), dim=DIM)
    of_files = vectors.reshape(N_FILES, PER_FILE, DIM)
    store.add([described(f"{number}.wav", vectors=of_files[number]) for number in range(N_FILES)])
    assert not store.view().approximate
    store.build_approximate()
    return store


@pytest.fixture(scope="module")
def questions(vectors: Vectors) -> Vectors:
    rng = np.random.default_rng(1)
    return unit(vectors[rng.choice(len(vectors), 100)] + 0.1 * rng.standard_normal((100, DIM)))


def test_the_approximate_index_finds_nearly_all(store: LanceStore, vectors: Vectors, questions: Vectors) -> None:
    view = store.view()
    assert view.approximate
    shares = []
    for question in questions:
        best = np.argsort(-(vectors @ question), kind="stable")[:10]
        expected = {f"{number // PER_FILE}.wav at {5.0 * (number % PER_FILE)}" for number in best.tolist()}
        places, cosines = view.nearest(question, limit=10, where="", exact=False)
        found = {f"{row.path} at {row.start_s}" for row in view.rows(places)}
        assert len(found) == 10
        shares.append(len(found & expected) / 10)
        np.testing.assert_allclose(cosines, view.vectors(places) @ question, atol=1e-5)
        assert (np.diff(cosines) <= 0).all()
    assert np.mean(shares) > 0.95
    assert recall_of(view, questions) == pytest.approx(np.mean(shares), abs=0.002)


def test_exact_stays_exact(store: LanceStore, vectors: Vectors, questions: Vectors) -> None:
    for view in (store.view(), LanceStore(store.folder, dim=DIM, in_memory=0).view()):
        for question in questions[:10]:
            _, cosines = view.nearest(question, limit=10, where="", exact=True)
            np.testing.assert_allclose(cosines, np.sort(vectors @ question)[::-1][:10], atol=1e-6)


def test_conditions_hold_before_the_nearest_are_taken(store: LanceStore, vectors: Vectors, questions: Vectors) -> None:
    view = store.view()
    second = (np.arange(len(vectors)) % PER_FILE) == 1
    for question in questions[:10]:
        places, cosines = view.nearest(question, limit=10, where="`start` = 5", exact=False)
        assert {row.start_s for row in view.rows(places)} == {5.0}
        np.testing.assert_allclose(cosines[0], (vectors[second] @ question).max(), atol=1e-5)
        assert view.nearest(question, limit=10, where="`start` < 0", exact=False)[0].size == 0


def test_what_is_added_and_removed_afterwards_counts(store: LanceStore, tmp_path: Path) -> None:
    shutil.copytree(store.folder, tmp_path / "index")
    copied = LanceStore(tmp_path / "index", dim=DIM)
    new = unit(np.random.default_rng(9).standard_normal((1, DIM)))
    record = described("new.wav", vectors=new)
    copied.add([record])
    for _ in range(2):
        view = copied.view()
        places, cosines = view.nearest(new[0], limit=1, where="", exact=False)
        assert (view.rows(places)[0].path, cosines[0]) == ("new.wav", pytest.approx(1, abs=1e-6))
        copied.tidy()
    copied.remove([record[0].record])
    view = copied.view()
    assert "new.wav" not in {row.path for row in view.rows(view.nearest(new[0], limit=10, where="", exact=False)[0])}


class Half:
    """A view that answers approximately with what it is told to."""

    def __init__(self, cosines: list[float], approximate: list[int]) -> None:
        self._cosines = np.array(cosines, np.float32)
        self._approximate = np.array(approximate, np.uint64)

    def nearest(self, vector: Vectors, *, limit: int, where: str, exact: bool) -> tuple[Places, Vectors]:
        order = np.argsort(-self._cosines, kind="stable")[:limit].astype(np.uint64)
        places = order if exact else self._approximate
        return places, self._cosines[places] * vector[0]

    def vectors(self, places: Places) -> Vectors:
        return self._cosines[places][:, None]


@pytest.mark.parametrize(
    ("cosines", "approximate", "k", "recall"),
    [
        ([0.9, 0.8, 0.7, 0.6, 0.5], [0, 1, 2], 3, 1.0),
        ([0.9, 0.8, 0.7, 0.6, 0.5], [0, 1, 3], 3, 2 / 3),
        ([0.9, 0.8, 0.7, 0.6, 0.5], [0], 3, 1 / 3),
        ([0.9, 0.8, 0.7, 0.6, 0.5], [], 3, 0.0),
        ([0.9, 0.7, 0.7, 0.7, 0.5], [0, 2, 3], 3, 1.0),  # which of the equal ones is chance
        ([0.9, 0.8], [0, 1], 10, 1.0),  # there are no more
        ([0.9, 0.8], [1], 10, 0.5),
    ],
)
def test_recall_by_hand(cosines: list[float], approximate: list[int], k: int, recall: float) -> None:
    questions = np.ones((2, 1), np.float32)
    assert recall_of(Half(cosines, approximate), questions, k=k) == pytest.approx(recall)  # type: ignore[arg-type]
