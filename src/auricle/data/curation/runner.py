"""`auricle data curate`: Clotho's caption files in, corrected ones and the record of changes out.

The record is written first and the files after it, each whole, so a run that was killed is completed by the next.
Rows and columns stay as many as they are.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from auricle.data.changes import Change, read_changes, write_changes
from auricle.data.clotho.folder import LONG_CAPTIONS_NAME, ClothoFolder, read_table
from auricle.data.curation.corrections import CLOTHO_CORRECTIONS, RULE, Correction, read_corrections
from auricle.data.curation.doubled import undecided
from auricle.data.curation.rules import ORDER, apply_rules
from auricle.data.words import plain
from auricle.errors import ConfigError, DataError
from auricle.storage import write_text
from auricle.tables import as_csv

LONG_HEADER = ("fname", "raw_text", "text")


@dataclass(frozen=True)
class Curated:
    """What curating did, or would do.

    Attributes:
        changes: In the order of the files, and in each cell in the order of the rules. undecided: Doubled words that
        stay because no list knows them: the caption, ``split/file name#number``, and the pair. files: What was
        written; nothing in a trial.
    """

    changes: tuple[Change, ...]
    undecided: tuple[tuple[str, str], ...]
    files: tuple[Path, ...]


def curate(
    source: Path,
    output: Path | None = None,
    *,
    splits: Sequence[str] = (),
    rules: Sequence[str] = ORDER,
    corrections: Path | None = CLOTHO_CORRECTIONS,
    trial: bool = False,
) -> Curated:
    """Correct the captions of Clotho, or of a collection in its layout.

    Args:
        source: A folder with ``clotho_captions_{split}.csv``; sounds are not needed.
        output: Where the files go; `source` itself by default, whose own files are kept in ``published``.
        splits: Names of splits; all by default.
        rules: Names of the rules to apply, as `choose_rules` gives them; all by default.
        corrections: The file of single corrections, which are made first; None for none.
        trial: Write nothing.

    Returns:
        The changes.

    Raises:
        ConfigError: If there is no such split.
        DataError: If there are no captions, or a file is at fault.
        StorageError: If the output cannot be written or is in use.
    """
    folder, target = ClothoFolder(source), ClothoFolder(output or source)
    chosen = _chosen_splits(folder, splits)
    single = read_corrections(corrections) if corrections else []
    with nullcontext() if trial else target.changing():
        curations = [_Curation(folder, split, rules, single) for split in chosen]
        changes = tuple(change for curation in curations for change in curation.changes)
        pairs = tuple(pair for curation in curations for pair in curation.undecided())
        if trial:
            return Curated(changes, pairs, ())
        if changes:
            write_changes(target.path, [*read_changes(source), *changes])
        return Curated(changes, pairs, tuple(path for curation in curations for path in curation.write(target)))


def _chosen_splits(folder: ClothoFolder, names: Sequence[str]) -> Sequence[str]:
    known = folder.splits()
    for name in names:
        if name not in known:
            raise ConfigError(f"{folder.path} has no captions of {name!r}. It has: {', '.join(known)}.")
    return names or known


class _Curation:
    """The captions of one split, corrected.

    Attributes:
        changes: What was changed.
    """

    def __init__(
        self, folder: ClothoFolder, split: str, rules: Sequence[str], corrections: Sequence[Correction]
    ) -> None:
        self._source = folder.captions(split)
        self._split = split
        self._rules = rules
        self._corrections: dict[tuple[str, int], list[Correction]] = {}
        for one in corrections:
            if one.split == split:
                self._corrections.setdefault((one.file_name.strip(), one.number), []).append(one)
        self._header, rows = read_table(self._source)
        if len(self._header) < 2:
            raise DataError(f"{self._source} has no captions; file_name, caption_1, caption_2, ... are needed.")
        self.changes: list[Change] = []
        self._rows = [[cells[0], *self._correct(cells)] for cells in rows]

    def _correct(self, cells: list[str]) -> Iterator[str]:
        for number, caption in enumerate(cells[1:], start=1):
            for rule, before, after in self._steps(cells[0], number, caption):
                self.changes.append(Change(self._split, cells[0], self._header[number], rule, before, after))
                caption = after
            yield caption

    def _steps(self, file_name: str, number: int, caption: str) -> Iterator[tuple[str, str, str]]:
        for one in self._corrections.get((file_name.strip(), number), []):
            corrected = one.apply(caption)
            if corrected != caption:
                yield RULE, caption, corrected
            caption = corrected
        for step in apply_rules(caption, self._rules):
            yield step.rule, step.before, step.after

    def undecided(self) -> Iterator[tuple[str, str]]:
        """Yield the doubled words that stay because no list knows them."""
        for file_name, *captions in self._rows:
            for number, caption in enumerate(captions, start=1):
                for pair in undecided(caption):
                    yield f"{self._split}/{file_name}#{number}", pair

    def write(self, target: ClothoFolder) -> Iterator[Path]:
        """Write both forms, as far as they are not there already, and yield what was written."""
        wide, long = target.captions(self._split), target.path / LONG_CAPTIONS_NAME.format(split=self._split)
        if self.changes or not wide.exists():
            if wide.exists():
                target.keep_published(wide)
            yield from _write_new(wide, as_csv(self._header, self._rows))
        rows = ((name, caption, plain(caption)) for name, *captions in self._rows for caption in captions)
        yield from _write_new(long, as_csv(LONG_HEADER, rows))


def _write_new(path: Path, text: str) -> Iterator[Path]:
    if not path.exists() or path.read_bytes() != text.encode():
        write_text(path, text)
        yield path
