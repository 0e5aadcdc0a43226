"""The measures between two log-mels by name, each with what has to be known before its numbers are read."""

from collections.abc import Callable
from dataclasses import dataclass

from auricle.comparison.correlation import wcc
from auricle.comparison.prior import prior_dtw, prior_wcc
from auricle.comparison.warping import LogMel, PairDistance, dtw
from auricle.registry import Registry


@dataclass(frozen=True)
class Measure:
    """A measure between two log-mels.

    Attributes:
        name: As it stands in configurations and tables.
        summary: What it computes, one line.
        range: Smallest and largest value.
        lower_is_nearer: Its direction.
        cost: What the time grows with, and how long one pair takes, in words.
        blind_to: Which differences it does not see, and what else its numbers do not say.
        compare: Takes two log-mels, (frames, mels) with equally many mels; some care which comes first (`summary`).
        shorter_first: Whether the shorter log-mel has to come first, as the prior work swapped its arguments where the
            synthetic clips were shorter.
    """

    name: str
    summary: str
    range: tuple[float, float]
    lower_is_nearer: bool
    cost: str
    blind_to: str
    compare: Callable[[LogMel, LogMel], PairDistance]
    shorter_first: bool = False


PAIR_MEASURES = Registry[Measure]("pair measure")
for _measure in (
    Measure(
        name="dtw",
        summary="mean distance of frames along the best warping path of the shorter clip inside the longer",
        range=(0.0, float("inf")),
        lower_is_nearer=True,
        cost="frames of one times frames of the other; a twentieth of a second for 22 s against 30 s",
        blind_to="tempo, pauses and held sounds; whatever the longer clip holds beside the match. It sees level: a "
        "quieter copy is far away. Its unit depends on the front end.",
        compare=dtw,
    ),
    Measure(
        name="wcc",
        summary="1 - the Pearson correlation of the shorter clip with the longer at the best lag",
        range=(0.0, 2.0),
        lower_is_nearer=True,
        cost="frames of the longer times mels, and the logarithm of the frames; a millisecond for 22 s against 30 s",
        blind_to="level and contrast of the log-mel; whatever the longer clip holds beside the match. It sees tempo: "
        "a faster copy is far away. Sounds of one spectral slope correlate whatever they are.",
        compare=wcc,
    ),
    Measure(
        name="prior_dtw",
        summary="the prior work's score: windows' costs of warping along the mels, scaled within the pair, their mean; "
        "the first clip slides inside the second",
        range=(0.0, 1.0),
        lower_is_nearer=True,
        cost="mels squared times frames and their logarithm; a twenty-fifth of a second for 22 s against 30 s",
        blind_to="the distance itself, which the scaling removes: not meaningful, for the prior work's tables alone",
        compare=prior_dtw,
        shorter_first=True,
    ),
    Measure(
        name="prior_wcc",
        summary="the prior work's score: 1 - the mean over all lags of the Pearson correlation; the first clip slides "
        "inside the second",
        range=(0.0, 2.0),
        lower_is_nearer=True,
        cost="as wcc",
        blind_to="a match, which is one lag among all that are averaged: not meaningful, for the prior work's tables "
        "alone",
        compare=prior_wcc,
        shorter_first=True,
    ),
):
    PAIR_MEASURES.add(_measure.name, _measure)
