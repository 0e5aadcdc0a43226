"""The page as a person uses it, in headless Chromium: by mouse, by keys alone, without scripts, on a phone."""

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from auricle.serving import Service
from tests.serving.conftest import running
from tests.serving.fakes import WordIndex

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

FOCUS = "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
PLAYING = (
    "[...document.querySelectorAll('audio')].filter(one => !one.paused).map(one => one.getAttribute('aria-label'))"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


Open = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, service: Service) -> Iterator[Open]:
    """Open a page: ``visit(address, width=..., ...)``; afterwards nothing may have been asked of another host or said.

    The service is named so that it ends after the pages, which load pictures as they come into view.

    Attributes of the page: `said` may be cleared where something is meant to fail.
    """
    contexts = []
    asked: list[str] = []
    said: list[str] = []

    def visit(address: str, *, width: int = 1200, **settings: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text) if message.type != "debug" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.said = said
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert {urlsplit(url).hostname for url in asked} <= {"127.0.0.1"}
    assert said == []


def until(page: Any, expression: str) -> None:
    """Wait until an expression is true; Playwright's own way would need what the page's policy forbids."""
    deadline = time.monotonic() + 10
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)


def names(page: Any) -> list[str]:
    return [str(name) for name in page.locator(".hit h3").all_inner_texts()]


def test_type_see_play_filter_and_more_like_this(visit: Open, service: Service) -> None:
    page = visit(service.address)
    assert page.evaluate(FOCUS) == "q"
    page.keyboard.type("a dog barks far away")
    page.click("text=Search")
    page.wait_for_selector(".hit")
    assert names(page)[0] == "dogs/far away.flac"
    assert page.url == service.address + "?q=a+dog+barks+far+away"
    assert page.title() == "a dog barks far away – auricle"
    assert page.inner_text("[role=status]") == "10 sounds for “a dog barks far away”"
    until(page, "[...document.images].slice(0, 3).every(image => image.complete && image.naturalWidth > 0)")

    first, second = page.locator(".hit audio").all()[:2]
    for player in (first, second):  # the second silences the first
        player.evaluate("one => { one.play() }")
        until(page, "document.querySelectorAll('.hit')[0].style.getPropertyValue('--played') !== ''")
    until(page, f"{PLAYING}.length <= 1")
    assert second.get_attribute("aria-label") == "Dog & <b>cat.wav"

    page.click("summary:has-text('Filters')")
    page.fill("[name=shortest]", "1.5")
    page.fill("#name", "DOGS/")
    page.click("text=Search")
    until(page, "document.querySelectorAll('.hit').length === 1")
    assert names(page) == ["dogs/far away.flac"]
    assert page.url.endswith("?q=a+dog+barks+far+away&shortest=1.5&name=DOGS%2F")

    page.fill("#name", "")
    page.fill("[name=shortest]", "")
    page.click("text=Search")
    until(page, "document.querySelectorAll('.hit').length === 10")
    page.locator(".like").nth(1).click()
    page.wait_for_selector("text=like Dog & <b>cat.wav")
    assert page.input_value("#q") == ""
    assert page.inner_text(".liked") == "Sounds like Dog & <b>cat.wav remove"
    page.fill("#q", "rain")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=for “rain” and like Dog")
    assert "like=" in page.url
    page.click(".liked a")
    page.wait_for_selector("h2:text-is('10 sounds for “rain”')")
    assert page.locator(".liked").count() == 0


def test_an_address_brings_everything_back(visit: Open, service: Service) -> None:
    page = visit(service.address)
    page.fill("#q", "rain")
    page.keyboard.press("Enter")
    page.wait_for_selector("h2:has-text('“rain”')")
    page.fill("#q", "footsteps")
    page.keyboard.press("Enter")
    page.wait_for_selector("h2:has-text('“footsteps”')")
    page.go_back()
    page.wait_for_selector("h2:has-text('“rain”')")
    assert page.input_value("#q") == "rain"
    page.go_back()
    page.wait_for_selector("h2:has-text('Try')")
    page.go_forward()
    page.wait_for_selector("h2:has-text('“rain”')")
    page.keyboard.press("/")
    page.keyboard.type("footsteps")
    page.keyboard.press("Enter")  # what came back is as alive as before
    page.wait_for_selector("h2:has-text('“footsteps”')")
    again = visit(page.url)
    assert names(again) == names(page)


