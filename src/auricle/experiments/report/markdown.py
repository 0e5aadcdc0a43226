"""A report as Markdown, in the dialect that has tables; its pictures stand beside it.

It has everything of the page but the sounds.
"""

import re
from collections.abc import Iterator

from auricle.experiments.report.document import Block, Bullets, Document, Example, Heading, Paragraph, Picture, Table


def markdown(document: Document) -> str:
    """Return the text of ``report.md``."""
    blocks = [f"# {_text(document.title)}", *map(_block, document.lead)]
    for section in document.sections:
        if section.blocks:
            blocks += [f"## {_text(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join([*blocks, "---", _text(document.colophon)]) + "\n"


def _block(block: Block) -> str:
    match block:
        case Paragraph(tone="headline"):
            return f"**{_text(block.text)}**"
        case Paragraph(tone="caution"):
            return f"> {_text(block.text)}"
        case Paragraph():
            return _text(block.text)
        case Bullets():
            return "\n".join(f"- {_text(item)}" for item in block.items)
        case Heading():
            return f"### {_text(block.text)}"
        case Picture():
            return f"![{_text(block.alt)}](figures/{block.name}.svg)"
        case Example():
            said = [block.ranks, f"{block.sound.clip}{block.sound.about and f' ({block.sound.about})'}"]
            return "\n".join([f"- “{_text(block.query)}”", *(f"  - {_text(line)}" for line in said)])
        case Table():
            return "\n".join([f"*{_text(block.title)}*", "", *_rows(block)])


def _rows(table: Table) -> Iterator[str]:
    first, *others = table.header
    sides = {"number": "--:", "words": "--:", "prose": "---"}
    alignment = [sides[table.columns]] * len(others)
    if table.columns == "words":
        alignment[-1] = "---"
    yield _row((first, *others))
    yield f"|{'|'.join(['---', *alignment])}|"
    yield from map(_row, table.rows)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join('<br>'.join(map(_text, cell.split(chr(10)))) for cell in cells)} |"


def _text(said: str) -> str:
    r"""Return text that no reader of Markdown takes for markup.

    Example:
        >>> _text("a|b_c <d>")
        'a\\|b\\_c \\<d\\>'
    """
    return re.sub(r"([\\`*_\[\]<>|#~$])", r"\\\1", " ".join(said.encode("utf-8", "replace").decode().split()))
