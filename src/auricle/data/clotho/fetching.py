"""`auricle data fetch`: from a publisher to a collection that can be trained on.

Captions, metadata and archive of each split are found here, taken from another folder, or downloaded, and compared
with the published checksums; the archives are unpacked; file names are corrected; sounds are counted against the
captions. Whatever is there and whole is left as it is, so the same command goes on where it was stopped, and ends at
once when all is done.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auricle.audio import probe
from auricle.data.changes import FILE_NAME as CHANGES_NAME
from auricle.data.changes import Change
from auricle.data.clotho import file_names
from auricle.data.clotho.folder import ARCHIVE_NAME, ClothoFolder, Count, count_sounds
from auricle.data.clotho.release import PublishedFile, PublishedSplit, Release
from auricle.data.clotho.unpacking import unpack
from auricle.downloads import fetch_file, matches, part_of, remote_size
from auricle.errors import AudioError, ConfigError, DataError, StorageError
from auricle.progress import say
from auricle.registry import did_you_mean
from auricle.storage import atomic

_GB = 1e9


@dataclass(frozen=True)
class Sources:
    """Where the files of a release come from.

    Attributes:
        url: Where they are published, with ``{name}`` for the name of one.
        folder: A folder that has some of them already, if any.
    """

    url: str
    folder: Path | None = None

    def url_of(self, file: PublishedFile) -> str:
        """Return the address of a file."""
        return self.url.replace("{name}", file.name)


def download(release: Release, path: Path, *, splits: Sequence[str] = (), sources: Sources | None = None) -> list[Path]:
    """Bring the files of a release, or of some of its splits, onto this disk, and unpack nothing.

    Args:
        release: What is brought.
        path: The folder, made if needed; what is downloaded goes to ``published`` in it.
        splits: Names of splits; all by default.
        sources: Where the files come from; where they are published by default.

    Returns:
        The files, each compared with its checksum.

    Raises:
        ConfigError: If the release has no such split.
        DownloadError: If a file cannot be had, or is not what was published.
        DataError: If a file of `sources.folder` is not what was published.
        StorageError: If the folder cannot be written, is in use, or has too little room; the room is compared before
            anything is downloaded.
    """
    folder, wanted = ClothoFolder(path), _chosen(release, splits)
    with folder.changing():
        files = [file for split in wanted for file in (split.captions, split.metadata, split.audio)]
        return list(_gather(folder, files, sources or Sources(release.url), to_unpack=0.0).values())


def fetch(
    release: Release,
    path: Path,
    *,
    splits: Sequence[str] = (),
    sources: Sources | None = None,
    keep_archives: bool = True,
) -> list[Count]:
    """Bring a release, or some of its splits, into a folder, ready for training.

    Args:
        release: As in `download`.
        path: As in `download`.
        splits: As in `download`.
        sources: As in `download`.
        keep_archives: Leave the archives that were downloaded when their sounds are there.

    Returns:
        How the sounds of each split compare with its captions.

    Raises:
        ConfigError: As `download`.
        DownloadError: As `download`.
        DataError: As `download`, or if an archive or a table is damaged.
        StorageError: As `download`.
    """
    folder, wanted = ClothoFolder(path), _chosen(release, splits)
    with folder.changing():
        lacking = {split.name: _share_lacking(folder, split.name) for split in wanted}
        tables = [file for split in wanted for file in (split.captions, split.metadata)]
        archives = {split.name: split.audio for split in wanted if lacking[split.name]}
        gathered = _gather(
            folder,
            [*tables, *archives.values()],
            sources or Sources(release.url),
            to_unpack=sum(split.unpacked_bytes * lacking[split.name] for split in wanted),
        )
        for table in tables:
            _place(gathered[table.name], path / table.name)
        for name, archive in archives.items():
            _unpack(folder, name, gathered[archive.name])
        for change in file_names.correct(folder, [split.name for split in wanted]):
            say(f"{change.split}/{change.before!r} is now called {change.after!r}, as {CHANGES_NAME} records.")
        counts = [count_sounds(folder, split.name) for split in wanted]
        for split, count in zip(wanted, counts, strict=True):
            if count.captioned != split.clips:
                say(f"The captions of {split.name} name {count.captioned} sounds; {release.name} has {split.clips}.")
            if not keep_archives and not count.missing:
                (folder.published / split.audio.name).unlink(missing_ok=True)
        return counts


def extract(path: Path, *, splits: Sequence[str] = (), source: Path | None = None) -> list[Count]:
    """Unpack archives that are at hand beside the captions, of whatever release.

    Args:
        path: The folder of the captions.
        splits: Names of splits; all that have captions by default.
        source: Where the archives are; by default the folder, and ``published`` in it.

    Returns:
        How the sounds of each split compare with its captions.

    Raises:
        ConfigError: If a split has no captions.
        DataError: If there are no captions, or an archive is missing or damaged.
        StorageError: If the folder cannot be written, is in use, or has too little room.
    """
    folder = ClothoFolder(path)
    known = folder.splits()
    for name in splits:
        if name not in known:
            raise ConfigError(f"{path} has no captions of {name!r}. It has: {', '.join(known)}.")
    counts = []
    with folder.changing():
        for name in splits or known:
            places = [source] if source else [folder.published, path]
            archive = ARCHIVE_NAME.format(split=name)
            found = next((place / archive for place in places if (place / archive).is_file()), None)
            if found is None:
                raise DataError(
                    f"There is no {archive} in {' or '.join(map(str, places))}. Say where it is with --from."
                )
            _unpack(folder, name, found)
            counts.append(count_sounds(folder, name))
    return counts


def rename(path: Path, *, undo: bool = False, trial: bool = False) -> list[Change]:
    """Remove leading spaces from the file names of a folder, or give the published names back.

    Args:
        path: The folder.
        undo: Give the names back.
        trial: Change nothing.

    Returns:
        The changes that were made or taken back, or would be.

    Raises:
        DataError: If there are no captions, a table or the record is at fault, or a name is taken.
        StorageError: If the folder cannot be written or is in use.
    """
    folder = ClothoFolder(path)
    splits = folder.splits()
    if trial:
        return file_names.recorded(folder) if undo else file_names.find_faults(folder, splits)
    with folder.changing():
        return file_names.restore(folder) if undo else file_names.correct(folder, splits)


def _chosen(release: Release, names: Sequence[str]) -> list[PublishedSplit]:
    known = [split.name for split in release.splits]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{release.name} has no split {name!r}.{did_you_mean(name, known)} It has: {', '.join(known)}."
            )
    return [split for split in release.splits if not names or split.name in names]


def _share_lacking(folder: ClothoFolder, split: str) -> float:
    """Return the share of a split's sounds that are missing or cut short, 1 where the captions are missing."""
    if not folder.captions(split).is_file():
        return 1.0
    names = folder.file_names(split)
    return sum(not _is_whole(folder.sounds(split) / name) for name in names) / max(len(names), 1)


