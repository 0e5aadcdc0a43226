"""A document as HTML, Markdown and LaTeX: nothing in it is ever markup, and tables stay tables."""

import base64
import hashlib
import re
from itertools import pairwise

import pytest

from auricle.experiments.report.document import (
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
from auricle.experiments.report.latex import latex
from auricle.experiments.report.markdown import markdown
from auricle.experiments.report.page import page
from auricle.pages import Columns
from tests.page import Page

EVIL = "<script>alert(1)</script> & 50 % $x_1$ {a}\\b ~^ #|*`[c]` \"d\" 'e'"


def document_with(said: str) -> Document:
    table = Table("table", said, (said, said), ((said, f"1\n{said}"), (said, "2")), columns="words")
    blocks = (
        Paragraph(said),
        Paragraph(said, "caution"),
        Bullets((said,)),
        Heading(said),
        table,
        Picture("picture", said, b"<?xml?>", b"%PDF"),
        Heading(said),
        Example(said, said, Sound(said, b"ID3", said)),
        Example(said, said, Sound(said, fault=said)),
        Paragraph(said),
    )
    sections = (Section("one", said, blocks), Section("two", "Two", blocks), Section("empty", "Empty", ()))
    return Document(said, (Paragraph(said, "headline"),), sections, said)


def test_what_looks_like_html_is_text() -> None:
    found = Page(page(document_with(EVIL)))
    assert found.all("script") == []
    assert found.text.count(EVIL) >= 2 * 12
    assert {image["alt"] for image in found.all("img")} == {EVIL}
    assert {player["aria-label"] for player in found.all("audio")} == {EVIL}


def test_headings_landmarks_and_tables_can_be_walked_through() -> None:
    found = Page(page(document_with("said")))
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert len(found.all(landmark)) == 1
    identities = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    links = [link["href"] for link in found.all("a")]
    assert links == ["#contents", "#one", "#two"]  # the section without blocks is left out
    assert {f"#{identity}" for identity in identities} >= set(links)
    assert all(cell["scope"] in ("col", "row") for cell in found.all("th"))
    assert len(found.all("article")) == 4


def test_the_page_may_take_nothing_from_elsewhere() -> None:
    source = page(document_with("said"))
    (policy,) = [meta["content"] for meta in Page(source).all("meta") if "http-equiv" in meta]
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; media-src data:; style-src 'sha256-{digest}'; base-uri 'none'"
    )
    without_contents = re.sub(r"data:[a-z+/]+;base64,[A-Za-z0-9+/=]+", "", source)
    assert "//" not in without_contents
    assert "url(" not in without_contents
    assert "@import" not in without_contents
    assert "style=" not in without_contents


def test_markdown_keeps_every_sign() -> None:
    text = markdown(document_with(EVIL))
    assert re.sub(r"\\(.)", r"\1", text).count(EVIL) >= 2 * 12
    bare = re.sub(r"\\.", "", text)  # what is left could be markup
    assert "<script" not in bare
    assert "`" not in bare
    assert "$" not in bare
    for line in bare.splitlines():
        if line.startswith("|"):
            assert line.count("|") == 3, line
    assert text.count("](figures/picture.svg)") == 2
    assert "<br>" in text
    assert "## Empty" not in text


def test_a_line_break_ends_neither_heading_nor_item() -> None:
    text = markdown(document_with("one\n# two\n\n- three"))
    assert not [line for line in text.splitlines() if line.startswith(("# two", "- three"))]


def read_latex(source: str) -> tuple[str, list[list[str]]]:
    """Return alignment and cells of a table, as TeX splits them; a brace without its partner is a fault."""
    depth = 0
    for sign in re.sub(r"\\[{}\\]", "", source):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    found = re.search(r"\\begin\{tabular\}\{([lr]+)\}(.*)\\end\{tabular\}", source, re.DOTALL)
    assert found
    rules = r"\\(?:top|mid|bottom)rule"
    assert len(re.findall(rules, found[2])) == 3
    lines = [line.strip() for line in re.sub(rules, "", found[2]).splitlines() if line.strip()]
    assert all(line.endswith(r"\\") for line in lines)
    return found[1], [re.split(r"(?<!\\)&", line.removesuffix(r"\\").strip()) for line in lines]


def plain(cell: str) -> str:
    """Return what TeX prints for a cell."""
    printed = {
        r"\textbackslash{}": "\\",
        r"\textasciitilde{}": "~",
        r"\textasciicircum{}": "^",
        r"\textless{}": "<",
        r"\textgreater{}": ">",
        r"\textbar{}": "|",
        r"\textquotedbl{}": '"',
        r"$\pm$": "±",
        "$-$": "−",
        r"$\uparrow$": "↑",
    }
    cell = cell.strip().removeprefix("{}")
    for said in sorted(printed, key=len, reverse=True):
        cell = cell.replace(said, f"\0{list(printed).index(said)}\0")
    assert not re.search(r"(?<!\\)[&%$#_{}~^]|\\(?![&%$#_{}])", cell), cell
    cell = re.sub(r"\\(.)", r"\1", cell)
    return re.sub("\0(.*?)\0", lambda found: list(printed.values())[int(found[1])], cell)


def test_latex_prints_what_was_said() -> None:
    evil = " ".join(EVIL.split())
    alignment, rows = read_latex(
        latex(Table("t", EVIL, (EVIL, EVIL), ((EVIL, f"1\n{EVIL}"), ("[b]", "0.7 ± 0.1 ↑ −2"))))
    )
    assert alignment == "lr"
    assert [[plain(cell) for cell in row] for row in rows] == [
        [evil, evil],
        [evil, "1"],
        ["", evil],
        ["[b]", "0.7 ± 0.1 ↑ −2"],
    ]


def test_a_row_that_begins_with_a_bracket_is_no_argument_of_the_line_break() -> None:
    """After a line break, TeX takes it for a height."""
    source = latex(Table("t", "T", ("a", "b"), (("[1]", "2"), ("", "3"))))
    assert not re.search(r"\\\\\s*\[", source)


@pytest.mark.parametrize(("columns", "alignment"), [("number", "lrrr"), ("words", "lrrl"), ("prose", "llll")])
def test_columns_are_aligned_by_what_they_hold(columns: Columns, alignment: str) -> None:
    table = Table("t", "T", ("a", "b", "c", "d"), (("1", "2", "3", "4"),), columns=columns)
    assert read_latex(latex(table))[0] == alignment
    document = Document("T", (), (Section("s", "S", (table,)),), "C")
    rule = {"number": "|---|--:|--:|--:|", "words": "|---|--:|--:|---|", "prose": "|---|---|---|---|"}[columns]
    assert rule in markdown(document).splitlines()
    assert f'<table class="{columns}">' in page(document)
