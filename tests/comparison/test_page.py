"""The page of a comparison, as a browser without a network sees it: parsed, against numbers worked by hand."""

import math
import os
import re
from base64 import b64decode
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from matplotlib.figure import Figure

from auricle.audio import write
from auricle.comparison import figures
from auricle.comparison.page import SHOWN, extremes, write_page
from auricle.comparison.result import Chance, ComparedPair, Comparison, Scale
from tests.page import Page

DTW = Scale("dtw", "mean distance of frames", 0.0, math.inf, lower_is_nearer=True, blind_to="tempo")
COSINE = Scale("cosine", "cosine of embeddings", -1.0, 1.0, lower_is_nearer=False, blind_to="")


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a synthetic clip and its original, whose names are no fit names in HTML and URLs."""
    folder = tmp_path_factory.mktemp("sounds")
    noise = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)
    write(folder / "original" / "50% ü #1?.wav", noise, 16_000)
    write(folder / "made" / 'a "<b>&amp; c:d.wav', noise[::-1], 16_000)
    return folder


def pair_of(sounds: Path, place: int = 0, **values: float) -> ComparedPair:
    return ComparedPair(
        source="generated",
        origin="procedural",
        number=1,
        clip=f"development/{place:05d}.wav",
        parent=f"development/original-{place}.wav",
        caption="It rains.",
        path=sounds / "made" / 'a "<b>&amp; c:d.wav',
        parent_path=sounds / "original" / "50% ü #1?.wav",
        values=values,
        notes={name: "a clip has no frames" for name, value in values.items() if math.isnan(value)},
        facts={"duration_s": 1.0},
    )


@pytest.fixture(scope="module")
def comparison(sounds: Path) -> Comparison:
    """Two groups of two measures, one value missing; the second measure is no better than guessing."""
    dtw = [1.0, 2.0, 4.0, 9.0, math.nan]
    cosine = [0.5, 0.25, 0.125, -0.5, 0.75]
    pairs = [pair_of(sounds, place, dtw=a, cosine=b) for place, (a, b) in enumerate(zip(dtw, cosine, strict=True))]
    pairs.append(replace(pair_of(sounds, 5, dtw=6.0, cosine=0.0), origin="ezaudio", number=0))
    chance = {"dtw": Chance(0.9, (10.0, 20.0)), "cosine": Chance(0.55, (0.0, 0.5))}
    return Comparison(tuple(pairs), (DTW, COSINE), chance, (("development/x.wav", "its original is not there"),))


@pytest.fixture(scope="module")
def written(comparison: Comparison, sounds: Path) -> Path:
    return write_page(comparison, sounds / "report ü", title="Rain <made> & heard")


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return read(written)


def test_every_player_names_its_sound_relative_to_the_page(page: Page, written: Path, sounds: Path) -> None:
    players = page.all("audio")
    assert len(players) == 5 * 2 + 6 * 2  # of one pair there is no dtw
    found = set()
    for player in players:
        assert player["preload"] == "none"
        assert "controls" in player
        url = player["src"]
        assert url
        assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", url)
        found.add((written.parent / unquote(url)).resolve())
    assert found == {path.resolve() for path in sounds.glob("*/*.wav")}


def test_nothing_is_asked_of_any_host(page: Page) -> None:
    without_pictures = re.sub(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+", "", page.source)
    assert "//" not in without_pictures
    assert "url(" not in without_pictures
    assert "@import" not in without_pictures
    assert not [tag for tag, _ in page.elements if tag in ("script", "link", "iframe", "object", "base")]
    for link in page.all("a"):
        assert (link["href"] or "")[0] == "#"
        assert (link["href"] or "")[1:] in {attributes.get("id") for _, attributes in page.elements}


def test_pictures_are_whole_and_described(page: Page, written: Path) -> None:
    assert page.all("img")
    for image in page.all("img"):
        assert image["alt"]
        kind, content = (image["src"] or "").removeprefix("data:image/").split(";base64,")
        assert b64decode(content, validate=True).startswith({"png": b"\x89PNG", "svg+xml": b"<?xml"}[kind])
    beside = {path.name: path.read_bytes() for path in (written.parent / "figures").iterdir()}
    assert sorted(beside) == ["correlations.svg", "distribution-1-dtw.svg", "distribution-2-cosine.svg"]
    charts = [image for image in page.all("img") if image["class"] == "chart"]
    inside = [b64decode((image["src"] or "").partition("base64,")[2]) for image in charts]
    assert sorted(inside) == sorted(beside.values())


def test_headings_go_down_one_step_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_statistics_worked_by_hand(page: Page) -> None:
    """Of 1, 2, 4, 9: the quartiles lie at places 0.75, 1.5 and 2.25."""
    missing = "1: a clip has no frames"
    assert page.row("procedural, caption 1") == ["5", "4", "1.75", "3", "5.25", missing]
    assert page.row("ezaudio, caption unknown") == ["1", "6", "6", "6", "6", "0"]
    assert page.row("all pairs") == ["6", "4.4", "2", "4", "6", missing]
    assert page.row("mismatched pairs") == ["2", "15", "12.5", "15", "17.5", "0"]


def test_correlations_with_the_number_of_pairs(page: Page) -> None:
    """Ranks of dtw 1, 2, 3, 5, 4 and of cosine 5, 4, 3, 1, 2."""
    assert page.rows[-5:-2] == [["measure", "dtw", "cosine"], ["dtw", "1 (5)", "-1 (5)"], ["cosine", "-1 (5)", "1 (6)"]]


def test_a_measure_that_guesses_is_said_to(page: Page) -> None:
    assert "cosine cannot tell matched pairs from mismatched ones: its AUC is 0.55" in page.text
    assert "dtw cannot tell" not in page.text
    assert "with a probability of 0.90" in page.text


def test_what_was_set_aside(page: Page) -> None:
    assert page.rows[-1] == ["its original is not there", "1", "development/x.wav"]


def test_what_looks_like_html_is_text(sounds: Path, tmp_path: Path) -> None:
    evil = "<script>alert('x')</script> & \"quotes\""
    pair = replace(
        pair_of(sounds, dtw=1.0), caption=evil, clip=evil, parent=evil, source=evil, origin=evil, notes={"dtw": evil}
    )
    pair = replace(pair, values={"dtw": 1.0, evil: math.nan}, facts={evil: 1.0})
    scales = (replace(DTW, summary=evil, blind_to=evil), replace(COSINE, name=evil))
    page = read(write_page(Comparison((pair,), scales, {evil: Chance(0.1, ())}, ((evil, evil),)), tmp_path, title=evil))
    assert page.all("script") == []
    assert page.text.count(evil) >= 15
    assert {image["alt"] for image in page.all("img")} >= {f"Log-mel spectrogram of {evil}"}


def test_names_that_utf8_cannot_hold(tmp_path: Path) -> None:
    set_aside = (("rain-\udcff.wav", "it cannot be read"),)  # as Python names the file rain-\xff.wav
    page = read(write_page(Comparison((), (DTW,), {}, set_aside), tmp_path, title="Rain"))
    assert page.rows[-1] == ["it cannot be read", "1", "rain-?.wav"]


def test_an_empty_comparison_says_so(tmp_path: Path) -> None:
    page = read(write_page(Comparison((), (DTW, COSINE), {}, ()), tmp_path / "new", title="Nothing"))
    assert "there is nothing to show" in page.text
    assert page.all("img") == []
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["index.html"]


def test_pairs_without_a_measure(sounds: Path, tmp_path: Path) -> None:
    page = read(write_page(Comparison((pair_of(sounds),), (), {}, ()), tmp_path, title="Nothing"))
    assert "No measure was computed" in page.text
    assert "1 pair of" in page.text


def test_one_pair_of_one_measure(sounds: Path, tmp_path: Path) -> None:
    page = read(write_page(Comparison((pair_of(sounds, dtw=2.0),), (DTW,), {}, ()), tmp_path, title="One"))
    assert page.row("procedural, caption 1") == ["1", "2", "2", "2", "2", "0"]
    assert "Nearest pairs by dtw" in page.text
    assert "Farthest" not in page.text
    assert "AUC" not in page.text
    assert "Agreement" not in page.text


def test_a_measure_without_any_value(sounds: Path, tmp_path: Path) -> None:
    pairs = [replace(pair_of(sounds, place, dtw=math.nan), notes={"dtw": f"reason {place % 7}"}) for place in range(8)]
    pairs.append(replace(pair_of(sounds, 8, dtw=math.nan), notes={}))
    comparison = Comparison(tuple(pairs), (DTW,), {"dtw": Chance(math.nan, ())}, ())
    page = read(write_page(comparison, tmp_path, title="Silence"))
    reasons = "9: reason 0 (2); no reason given (1); reason 1 (1); reason 2 (1); reason 3 (1); 3 other reasons"
    assert page.row("procedural, caption 1") == ["9", "–", "–", "–", "–", reasons]
    assert "dtw tells matched pairs from mismatched ones is not known" in page.text
    assert page.all("audio") == []


def test_a_sound_that_is_gone_and_one_that_is_damaged(sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "damaged.wav").write_text("no sound")
    pair = replace(pair_of(sounds, dtw=1.0), path=tmp_path / "gone.wav", parent_path=tmp_path / "damaged.wav")
    page = read(write_page(Comparison((pair,), (DTW,), {}, ()), tmp_path, title="Gone"))
    assert [player["src"] for player in page.all("audio")] == ["damaged.wav"]
    assert "No spectrogram: gone.wav is not there" in page.text
    assert "No spectrogram: damaged.wav cannot be read" in page.text


def test_a_sound_on_another_drive(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, start: Path) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")  # what os.path.relpath says there

    monkeypatch.setattr(os.path, "relpath", refuse)
    page = read(write_page(Comparison((pair_of(sounds, dtw=1.0),), (DTW,), {}, ()), tmp_path, title="Far"))
    assert page.all("audio") == []
    assert page.text.count("the sound is on another drive than this page") == 2


def test_extremes_are_the_ends_of_a_sorted_list(sounds: Path) -> None:
    values = np.random.default_rng(2).permutation(50).astype(float)
    pairs = [pair_of(sounds, place, dtw=value) for place, value in enumerate(values)]
    for scale, ordered in ((DTW, sorted(values)), (replace(DTW, lower_is_nearer=False), sorted(values)[::-1])):
        nearest, farthest = extremes(pairs, scale)
        assert [pair.values["dtw"] for pair in nearest] == ordered[:SHOWN]
        assert [pair.values["dtw"] for pair in farthest] == ordered[: -SHOWN - 1 : -1]


def test_equally_near_pairs_come_by_identity_and_none_comes_twice(sounds: Path) -> None:
    pairs = [pair_of(sounds, place, dtw=1.0) for place in (3, 1, 4, 0, 2)]
    nearest, farthest = extremes(pairs, DTW)
    assert [int(pair.clip[-9:-4]) for pair in nearest] == [0, 1, 2]
    assert [int(pair.clip[-9:-4]) for pair in farthest] == [3, 4]
    assert extremes(pairs[::-1], DTW) == (nearest, farthest)


def test_spectrograms_are_drawn_for_the_pairs_shown_alone(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Path] = []
    spectrogram = figures.spectrogram

    def counted(path: Path) -> Figure:
        drawn.append(path)
        return spectrogram(path)

    monkeypatch.setattr(figures, "spectrogram", counted)
    values = np.random.default_rng(3).normal(size=(10_000, 2)).tolist()
    pairs = tuple(pair_of(sounds, place, dtw=a, cosine=b) for place, (a, b) in enumerate(values))
    page = read(write_page(Comparison(pairs, (DTW, COSINE), {}, ()), tmp_path, title="Many"))
    assert len(page.all("audio")) == 2 * 2 * 2 * SHOWN
    assert len(drawn) == 2  # all pairs have the same two sounds


def test_one_sound_under_several_names(sounds: Path, tmp_path: Path) -> None:
    pair = pair_of(sounds, dtw=0.0)
    pair = replace(pair, path=pair.parent_path)
    page = read(write_page(Comparison((pair,), (DTW,), {}, ()), tmp_path, title="Itself"))
    names = ["Original: development/original-0.wav", "Synthetic: development/00000.wav"]
    assert [player["aria-label"] for player in page.all("audio")] == names
    assert all(name in page.text for name in names)


def test_the_same_comparison_gives_the_same_page(comparison: Comparison, written: Path) -> None:
    before = written.read_bytes()
    assert write_page(comparison, written.parent, title="Rain <made> & heard") == written
    assert written.read_bytes() == before
