"""`auricle data extend`: the captions of a collection together with those of clips that were generated from them.

A generated clip is called ``{stem}_cap_{n}.wav`` after the clip and the caption that it was made from, and has that
one caption; its origin is the generator and its parent the clip. Only development is extended: nothing that is
generated is ever validated or reported on.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from auricle.data.clotho.folder import ClothoFolder, read_table
from auricle.data.words import plain
from auricle.errors import ConfigError, DataError
from auricle.tables import write_rows

SPLIT = "development"
HEADER = ("fname", "raw_text", "text", "origin", "parent")


def generated_name(file_name: str, number: int) -> str:
    """Return the file name of the clip that is generated from a caption.

    Args:
        file_name: Of the clip that has the caption.
        number: Of the caption, from 1.

    Example:
        >>> generated_name("rain/Bob&#39;s roof .wav", 2)
        'rain/Bob&#39;s roof _cap_2.wav'
    """
    path = PurePosixPath(file_name)
    return str(path.with_name(f"{path.stem}_cap_{number}.wav"))


def extend_captions(
    source: Path, output: Path, *, generators: Sequence[str], numbers: Sequence[int] = ()
) -> dict[Path, int]:
    """Write the captions of development with those of generated clips, in the long form.

    Per generator one file for each caption number, ``development_{generator}_caption_{n}.csv``, and one with all
    numbers, ``development_{generator}.csv``. Each holds all captions of every clip, and after them those of its
    copies.

    Args:
        source: A folder with ``clotho_captions_development.csv``; curated or not.
        output: Where the files go.
        generators: Names of the generators.
        numbers: Of the captions that were generated from, from 1; all by default.

    Returns:
        The files, and the number of rows of each.

    Raises:
        ConfigError: If a generator has no usable name, or there is no caption of a number.
        DataError: If there are no captions, or a generated clip would have the name of another.
        StorageError: If the folder cannot be written.
    """
    header, rows = read_table(ClothoFolder(source).captions(SPLIT))
    known = range(1, len(header))
    numbers = sorted(set(numbers)) or list(known)
    if wrong := [number for number in numbers if number not in known]:
        raise ConfigError(f"There is no caption {wrong[0]}; the clips of {source} have captions 1 to {len(known)}.")
    for name in generators:
        if not name or "/" in name or name.startswith("."):
            raise ConfigError(f"{name!r} cannot be the name of a generator; letters, digits, - and _ are needed.")
    _check_names([cells[0] for cells in rows], numbers)
    clips = [(cells[0], [(caption, plain(caption)) for caption in cells[1:]]) for cells in rows]
    written = {}
    for generator in generators:
        parts = {f"{SPLIT}_{generator}_caption_{number}.csv": [number] for number in numbers}
        for name, chosen in {**parts, f"{SPLIT}_{generator}.csv": numbers}.items():
            extended = [row for file_name, captions in clips for row in _rows(file_name, captions, generator, chosen)]
            write_rows(output / name, HEADER, extended)
            written[output / name] = len(extended)
    return written


def _rows(
    file_name: str, captions: Sequence[tuple[str, str]], generator: str, numbers: Sequence[int]
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a clip, then those of its copies; `captions` are as written and in plain words."""
    for raw, text in captions:
        yield file_name, raw, text, "", ""
    for number in numbers:
        yield generated_name(file_name, number), *captions[number - 1], generator, f"{SPLIT}/{file_name}"


def _check_names(names: Sequence[str], numbers: Sequence[int]) -> None:
    taken = set(names)
    for name in names:
        for number in numbers:
            copy = generated_name(name, number)
            if copy in taken:
                raise DataError(f"A clip generated from {name} would be called {copy}, as another is. Rename that.")
            taken.add(copy)
