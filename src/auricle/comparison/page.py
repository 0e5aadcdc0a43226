"""A comparison to read and to listen to: one HTML page that needs nothing but a browser.

Figures and spectrograms are inside the page. Sounds stay where they are; the players name them relative to the page, so
that it works from the file system as long as both keep their places. No host is asked and no script runs. The figures
also stand beside the page, as SVG files in ``figures/``.

Conventions: quartiles are linear between values (Hyndman and Fan, type 7). Pairs that are equally near come in the
order of their clips' identities.
"""

import math
import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import numpy as np

from auricle import pages
from auricle.comparison import figures
from auricle.comparison.result import Chance, ComparedPair, Comparison, Scale
from auricle.errors import AudioError
from auricle.pictures import as_png, as_svg
from auricle.storage import atomic, write_text

SHOWN = 10
"""So many of the nearest and of the farthest pairs of each measure are shown."""

POOR_AUC = 0.6
"""Below, a measure is said not to tell matched pairs from mismatched ones."""

Sound: TypeAlias = Callable[[str, str, Path], str]
"""Takes what a clip is, its identity and its file; returns how it looks and how it is heard."""

_MOST_REASONS = 5
_MOST_NAMED = 3


def write_page(comparison: Comparison, folder: Path, *, title: str) -> Path:
    """Write ``index.html``, and the figures as SVG in ``figures/``.

    Args:
        comparison: What to show; may be empty.
        folder: Where the page goes; created if needed.
        title: Of the page.

    Returns:
        The page.

    Raises:
        StorageError: If the folder cannot be written.
    """
    charts = _charts(comparison)
    for name, svg in charts.items():
        with atomic(folder / "figures" / name) as temporary:
            temporary.write_bytes(svg)
    page = folder / "index.html"
    write_text(page, _page(comparison, charts, folder, title))
    return page


def extremes(pairs: Sequence[ComparedPair], scale: Scale) -> tuple[list[ComparedPair], list[ComparedPair]]:
    """Return the nearest pairs by a measure, nearest first, and the farthest, farthest first.

    Each are ten; if there are fewer than twenty pairs with a value, half of them, so that no pair is in both.
    """
    sign = 1 if scale.lower_is_nearer else -1
    values = figures.values_of(pairs, scale.name) * sign
    known = [(value, pair) for value, pair in zip(values.tolist(), pairs, strict=True) if not math.isnan(value)]
    known.sort(key=lambda item: (item[0], *_identity(item[1])))
    nearest = known[: min(SHOWN, math.ceil(len(known) / 2))]
    farthest = known[max(len(nearest), len(known) - SHOWN) :]
    farthest.sort(key=lambda item: (-item[0], *_identity(item[1])))
    return [pair for _, pair in nearest], [pair for _, pair in farthest]


def _identity(pair: ComparedPair) -> tuple[str, str, int]:
    return pair.clip, pair.source, pair.number


def _charts(comparison: Comparison) -> dict[str, bytes]:
    """Return the figures by file name."""
    if not comparison.pairs:
        return {}
    charts = {
        _chart_name(position, scale): as_svg(figures.distribution(comparison, scale))
        for position, scale in enumerate(comparison.scales, 1)
    }
    if len(comparison.scales) > 1:
        charts["correlations.svg"] = as_svg(figures.correlation_matrix(comparison))
    return charts


def _chart_name(position: int, scale: Scale) -> str:
    return f"distribution-{position}-{re.sub(r'[^A-Za-z0-9_-]+', '-', scale.name)}.svg"


def _page(comparison: Comparison, charts: Mapping[str, bytes], folder: Path, title: str) -> str:
    if not comparison.pairs:
        body = ["<p>No pair of an original and a synthetic clip was compared: there is nothing to show.</p>"]
    elif not comparison.scales:
        body = [_overview(comparison), "<p>No measure was computed: there is nothing to show.</p>"]
    else:
        sound = partial(_sound, folder=folder, spectrogram=cache(_spectrogram))  # several pairs may show one clip
        body = [_overview(comparison)]
        for position, scale in enumerate(comparison.scales, 1):
            body.append(_measure(comparison, position, charts[_chart_name(position, scale)], sound))
        if "correlations.svg" in charts:
            body.append(_correlations(comparison, charts["correlations.svg"]))
    body.append(_set_aside(comparison.set_aside))
    heading = f"<main>\n<h1>{pages.text(title)}</h1>"
    return pages.frame(title, [heading, *filter(None, body), "</main>"], style=_STYLE)


