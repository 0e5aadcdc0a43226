"""An HTML page as a parser sees it: what tests of pages ask of it, wherever the page was made."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "hr", "link", "input", "source"}


@dataclass
class Page(HTMLParser):
    """What a page consists of; an element that is not closed, or closed twice, is a fault.

    Attributes:
        source: The page.
        elements: Every element with its attributes, in the order of the page.
        text: What is to be read.
        rows: The cells of every row of every table; a line break in a cell is a space.
        open: The elements around the place that is read.
    """

    source: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "br" and self.open[-1:] in (["td"], ["th"]):
            self.rows[-1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def row(self, first: str) -> list[str]:
        """Return the cells of the first row that begins so, without that one."""
        return next(row[1:] for row in self.rows if row[0] == first)
