"""`auricle index`: making the index of a folder say what is in the folder now.

What is unchanged is not looked at, what has only moved keeps its embeddings, the rest is described, and what is gone
is forgotten. Files are added to the store many at a time, each whole or not at all; a killed run loses what it had
described since the last time, and the same command goes on. Until a file is described again, a search finds what it
was before.
"""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from auricle import storage
from auricle.errors import ConfigError, DataError
from auricle.randomness import stream
from auricle.search.describing import Hearing, Workers, hear_files
from auricle.search.embedders import BASELINE, Embedder, complete, open_again, open_embedder
from auricle.search.folder import About, IndexFolder, SetAside, default_folder
from auricle.search.listing import list_sounds
from auricle.search.stated import read_stated
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

    Raises:
        ConfigError: If the index is of another folder, model or windows.
        DataError: If the folder is not there, or holds no sound.
        StorageError: If the index cannot be written, or another process is writing it.
        ModelError: If the model cannot be had.
    """
    from auricle.search.lance import LanceStore

    began = time.monotonic()
    root = Path(root).expanduser().absolute()
    folder = IndexFolder(Path(index).expanduser() if index else default_folder())
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
        else:
            about = _go_on(old, folder.path, root, model, window_s, hop_s, moved=moved)
        if old and about.model != old.model:
            embedder = open_again(about, folder.path, device=device)
        said = read_stated(root, table=table)
        if about != old:
            folder.write(about)  # before the store, which has the dimensions it says
        store = LanceStore(folder.path, dim=about.dim)
        update = Update(root, folder, store, listing, said)
        if update.settled.todo:
            embedder = embedder or open_again(about, folder.path, device=device)
            hearing = Hearing(root, about.model, device, about.window_s, about.hop_s)
            workers = Workers.for_files(len(update.settled.todo), processes=processes, device=device)
            update.describe(partial(hear_files, hearing=hearing, embedder=embedder, workers=workers))
        update.finish()
        view = store.view()
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
    from auricle.search.lance import LanceStore
    from auricle.search.recall import recall_of

    opened = Index.open(index)
    with storage.lock(opened.folder, purpose="is being indexed"):
        store = LanceStore(opened.folder, dim=opened.about.dim)
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


def _go_on(
    old: About, folder: Path, root: Path, model: str | None, window_s: float | None, hop_s: float | None, *, moved: bool
) -> About:
    """Return what an index is of now, having checked that nothing else is asked for but perhaps the model's name."""
    advice = "Name another folder with --index, or remove this one."
    for what, wanted, has in (("windows", window_s, old.window_s), ("hops", hop_s, old.hop_s)):
        if wanted not in (None, has):
            raise ConfigError(f"The index in {folder} has {what} of {has:g} s, not {wanted:g} s. {advice}")
    if root != old.root and not moved:
        raise ConfigError(
            f"The index in {folder} is of {old.root}, not of {root}. {advice} If the folder has moved, add --moved."
        )
    return replace(old, root=root, model=complete(model) if model else old.model)
