"""A report as files: one page, the same as Markdown, its figures and tables for a paper.

::

    FOLDER/report.html               the page: pictures and sounds are inside
    FOLDER/report.md                 the same without sounds
    FOLDER/figures/NAME.svg, .pdf    every picture
    FOLDER/tables/NAME.csv, .tex     every table: all digits, and as LaTeX (booktabs)

Equal stories give equal bytes. The page is written last.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from auricle.experiments.report.analysis import analyse
from auricle.experiments.report.document import Document, Table
from auricle.experiments.report.examples import choose_examples
from auricle.experiments.report.generators import read_generators
from auricle.experiments.report.latex import latex
from auricle.experiments.report.markdown import markdown
from auricle.experiments.report.page import page
from auricle.experiments.report.sections import compose
from auricle.experiments.report.sounds import load_sounds
from auricle.experiments.story import Story
from auricle.storage import atomic, remove_temporary, writing
from auricle.tables import as_csv

_SOMETIMES = {
    "figures": r"(differences|dose-response|learning-curves|loss-and-measure|samples)\.(svg|pdf)",
    "tables": r"(correlations|missing|samples|seeds|settings-[a-z-]+|tests-[0-9]+)\.(csv|tex)",
}
"""What not every report has; anything else in these folders is not ours."""


def write_report(story: Story, folder: Path) -> Path:
    """Write the report of a story; what an earlier one left there is replaced.

    Args:
        story: What is told. The collection of its runs is opened for their sounds, where it still is.
        folder: Where everything goes; made if needed.

    Returns:
        The page, ``report.html``.

    Raises:
        ConfigError: If the deciding measure is not known.
        DataError: If the runs did not answer the same queries.
        StorageError: If the folder cannot be written.
    """
    analysis = analyse(story)
    examples = choose_examples(story, analysis)
    clips = dict.fromkeys(answer.clip for _, answers in examples.groups for answer in answers)
    document = compose(story, analysis, examples, sounds=load_sounds(story, clips), generators=read_generators(story))
    files = dict(_files(document))
    for path, content in files.items():
        with atomic(folder / path) as temporary:
            temporary.write_bytes(content)
    _clear(folder, keep={folder / path for path in files})
    return folder / "report.html"


def _files(document: Document) -> Iterator[tuple[Path, bytes]]:
    for picture in document.pictures():
        yield Path("figures", f"{picture.name}.svg"), picture.svg
        yield Path("figures", f"{picture.name}.pdf"), picture.pdf
    for table in document.tables():
        yield Path("tables", f"{table.name}.csv"), _encoded(_csv(table))
        yield Path("tables", f"{table.name}.tex"), _encoded(latex(table))
    yield Path("report.md"), _encoded(markdown(document))
    yield Path("report.html"), _encoded(page(document))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a folder's name may hold what UTF-8 cannot


def _csv(table: Table) -> str:
    """Return all digits of a table; what is not known is an empty cell."""
    header, *rows = table.data or (table.header, *table.rows)
    return as_csv([str(name) for name in header], [list(map(_cell, row)) for row in rows])


def _cell(found: str | int | float) -> str | int | float:
    if isinstance(found, float) and math.isnan(found):
        return ""
    return " ".join(found.split("\n")) if isinstance(found, str) else found


def _clear(folder: Path, *, keep: set[Path]) -> None:
    """Remove what an earlier report wrote and this one does not have, and what killed processes left."""
    remove_temporary(folder)
    for name, pattern in _SOMETIMES.items():
        remove_temporary(folder / name)
        for path in (folder / name).glob("*"):
            if re.fullmatch(pattern, path.name) and path not in keep:
                with writing(folder):
                    path.unlink()
