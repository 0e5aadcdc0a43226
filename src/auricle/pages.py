"""Pages: HTML that needs nothing but a browser.

What the pages of a comparison and of a report share: how words and numbers stand in HTML, tables, charts, the frame
and the style. A page holds its pictures, asks no host for anything and runs no script; it is light or dark as the
reader's system is, fits a phone (what is wide scrolls in its own region), and prints.

Conventions: what returns HTML takes plain text and escapes it. Words mean plain text, elements mean HTML.
"""

import hashlib
import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal, TypeAlias

Columns: TypeAlias = Literal["number", "words", "prose"]
"""What a table holds beside its first column, which names the rows: numbers; numbers, and words in the last; words."""


def text(said: str) -> str:
    """Return text as it stands in HTML; what UTF-8 cannot hold, as in odd file names, becomes a question mark.

    Example:
        >>> text("rain & <wind>")
        'rain &amp; &lt;wind&gt;'
    """
    return escape(said.encode("utf-8", "replace").decode())


def lines(said: str) -> str:
    r"""Return text as it stands in HTML, its line breaks kept.

    Example:
        >>> lines("0.71\n< 1")
        '0.71<br>&lt; 1'
    """
    return text(said).replace("\n", "<br>")


def sentence(said: str) -> str:
    """Return words as a sentence.

    Example:
        >>> sentence("blind to tempo"), sentence("1 - the cosine.")
        ('Blind to tempo.', '1 - the cosine.')
    """
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def number(value: float) -> str:
    """Return four digits of a value, a dash for nan.

    Example:
        >>> [number(value) for value in (0.123456, 12.0, 44100.0, -math.inf, math.nan)]
        ['0.1235', '12', '44,100', '-∞', '–']
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def count(how_many: int, thing: str, things: str = "") -> str:
    """Return a number of things.

    Args:
        how_many: There are.
        thing: One of them.
        things: Several, where an s does not do.

    Example:
        >>> count(1, "pair"), count(1200, "pair"), count(2, "query", "queries")
        ('1 pair', '1,200 pairs', '2 queries')
    """
    return f"{how_many:,} {thing if how_many == 1 else things or f'{thing}s'}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, label: str, columns: Columns = "words") -> str:
    """Return a table in a region of its own, which scrolls where the page is narrow.

    Args:
        header: Of each column.
        rows: Cells as plain text; the first of each names its row.
        label: What the table shows, for who cannot see it.
        columns: What they hold, which is how they are aligned.
    """
    head = "".join(f'<th scope="col">{lines(cell)}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{lines(first)}</th>{"".join(f"<td>{lines(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{text(label)}"><table class="{columns}">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def chart(svg: bytes, alt: str) -> str:
    """Return a picture that is inside the page; `alt` says what is to be seen."""
    return f'<img class="chart" alt="{text(alt)}" src="data:image/svg+xml;base64,{b64encode(svg).decode()}">'


def frame(title: str, body: Iterable[str], *, style: str, closed: bool = False) -> str:
    """Return a whole page.

    Args:
        title: Of the document, as plain text.
        body: Its elements.
        style: CSS: `STYLE`, and what the page adds.
        closed: Whether the page holds all that it shows; its policy then lets a browser take nothing from elsewhere,
            neither from a host nor from a file.
    """
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">\n' if closed else ""
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'{policy}<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>",
            *body,
            "</body>\n</html>\n",
        ]
    )


def _policy(style: str) -> str:
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; media-src data:; style-src 'sha256-{digest}'; base-uri 'none'"


STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #c8c8c8; --soft: #f3f3f3; --link: #005a9c; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1, h2, h3, h4 { line-height: 1.25; margin: 1.5em 0 0.5em; }
h2 { border-bottom: 1px solid var(--line); padding-bottom: 0.25em; margin-top: 2.5em; }
a { color: var(--link); }
img { display: block; width: 100%; height: auto; }
.chart { max-width: 42rem; margin: 1rem 0; }
.warning { border-left: 0.3rem solid #d55e00; padding: 0.5rem 0.75rem; background: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.7rem; text-align: right; vertical-align: top; }
th:first-child, .words td:last-child, .words th:last-child, .prose td, .prose th { text-align: left; }
article { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; margin: 0 0 1rem; }
article h4 { margin: 0 0 0.5rem; }
article p { margin: 0 0 0.25rem; font-size: 0.875rem; }
.sounds { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0.5rem 0 0; }
figcaption { font-size: 0.875rem; }
audio { width: 100%; max-width: 28rem; margin-top: 0.25rem; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #121212; --line: #444; --soft: #222; --link: #8ec5ff; }
  .chart { filter: invert(1) hue-rotate(180deg); }
}
@media print {
  main { max-width: none; padding: 0; }
  nav, audio { display: none; }
  .chart { width: auto; max-width: 100%; max-height: 23cm; }
  article, tr, .chart { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .sounds { grid-template-columns: 1fr 1fr; }
}
"""
