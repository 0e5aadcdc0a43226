"""The picture of a waveform, against loops."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from auricle.serving.waveform import BARS, HEIGHT, INK, peaks, svg


@pytest.mark.parametrize("length", [1, 7, 199, 200, 201, 80_000])
def test_peaks_are_those_of_equal_parts(length: int) -> None:
    samples = np.random.default_rng(length).normal(0, 0.2, length).astype(np.float32)
    found = peaks(samples)
    bars = min(length, BARS)
    assert found.shape == (bars, 2)
    for bar in range(bars):
        part = samples[int(bar * length / bars) : max(int((bar + 1) * length / bars), int(bar * length / bars) + 1)]
        assert (found[bar, 0], found[bar, 1]) == (part.min(), part.max())


def strokes(picture: str) -> list[tuple[float, float]]:
    """Where each stroke begins and ends, from the top."""
    path = ElementTree.fromstring(picture)[0].attrib["d"]
    ends = [stroke.split()[1].split("V") for stroke in path.split("M")[1:]]
    return [(float(top), float(bottom)) for top, bottom in ends]


def test_the_loudest_sample_reaches_the_edge() -> None:
    bars = np.array([[-0.1, 0.05], [0.0, 0.02]], np.float32)
    assert strokes(svg(bars)) == [(10.0, 40.0), (16.0, 20.5)]


def test_silence_is_a_flat_line() -> None:
    assert set(strokes(svg(peaks(np.zeros(1000, np.float32))))) == {(HEIGHT / 2 - 0.5, HEIGHT / 2 + 0.5)}


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("paper", ["#ffffff", "#121212", "#e8f0f8", "#1b2733"])
def test_the_colour_is_told_apart_from_both_papers(paper: str) -> None:
    high, low = sorted((luminance(INK), luminance(paper)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 3
