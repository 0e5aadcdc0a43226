"""The folder of generated clips: what is in it, what it was made with, and what is still missing.

::

    Clotho-audiogen-caption-1/
      development/rain_cap_1.wav        a clip is done when it is here and the manifest has its row
      manifest.jsonl                    one row per clip; of several shards manifest-2-of-4.jsonl
      development_captions.csv          makes the folder a collection: each clip with its caption, origin and parent
      parameters.json                   what was asked for, and what answered
      set-aside.csv                     captions that could not become a sound, and why; of shards set-aside-2-of-4.csv

A row is appended and flushed before its clip is renamed to its final name: a process that is killed leaves at most a
row without a clip, which counts as missing, or a torn last line, which is cut off. When a run ends, the manifest is
written anew, one row per clip. Nothing can be appended to a file of an object store, so there the manifest goes with
every clip only to this machine, and every half minute to the store; a clip whose row is lost is made again.
"""

import hashlib
import io
import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar

import soundfile

from auricle import config, object_store, progress, storage
from auricle.audio import Samples
from auricle.data.generated import SPLIT
from auricle.data.words import plain
from auricle.errors import ConfigError, GenerationError
from auricle.places import local, shown, url_of
from auricle.tables import write_rows

CAPTIONS_NAME = f"{SPLIT}_captions.csv"
CAPTIONS_HEADER = ("fname", "raw_text", "text", "origin", "parent", "licence", "mixed_with")
PARAMETERS_NAME = "parameters.json"
SEND_INTERVAL_S = 30.0
"""How much work a machine that is lost takes with it at most, in seconds, where the folder is in an object store."""

Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class SetAside:
    """A caption that could not become a sound.

    Attributes:
        file: Name of the clip that there would be.
        caption: As written.
        reason: Why, in a few words.
    """

    file: str
    caption: str
    reason: str


