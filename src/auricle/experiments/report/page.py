"""A report as one HTML page: pictures and sounds are inside, nothing is asked of any host and no script runs."""

from base64 import b64encode

from auricle import pages
from auricle.experiments.report.document import (
    Block,
    Bullets,
    Document,
    Example,
    Heading,
    Paragraph,
    Picture,
    Section,
    Sound,
    Table,
)


def page(document: Document) -> str:
    """Return the text of ``report.html``."""
    sections = [section for section in document.sections if section.blocks]
    links = "".join(f'<li><a href="#{section.key}">{pages.text(section.title)}</a></li>' for section in sections)
    body = [
        '<a class="skip" href="#contents">Skip to the contents</a>',
        f"<header>\n<h1>{pages.text(document.title)}</h1>",
        *map(_block, document.lead),
        f'</header>\n<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main id="contents" tabindex="-1">',
        *map(_section, sections),
        f"</main>\n<footer><p>{pages.text(document.colophon)}</p></footer>",
    ]
    return pages.frame(document.title, body, style=pages.STYLE + _STYLE, closed=True)


def _section(section: Section) -> str:
    parts: list[str] = []
    for block in section.blocks:
        is_example = isinstance(block, Example)
        if is_example and not (parts and parts[-1].startswith("<article")):
            parts.append('<div class="examples">')
        elif not is_example and parts and parts[-1].startswith("<article"):
            parts.append("</div>")
        parts.append(_block(block))
    if parts[-1].startswith("<article"):
        parts.append("</div>")
    heading = f'<h2 id="{section.key}">{pages.text(section.title)}</h2>'
    return "\n".join([f'<section aria-labelledby="{section.key}">\n{heading}', *parts, "</section>"])


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, "headline"):
            return f'<p class="headline">{pages.text(text)}</p>'
        case Paragraph(text, "caution"):
            return f'<p class="warning">{pages.text(text)}</p>'
        case Paragraph(text):
            return f"<p>{pages.text(text)}</p>"
        case Bullets(items):
            return f"<ul>{''.join(f'<li>{pages.text(item)}</li>' for item in items)}</ul>"
        case Heading(text):
            return f"<h3>{pages.text(text)}</h3>"
        case Picture():
            return pages.chart(block.svg, block.alt)
        case Table():
            table = pages.table(block.header, block.rows, label=block.title, columns=block.columns)
            return f'<p class="title">{pages.text(block.title)}</p>\n{table}'
        case Example():
            return _example(block)


def _example(example: Example) -> str:
    lines = "".join(f"<p>{pages.text(line)}</p>" for line in (example.ranks, example.sound.about) if line)
    heading = f"<h4>“{pages.text(example.query)}”</h4>"
    return f"<article>{heading}{lines}{_player(example.sound)}</article>"


def _player(sound: Sound) -> str:
    name = pages.text(sound.clip)
    if not sound.mp3:
        return f"<p>{name}. {pages.text(sound.fault)}</p>"
    source = f"data:audio/mpeg;base64,{b64encode(sound.mp3).decode()}"
    return f'<p>{name}</p><audio controls preload="metadata" src="{source}" aria-label="{name}"></audio>'


_STYLE = """
header, nav, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1rem; overflow-wrap: anywhere; }
main:focus { outline: none; }
p, li { max-width: 48rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
footer { border-top: 1px solid var(--line); font-size: 0.875rem; }
.skip { position: absolute; left: -100vw; background: var(--paper); padding: 0.5rem 1rem; }
.skip:focus { left: 0; top: 0; }
.headline { font-size: 1.2rem; line-height: 1.4; }
.title { margin: 1.25rem 0 0.25rem; font-weight: 600; }
table { font-size: 0.875rem; }
th, td { padding: 0.3rem 0.5rem; }
td, tbody th { white-space: nowrap; }
tbody th, .words td:last-child, .prose td { white-space: normal; min-width: 6rem; }
tbody th { position: sticky; left: 0; background: var(--paper); font-weight: 600; max-width: 16rem; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1rem; }
.examples article { margin: 0; display: flex; flex-direction: column; }
.examples audio { margin-top: auto; }
.chart { max-width: 40rem; }
@media (max-width: 40rem) {
  tbody th { max-width: 8rem; }
}
@media print {
  @page { margin: 1.5cm; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding: 0; }
  .skip { display: none; }
  .wide { overflow-x: visible; }
  table { font-size: 7.5pt; }
  th, td { padding: 0.15rem 0.3rem; }
  tbody th { position: static; min-width: 4rem; }
  .headline { font-size: 12pt; }
  .chart { max-width: 12cm; }
  .title { break-after: avoid; }
  p { orphans: 3; widows: 3; }
}
"""
