"""An index of a few small sounds that are found by the words in their captions: what the service needs, and no model.

The score of a window is the share of the question's words that its file's caption has, so what is found can be told
beforehand. Conditions are parsed by `auricle.search.filters` and answered by SQLite.
"""

import hashlib
import re
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from auricle.audio import probe, window_places
from auricle.errors import AudioError, ConfigError, DataError
from auricle.search import Found, Hit, IndexFacts
from auricle.search.filters import parse

WINDOW_S, HOP_S = 10.0, 5.0


class WordIndex:
    """Sounds by the words of their captions.

    Args:
        root: A folder.
        captions: Path in the folder -> caption.

    Attributes:
        asked: The arguments of every search so far.
        delay_s: How long a search takes.
    """

    def __init__(self, root: Path, captions: Mapping[str, str]) -> None:
        self.root = root
        self.asked: list[dict[str, object]] = []
        self.delay_s = 0.0
        self.loaded = False
        self._lock = threading.Lock()
        self._hits: dict[str, Hit] = {}
        for path, caption in captions.items():
            self._add(path, caption)

    def _add(self, path: str, caption: str) -> None:
        about = probe(self.root / path)
        file = hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        samples = round(about.duration_s * about.sample_rate)
        places = window_places(samples, about.sample_rate, window_s=WINDOW_S, hop_s=HOP_S)
        for start, end in places:
            start_s, end_s = start / about.sample_rate, end / about.sample_rate
            window = f"{file}-{round(start_s * 1000)}"
            licence = "CC0-1.0" if "free" in path else ""
            self._hits[window] = Hit(
                rank=0,
                score=0.0,
                window=window,
                path=path,
                start_s=start_s,
                end_s=end_s,
                duration_s=about.duration_s,
                sample_rate=about.sample_rate,
                channels=about.channels,
                licence=licence,
                tags="",
                caption=caption,
            )

    def window(self, path: str, start_ms: int = 0) -> str:
        """Return the identity of a window."""
        return next(
            window for window, hit in self._hits.items() if hit.path == path and window.endswith(f"-{start_ms}")
        )

    def facts(self) -> IndexFacts:
        """Return what is in it."""
        files = {hit.path: hit.duration_s for hit in self._hits.values()}
        return IndexFacts(
            root=self.root,
            files=len(files),
            windows=len(self._hits),
            hours=sum(files.values()) / 3600,
            set_aside=0,
            model="words",
            dim=1,
            window_s=WINDOW_S,
            hop_s=HOP_S,
            approximate=False,
        )

    def load_model(self) -> None:
        """Note that it was asked to be quick."""
        self.loaded = True

    def search(
        self,
        query: str | Sequence[str] = (),
        *,
        like: Path | str | Sequence[Path | str] = (),
        like_windows: Sequence[str] = (),
        without: Sequence[str] = (),
        where: str = "",
        top: int = 10,
        hybrid: bool = False,
        fold: bool = True,
    ) -> list[Hit]:
        """Return windows by words: those of sentences, of the captions of windows, and "sound" for files."""
        sounds = [like] if isinstance(like, str | Path) else list(like)
        sentences = [query] if isinstance(query, str) else list(query)
        asked = {"query": sentences, "like": len(sounds), "like_windows": list(like_windows), "without": list(without)}
        with self._lock:
            self.asked.append({**asked, "where": where, "top": top, "hybrid": hybrid, "fold": fold})
        time.sleep(self.delay_s)
        for sound in sounds:
            if probe(Path(sound)).duration_s <= 0:
                raise AudioError(f"{sound} is no sound.")
        for window in like_windows:
            self._hit(window)
        wanted = words(" ".join([*sentences, *(self._hit(window).caption for window in like_windows)]))
        wanted |= {"sound"} if sounds else set()
        if not wanted:
            raise ConfigError("Nothing is looked for.")
        passing = self._passing(where)
        scored = [
            (
                len(wanted & words(hit.caption)) / len(wanted) - len(words(" ".join(without)) & words(hit.caption)),
                window,
            )
            for window, hit in self._hits.items()
            if window in passing
        ]
        best = sorted(scored, key=lambda one: (-one[0], one[1]))[:top]
        return [
            Hit(**{**vars(self._hits[window]), "rank": rank, "score": score})
            for rank, (score, window) in enumerate(best, start=1)
        ]

    def locate(self, window: str) -> Found:
        """Return where a window is, inside the folder."""
        hit = self._hit(window)
        real = (self.root / hit.path).resolve()
        if not real.is_relative_to(self.root.resolve()):
            raise DataError(f"{hit.path} leads out of the indexed folder.")
        if not real.is_file():
            raise DataError(f"{hit.path} is gone.")
        return Found(real, hit.start_s, hit.end_s, hit.duration_s)

    def _hit(self, window: str) -> Hit:
        if window not in self._hits:
            raise DataError(f"The index has no window {window[:40]!r}.")
        return self._hits[window]

    def _passing(self, where: str) -> set[str]:
        condition = parse(where).replace("ILIKE", "LIKE")  # in SQLite, case counts in neither
        if not condition:
            return set(self._hits)
        if "\0" in condition:  # which SQLite refuses, and no path holds
            return set()
        table = sqlite3.connect(":memory:")
        columns = "path, start, end, duration, rate, channels, licence, tags, caption"
        table.execute(f"create table windows (window, {columns.replace('end', '`end`')})")
        for window, hit in self._hits.items():
            values = (window, hit.path, hit.start_s, hit.end_s, hit.duration_s, hit.sample_rate, hit.channels)
            table.execute(
                f"insert into windows values ({', '.join('?' * 10)})", (*values, hit.licence, hit.tags, hit.caption)
            )
        passing = {row[0] for row in table.execute(f"select window from windows where {condition}")}
        table.close()
        return passing


def words(sentence: str) -> set[str]:
    """Return the words of a sentence, in lower case."""
    return set(re.findall(r"[a-z]+", sentence.lower()))
