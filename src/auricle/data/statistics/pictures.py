"""The facts for a report: histograms per split and the most frequent words, as PNG files.

Splits stand below each other on common axes, in shares of the split, so that splits of different size can be compared.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from auricle.data.statistics.facts import SplitFacts, Statistics
from auricle.storage import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOR = "tab:blue"
_MOST_BINS = 40


def draw(statistics: Statistics, folder: Path) -> list[Path]:
    """Draw ``durations.png``, ``caption-lengths.png`` and ``frequent-words.png``; what is not known is not drawn.

    Returns:
        The files that were written.

    Raises:
        StorageError: If the folder cannot be written.
    """
    figures = {
        "durations.png": _durations({n: f for n, f in statistics.splits.items() if f.durations_s}),
        "caption-lengths.png": _caption_lengths({n: f for n, f in statistics.splits.items() if f.captions}),
        "frequent-words.png": _frequent_words(statistics.whole, statistics.top),
    }
    drawn = []
    for name, figure in figures.items():
        if figure is not None:
            drawn.append(folder / name)
            with atomic(drawn[-1]) as temporary, warnings.catch_warnings():
                # Words of a script that the font lacks become boxes; tables and JSON have them.
                warnings.filterwarnings("ignore", message="Glyph")
                figure.savefig(temporary, format="png", dpi=120)
    return drawn


def _durations(splits: Mapping[str, SplitFacts]) -> "Figure | None":
    if not splits:
        return None
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    everything = [duration for facts in splits.values() for duration in facts.durations_s]
    shortest, longest = min(everything), max(everything)
    if shortest == longest:
        shortest, longest = shortest - 0.5, longest + 0.5
    edges = MaxNLocator(_MOST_BINS, steps=[1, 2, 5, 10]).tick_values(shortest, longest)
    figure, rows = _below_each_other(splits, xlabel="duration in seconds", ylabel="share of clips")
    for axes, (name, facts) in zip(rows, splits.items(), strict=True):
        clips, _ = np.histogram(facts.durations_s, bins=edges)
        axes.bar(edges[:-1], clips / clips.sum(), width=np.diff(edges), align="edge", color=_COLOR, edgecolor="white")
        axes.set_title(f"{name}: {len(facts.durations_s):,} clips", loc="left", parse_math=False)
    return figure


def _caption_lengths(splits: Mapping[str, SplitFacts]) -> "Figure | None":
    if not splits:
        return None
    from matplotlib.ticker import MaxNLocator

    figure, rows = _below_each_other(splits, xlabel="words per caption", ylabel="share of captions")
    for axes, (name, facts) in zip(rows, splits.items(), strict=True):
        shares = [captions / facts.captions for captions in facts.words_per_caption.values()]
        axes.bar(list(facts.words_per_caption), shares, width=0.9, color=_COLOR)
        axes.set_title(f"{name}: {facts.captions:,} captions", loc="left", parse_math=False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _frequent_words(whole: SplitFacts, top: int) -> "Figure | None":
    counts = whole.frequent_words(top, function_words=False)
    if not counts:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1 + 0.25 * len(counts)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(range(len(counts)), list(counts.values()), color=_COLOR)
    axes.set_yticks(range(len(counts)), list(counts))
    axes.bar_label(bars, [f"{count:,}" for count in counts.values()], padding=3)
    axes.invert_yaxis()
    axes.set_title(f"Most frequent words of {whole.captions:,} captions, without function words")
    axes.set_xlabel("occurrences")
    axes.margins(x=0.1, y=0.01)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _below_each_other(splits: Mapping[str, SplitFacts], *, xlabel: str, ylabel: str) -> "tuple[Figure, list[Axes]]":
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(8, 0.8 + 1.8 * len(splits)), layout="constrained")
    rows: list[Axes] = list(figure.subplots(len(splits), 1, sharex=True, sharey=True, squeeze=False)[:, 0])
    for axes in rows:
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
    rows[-1].set_xlabel(xlabel)
    figure.supylabel(ylabel, fontsize="medium")
    return figure, rows