def _is_whole(path: Path) -> bool:
    try:
        probe(path)
    except AudioError:
        return False
    return True


def _gather(
    folder: ClothoFolder, files: Sequence[PublishedFile], sources: Sources, *, to_unpack: float
) -> Mapping[str, Path]:
    """Return where each file is, by name, after downloading what is nowhere."""
    found = {file.name: path for file in files if (path := _find(folder, file, sources.folder))}
    missing = [file for file in files if file.name not in found]
    sizes = {file.name: remote_size(sources.url_of(file)) for file in missing}
    targets = {file.name: folder.published / file.name for file in missing}
    to_download = sum(size - part_of(targets[name]) for name, size in sizes.items())
    _check_room(folder.path, to_download=to_download, to_unpack=to_unpack)
    if missing:
        say(f"Downloading {len(missing)} files, {to_download / _GB:.2f} GB; {len(found)} are there already.")
    for file in missing:
        fetch_file(sources.url_of(file), targets[file.name], checksum=file.checksum, size_bytes=sizes[file.name])
    return {**found, **targets}


def _find(folder: ClothoFolder, file: PublishedFile, source: Path | None) -> Path | None:
    """Return where a file is that has its published checksum, if it is anywhere."""
    for place in (folder.published, folder.path):
        if matches(place / file.name, file.checksum):
            return place / file.name
    if source is None or not (source / file.name).is_file():
        return None
    if not matches(source / file.name, file.checksum):
        raise DataError(
            f"{source / file.name} is not what was published: its checksum is not {file.checksum}. "
            "Remove it, and it is downloaded."
        )
    return source / file.name


def _check_room(path: Path, *, to_download: float, to_unpack: float) -> None:
    free = shutil.disk_usage(path).free
    if to_download + to_unpack > free:
        raise StorageError(
            f"{path} needs about {(to_download + to_unpack) / _GB:.2f} GB more ({to_download / _GB:.2f} to download, "
            f"{to_unpack / _GB:.2f} to unpack), {free / _GB:.2f} GB are free. Nothing was downloaded. Free some space, "
            "choose another folder with --to, or fetch fewer splits."
        )


def _place(source: Path, target: Path) -> None:
    if not target.exists():
        with atomic(target) as temporary:
            temporary.write_bytes(source.read_bytes())


def _unpack(folder: ClothoFolder, split: str, archive: Path) -> None:
    done = unpack(archive, folder.sounds(split), renamed=file_names.renamed(folder, split))
    others = f"; {len(done.passed_over)} members are no sounds ({done.passed_over[0]}, ...)" if done.passed_over else ""
    say(f"{folder.sounds(split)}: {done.written} sounds unpacked, {done.kept} were there{others}.")
