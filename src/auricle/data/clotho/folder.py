"""Where everything lies in a folder that holds Clotho.

::

    FOLDER/
      development/                      sounds
      clotho_captions_development.csv   captions, names and captions corrected
      clotho_metadata_development.csv   where each sound comes from, names corrected
      changes.csv                       every correction
      published/                        files as they were published
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auricle import tables
from auricle.data.listing import list_sounds
from auricle.data.metadata import ENCODING as METADATA_ENCODING
from auricle.data.metadata import FILE_NAME as METADATA_NAME
from auricle.errors import DataError
from auricle.storage import atomic, lock, make_folder, remove_temporary

CAPTIONS_NAME = "clotho_captions_{split}.csv"
LONG_CAPTIONS_NAME = "{split}_captions.csv"
ARCHIVE_NAME = "clotho_audio_{split}.7z"
PUBLISHED = "published"


@dataclass(frozen=True)
class ClothoFolder:
    """The places of one folder.

    Attributes:
        path: Of the folder.
    """

    path: Path

    @property
    def published(self) -> Path:
        """Files as they were published."""
        return self.path / PUBLISHED

    def sounds(self, split: str) -> Path:
        """The folder of a split's sounds."""
        return self.path / split

    def captions(self, split: str) -> Path:
        """The captions that a training reads."""
        return self.path / CAPTIONS_NAME.format(split=split)

    def splits(self) -> tuple[str, ...]:
        """Return the splits that have captions here.

        Raises:
            DataError: If there is none.
        """
        if not self.path.is_dir():
            raise DataError(f"The folder {self.path} is not there.")
        before, _, after = CAPTIONS_NAME.partition("{split}")
        found = sorted(path.name[len(before) : -len(after)] for path in self.path.glob(f"{before}?*{after}"))
        if not found:
            wanted = CAPTIONS_NAME.format(split="development")
            raise DataError(f"{self.path} has no caption file of Clotho, {wanted} or of another split.")
        return tuple(found)

    def tables(self, split: str) -> Mapping[Path, str]:
        """Return the files of a split that name its sounds, those that are there, and the encoding of each."""
        encodings = {
            self.captions(split): "utf-8",
            self.path / LONG_CAPTIONS_NAME.format(split=split): "utf-8",
            self.path / METADATA_NAME.format(split=split): METADATA_ENCODING,
        }
        return {path: encoding for path, encoding in encodings.items() if path.exists()}

    def file_names(self, split: str) -> list[str]:
        """Return the sounds that the captions of a split name, in their order.

        Raises:
            DataError: If the caption file cannot be read.
        """
        _, rows = read_table(self.captions(split))
        return [cells[0] for cells in rows]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the folder for this process; it is made if needed.

        Raises:
            StorageError: If it may not be written, or another process holds it.
        """
        with lock(make_folder(self.path), purpose="is being changed"):
            remove_temporary(self.published)
            yield

    def keep_published(self, path: Path) -> None:
        """Copy a file that is about to change to the published ones, unless it is there already.

        Raises:
            StorageError: If the folder cannot be written.
        """
        kept = self.published / path.name
        if not kept.exists():
            with atomic(kept) as temporary:
                temporary.write_bytes(path.read_bytes())


def read_table(path: Path, *, encoding: str = "utf-8") -> tuple[list[str], list[list[str]]]:
    """Read a table whose first column names a sound.

    Returns:
        The header, and the rows, each as wide as it.

    Raises:
        DataError: If the file cannot be read, has no rows, another first column or a row of another width.
    """
    rows = tables.read_rows(path, encoding=encoding)
    _, header = next(rows, (0, []))
    if not header or header[0].strip().lower() not in ("file_name", "fname"):
        raise DataError(f"{path.name} is no table of Clotho: its first column must be file_name, not {header[:1]}.")
    read = []
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"Line {line} of {path.name} has {len(cells)} cells where the header has {len(header)}.")
        read.append(cells)
    return header, read


@dataclass(frozen=True)
class Count:
    """How the sounds of a split compare with its captions.

    Attributes:
        split: Its name.
        captioned: Number of sounds that the captions name.
        missing: Those that are not there, in the order of the captions.
        leftovers: Sounds that the captions do not name, in alphabetical order.
    """

    split: str
    captioned: int
    missing: tuple[str, ...]
    leftovers: tuple[str, ...]

    @property
    def present(self) -> int:
        """Number of sounds that the captions name and that are there."""
        return self.captioned - len(self.missing)


def count_sounds(folder: ClothoFolder, split: str) -> Count:
    """Compare the sounds of a split with its captions.

    Raises:
        DataError: If the caption file cannot be read.
    """
    named = folder.file_names(split)
    there = list_sounds(folder.sounds(split)) if folder.sounds(split).is_dir() else {}
    missing = tuple(name for name in named if name not in there)
    return Count(split, len(named), missing, tuple(sorted(there.keys() - set(named))))