def _overview(comparison: Comparison) -> str:
    sections = [f'<a href="#measure-{n}">{pages.text(scale.name)}</a>' for n, scale in enumerate(comparison.scales, 1)]
    if len(sections) > 1:
        sections.append('<a href="#correlations">agreement of measures</a>')
    groups = comparison.groups()
    generators = sorted({origin for origin, _ in groups})
    facts = [
        pages.count(len(comparison.pairs), "pair") + " of an original and a synthetic clip",
        f"{pages.count(len(generators), 'generator')}: {pages.text(', '.join(generators))}",
        f"{pages.count(len(groups), 'group')} of generator and caption number",
    ]
    if comparison.set_aside:
        facts.append(f'<a href="#set-aside">{pages.count(len(comparison.set_aside), "clip")} set aside</a>')
    navigation = f'<nav aria-label="Sections"><p>{" · ".join(sections)}</p></nav>' if sections else ""
    return f"<ul>{''.join(f'<li>{fact}</li>' for fact in facts)}</ul>\n{navigation}"


def _measure(comparison: Comparison, position: int, chart: bytes, sound: Sound) -> str:
    scale = comparison.scales[position - 1]
    name, chance = pages.text(scale.name), comparison.chance.get(scale.name)
    reading = [
        scale.summary,
        f"{'smaller' if scale.lower_is_nearer else 'larger'} is nearer",
        f"values lie from {pages.number(scale.lowest)} to {pages.number(scale.highest)}",
        f"blind to {scale.blind_to}" if scale.blind_to else "",
    ]
    alt = f"Histograms of {scale.name}, one for each generator and caption number; the table below has the numbers."
    parts = [
        f'<section aria-labelledby="measure-{position}">\n<h2 id="measure-{position}">{name}</h2>',
        f"<p>{pages.text(' '.join(map(pages.sentence, filter(None, reading))))}</p>",
        _verdict(name, chance),
        pages.chart(chart, alt),
        f"<h3>Values of {name}</h3>",
        _statistics(comparison, scale, chance),
    ]
    for heading, pairs in zip(("Nearest", "Farthest"), extremes(comparison.pairs, scale), strict=True):
        if pairs:
            parts.append(f"<h3>{heading} pairs by {name}</h3>")
            parts += [_pair(rank, pair, comparison.scales, scale, sound) for rank, pair in enumerate(pairs, 1)]
    return "\n".join([*filter(None, parts), "</section>"])


def _verdict(name: str, chance: Chance | None) -> str:
    if chance is None:
        return ""
    if math.isnan(chance.auc):
        return f"<p>Whether {name} tells matched pairs from mismatched ones is not known: values are missing.</p>"
    if chance.auc < POOR_AUC:
        return (
            f'<p class="warning"><strong>{name} cannot tell matched pairs from mismatched ones</strong>: its AUC is '
            f"{chance.auc:.2f}, where 0.5 is guessing. Its values say little about these clips.</p>"
        )
    return (
        f"<p>A matched pair is nearer than a mismatched one with a probability of {chance.auc:.2f} (AUC; 0.5 is "
        "guessing).</p>"
    )


def _statistics(comparison: Comparison, scale: Scale, chance: Chance | None) -> str:
    parts = {figures.group_name(group): pairs for group, pairs in comparison.groups().items()}
    if len(parts) > 1:
        parts["all pairs"] = comparison.pairs
    rows = []
    for name, pairs in parts.items():
        values = figures.values_of(pairs, scale.name)
        notes = [pair.notes.get(scale.name, "") for pair, value in zip(pairs, values, strict=True) if np.isnan(value)]
        rows.append([name, *_summary(values), _missing(notes)])
    if chance and chance.mismatched:
        values = np.array(chance.mismatched, np.float64)
        rows.append(["mismatched pairs", *_summary(values), f"{np.count_nonzero(~np.isfinite(values)):,}"])
    header = ["group", "pairs", "mean", "lower quartile", "median", "upper quartile", "without a value"]
    return pages.table(header, rows, label=f"Values of {scale.name}")


def _summary(values: figures.FloatArray) -> list[str]:
    """Return number of pairs, mean and quartiles as cells; a dash where there are no values."""
    present = values[np.isfinite(values)]
    if len(present) == 0:
        return [f"{len(values):,}", *["–"] * 4]
    return [f"{len(values):,}", *map(pages.number, (present.mean(), *np.quantile(present, (0.25, 0.5, 0.75))))]


