"""`auricle index`: making the index of a folder say what is in the folder now.

What is unchanged is not looked at, what has only moved keeps its embeddings, the rest is described, and what is gone
is forgotten. Files are added to the store many at a time, each whole or not at all; a killed run loses what it had
described since the last time, and the same command goes on. Until a file is described again, a search finds what it
was before.
"""

import os
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from auricle import places, storage
from auricle.engines import EngineConfig, open_engine
from auricle.errors import ConfigError, DataError
from auricle.randomness import stream
from auricle.search.describing import Hearing, hear_files, processes_for
from auricle.search.embedders import BASELINE, Embedder, complete, open_again, open_embedder
from auricle.search.folder import About, IndexFolder, SetAside, default_folder
from auricle.search.listing import list_sounds
from auricle.search.stated import read_stated
from auricle.search.stores import check_unused, complete_address, open_store
from auricle.search.updating import Update

WINDOW_S = 10.0
HOP_S = 5.0

_QUERIES = 300
"""Sentences that the recall of an approximate index is measured with."""


@dataclass(frozen=True)
class IndexingReport:
    """What a run of `index_folder` did.

    Attributes:
        folder: Of the index.
        root: The folder that is indexed.
        model: Name of the embedder.
        files, windows: In the index now.
        described: Files that were listened to.
        taken_over: Files whose embeddings were known, from another path or an earlier time.
        unchanged: Files that were not looked at.
        removed: Files that are gone.
        set_aside: Sounds that cannot be used; they are listed in the index's ``set-aside.csv``.
        described_s: Length of what was listened to, in seconds.
        elapsed_s: How long it took.
    """

    folder: Path
    root: Path
    model: str
    files: int
    windows: int
    described: int
    taken_over: int
    unchanged: int
    removed: int
    set_aside: tuple[SetAside, ...]
    described_s: float
    elapsed_s: float


def index_folder(
    root: Path | str,
    *,
    index: Path | str | None = None,
    model: str | None = None,
    window_s: float | None = None,
    hop_s: float | None = None,
    table: Path | None = None,
    processes: int | None = None,
    device: str = "auto",
    moved: bool = False,
    store: str | None = None,
    engine: EngineConfig | None = None,
) -> IndexingReport:
    """Index a folder of sounds, or bring its index up to date.

    Args:
        root: The folder; links that lead out of it are not followed.
        index: Folder of the index; `auricle.search.folder.default_folder` by default.
        model: See `auricle.search.embedders`; what the index was made with, for a new one the baseline.
        window_s: Length of a window in seconds; 10 for a new index. Shorter sounds are one window.
        hop_s: Distance between the beginnings of two windows; 5 for a new index.
        table: A CSV with licences, tags and captions, besides those in the folder; see `auricle.search.stated`.
        processes: How many describe sounds; by default one for every four processors, on a GPU one.
        device: As in `auricle.load`.
        moved: The folder is the one that was indexed, at another place.
        store: Address of the store, ``qdrant://HOST:6333/COLLECTION``; of an index that is there its own, for a new one
            a table in its folder.
        engine: Who describes sounds; this machine by default. What is described is written by this process.

    Raises:
        ConfigError: If the index is of another folder, model or windows, or in another store.
        DataError: If the folder is not there, or holds no sound.
        StorageError: If the index cannot be written, or another process is writing it.
        ModelError: If the model cannot be had.
    """
    began = time.monotonic()
    root = _normal(places.local(root))
    folder = IndexFolder(places.local(index) if index else default_folder())
    address = None if store is None else complete_address(store)
    listing = list_sounds(root)
    if not listing.sounds:
        kept = " The index stays as it is." if folder.exists() else ""
        raise DataError(f"{root} holds no sound.{kept}")
    storage.make_folder(folder.path)
    with storage.lock(folder.path, purpose="is being indexed"):
        old = folder.read() if folder.exists() else None
        embedder: Embedder | None = None
        if old is None:
            about, embedder = _begin(root, model, window_s, hop_s, device=device)
            about = replace(about, store=address or "")
            check_unused(about, folder.path)
        else:
            _check_store(old, folder.path, address)
            about = _go_on(old, folder.path, root, model, window_s, hop_s, moved=moved)
        if old and about.model != old.model:
            embedder = open_again(about, folder.path, device=device)
        said = read_stated(root, table=table)
        if about != old:
            folder.write(about)  # before the store, which has the dimensions it says
        opened = open_store(about, folder.path, create=True)
        update = Update(root, folder, opened, listing, said)
        if update.settled.todo:
            embedder = embedder or open_again(about, folder.path, device=device)
            count = processes or processes_for(len(update.settled.todo), device=device)
            describers = open_engine(engine or EngineConfig(), processes=count)
            hearing = Hearing(root, about.model, device, about.window_s, about.hop_s)
            update.describe(partial(hear_files, hearing=hearing, embedder=embedder, engine=describers, processes=count))
        update.finish()
        view = opened.view()
        return IndexingReport(
            folder=folder.path,
            root=about.root,
            model=about.model,
            files=len(view.files()),
            windows=view.n_windows,
            described=update.described,
            taken_over=update.taken_over,
            unchanged=len(update.settled.kept),
            removed=update.removed,
            set_aside=tuple(update.aside),
            described_s=update.described_s,
            elapsed_s=time.monotonic() - began,
        )


