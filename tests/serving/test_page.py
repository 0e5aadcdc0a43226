"""The page as a browser without scripts gets it."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from auricle.serving import make_app
from auricle.serving.app import _STATIC
from auricle.storage import sha256_file
from tests.page import Page
from tests.serving.fakes import WordIndex

STATIC = Path(__file__).parents[2] / "src" / "auricle" / "serving" / "static"


def hits(page: Page) -> list[str]:
    """The names of the sounds on a page, in order."""
    return [str(one["aria-label"]) for one in page.all("audio")]


def test_the_first_page(client: TestClient, index: WordIndex) -> None:
    page = Page(client.get("/").text)
    assert (
        "5 files (0.0 hours) of Sounds are searched, in windows of 10 s every 5 s, with the model words." in page.text
    )
    examples = [str(link["href"]) for link in page.all("a") if str(link["href"]).startswith("/?q=")]
    assert len(examples) == 3
    assert index.asked == []
    for address in examples:
        assert client.get(address).status_code == 200


def test_results(client: TestClient, index: WordIndex) -> None:
    page = Page(client.get("/?q=a+dog+barks&top=3").text)
    assert "3 sounds for “a dog barks”" in page.text
    assert hits(page)[:2] == ["Dog & <b>cat.wav", "far away.flac"]
    assert "dogs/far away.flac" in page.text
    assert "score 1.000" in page.text
    window = index.window("dogs/far away.flac")
    sources = [(one["src"], one["type"]) for one in page.all("source")][2:4]
    assert sources == [(f"/sounds/{window}", "audio/flac"), (f"/excerpts/{window}.wav", "audio/wav")]
    assert {
        "src": f"/waveforms/{window}.svg",
        "alt": "",
        "loading": "lazy",
        "width": "200",
        "height": "40",
    } in page.all("img")


def test_a_player_starts_where_the_window_does(client: TestClient, index: WordIndex) -> None:
    where = urlencode({"where": "start = 25"})
    page = Page(client.get(f"/?q=footsteps&{where}").text)
    assert "0:25–0:35 of 1:02" in page.text
    window = index.window("free/long walk.wav", 25_000)
    assert page.all("source")[0]["src"] == f"/sounds/{window}#t=25.000,35.000"


def test_what_browsers_cannot_play_is_decoded(client: TestClient, index: WordIndex) -> None:
    page = Page(client.get("/?q=gravel&top=1").text)
    assert page.all("source") == [{"src": f"/excerpts/{index.window('free/steps.aiff')}.wav", "type": "audio/wav"}]


def test_the_form_asks_what_was_typed(client: TestClient, index: WordIndex) -> None:
    page = Page(client.get("/?q=a+dog;+rain&without=music&shortest=1&name=dogs&top=7&hybrid=1&apart=1").text)
    values = {one["name"]: one.get("value") for one in page.all("input") if one.get("type") not in ("checkbox", "file")}
    assert values == {
        "q": "a dog; rain",
        "without": "music",
        "shortest": "1",
        "longest": "",
        "name": "dogs",
        "about": "",
        "where": "",
        "top": "7",
    }
    assert ["checked" in one for one in page.all("input") if one.get("type") == "checkbox"] == [True, True]
    assert "Filters (5 set)" in page.text
    assert index.asked[-1] == {
        "query": ["a dog", "rain"],
        "like": 0,
        "like_windows": [],
        "without": ["music"],
        "where": "duration >= 1.0 and path ilike '%dogs%'",
        "top": 7,
        "hybrid": True,
        "fold": False,
    }
    assert set(hits(page)) == {"Dog & <b>cat.wav", "far away.flac"}


def test_more_like_this_keeps_the_filters_and_drops_the_words(client: TestClient, index: WordIndex) -> None:
    page = Page(client.get("/?q=a+dog&longest=9").text)
    window = index.window("dogs/far away.flac")
    more = [str(link["href"]) for link in page.all("a") if link.get("aria-label") == "More like far away.flac"]
    assert more == [f"/?like={window}&longest=9"]
    page = Page(client.get(more[0]).text)
    assert "4 sounds like far away.flac" in page.text  # the fake finds that one, too
    assert {"type": "hidden", "name": "like", "value": window} in page.all("input")
    (remove,) = [
        str(link["href"]) for link in page.all("a") if link.get("aria-label") == "Not like far away.flac any more"
    ]
    assert remove == "/?longest=9"


def test_a_sound_is_sent(client: TestClient, index: WordIndex) -> None:
    sound = (index.root / "rain.ogg").read_bytes()
    page = Page(client.post("/", files={"sound": ("my rain.ogg", sound)}, data={"q": "far away", "top": "1"}).text)
    assert "1 sound for “far away” and like my rain.ogg" in page.text
    assert hits(page) == ["far away.flac"]
    page = Page(client.post("/", files={"sound": ("notes.txt", b"no sound")}).text)
    assert "notes.txt cannot be read as a sound" in page.text


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/?name=dogs", 400, "Nothing is asked for"),
        ("/?q=dog&shortest=x", 400, "The shortest duration is 'x'"),
        ("/?q=dog&where=durration+<+5", 400, "Did you mean 'duration'?"),
        ("/?q=" + "d" * 10_000, 400, "The sentence has 10,000 characters; 1,000 are the most. Say it shorter."),
        ("/?like=0123456789abcdef-0", 404, "The index has no window '0123456789abcdef-0'."),
    ],
)
def test_faults_are_sentences_and_keep_what_was_typed(
    client: TestClient, address: str, status: int, sentence: str
) -> None:
    answer = client.get(address)
    page = Page(answer.text)
    assert answer.status_code == status
    assert sentence in page.text
    assert [one for one in page.all("p") if one.get("role") == "alert"]
    if "q=" in address:
        assert next(one for one in page.all("input") if one["name"] == "q")["value"]


def test_nothing_passes(client: TestClient) -> None:
    page = Page(client.get("/?q=dog&name=nowhere").text)
    assert "No sound for “dog”" in page.text
    assert "No sound passes the filters." in page.text


def test_an_empty_index(index: WordIndex) -> None:
    empty = WordIndex(index.root, {})
    with TestClient(make_app(empty), base_url="http://127.0.0.1") as client:
        for address in ("/", "/?q=dog"):
            page = Page(client.get(address).text)
            assert "This index is empty. To fill it: auricle index FOLDER." in page.text
        assert client.get("/api/search?q=dog").json() == {"hits": []}


def test_near_duplicates(client: TestClient, index: WordIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    search = index.search
    alike = ("copies/<one>.wav", "two.wav")
    monkeypatch.setattr(index, "search", lambda *a, **named: [replace(hit, alike=alike) for hit in search(*a, **named)])
    page = Page(client.get("/?q=dog&top=1").text)
    assert "and 2 alike" in page.text
    assert "copies/<one>.wav" in page.text


def test_what_a_screen_reader_needs(client: TestClient) -> None:
    page = Page(client.get("/?q=dog").text)
    labelled = {label["for"] for label in page.all("label") if "for" in label}
    for field in page.all("input"):
        assert (
            field.get("type") == "hidden"
            or field.get("aria-label")
            or field.get("id") in labelled
            or field.get("type") == "checkbox"
        )
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(landmark) for landmark in ("header", "main", "search", "footer", "h1")] == [1] * 5
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0] == {"class": "skip", "href": "#found"}
    names = [one["id"] for one in page.all("h3")]
    assert [one["aria-labelledby"] for one in page.all("li") if "aria-labelledby" in one] == names


def test_nothing_is_inside_that_a_strict_policy_forbids(client: TestClient) -> None:
    for address in ("/", "/?q=dog"):
        page = Page(client.get(address).text)
        assert not page.all("style")
        assert not [
            1
            for _, attributes in page.elements
            if "style" in attributes or any(name.startswith("on") for name in attributes)
        ]
        assert all(str(one.get("src")).startswith("/static/") for one in page.all("script"))


def test_files_of_the_page(client: TestClient) -> None:
    for name, content_type in _STATIC.items():
        answer = client.get(f"/static/{name}")
        assert answer.headers["content-type"].partition(";")[0] == content_type
        assert (
            "http://" not in answer.text.replace("http://www.w3.org/", "").replace("http://127", "")
            or name == "htmx.min.js"
        )
        assert client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert client.get("/static/htmx.NOTICE.txt").status_code == 404
    notice = (STATIC / "htmx.NOTICE.txt").read_text(encoding="utf-8")
    assert re.findall("SHA-256: (.*)", notice) == [sha256_file(STATIC / "htmx.min.js")]
