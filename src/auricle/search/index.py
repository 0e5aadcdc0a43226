"""An index that is open: search it by sentences, by sounds, or both.

::

    from auricle.search import Index

    for hit in Index.open("~/.local/share/auricle/index").search("a dog barks far away in the rain"):
        print(hit.path, hit.start_s, hit.score)

An open index may be asked by several threads at a time, and sees what `auricle index` has written meanwhile.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from auricle import audio, object_store, places
from auricle.errors import AudioError, ConfigError, DataError
from auricle.processes import one_thread
from auricle.search.embedders import Embedder, complete, open_again, short_name
from auricle.search.filters import parse
from auricle.search.folder import About, IndexFolder, default_folder
from auricle.search.listing import is_inside
from auricle.search.looking import Question, look_up, look_up_words
from auricle.search.querying import Hit, combine
from auricle.search.reading import Reader
from auricle.search.records import Vectors, split_window_key
from auricle.search.store import Places, Store, View
from auricle.search.stores import open_store

EXACT_BELOW = 100_000
"""Windows below which every search is exact unless somebody asks for the approximate one."""

LONGEST_SENTENCE = 1_000
"""Characters that a sentence may have: encoders would cut it off without a word."""

MOST_HITS = 1_000


@dataclass(frozen=True)
class IndexFacts:
    """What an index holds.

    Attributes:
        root: The folder that is indexed.
        files, windows: How many.
        hours: Length of all files.
        set_aside: Sounds that cannot be used.
        model: Name of the embedder; of a path the last part.
        dim: Of the embeddings.
        window_s, hop_s: Of the windows, in seconds.
        approximate: Whether an approximate index has been built.
        version: Number of the state of its store; a later state has a higher one.
    """

    root: Path
    files: int
    windows: int
    hours: float
    set_aside: int
    model: str
    dim: int
    window_s: float
    hop_s: float
    approximate: bool
    version: int = 0


@dataclass(frozen=True)
class Found:
    """Where a window is on this machine.

    Attributes:
        path: Real path of the file, which lies in the indexed folder.
        start_s, end_s: Of the window, in seconds.
        duration_s: Of the file.
    """

    path: Path
    start_s: float
    end_s: float
    duration_s: float


class Index:
    """An index.

    Args:
        folder: Where it is.
        about: What it is of.
        store: Its windows.
        device: Where the model computes.
        embedder: The model, if it is loaded already.
    """

    def __init__(
        self, folder: IndexFolder, about: About, store: Store, *, device: str = "auto", embedder: Embedder | None = None
    ) -> None:
        self.folder = folder.path
        self.about = about
        self._index = folder
        self._store = store
        self._device = device
        self._embedder = embedder
        self._counted: _Counted | None = None
        self._loading = threading.Lock()
        self._embedding = threading.Lock()
        self._reader = Reader(lambda sentences: self.load_model().embed_text(sentences))

    @classmethod
    def open(cls, folder: Path | str | None = None, *, model: str | None = None, device: str = "auto") -> Self:
        """Open an index; its model is loaded when it is first needed.

        Args:
            folder: Where it is, a path or the URL of a folder in an object store;
                `auricle.search.folder.default_folder` by default.
            model: Where the model of the index is now, if it has moved.
            device: As in `auricle.load`.

        Raises:
            ConfigError: If there is no such model.
            DataError: If there is no index.
            StorageError: If it is damaged.
        """
        place = IndexFolder(places.local(folder) if folder else default_folder())
        about = place.read()
        if model:
            about = replace(about, model=complete(model))
        return cls(place, about, open_store(about, place.path), device=device)

    def facts(self) -> IndexFacts:
        """Return what the index holds now."""
        view = self._store.view()
        counted = self._counted
        if counted is None or counted.view is not view:
            durations_s = {file.path: file.duration_s for file in view.files().values()}
            aside = len(self._index.read_set_aside())
            counted = _Counted(view, len(durations_s), sum(durations_s.values()) / 3600, aside)
            self._counted = counted
        in_store = places.url_of(self.folder) is not None  # where the list would be a request for every question
        return IndexFacts(
            root=self.about.root,
            files=counted.files,
            windows=view.n_windows,
            hours=counted.hours,
            set_aside=counted.set_aside if in_store else len(self._index.read_set_aside()),
            model=short_name(self.about.model),
            dim=self.about.dim,
            window_s=self.about.window_s,
            hop_s=self.about.hop_s,
            approximate=view.approximate,
            version=view.version,
        )

    def paths(self) -> list[str]:
        """Return the paths of all files inside the indexed folder, in alphabetical order."""
        return sorted({file.path for file in self._store.view().files().values()})

    def load_model(self) -> Embedder:
        """Load the model now, and return it.

        Raises:
            ConfigError: If it is not the one that the index was made with.
            ModelError: If it cannot be had.
        """
        with self._loading:
            if self._embedder is None:
                self._embedder = open_again(self.about, self.folder, device=self._device)
            return self._embedder

    def search(
        self,
        query: str | Sequence[str] = (),
        *,
        like: Path | str | Sequence[Path | str] = (),
        like_windows: Sequence[str] = (),
        without: str | Sequence[str] = (),
        where: str = "",
        top: int = 10,
        hybrid: bool = False,
        fold: bool = True,
        exact: bool | None = None,
    ) -> list[Hit]:
        """Find sounds.

        Args:
            query: What is looked for: a sentence, or several, whose mean is taken.
            like: Sound files that it should be like.
            like_windows: Windows of the index that it should be like; their files are not hits.
            without: Sentences that say what it should be without.
            where: A condition; see `auricle.search.filters`.
            top: How many hits at most; one per file.
            hybrid: Look for the words of the query in names, tags and captions, too.
            fold: Take near duplicates as one hit.
            exact: Compare with every window; by default below 100,000 windows, and where no approximate index is.

        Returns:
            Best first.

        Raises:
            ConfigError: If nothing is looked for, a sentence is blank or too long, or the condition is wrong.
            DataError: If a window is not in the index.
            AudioError: If a file of `like` cannot be used.
        """
        sentences, negative = _listed(query), _listed(without)
        sounds = [like] if isinstance(like, str | Path) else list(like)
        if not 1 <= top <= MOST_HITS:
            raise ConfigError(f"{top} hits are asked for; 1 to {MOST_HITS:,} can be had.")
        if not (sentences or sounds or like_windows):
            raise ConfigError("Nothing is looked for. Describe the sound in a few words, or name one that it is like.")
        for sentence in (*sentences, *negative):
            _check(sentence)
        condition = parse(where)
        view = self._store.view()
        shown = [self._place(view, window) for window in like_windows]
        if view.n_windows == 0:
            return []
        liked = np.concatenate([self._hear(sounds), *(view.vectors(place) for place in shown)])
        vector = combine(self._embed(sentences), liked, self._embed(negative))
        exact = view.n_windows < EXACT_BELOW if exact is None else exact
        asking = {window.partition("-")[0] for window in like_windows}
        question = Question(vector, condition, exact=exact, besides=frozenset(asking), folding=fold)
        if hybrid and sentences:
            return look_up_words(view, question, " ".join(sentences), top=top)
        return look_up(view, question, top=top)

    def locate(self, window: str) -> Found:
        """Return where a window is on this machine: the only way from a word of a client to a file.

        Raises:
            DataError: If it is not in the index, its file is gone, or it leads out of the indexed folder.
        """
        view = self._store.view()
        row = view.rows(self._place(view, window))[0]
        root = os.path.realpath(self.about.root)
        real = os.path.realpath(self.about.root / row.path)
        if not is_inside(real, root):
            raise DataError(f"{row.path} leads out of the indexed folder.")
        if not object_store.fetch(self.about.root / row.path):
            raise DataError(f"{row.path} is not there any more. `auricle index` brings the index up to date.")
        return Found(Path(real), row.start_s, row.end_s, row.duration_s)

    def _place(self, view: View, window: str) -> Places:
        split = split_window_key(window)
        places = view.find(split[0], start_ms=split[1]) if split else np.zeros(0, np.uint64)
        if len(places) == 0:
            raise DataError(f"The index has no window {window[:40]!r}.")
        return places[-1:]  # of two the later, while a changed file is being indexed

    def _embed(self, sentences: Sequence[str]) -> Vectors:
        """Embed sentences (sentences, dim)."""
        if not sentences:
            return np.zeros((0, self.about.dim), np.float32)
        self.load_model()  # whose faults are not those of a sentence
        return self._reader.read(sentences)

    def _hear(self, sounds: Sequence[Path | str]) -> Vectors:
        """Embed sound files (files, dim), each as the mean of its windows."""
        rows = [np.zeros((0, self.about.dim), np.float32)]
        for sound in sounds:
            windows = audio.windows(Path(sound).expanduser(), window_s=self.about.window_s, hop_s=self.about.hop_s)
            embedder = self.load_model()
            heard = []
            for window in windows:
                with self._embedding, one_thread():  # not while a long recording is decoded
                    heard.append(embedder.embed_audio([(window.samples, window.sample_rate)]))
            mean = np.concatenate(heard).mean(axis=0, keepdims=True)
            if not np.isfinite(mean).all():
                raise AudioError(f"{Path(sound).name} gives no finite embedding.")
            rows.append(mean / np.linalg.norm(mean))
        return np.concatenate(rows)


@dataclass(frozen=True)
class _Counted:
    """What was counted of a view."""

    view: View
    files: int
    hours: float
    set_aside: int


def _check(sentence: str) -> None:
    if not sentence.strip():
        raise ConfigError("A sentence is empty. Describe the sound in a few words.")
    if len(sentence) > LONGEST_SENTENCE:
        raise ConfigError(
            f"A sentence has {len(sentence):,} characters; {LONGEST_SENTENCE:,} are the most. A few words find most."
        )


def _listed(said: str | Sequence[str]) -> list[str]:
    return [said] if isinstance(said, str) and said else list(said)
