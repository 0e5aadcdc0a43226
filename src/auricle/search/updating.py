"""Bringing an index up to date: what is described, what is taken over, what is forgotten, and in which order.

What is new is added before what it replaces is removed: wherever it is interrupted, no file that is still there is
missing, and the next run sees what is left to be done.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from auricle import object_store, progress, storage
from auricle.search.describing import Heard, read_said
from auricle.search.folder import IndexFolder, SetAside
from auricle.search.listing import Listing
from auricle.search.records import Said, SoundFile, Windows
from auricle.search.settling import settle
from auricle.search.store import Store

Listen = Callable[[Iterator[tuple[str, str]]], Iterator[tuple[str, str, Heard | str]]]
"""Takes path and content of files, and yields both with a description, or why there is none."""

_FIRST_COMMIT_S = 1.0
"""How soon something can be found; every commit is twice as late as the one before."""

_LAST_COMMIT_S = 30.0
"""How much work a killed run may lose."""

_COMMIT_WINDOWS = 10_000
_COPIED_AT_ONCE = 500


class Update:
    """One run.

    Args:
        root: The folder that is indexed.
        folder: Of the index.
        store: Its store.
        listing: What is in the folder now.
        said: What tables say of it, by path.

    Attributes:
        settled: What is to be done.
        aside: Sounds that cannot be used.
        described: Files that were listened to.
        described_s: Their length in seconds.
        taken_over: Files whose embeddings were known, from another path or an earlier time.
        removed: Files that are gone.
    """

    def __init__(self, root: Path, folder: IndexFolder, store: Store, listing: Listing, said: dict[str, Said]) -> None:
        self.root = root
        self.folder = folder
        self.store = store
        self.said = said
        self.known = store.view().files()
        before = {sound.path: sound for sound in folder.read_set_aside()}
        self.settled = settle(listing, self.known, aside=before, said=said)
        left_out = (SetAside(path, reason) for path, reason in listing.left_out.items())
        self.aside = [*self.settled.still_aside, *left_out]
        self.described = self.taken_over = self.removed = 0
        self.described_s = 0.0
        self._waiting: list[tuple[SoundFile, Windows]] = []
        self._written = time.monotonic()
        self._commit_s = _FIRST_COMMIT_S

    def describe(self, listen: Listen) -> None:
        """Add what is new or has changed."""
        todo = self.settled.todo
        copies: dict[str, str] = {}
        done = len(self.settled.kept) + len(self.settled.still_aside)
        with progress.bar(total=done + len(todo), initial=done, label="index", unit="file") as bar:
            for path, content, heard in listen(self._distinct(copies)):
                self._take(path, content, heard)
                bar.update()
            self._write()
            left = self._take_over(copies)
            bar.update(len(copies) - len(left))
            for path, content, heard in listen(iter(left)):
                self._take(path, content, heard)
                bar.update()
            self._write()

    def finish(self) -> None:
        """Remove what is gone, and what has been replaced."""
        present = self.settled.todo.keys() | {self.known[record].path for record in self.settled.kept}
        gone = self.known.keys() - self.settled.kept
        self.removed = len({self.known[record].path for record in gone} - present)
        self.store.remove(gone)
        self.store.tidy()
        self.folder.write_set_aside(self.aside)

    def _distinct(self, copies: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield path and content of what has to be described; the others, known by content, go to `copies`."""
        claimed = {file.content for file in self.known.values()}
        for path in self.settled.todo:
            try:
                object_store.fetch(self.root / path)
                content = storage.digest_file(self.root / path)
            except OSError as error:
                self._set_aside(path, f"{path} cannot be read: {error.strerror}.")
                continue
            if content in claimed:
                copies[path] = content
            else:
                claimed.add(content)
                yield path, content

    def _take(self, path: str, content: str, heard: Heard | str) -> None:
        if isinstance(heard, str):
            self._set_aside(path, heard)
            return
        self.described += 1
        self.described_s += heard.duration_s
        said = self.said.get(path, Said()).over(heard.said)
        stamp = self.settled.todo[path]
        file = SoundFile(path, content, stamp, said, heard.duration_s, heard.sample_rate, heard.channels)
        self._waiting.append((file, heard.windows))
        n_windows = sum(len(windows.starts_s) for _, windows in self._waiting)
        if n_windows >= _COMMIT_WINDOWS or time.monotonic() - self._written > self._commit_s:
            self._write()
            self._commit_s = min(2 * self._commit_s, _LAST_COMMIT_S)

    def _take_over(self, copies: dict[str, str]) -> list[tuple[str, str]]:
        """Add files whose content is known by now; return the others, whose likes could not be used."""
        paths, left = list(copies), []
        for start in range(0, len(paths), _COPIED_AT_ONCE):
            some = {path: copies[path] for path in paths[start : start + _COPIED_AT_ONCE]}
            wanted = set(some.values())
            view = self.store.view()
            files = {file.content: file for file in view.files().values() if file.content in wanted}
            windows = view.windows_of([file.record for file in files.values()])
            for path, content in some.items():
                if content not in files:
                    left.append((path, content))
                    continue
                said = self.said.get(path, Said()).over(read_said(self.root / path))
                file = replace(files[content], path=path, stamp=self.settled.todo[path], said=said)
                self._waiting.append((file, windows[files[content].record]))
                self.taken_over += 1
            self._write()
        return left

    def _write(self) -> None:
        self.store.add(self._waiting)
        self._waiting = []
        self.folder.write_set_aside(self.aside)
        self._written = time.monotonic()

    def _set_aside(self, path: str, reason: str) -> None:
        stamp = self.settled.todo[path]
        self.aside.append(SetAside(path, reason, stamp.size_bytes, stamp.modified_ns))
