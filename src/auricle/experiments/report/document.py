"""The nouns of a report: a document of sections, and what stands in them.

A document says everything once; `page`, `markdown` and `latex` only say how it looks. All text is plain: nothing in it
is markup, and a line break is meant in the cells of tables alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from auricle.pages import Columns

Cells: TypeAlias = tuple[str, ...]
Values: TypeAlias = tuple[str | int | float, ...]


@dataclass(frozen=True)
class Paragraph:
    """Sentences.

    Attributes:
        text: What they say.
        tone: ``headline`` is what came out; ``caution`` what should not be overlooked.
    """

    text: str
    tone: Literal["plain", "headline", "caution"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list, one sentence or a few words each."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """The title of what follows inside a section."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        name: Of its files, ``tables/NAME.csv`` and ``.tex``.
        title: What it shows, a few words.
        header: Of the columns.
        rows: As they are shown; the first cell names the row, a line break separates the lines of a cell.
        columns: What they hold beside the first.
        data: What the CSV file has, its header first: numbers as they are, not rounded. Empty where the cells do.
    """

    name: str
    title: str
    header: Cells
    rows: tuple[Cells, ...]
    columns: Columns = "number"
    data: tuple[Values, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A chart.

    Attributes:
        name: Of its files, ``figures/NAME.svg`` and ``.pdf``.
        alt: What is to be seen on it, in sentences.
        svg: For a page.
        pdf: For a paper.
    """

    name: str
    alt: str
    svg: bytes
    pdf: bytes


@dataclass(frozen=True)
class Sound:
    """A clip to listen to.

    Attributes:
        clip: Its identity, ``split/file name``.
        mp3: What is played; empty where `fault` says why there is nothing.
        about: Length, origin and licence, a few words.
        fault: A sentence.
    """

    clip: str
    mp3: bytes = b""
    about: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Example:
    """One query and its answer.

    Attributes:
        query: Who asks: a caption, or a clip.
        ranks: Where what it asks for was found, a few words.
        sound: The clip that the query describes or is.
    """

    query: str
    ranks: str
    sound: Sound


Block: TypeAlias = Paragraph | Bullets | Heading | Table | Picture | Example


@dataclass(frozen=True)
class Section:
    """A part of a document with a title of its own.

    Attributes:
        key: Its name in links, letters and hyphens.
        title: A few words.
        blocks: In their order.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: A few words.
        lead: What comes before all sections.
        sections: In their order; one without blocks is left out.
        colophon: The last sentence.
    """

    title: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]
    colophon: str

    def tables(self) -> Iterator[Table]:
        """Yield every table."""
        yield from (block for section in self.sections for block in section.blocks if isinstance(block, Table))

    def pictures(self) -> Iterator[Picture]:
        """Yield every picture."""
        yield from (block for section in self.sections for block in section.blocks if isinstance(block, Picture))
