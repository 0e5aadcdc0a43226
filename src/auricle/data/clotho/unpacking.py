"""From a 7z archive to a folder of sounds: nothing outside of it, nothing half written, nothing twice.

All names are looked at before the first byte is written; an archive with one that leads elsewhere is refused as a
whole. A sound is written to a temporary name, its checksum compared, then renamed, so a sound that has its name is
whole, and the next attempt goes on with the others. The folder inside the archive makes no difference.
"""

import io
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from py7zr import Py7zIO, WriterFactory

from auricle.audio import SUFFIXES
from auricle.errors import DataError, StorageError
from auricle.progress import bar, say
from auricle.storage import atomic, make_folder, remove_temporary, writing

if TYPE_CHECKING:
    from py7zr import FileInfo, SevenZipFile


_PIECE_BYTES = 1 << 15


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive.

    Attributes:
        written: Number of sounds that were written now.
        kept: Number of sounds that were there already.
        passed_over: Members that are no sounds.
    """

    written: int
    kept: int
    passed_over: tuple[str, ...]


def unpack(archive: Path, folder: Path, *, renamed: Mapping[str, str]) -> Unpacked:
    """Write the sounds of an archive into a folder, those that are not there yet.

    Args:
        archive: A 7z file.
        folder: Where the sounds go, made if needed.
        renamed: Sounds that have another name here: name in the archive -> name in `folder`.

    Raises:
        DataError: If the archive is damaged, encrypted, or has a member whose name leads out of the folder.
        StorageError: If the folder cannot be written, or the disk has no room.
    """
    with _opened(archive) as opened:
        members = _sounds(opened.list(), archive)
        targets = {member: folder / renamed.get(name, name) for member, name in members.items()}
        sizes = {member.filename: member.uncompressed for member in opened.list()}
        wanted = {member: path for member, path in targets.items() if _size(path) != sizes[member]}
        kept = len(targets) - len(wanted)
        make_folder(folder)
        remove_temporary(folder)
        _check_room(folder, sum(sizes[member] for member in wanted))
        if kept and wanted:
            say(f"{folder}: {kept} of {len(targets)} sounds are there already; going on.")
        if wanted:
            _extract(opened, wanted, archive)
        others = [info.filename for info in opened.list() if info.filename not in members and not info.is_directory]
        return Unpacked(len(wanted), kept, tuple(sorted(others)))


@contextmanager
def _opened(archive: Path) -> "Iterator[SevenZipFile]":
    """Open an archive, and turn what is wrong with it into a `DataError`."""
    import lzma

    import py7zr
    from py7zr.exceptions import ArchiveError, PasswordRequired

    try:
        with _InPieces(archive) as file, py7zr.SevenZipFile(file) as opened:
            file.limited = True
            yield opened
    except (ArchiveError, PasswordRequired, lzma.LZMAError, EOFError) as error:
        what = " ".join(str(part) for part in error.args if part) or type(error).__name__
        raise DataError(
            f"{archive.name} is damaged or no 7z archive ({what}). What was whole is kept; get the archive again."
        ) from None


def _sounds(members: "list[FileInfo]", archive: Path) -> dict[str, str]:
    """Return the sounds of an archive: name of the member -> file name, after checking all names."""
    found: dict[str, str] = {}
    for member in members:
        name = PurePosixPath(member.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename or member.is_symlink:
            raise DataError(
                f"{archive.name} is refused: its member {member.filename!r} leads out of the folder. "
                "Nothing was unpacked."
            )
        if member.is_directory or name.suffix.lower() not in SUFFIXES or name.name.startswith("."):
            continue
        if name.name in found.values():
            raise DataError(f"{archive.name} is refused: it has two sounds called {name.name!r}. Nothing was unpacked.")
        found[member.filename] = name.name
    return found


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"{folder} needs {needed / 1e9:.1f} GB more to be unpacked, {free / 1e9:.1f} GB are free. "
            "Free some space and run the same command again."
        )


def _extract(opened: "SevenZipFile", wanted: Mapping[str, Path], archive: Path) -> None:
    folder = next(iter(wanted.values())).parent
    with bar(total=len(wanted), label=f"Unpacking {archive.name}", unit="sound") as drawn, writing(folder):
        opened.extract(targets=list(wanted), factory=_Writers(wanted, drawn.update))


class _InPieces(io.FileIO):
    """An archive that is read in small pieces.

    py7zr reads a megabyte for every sound and keeps what a sound does not need: of short sounds, the whole archive. A
    file that it has not opened itself it reads in this thread alone, so Ctrl-C works too.

    Attributes:
        limited: Whether it is; the table of contents is read whole.
    """

    limited = False

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, _PIECE_BYTES) if self.limited and size and size > 0 else size)


class _Sound(Py7zIO):
    """One sound on its way; py7zr closes it when its checksum was right, and only then."""

    def __init__(self, path: Path, on_written: Callable[[], object]) -> None:
        self._path = path
        self._on_written = on_written
        self._content = bytearray()

    def write(self, s: bytes | bytearray) -> int:
        self._content += s
        return len(s)

    def close(self) -> None:
        with atomic(self._path) as temporary:
            temporary.write_bytes(self._content)
        self._content = bytearray()  # py7zr keeps every sound until the last
        self._on_written()

    def size(self) -> int:
        return len(self._content)

    def read(self, size: int | None = None) -> bytes:
        raise NotImplementedError("a sound is only written")

    def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002 - as in py7zr
        return 0  # py7zr rewinds what it has written

    def flush(self) -> None:
        """Nothing is kept back."""


class _Writers(WriterFactory):
    """Where each member goes, by its name."""

    def __init__(self, wanted: Mapping[str, Path], on_written: Callable[[], object]) -> None:
        self._paths = {PurePosixPath(member).as_posix(): path for member, path in wanted.items()}
        self._on_written = on_written

    def create(self, filename: str) -> Py7zIO:
        return _Sound(self._paths[filename], self._on_written)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
