"""What the tests of this room share: an index of sounds that only their words describe."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auricle.search import Index
from auricle.search.folder import About, IndexFolder
from auricle.search.lance import LanceStore
from auricle.search.records import SoundFile, Windows
from tests.search.fakes import DIM, HOP_S, WINDOW_S, WordEmbedder

if TYPE_CHECKING:
    from auricle.search.baseline import ClassBaseline

MakeIndex = Callable[..., Index]


@pytest.fixture(scope="session")
def baseline(pretrained: Path) -> "ClassBaseline":
    """The embedder that nothing was trained for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURICLE_CACHE", str(pretrained))
        from auricle.search.baseline import ClassBaseline

        return ClassBaseline()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for sounds."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    return folder


@pytest.fixture
def make_index(tmp_path: Path, root: Path) -> MakeIndex:
    """Make the index of some files of `root`: ``make_index(described(path, words), ...)``."""

    def make(*files: tuple[SoundFile, Windows], embedder: WordEmbedder | None = None) -> Index:
        embedder = embedder or WordEmbedder()
        about = About(root, "words", embedder.identity(), DIM, WINDOW_S, HOP_S)
        store = LanceStore(tmp_path / "index", dim=DIM)
        store.add(files)
        return Index(IndexFolder(tmp_path / "index"), about, store, embedder=embedder)

    return make