def test_keys_alone(visit: Open, service: Service) -> None:
    page = visit(service.address)
    keys = page.keyboard
    keys.type("a dog barks")
    keys.press("Enter")
    page.wait_for_selector(".hit")
    for key, current in (("ArrowDown", 1), ("ArrowDown", 2), ("j", 3), ("k", 2), ("ArrowUp", 1)):
        keys.press(key)
        assert page.evaluate("document.activeElement.getAttribute('aria-labelledby')") == f"name-{current}"
        assert page.locator("[aria-current=true]").count() == 1
    keys.press("Space")
    until(page, f"{PLAYING}.join() === 'Dog & <b>cat.wav'")
    keys.press("Space")
    until(page, f"{PLAYING}.length === 0")
    keys.press("ArrowUp")
    assert page.evaluate(FOCUS) == "q"
    keys.press("Space")  # types
    assert page.input_value("#q") == "a dog barks "
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("m")
    page.wait_for_selector("h2:has-text('like far away.flac')")
    assert page.evaluate(FOCUS) == "found"
    keys.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-labelledby')") == "name-1"
    keys.press("/")
    assert page.evaluate(FOCUS) == "q"
    keys.type("j k m")
    assert page.input_value("#q") == "j k m"


def test_the_first_tab_leads_past_the_form(visit: Open, service: Service) -> None:
    page = visit(service.address + "?q=dog")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('#found'))")


def test_a_player_plays_the_window(visit: Open, service: Service) -> None:
    page = visit(service.address + "?q=footsteps&where=start+%3D+25")
    player = page.locator("audio")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    until(page, "document.querySelector('audio').currentTime > 25.1")
    assert player.evaluate("one => Math.round(one.duration)") == 62
    box = page.locator(".wave").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 5)
    until(page, "document.querySelector('audio').currentTime >= 34")
    until(page, "Number(document.querySelector('.hit').style.getPropertyValue('--played')) > 0.89")
    until(page, "document.querySelector('audio').paused")  # at the end of the window
    assert player.evaluate("one => Math.round(one.currentTime)") == 35


def test_what_chromium_cannot_decode_is_heard_too(visit: Open, service: Service) -> None:
    page = visit(service.address + "?q=gravel&top=1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    until(page, "document.querySelector('audio').currentTime > 0.1")
    assert "/excerpts/" in page.evaluate("document.querySelector('audio').currentSrc")


def test_a_sound_is_sent(visit: Open, service: Service, index: WordIndex) -> None:
    page = visit(service.address)
    page.click("text=Find alike")
    page.wait_for_selector("[role=alert]:has-text('Choose a sound file first.')")
    page.set_input_files("#sound", index.root / "rain.ogg")
    page.click("text=Find alike")
    page.wait_for_selector("h2:has-text('sounds like rain.ogg')")
    assert names(page)[0] == "dogs/far away.flac"
    page.evaluate("document.getElementById('sound').dataset.mostBytes = '1000000'")
    page.set_input_files("#sound", {"name": "long.wav", "mimeType": "audio/wav", "buffer": bytes(3_000_000)})
    page.click("text=Find alike")
    page.wait_for_selector("[role=alert]:has-text('The file has 3 MB; 1 MB are the most.')")


def test_ten_thousand_characters(visit: Open, service: Service) -> None:
    page = visit(service.address)
    page.fill("#q", "a dog barks " * 834)
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]:has-text('The sentence has 10,007 characters; 1,000 are the most.')")
    assert len(page.input_value("#q")) == 10_008
    page.fill("#q", "a dog barks")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert all("status of 400" in message for message in page.said)
    page.said.clear()


