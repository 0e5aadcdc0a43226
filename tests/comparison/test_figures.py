"""Pictures of a comparison: what is drawn, against scipy and numbers worked by hand."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from matplotlib.figure import Figure

from auricle.audio import Samples, write
from auricle.comparison.figures import (
    correlation_matrix,
    distribution,
    group_name,
    rank_correlations,
    spectrogram,
    values_of,
)
from auricle.comparison.result import Chance, ComparedPair, Comparison, Scale
from auricle.errors import AudioError
from auricle.pictures import as_png, as_svg

DTW = Scale("dtw", "mean distance of frames", 0.0, math.inf, lower_is_nearer=True, blind_to="tempo")
COSINE = Scale("cosine", "cosine of embeddings", -1.0, 1.0, lower_is_nearer=False, blind_to="order")
PNG, SVG = b"\x89PNG\r\n\x1a\n", b"<?xml"


def compared(
    columns: dict[str, Sequence[float]],
    *,
    groups: Sequence[tuple[str, int]] = (("procedural", 1),),
    chance: dict[str, Chance] | None = None,
) -> Comparison:
    """A comparison whose pairs have these values, their groups taken in turn."""
    pairs = tuple(
        ComparedPair(
            source="generated",
            origin=groups[place % len(groups)][0],
            number=groups[place % len(groups)][1],
            clip=f"development/{place}.wav",
            parent=f"development/{place}.wav",
            caption="It rains.",
            path=Path("synthetic.wav"),
            parent_path=Path("original.wav"),
            values=dict(zip(columns, values, strict=True)),
            notes={},
            facts={},
        )
        for place, values in enumerate(zip(*columns.values(), strict=True))
    )
    scales = tuple(COSINE if name == "cosine" else Scale(name, "", 0, 1, True, "") for name in columns)
    return Comparison(pairs, scales, chance or {}, ())


def heights(figure: Figure) -> list[list[list[float]]]:
    """Of each row the histograms, of each its bars that are not zero."""
    histograms = [[patch.get_data() for patch in axes.patches] for axes in figure.axes]  # type: ignore[attr-defined]
    return [[[float(v) for v in data.values if v] for data in row] for row in histograms]


def test_values_keep_their_places() -> None:
    values = values_of(compared({"dtw": [1.0, math.nan, math.inf]}).pairs, "dtw")
    np.testing.assert_array_equal(values, [1.0, math.nan, math.nan])
    assert np.isnan(values_of(compared({"dtw": [1.0]}).pairs, "wcc")).all()


def test_rank_correlations_are_scipys_over_the_pairs_that_have_both() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 8, 50).astype(float), rng.normal(size=50)  # the first has ties
    third = first + rng.normal(size=50)
    first[:5], third[3:9] = math.nan, math.nan
    comparison = compared({"dtw": first.tolist(), "wcc": second.tolist(), "cosine": third.tolist()})
    correlations, counts = rank_correlations(comparison)
    for row, a in enumerate((first, second, third)):
        for column, b in enumerate((first, second, third)):
            expected = scipy.stats.spearmanr(a, b, nan_policy="omit").statistic
            assert correlations[row, column] == pytest.approx(expected, abs=1e-12)
    assert counts.tolist() == [[45, 45, 41], [45, 50, 44], [41, 44, 44]]


@pytest.mark.parametrize(
    ("first", "second"),
    [([1.0], [2.0]), ([1.0, 2.0], [3.0, 4.0]), ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), ([math.nan] * 4, [1.0] * 4)],
    ids=["one pair", "two pairs", "a constant", "no values"],
)
def test_what_has_no_rank_correlation(first: list[float], second: list[float]) -> None:
    comparison = compared({"dtw": first, "wcc": second})
    assert np.isnan(rank_correlations(comparison)[0][0, 1])
    assert as_png(correlation_matrix(comparison)).startswith(PNG)


def test_the_matrix_shows_numbers_and_directions() -> None:
    comparison = compared({"dtw": [1.0, 2.0, 3.0, 4.0], "cosine": [0.9, 0.8, 0.3, 0.4]})
    axes = correlation_matrix(comparison).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1.00", "-0.80", "-0.80", "1.00"]  # 1 - 6 * 18 / 60
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dtw ↓", "cosine ↑"]


def test_one_measure_has_no_matrix() -> None:
    with pytest.raises(ValueError, match="two are needed"):
        correlation_matrix(compared({"dtw": [1.0]}))


def test_a_row_per_group_with_mismatched_pairs_behind() -> None:
    comparison = compared(
        {"dtw": [0.0, 5.0, 0.0, 5.0, 10.0, math.nan, 10.0, 5.0]},
        groups=[("ezaudio", 2), ("audiogen", 0)],
        chance={"dtw": Chance(0.875, (10.0, 10.0, math.nan, 0.0, 5.0))},
    )
    figure = distribution(comparison, DTW)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "audiogen, caption unknown: 3 values",
        "ezaudio, caption 2: 4 values",
    ]
    assert heights(figure) == [[[0.25, 0.25, 0.5], [1.0]], [[0.25, 0.25, 0.5], [0.5, 0.5]]]
    assert figure.get_suptitle() == "dtw, AUC 0.88"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "mismatched pairs",
        "pairs",
        "median of pairs",
    ]
    assert figure.axes[0].get_ylim()[1] > 1  # no bar of any row is cut


def test_without_mismatched_pairs_there_is_no_grey() -> None:
    figure = distribution(compared({"cosine": [0.2, 0.4]}), COSINE)
    assert heights(figure) == [[[0.5, 0.5]]]
    assert figure.get_suptitle() == "cosine"
    assert figure.axes[0].get_xlabel() == "cosine (larger is nearer)"


@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0], [math.nan], [1e-12, 2e-12], [0.3, 0.3 + 1e-16], [-1e12, 1e12]])
def test_odd_values_can_be_drawn(values: list[float]) -> None:
    chance = {"dtw": Chance(math.nan, ())}
    assert as_svg(distribution(compared({"dtw": values}, chance=chance), DTW)).startswith(SVG)


def test_no_pairs_have_no_distribution() -> None:
    with pytest.raises(ValueError, match="no pair"):
        distribution(Comparison((), (DTW,), {}, ()), DTW)


def test_equal_comparisons_give_equal_bytes() -> None:
    def draw() -> tuple[bytes, bytes]:
        figure = distribution(compared({"dtw": [1.0, 2.0, 4.0]}), DTW)
        return as_svg(figure), as_png(figure)

    assert draw() == draw()


def test_names_are_drawn_as_they_are() -> None:
    """What looks like a formula is none, and letters that the font lacks are no fault."""
    comparison = compared({"dtw": [1.0, 2.0]}, groups=[("$\\broken", 1), ("雨", 1)])
    assert as_svg(distribution(comparison, DTW)).startswith(SVG)
    assert group_name(("$\\broken", 1)) == "$\\broken, caption 1"


def test_a_tone_is_one_line_of_its_spectrogram(tmp_path: Path) -> None:
    """1 kHz is mel 15 of Slaney's scale; 65 steps from 50 Hz (0.75) to 14 kHz (53.39) put it nearest to triangle 17."""
    time_s = np.arange(2 * 44_100) / 44_100
    write(tmp_path / "tone.wav", (0.5 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32), 44_100)
    figure = spectrogram(tmp_path / "tone.wav")
    shown = np.asarray(figure.axes[0].images[0].get_array())
    assert set(shown.argmax(axis=0)[1:-1].tolist()) == {17}
    assert figure.axes[0].get_xlim() == pytest.approx((0, 2), abs=0.02)
    assert len(as_png(figure)) < 30_000


@pytest.mark.parametrize("samples", [np.zeros(32_000, np.float32), np.ones(1, np.float32)], ids=["silence", "one"])
def test_odd_clips_have_a_spectrogram(samples: Samples, tmp_path: Path) -> None:
    write(tmp_path / "odd.wav", samples, 32_000)
    assert as_png(spectrogram(tmp_path / "odd.wav")).startswith(PNG)


def test_a_clip_that_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"text\.wav cannot be read"):
        spectrogram(tmp_path / "text.wav")
