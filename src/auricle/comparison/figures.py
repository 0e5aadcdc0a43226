"""Pictures of a comparison: how the values of a measure spread, how measures agree, what a clip looks like.

Each is a matplotlib Figure; `auricle.pictures` turns it into the bytes of a file. Equal comparisons give equal bytes.
Colours differ in lightness too: they can be told apart in grey and by the colour-blind.

Conventions: what has no value is left out, never counted as zero. Groups are in the order of `Comparison.groups`.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auricle.audio import decode
from auricle.comparison.result import ComparedPair, Comparison, Scale
from auricle.features.frontends import FRONT_ENDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

FEWEST_PAIRS = 3
"""Of so many pairs on a rank correlation can be other than -1 and 1."""

_WIDTH_INCH = 5.5  # narrow, so that the letters are still large enough on a phone
_PAIRS, _MISMATCHED = "#0072b2", "#b0b0b0"
_ON_BLACK_AND_WHITE = "#767676"  # can be read on either
_MOST_BINS = 40
_RANGE_DB = 80.0  # below the loudest of a clip, what is shown of it
_MOST_COLUMNS, _SHADES = 240, 32  # of a spectrogram: a page has hundreds, and finer ones are three times as large


def values_of(pairs: Sequence[ComparedPair], measure: str) -> FloatArray:
    """Return the value of each pair, shape (pairs,); nan where there is none or it is infinite."""
    values = np.array([pair.values.get(measure, math.nan) for pair in pairs], np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def group_name(group: tuple[str, int]) -> str:
    """Return a group as it stands in figures and tables.

    Example:
        >>> group_name(("ezaudio", 2)), group_name(("ezaudio", 0))
        ('ezaudio, caption 2', 'ezaudio, caption unknown')
    """
    origin, number = group
    return f"{origin}, caption {number or 'unknown'}"


def rank_correlations(comparison: Comparison) -> tuple[FloatArray, IntArray]:
    """Return Spearman's correlation of each two measures, over the pairs that have a value of both.

    Returns:
        Correlations, shape (measures, measures), nan if fewer than three pairs have both values or one measure is
        constant on them; and the number of those pairs, same shape.
    """
    from scipy.stats import rankdata

    columns = [values_of(comparison.pairs, scale.name) for scale in comparison.scales]
    correlations = np.full((len(columns), len(columns)), np.nan)
    counts = np.zeros(correlations.shape, np.int64)
    for row, first in enumerate(columns):
        for column, second in enumerate(columns[: row + 1]):
            both = ~(np.isnan(first) | np.isnan(second))
            counts[row, column] = counts[column, row] = n_both = np.count_nonzero(both)
            if n_both >= FEWEST_PAIRS and np.ptp(first[both]) > 0 and np.ptp(second[both]) > 0:
                found = np.corrcoef(rankdata(first[both]), rankdata(second[both]))[0, 1]
                correlations[row, column] = correlations[column, row] = found
    return correlations, counts


def distribution(comparison: Comparison, scale: Scale) -> "Figure":
    """Draw a histogram of one measure per group, below each other on common axes, with the median.

    Mismatched pairs, where there are any, stand in grey behind each, and the AUC in the title.

    Args:
        comparison: At least one pair.
        scale: The measure, one of the comparison's.

    Raises:
        ValueError: If there is no pair.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    groups = {group: _present(values_of(pairs, scale.name)) for group, pairs in comparison.groups().items()}
    if not groups:
        raise ValueError("there is no pair whose values could be drawn")
    chance = comparison.chance.get(scale.name)
    mismatched = _present(np.array(chance.mismatched if chance else (), np.float64))
    edges = _edges(np.concatenate([*groups.values(), mismatched]))
    figure = Figure(figsize=(_WIDTH_INCH, 1.4 + 1.1 * len(groups)), layout="constrained")
    rows: list[Axes] = list(figure.subplots(len(groups), 1, sharex=True, sharey=True, squeeze=False)[:, 0])
    for axes, (group, values) in zip(rows, groups.items(), strict=True):
        if len(mismatched):
            axes.stairs(_shares(mismatched, edges), edges, fill=True, color=_MISMATCHED, label="mismatched pairs")
        axes.stairs(_shares(values, edges), edges, fill=True, color=_PAIRS, alpha=0.7, label="pairs")
        if len(values):
            median = float(np.median(values))
            axes.axvline(median, color="black", linewidth=1.2, linestyle="--", label="median of pairs")
        pairs = f"{len(values):,} value{'' if len(values) == 1 else 's'}"
        axes.set_title(f"{group_name(group)}: {pairs}", loc="left", fontsize="medium", parse_math=False)
        axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        axes.grid(alpha=0.3)
    rows[0].set_ylim(bottom=0)
    end = "smaller" if scale.lower_is_nearer else "larger"
    rows[-1].set_xlabel(f"{scale.name} ({end} is nearer)", parse_math=False)
    figure.supylabel("share", fontsize="medium")
    auc = f", AUC {chance.auc:.2f}" if chance and not math.isnan(chance.auc) else ""
    figure.suptitle(f"{scale.name}{auc}", parse_math=False)
    legend = {name: handle for axes in rows for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(legend.values()), list(legend), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _present(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _edges(values: FloatArray) -> FloatArray:
    from matplotlib.ticker import MaxNLocator

    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if math.isclose(low, high, abs_tol=1e-9):
        low, high = low - 0.5, high + 0.5
    return np.asarray(MaxNLocator(_MOST_BINS, steps=[1, 2, 5, 10]).tick_values(low, high), np.float64)


def _shares(values: FloatArray, edges: FloatArray) -> FloatArray:
    return np.histogram(values, bins=edges)[0] / max(1, len(values))


def correlation_matrix(comparison: Comparison) -> "Figure":
    """Draw `rank_correlations` of two or more measures.

    An arrow beside a measure says whether it falls or rises as clips get nearer: two measures whose arrows differ agree
    if their correlation is negative.

    Raises:
        ValueError: If there are fewer than two measures.
    """
    from matplotlib.figure import Figure

    correlations, _ = rank_correlations(comparison)
    if len(correlations) < 2:
        raise ValueError(f"{len(correlations)} measure(s) have no correlation with each other; two are needed")
    names = [f"{scale.name} {'↓' if scale.lower_is_nearer else '↑'}" for scale in comparison.scales]
    height = min(1.5 + 0.5 * len(names), _WIDTH_INCH)
    figure = Figure(figsize=(_WIDTH_INCH, height), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(np.ma.masked_invalid(correlations), cmap="PuOr", vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(correlations):
        text = "–" if math.isnan(value) else f"{value:.2f}"
        color = "white" if abs(value) > 0.7 else "black"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize="small")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.colorbar(image, label="Spearman's correlation")
    return figure


def spectrogram(path: Path) -> "Figure":
    """Draw the log-mel spectrogram of one clip, small: 80 dB from its loudest place down.

    Raises:
        AudioError: If the sound cannot be read.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    front_end = FRONT_ENDS.get("panns")
    log_mel = front_end(front_end.pad(decode(path, sample_rate=front_end.sample_rate)))
    loudest, end_s = float(log_mel.max()), len(log_mel) * front_end.hop_s
    columns = np.unique(np.linspace(0, len(log_mel), _MOST_COLUMNS, endpoint=False, dtype=np.int64))
    shown = np.maximum.reduceat(log_mel, columns)
    figure = Figure(figsize=(3.4, 1.35), layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        shown.T,
        origin="lower",
        aspect="auto",
        extent=(0, end_s, 0, front_end.n_mels),
        cmap=colormaps["magma"].resampled(_SHADES),
        interpolation="nearest",
        vmin=loudest - _RANGE_DB,
        vmax=loudest,
    )
    axes.set_yticks([])
    axes.set_ylabel("mels", fontsize="small", color=_ON_BLACK_AND_WHITE)
    axes.set_xlabel("seconds", fontsize="small", color=_ON_BLACK_AND_WHITE, labelpad=1)
    axes.tick_params(labelsize="small", length=2, pad=2, colors=_ON_BLACK_AND_WHITE)
    axes.spines[:].set_visible(False)
    return figure