def test_a_condition_that_is_wrong(visit: Open, service: Service) -> None:
    page = visit(service.address)
    page.fill("#q", "dog")
    page.click("summary:has-text('Filters')")
    page.fill("#where", "durration < 5")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]:has-text(\"Did you mean 'duration'?\")")
    page.fill("#where", "duration < 1.5")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('.hit').length === 1")
    page.said.clear()


def test_an_empty_index(visit: Open, index: WordIndex) -> None:
    with running(WordIndex(index.root, {})) as service:
        page = visit(service.address)
        assert "auricle index FOLDER" in page.inner_text("[role=alert]")
        page.keyboard.type("dog")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=dog")
        assert "auricle index FOLDER" in page.inner_text("[role=alert]")
        page.close()


def test_a_server_that_is_stopped_meanwhile(visit: Open, index: WordIndex) -> None:
    with running(index) as service:
        page = visit(service.address + "?q=dog")
    page.fill("#q", "a long question that nobody wants to type again")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]:has-text('The server does not answer.')")
    assert page.input_value("#q") == "a long question that nobody wants to type again"
    assert page.locator(".hit").count() == 10  # what was found stays
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('[role=alert]').length === 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_selector("[role=alert]:has-text('cannot be played')")
    assert all("net::ERR_" in message or "Failed to fetch" in message for message in page.said), page.said
    page.said.clear()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (360, "dark")])
def test_it_fits_and_can_be_read(visit: Open, service: Service, width: int, scheme: str) -> None:
    for address in ("", "?q=a+dog+barks&name=o&hybrid=1", "?q=dog&top=" + "9" * 30):
        page = visit(service.address + address, width=width, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.click("summary:has-text('Filters')")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ratios = page.evaluate(CONTRASTS)
        assert len(ratios) > 10
        assert min(ratios.values()) >= 4.5, ratios
    page.said.clear()


CONTRASTS = """() => {
  const parse = colour => colour.match(/[0-9.]+/g).map(Number);
  const linear = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const paper = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
  };
  const ratios = {};
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
    const pair = [parse(getComputedStyle(element).color), paper(element)].map(luminance).sort((a, b) => b - a);
    ratios[element.tagName + ' ' + element.textContent.trim().slice(0, 20)] = (pair[0] + 0.05) / (pair[1] + 0.05);
  }
  return ratios;
}"""


def test_without_scripts(visit: Open, service: Service, index: WordIndex) -> None:
    page = visit(service.address, java_script_enabled=False)
    page.fill("#q", "a cat")
    page.click("text=Search")
    assert names(page)[0] == "dogs/Dog & <b>cat.wav"
    page.locator(".like").first.click()
    assert "like Dog & <b>cat.wav" in page.inner_text("h2")
    page.set_input_files("#sound", index.root / "rain.ogg")
    page.click("text=Find alike")
    assert "rain.ogg" in page.inner_text("h2")


def test_a_token_is_typed(visit: Open, index: WordIndex) -> None:
    with running(index, token="sixteen-characters") as service:
        page = visit(service.address + "?q=rain")
        page.fill("#token", "wrong")
        page.click("text=Enter")
        assert page.inner_text("[role=alert]").startswith("The token is wrong.")
        page.goto(service.address + "?q=rain")
        page.fill("#token", "sixteen-characters")
        page.click("text=Enter")
        page.wait_for_selector(".hit")
        assert page.url == service.address + "?q=rain"
        until(page, "document.images[0].complete && document.images[0].naturalWidth > 0")
        page.fill("#q", "dog")
        page.keyboard.press("Enter")
        page.wait_for_selector("h2:has-text('“dog”')")
        assert page.evaluate("document.cookie") == ""
        page.close()
        page.said.clear()
