"""What tables beside the sounds say of them: licences, tags, captions.

A table is a CSV with a header, one row per sound or per caption. Columns, in any order and case; others are ignored:

==================================================  ==================================================
``file_name``, ``fname``, ``filename``, ``file``,   relative to the folder of the table
``path``
``caption``, ``raw_text``, ``text``, ...; or        joined where there are several
``caption_1``, ``caption_2``, ...
``tags`` or ``keywords``                            words
``licence`` or ``license``                          name or address
``split``                                           a folder that the file may be in
==================================================  ==================================================

Clotho's tables are known by their names: those of a split speak of sounds in the folder of that name.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from auricle import object_store, tables
from auricle.data.captions import CAPTION_COLUMNS, FILE_COLUMNS, LICENCE_COLUMNS, read_header
from auricle.data.layouts import CLOTHO_CAPTIONS
from auricle.data.metadata import FILE_NAME, match_names, read_metadata
from auricle.errors import DataError
from auricle.progress import say
from auricle.search.records import Said

TAG_COLUMNS = ("tags", "keywords")

_NUMBERED = re.compile(r"caption_\d+")
_METADATA = re.compile(re.escape(FILE_NAME).replace(r"\{split\}", "(.+)"))


def read_stated(root: Path, *, table: Path | None = None) -> dict[str, Said]:
    """Return what is said of sounds below a folder, by their path inside it.

    Args:
        root: The folder; CSV files directly in it that have the columns of a table are read.
        table: A table that is read before them, in the folder or elsewhere; its rows name files relative to `root`.

    Raises:
        DataError: If `table` cannot be read or lacks the columns. What is wrong with the others is told, and they are
            passed over.
    """
    found: dict[str, Said] = {}
    if table is not None:
        if not _columns(read_header(table)):
            raise DataError(
                f"{table.name} has the column(s) {', '.join(read_header(table)) or 'none'}; it needs {FILE_COLUMNS[0]} "
                f"and one of caption, tags, licence."
            )
        _add(found, table, root, "")
    for path in sorted(root.iterdir()):
        if path.suffix.lower() != ".csv" or path.name.startswith(".") or not path.is_file():
            continue
        try:
            if _columns(read_header(path)):
                _add(found, path, root, spoken_of(root, path))
        except DataError as error:
            say(f"{path.name} is passed over: {error}")
    return found


def spoken_of(root: Path, table: Path) -> str:
    """Return the folder below `root` that a table of Clotho speaks of, with a slash; nothing for other tables."""
    for pattern in (_METADATA, *CLOTHO_CAPTIONS):
        if (match := pattern.fullmatch(table.name)) and (root / match[1]).is_dir():
            return f"{match[1]}/"
    return ""


def _add(found: dict[str, Said], path: Path, root: Path, below: str) -> None:
    """Add what a table says where nothing was said before."""
    said = _published(path, root / below) if _METADATA.fullmatch(path.name) else _said(path, root / below)
    for name, new in said.items():
        found[below + name] = found.get(below + name, Said()).over(new)


def _published(path: Path, folder: Path) -> dict[str, Said]:
    """Return what Clotho's publisher says of the files in a folder."""
    names = {sound.name for sound in folder.iterdir()} | object_store.known(folder).keys()
    return {
        name: Said(published.licence, "; ".join(published.keywords))
        for name, published in match_names(read_metadata(path), names).items()
    }


def _said(path: Path, folder: Path) -> dict[str, Said]:
    """Return what a table says of the files in a folder; with a split, of those in the folder of the split before."""
    rows = tables.read_rows(path)
    _, header = next(rows)
    columns = _columns(header)
    captions: dict[str, list[str]] = {}
    others: dict[str, Said] = {}
    for _, cells in rows:
        if len(cells) != len(header) or not cells[columns["file"][0]].strip():
            continue
        file = cells[columns["file"][0]]
        in_split = "/".join([*_cells(cells, columns["split"]), file])
        file = in_split if object_store.exists(folder / in_split) else file
        captions.setdefault(file, []).extend(_cells(cells, columns["captions"]))
        said = Said("".join(_cells(cells, columns["licence"])), " ".join(_cells(cells, columns["tags"])))
        others[file] = others.get(file, Said()).over(said)
    return {
        file: Said(caption=" | ".join(dict.fromkeys(spoken))).over(others[file]) for file, spoken in captions.items()
    }


def _columns(header: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of the columns of a table by what they mean; nothing if it is none."""
    names = [name.strip().lower() for name in header]

    def first(wanted: Sequence[str]) -> list[int]:
        return [names.index(name) for name in wanted if name in names][:1]

    numbered = [place for place, name in enumerate(names) if _NUMBERED.fullmatch(name)]
    found = {
        "file": first(FILE_COLUMNS),
        "split": first(["split"]),
        "captions": numbered or first(CAPTION_COLUMNS),
        "tags": first(TAG_COLUMNS),
        "licence": first(LICENCE_COLUMNS),
    }
    speaks = found["captions"] or found["tags"] or found["licence"]
    return found if found["file"] and speaks else {}


def _cells(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    return [cells[place].strip() for place in places if cells[place].strip()]