@dataclass(frozen=True)
class Shard:
    """One of several parts of a run, which share nothing but the folder.

    Attributes:
        number: From 1.
        count: How many there are.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read ``2/4``.

        Raises:
            ConfigError: If it is something else.

        Example:
            >>> Shard.parse("2/4")
            Shard(number=2, count=4)
        """
        number, slash, count = text.partition("/")
        if not (slash and number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
            raise ConfigError(f"{text!r} is no shard; number/count is needed, from 1/4 to 4/4 for four of them.")
        return cls(int(number), int(count))

    def of(self, items: Sequence[T]) -> list[T]:
        """Return the items that are of this part: every so manyth.

        Example:
            >>> Shard(2, 3).of("abcdefg")
            ['b', 'e']
        """
        return list(items[self.number - 1 :: self.count])

    @property
    def suffix(self) -> str:
        """What its files have in their names: ``-2-of-4``, nothing where there is one shard."""
        return f"-{self.number}-of-{self.count}" if self.count > 1 else ""


class Output:
    """A folder of generated clips.

    Args:
        path: Of the folder.
        shard: Whose manifest is written; that of the whole by default.

    Attributes:
        path: Of the folder.
        shard: Whose manifest is written.
    """

    def __init__(self, path: Path, shard: Shard | None = None) -> None:
        path = self.path = local(path)
        self.shard = shard or Shard()
        self.clips = path / SPLIT
        self.manifest = path / f"manifest{self.shard.suffix}.jsonl"
        self._sent = time.monotonic()
        self.set_aside = path / f"set-aside{self.shard.suffix}.csv"

    @contextmanager
    def held(self, *, wait_s: float = 0.1) -> Iterator[None]:
        """Hold the shard for this process; the folder is made if needed, and cleared of what killed processes left.

        Args:
            wait_s: How long to wait for who holds it: another machine notices late that its holder was killed.

        Raises:
            StorageError: If it may not be written, or another process holds it.
        """
        storage.make_folder(self.clips)
        with storage.lock(self.path, purpose="is being filled", name=f".lock{self.shard.suffix}", wait_s=wait_s):
            for folder in (self.clips, *(path for path in self.clips.rglob("*") if path.is_dir())):
                storage.remove_temporary(folder)
            self._take_in()
            self._cut_torn_line()
            yield

    def claim(self, parameters: Mapping[str, Any], *, asked: Mapping[str, Any]) -> None:
        """Write what the clips are made with, or check that those here were made with the same.

        Args:
            parameters: All that a clip depends on, JSON-able.
            asked: All settings of the back end, for `made_with`; they may change.

        Raises:
            GenerationError: If the folder holds clips that were made otherwise; the differences are named.
        """
        wanted = json.loads(json.dumps(parameters))
        used = not self._is_empty()  # asked first: other shards write their parameters before their clips
        found = self._recorded()
        if found is None and used:
            raise GenerationError(
                f"{shown(self.path)} holds files but no {PARAMETERS_NAME}: nobody knows how they were made. Choose "
                "another folder with --output."
            )
        if found is not None and (lines := config.differences(found["parameters"], wanted)):
            raise GenerationError(
                f"{shown(self.path)} was made with other parameters ({'; '.join(lines)}). Choose another folder with "
                "--output, or remove this one."
            )
        storage.write_json(self.path / PARAMETERS_NAME, {"parameters": wanted, "asked": asked})

    def made_with(self, parameters: Mapping[str, Any], *, asked: Mapping[str, Any]) -> bool:
        """Return whether the folder was made with these, as far as can be told without the back end."""
        found = self._recorded()
        if found is None or found["asked"] != json.loads(json.dumps(asked)):
            return False
        known = {key: value for key, value in found["parameters"].items() if key in parameters}
        return bool(known == json.loads(json.dumps(parameters)))

    def done(self) -> dict[str, Row]:
        """Return the row of every clip that is there, of all shards, by file name."""
        rows: dict[str, Row] = {}
        for path in sorted(self.path.glob("manifest*.jsonl")):
            rows.update({row["file"]: row for row in _read_rows(path)})
        return {file: row for file, row in rows.items() if object_store.exists(self.clips / file)}

    def write(self, row: Row, samples: Samples, sample_rate: int) -> None:
        """Write a clip and its row, to which the digest of the clip is added.

        Args:
            row: With the key ``file``, its name inside the split.
            samples: Within [-1, 1].
            sample_rate: In Hz.

        Raises:
            StorageError: If the folder cannot be written.
        """
        content = io.BytesIO()
        soundfile.write(content, samples, sample_rate, format="WAV", subtype="PCM_16")
        row = {**row, "sha256": hashlib.sha256(content.getbuffer()).hexdigest()}
        with storage.atomic(self.clips / row["file"]) as temporary:
            temporary.write_bytes(content.getbuffer())
            with self.manifest.open("a", encoding="utf-8") as opened:
                opened.write(json.dumps(row, ensure_ascii=False) + "\n")
                opened.flush()
                os.fsync(opened.fileno())
        if url_of(self.path) and time.monotonic() - self._sent > SEND_INTERVAL_S:
            self._write_rows(_read_rows(self.manifest))

    def finish(self, set_aside: Sequence[SetAside]) -> None:
        """Write the shard's manifest anew with one row per clip, the captions of all clips, and what was set aside.

        Args:
            set_aside: What could not be made.
        """
        with storage.lock(self.path, purpose="is being finished", name=".lock-captions", wait_s=math.inf):
            self._take_in()  # shards end when they like
            self._write_tables(set_aside)

    def _write_tables(self, set_aside: Sequence[SetAside]) -> None:
        done = self.done()
        own = {row["file"] for row in _read_rows(self.manifest)}
        self._write_rows(row for file, row in sorted(done.items()) if file in own)
        write_rows(self.path / CAPTIONS_NAME, CAPTIONS_HEADER, map(_caption_row, sorted(done.values(), key=_file_of)))
        if set_aside:
            write_rows(self.set_aside, ["file", "caption", "reason"], map(astuple, set_aside))
        else:
            storage.remove(self.set_aside)

    def _take_in(self) -> None:
        """Bring here what an object store has but the clips; rows that are not there yet are kept."""
        if url_of(self.path) is None:
            return
        own = [*_read_rows(self.manifest)]
        object_store.pull(self.path, wanted=lambda name: not name.startswith(f"{SPLIT}/"), watch=progress.track)
        stored = [*_read_rows(self.manifest)]
        if lacking := [row for row in own if row not in stored]:
            self._write_rows([*stored, *lacking])

    def _write_rows(self, rows: Iterable[Row]) -> None:
        storage.write_text(self.manifest, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        self._sent = time.monotonic()

    def _recorded(self) -> Any:
        path = self.path / PARAMETERS_NAME
        return storage.read_json(path, advice="Choose another folder with --output.") if path.exists() else None

    def _is_empty(self) -> bool:
        return not any(path.is_file() and not path.name.startswith(".") for path in self.path.rglob("*"))

    def _cut_torn_line(self) -> None:
        if self.manifest.exists():
            content = self.manifest.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if whole != content:
                storage.write_text(self.manifest, whole.decode())


def _caption_row(row: Row) -> tuple[str, ...]:
    caption, mixed_with = row["caption"], row.get("mixed_with", "")  # rows of earlier versions have none
    return row["file"], caption, plain(caption), row["back_end"], row["parent"], row["licence"], mixed_with


def _file_of(row: Row) -> str:
    return str(row["file"])


def _read_rows(path: Path) -> Iterator[Row]:
    """Yield the whole rows of a manifest; a line that is none, torn by a kill, is passed over."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("file"), str):
            yield row
