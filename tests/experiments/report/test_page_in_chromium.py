"""The page as a browser shows it: nothing is asked of anybody, every clip can be played, and it fits a phone."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.config import validate
from auricle.evaluation import Ranks
from auricle.experiments import Arm, Story
from auricle.experiments.report import write_report
from auricle.runs import RunResult
from auricle.training import RunConfig

Answer = Callable[..., RunResult]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


def about(result: RunResult, folder: Path) -> RunResult:
    """The same run, its two queries about the two clips of evaluation of `eight_noises`."""
    ranks = {
        direction: Ranks(
            queries=tuple(f"{place}. A noise <of> “machines”" for place in range(len(found.queries))),
            clips=tuple(f"evaluation/noise-{6 + place}.wav" for place in range(len(found.queries))),
            best_rank=found.best_rank,
            average_precision=found.average_precision,
            recall_at=found.recall_at,
        )
        for direction, found in result.ranks.items()
    }
    config = validate(RunConfig, {"seed": result.config.seed, "data": {"collection": folder}}, source="a test")
    return replace(result, ranks=ranks, config=config)


@pytest.fixture(scope="module")
def written(eight_noises: Path, answer: Answer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    arms = []
    for copies, ranks in enumerate(([1, 9], [4, 3], [2, 1])):
        runs = tuple(about(answer(ranks, seed=seed, loss=1 + copies + seed), eight_noises) for seed in range(2))
        name = f"an arm with a name that is long, and {copies} copies of everything"
        arms.append(Arm(name, {"copies": copies}, runs))
    story = Story(
        "What a browser shows", "A question.", "evaluation", tuple(arms), baseline=arms[0].name, dose="copies"
    )
    return write_report(story, tmp_path_factory.mktemp("page") / "report ü")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (400, "dark")])
def test_the_page_in_a_browser(browser: Any, written: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(written.as_uri())
    players = page.locator("audio")
    assert players.count() >= 4
    page.wait_for_function("[...document.querySelectorAll('audio')].every(player => player.readyState > 0)")
    durations = page.evaluate("[...document.querySelectorAll('audio')].map(player => player.duration)")
    assert np.all((np.array(durations) > 0.4) & (np.array(durations) < 0.7))  # half a second, and the frame of an MP3
    assert [url for url in asked if not url.startswith("data:")] == [written.as_uri()]
    assert said == []
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colours = "getComputedStyle(document.body)"
    ink, paper = (int(page.evaluate(f"{colours}.{name}.match(/[0-9]+/)[0]")) for name in ("color", "backgroundColor"))
    assert abs(ink - paper) > 200
    assert (ink < paper) == (scheme == "light")
    context.close()


def test_what_is_printed(browser: Any, written: Path) -> None:
    page = browser.new_page(viewport={"width": 680, "height": 960})  # A4 without its margins
    page.goto(written.as_uri())
    page.emulate_media(media="print")
    for hidden in ("audio", "nav", ".skip"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator("article h4").first.is_visible()
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('table, img')].map(one => one.scrollWidth))")
    assert widest <= 680
    page.close()


def test_the_first_tab_leads_past_the_navigation(browser: Any, written: Path) -> None:
    page = browser.new_page()
    page.goto(written.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the contents"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contents"
    page.close()