def _missing(notes: Sequence[str]) -> str:
    if not notes:
        return "0"
    reasons = Counter(note or "no reason given" for note in notes)
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) == 1:
        return f"{len(notes):,}: {ordered[0][0]}"
    said = [f"{note} ({count:,})" for note, count in ordered[:_MOST_REASONS]]
    if len(ordered) > _MOST_REASONS:
        said.append(f"{pages.count(len(ordered) - _MOST_REASONS, 'other reason')}")
    return f"{len(notes):,}: {'; '.join(said)}"


def _pair(rank: int, pair: ComparedPair, scales: Iterable[Scale], by: Scale, sound: Sound) -> str:
    values = []
    for scale in scales:
        value, note = pair.values.get(scale.name, math.nan), pair.notes.get(scale.name, "")
        said = f"{pages.text(scale.name)} {pages.number(value)}{f' ({pages.text(note)})' if note else ''}"
        values.append(f"<strong>{said}</strong>" if scale.name == by.name else said)
    facts = [f"{pages.text(name)} {pages.number(value)}" for name, value in pair.facts.items()]
    lines = [
        " · ".join(values),
        f"{pages.text(figures.group_name(pair.group))} · {pages.text(pair.source)}",
        " · ".join(facts),
    ]
    sounds = sound("Original", pair.parent, pair.parent_path) + sound("Synthetic", pair.clip, pair.path)
    return "\n".join(
        [
            f"<article>\n<h4>{rank}. {pages.text(pair.caption) or 'without a caption'}</h4>",
            *(f"<p>{line}</p>" for line in lines if line),
            f'<div class="sounds">{sounds}</div>\n</article>',
        ]
    )


def _sound(kind: str, clip: str, path: Path, *, folder: Path, spectrogram: Callable[[Path], tuple[str, str]]) -> str:
    """Return the spectrogram and the player of one clip, or why there are none."""
    png, fault = spectrogram(path)
    alt = pages.text(f"Log-mel spectrogram of {clip}")
    picture = f'<img class="spectrogram" alt="{alt}" src="data:image/png;base64,{png}">'
    if fault:
        picture = f"<p>No spectrogram: {pages.text(fault)}</p>"
    player = ""
    if path.is_file():
        url = _relative_url(path, folder)
        player = f'<audio controls preload="none" src="{url}" aria-label="{pages.text(f"{kind}: {clip}")}"></audio>'
        if url is None:
            player = "<p>No player: the sound is on another drive than this page, which cannot name it.</p>"
    return f"<figure><figcaption>{kind}: {pages.text(clip)}</figcaption>{picture}{player}</figure>"


def _spectrogram(path: Path) -> tuple[str, str]:
    """Return a PNG in base64, or empty and why there is none."""
    try:
        return b64encode(as_png(figures.spectrogram(path), transparent=True)).decode(), ""
    except AudioError as error:
        return "", str(error)


def _relative_url(path: Path, folder: Path) -> str | None:
    """Return where a file is as seen from the page, percent-encoded; None if it is on another drive."""
    try:
        return quote(Path(os.path.relpath(path, folder)).as_posix())
    except ValueError:
        return None


def _correlations(comparison: Comparison, chart: bytes) -> str:
    names = [scale.name for scale in comparison.scales]
    rows = [
        [name, *(f"{pages.number(value)} ({count:,})" for value, count in zip(values, counts, strict=True))]
        for name, values, counts in zip(names, *figures.rank_correlations(comparison), strict=True)
    ]
    return "\n".join(
        [
            '<section aria-labelledby="correlations">\n<h2 id="correlations">Agreement of measures</h2>',
            "<p>Spearman's rank correlation of each two measures, over the pairs that have a value of both; their "
            "number is in brackets. A measure with ↓ falls as clips get nearer, one with ↑ rises: two whose arrows "
            "differ agree if their correlation is negative.</p>",
            pages.chart(chart, "Matrix of Spearman's correlations; the table below has the numbers."),
            pages.table(["measure", *names], rows, label="Spearman's correlations of measures", columns="number"),
            "</section>",
        ]
    )


def _set_aside(clips: Sequence[tuple[str, str]]) -> str:
    if not clips:
        return ""
    by_reason: dict[str, list[str]] = {}
    for clip, reason in clips:
        by_reason.setdefault(reason, []).append(clip)
    rows = []
    for reason, found in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0])):
        more = f" and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
        rows.append([reason, f"{len(found):,}", ", ".join(sorted(found)[:_MOST_NAMED]) + more])
    return "\n".join(
        [
            '<section aria-labelledby="set-aside">\n<h2 id="set-aside">Set aside</h2>',
            pages.table(["reason", "clips", "which"], rows, label="Synthetic clips that were not compared"),
            "</section>",
        ]
    )


_STYLE = pages.STYLE + ".spectrogram { max-width: 28rem; }\n"
