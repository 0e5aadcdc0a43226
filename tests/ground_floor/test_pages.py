"""What pages share, as a parser sees it."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest

from auricle import pages
from tests.page import Page

EVIL = "<script>&amp; \"a\" 'b'"


def test_text_is_what_was_said() -> None:
    assert Page(f"<p>{pages.text(EVIL)}</p>").text == EVIL
    assert Page(f'<p title="{pages.text(EVIL)}"></p>').elements == [("p", {"title": EVIL})]
    assert pages.text("rain-\udcff") == "rain-?"


def test_a_table_names_its_rows_and_columns() -> None:
    source = pages.table([EVIL, "b"], [["one\ntwo", EVIL]], label=EVIL, columns="number")
    read = Page(source)
    region, table = read.elements[:2]
    assert region == ("div", {"class": "wide", "role": "region", "tabindex": "0", "aria-label": EVIL})
    assert table == ("table", {"class": "number"})
    assert [attributes["scope"] for tag, attributes in read.elements if tag == "th"] == ["col", "col", "row"]
    assert "one<br>two" in source
    assert re.sub(r"\n", "", read.text) == f"{EVIL}bonetwo{EVIL}"


def test_a_chart_is_inside_the_page() -> None:
    ((tag, attributes),) = Page(pages.chart(b"<svg/>", EVIL)).elements
    kind, _, content = (attributes["src"] or "").partition(";base64,")
    assert (tag, attributes["alt"], kind) == ("img", EVIL, "data:image/svg+xml")
    assert b64decode(content) == b"<svg/>"


@pytest.mark.parametrize("closed", [True, False])
def test_a_closed_page_lets_its_own_style_pass_and_nothing_else(closed: bool) -> None:
    style = pages.STYLE + "p { color: red; }\n"
    source = pages.frame(EVIL, ["<main></main>"], style=style, closed=closed)
    assert source.startswith('<!DOCTYPE html>\n<html lang="en">')
    policies = [a["content"] or "" for tag, a in Page(source).elements if tag == "meta" and "http-equiv" in a]
    assert len(policies) == closed
    if closed:
        found = re.search(r"<style>(.*)</style>", source, re.DOTALL)
        assert found
        assert f"'sha256-{b64encode(sha256(found[1].encode()).digest()).decode()}'" in policies[0]
        assert policies[0].startswith("default-src 'none'; ")