def build_approximate(index: Path | str | None = None) -> float:
    """Build the approximate index of an index, and return its recall@10 against exact search.

    Raises:
        DataError: If there is no index.
        StorageError: If it has too few windows, cannot be written, or another process is writing it.
    """
    from auricle.search.index import Index
    from auricle.search.recall import recall_of

    opened = Index.open(index)
    with storage.lock(opened.folder, purpose="is being indexed"):
        store = open_store(opened.about, opened.folder)
        store.build_approximate()
        return recall_of(store.view(), opened.load_model().embed_text(_sentences()))


def _sentences() -> list[str]:
    """Return sentences as people might ask them, of all kinds of sounds."""
    from auricle.generation.procedural import captions, scenes

    return [captions.write(scenes.draw(0, number), stream(0, "recall", number))[0] for number in range(_QUERIES)]


def _begin(
    root: Path, model: str | None, window_s: float | None, hop_s: float | None, *, device: str
) -> tuple[About, Embedder]:
    """Return what a new index is of, and its embedder."""
    window_s = WINDOW_S if window_s is None else window_s
    hop_s = min(HOP_S, window_s) if hop_s is None else hop_s
    if not 0 < hop_s <= window_s:
        raise ConfigError(f"A hop of {hop_s} s leaves gaps, or stands still, with windows of {window_s} s.")
    name = complete(model or BASELINE)
    embedder = open_embedder(name, device=device)
    return About(root, name, embedder.identity(), embedder.dim, window_s, hop_s), embedder


def _normal(root: Path) -> Path:
    """Return a folder absolute and without ``..``, where that leads to the same folder: links may turn off."""
    normal = Path(os.path.normpath(root.absolute()))
    same = not root.exists() or (normal.exists() and normal.samefile(root))
    return normal if same else root.absolute()


def _check_store(old: About, folder: Path, address: str | None) -> None:
    """Check that no other store is asked for than the index has."""
    if address not in (None, old.store):
        here = f"the store {old.store}" if old.store else "a table of its own folder"
        raise ConfigError(
            f"The index in {places.shown(folder)} is kept in {here}, not in {address or 'its folder'}. Leave --store "
            "out, or name another folder with --index."
        )


def _go_on(
    old: About, folder: Path, root: Path, model: str | None, window_s: float | None, hop_s: float | None, *, moved: bool
) -> About:
    """Return what an index is of now, having checked that nothing else is asked for but perhaps the model's name."""
    advice = "Name another folder with --index, or remove this one."
    for what, wanted, has in (("windows", window_s, old.window_s), ("hops", hop_s, old.hop_s)):
        if wanted not in (None, has):
            raise ConfigError(f"The index in {folder} has {what} of {has:g} s, not {wanted:g} s. {advice}")
    if root != _normal(old.root) and not moved:
        raise ConfigError(
            f"The index in {folder} is of {old.root}, not of {root}. {advice} If the folder has moved, add --moved."
        )
    return replace(old, root=root, model=complete(model) if model else old.model)
