"""Single corrections: what only a person who reads one caption can know.

A CSV with the columns ``split,file_name,caption,old,new``: in that caption of that clip (a number, from 1) the text
`old` becomes `new`. Where `old` is not there, because it was corrected before or the caption is another, nothing
happens. ``corrections.csv`` beside this file holds those for Clotho 2.1.
"""

from dataclasses import dataclass
from pathlib import Path

from auricle import tables
from auricle.errors import DataError

RULE = "correction"
CLOTHO_CORRECTIONS = Path(__file__).with_name("corrections.csv")
"""The corrections for Clotho 2.1."""

HEADER = ("split", "file_name", "caption", "old", "new")


@dataclass(frozen=True)
class Correction:
    """One correction of one caption.

    Attributes:
        split: Of the clip.
        file_name: Of the clip.
        number: Of the caption, from 1.
        old: What stands there.
        new: What should.
    """

    split: str
    file_name: str
    number: int
    old: str
    new: str

    def apply(self, caption: str) -> str:
        """Return the caption with `old` replaced.

        Example:
            >>> Correction("development", "sea.wav", 5, "wales sing", "whales sing").apply("wales sing far away")
            'whales sing far away'
        """
        return caption.replace(self.old, self.new)


def read_corrections(path: Path) -> list[Correction]:
    """Read a file of corrections.

    Raises:
        DataError: If it cannot be read, or a row is not one; the line is named.
    """
    rows = list(tables.read_rows(path))
    if not rows or tuple(rows[0][1]) != HEADER:
        raise DataError(f"{path} holds no corrections: its columns must be {', '.join(HEADER)}.")
    corrections = []
    for line, cells in rows[1:]:
        if len(cells) != len(HEADER) or not cells[2].isdigit() or not cells[3] or cells[3] in cells[4]:
            raise DataError(
                f"Line {line} of {path.name} is no correction: split, file name, the caption's number, what stands "
                "there, and what should stand there instead, which does not contain it, are needed."
            )
        corrections.append(Correction(cells[0], cells[1], int(cells[2]), cells[3], cells[4]))
    return corrections
