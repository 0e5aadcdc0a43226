"""Correcting the file names that begin with a space, on disk and in the tables, and taking that back.

Clotho 2.1 has three: `` typical neighborhood in Porto.wav`` and `` Ambience Birds.wav`` in development, `` e ieio
ieai.wav`` in validation; captions and sounds of other distributions differ in that space, and then lose each other.
Nothing else is renamed: a space before ``.wav``, ``&#39;`` and a name that occurs in two splits are no faults.

The record is written first, then the sound is renamed, then the tables change; each step can be done twice, so a run
that was killed between them is completed by the next.
"""

from collections.abc import Iterable, Mapping

from auricle.data.changes import Change, read_changes, write_changes
from auricle.data.clotho.folder import ClothoFolder, read_table
from auricle.errors import DataError
from auricle.storage import writing
from auricle.tables import write_rows

RULE = "leading-space"
COLUMN = "file_name"


def find_faults(folder: ClothoFolder, splits: Iterable[str]) -> list[Change]:
    """Return what there is to correct.

    Raises:
        DataError: If a caption file cannot be read, or two sounds would have one name.
    """
    faults = []
    for split in splits:
        names = folder.file_names(split)
        for name in names:
            corrected = name.lstrip(" ")
            if corrected == name:
                continue
            if not corrected or corrected in names:
                raise DataError(f"{name!r} in {split} cannot lose its leading space: {corrected!r} is taken.")
            faults.append(Change(split, name, COLUMN, RULE, name, corrected))
    return faults


def correct(folder: ClothoFolder, splits: Iterable[str]) -> list[Change]:
    """Remove leading spaces from file names, and write down which.

    Returns:
        The changes made now; none the second time.

    Raises:
        DataError: As `find_faults`, or if another sound has the corrected name already.
        StorageError: If the folder cannot be written.
    """
    splits = list(splits)
    faults = find_faults(folder, splits)
    if faults:
        write_changes(folder.path, [*read_changes(folder.path), *faults])
    for split in splits:
        _rename(folder, split, renamed(folder, split))
    return faults


def restore(folder: ClothoFolder) -> list[Change]:
    """Give the sounds their published names back.

    Returns:
        The changes that were taken back.

    Raises:
        DataError: If the record or a table cannot be read, or another sound has the published name.
        StorageError: If the folder cannot be written.
    """
    taken_back = recorded(folder)
    for split in sorted({change.split for change in taken_back}):
        _rename(folder, split, {new: published for published, new in renamed(folder, split).items()})
    if taken_back:
        write_changes(folder.path, [change for change in read_changes(folder.path) if change.rule != RULE])
    return taken_back


def recorded(folder: ClothoFolder) -> list[Change]:
    """Return the corrections of file names that hold.

    Raises:
        DataError: If the record cannot be read.
    """
    return [change for change in read_changes(folder.path) if change.rule == RULE]


def renamed(folder: ClothoFolder, split: str) -> Mapping[str, str]:
    """Return the sounds of a split that have another name here: published name -> name."""
    return {change.before: change.after for change in recorded(folder) if change.split == split}


def _rename(folder: ClothoFolder, split: str, names: Mapping[str, str]) -> None:
    """Give the sounds of a split other names, old -> new, on disk and in the tables, where they have the old ones."""
    for name, other in names.items():
        source, target = folder.sounds(split) / name, folder.sounds(split) / other
        if not source.exists():
            continue
        if target.exists():
            raise DataError(f"{source} cannot be called {other!r}: there is such a file. Remove one of the two.")
        with writing(folder.sounds(split)):
            source.rename(target)
    for path, encoding in folder.tables(split).items():
        header, rows = read_table(path, encoding=encoding)
        if any(cells[0] in names for cells in rows):
            folder.keep_published(path)
            changed = ([names.get(cells[0], cells[0]), *cells[1:]] for cells in rows)
            write_rows(path, header, changed, encoding=encoding)
