"""The facts for a terminal of 100 columns: one block per topic, splits below each other.

A question mark is what is not known. Long lists end in "and n more"; `auricle.data.statistics.to_json` has them whole.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from auricle.data.statistics.facts import Overlap, Shared, SplitFacts, Spread, Statistics
from auricle.data.statistics.tagging import INSTALL, PARTS

WIDTH = 100
"""Columns of the terminal."""

_SHOWN = 5  # of a list that may be long
_ALL = "all splits"


def tables(statistics: Statistics) -> str:
    """Return the facts as text, without a final line break."""
    parts = dict(statistics.splits)
    if len(parts) > 1:
        parts[_ALL] = statistics.whole
    blocks = [
        _clips(parts),
        _sounds(parts, statistics.whole),
        _captions(statistics, parts),
        _shared_captions(statistics),
        _frequent_words(statistics, parts),
        _parts_of_speech(statistics),
        _leaks(statistics),
        _licences(parts),
        _set_aside(statistics),
    ]
    return "\n\n".join(filter(None, blocks))


def _clips(parts: Mapping[str, SplitFacts]) -> str:
    rows = [
        [name, _whole(facts.clips), _whole(facts.captions), _range(facts.captions_per_clip)]
        for name, facts in parts.items()
    ]
    return _titled("Clips and captions", _grid(["split", "clips", "captions", "per clip"], rows))


def _sounds(parts: Mapping[str, SplitFacts], whole: SplitFacts) -> str:
    if not (whole.durations_s or whole.sample_rates or whole.channels):
        return _titled("Sounds", "  unknown: captions alone")
    rows, forms = [], {}
    for name, facts in parts.items():
        hours = "?" if facts.hours is None else f"{facts.hours:.2f}"
        rows.append([name, _whole(len(facts.durations_s)), hours, *_spread(Spread.of(facts.durations_s), digits=2)])
        rates = {f"{_whole(rate)} Hz": clips for rate, clips in facts.sample_rates.items()}
        channels = {f"{n} channel{'s' if n > 1 else ''}": clips for n, clips in facts.channels.items()}
        forms[name] = {**rates, **channels}
    header = ["split", "clips", "hours", "shortest s", "mean s", "median s", "longest s"]
    return _titled("Sounds", _grid(header, rows), _listing(forms))


def _captions(statistics: Statistics, parts: Mapping[str, SplitFacts]) -> str:
    if not statistics.whole.captions:
        return _titled("Words per caption", "  no captions")
    rows = []
    for name, facts in parts.items():
        row = [
            name,
            *_spread(Spread.of_counts(facts.words_per_caption), digits=1),
            _whole(facts.words),
            _whole(len(facts.word_counts)),
        ]
        new = statistics.out_of_vocabulary.get(name)
        share = f"{sum(new.values()) / max(1, facts.words):.2%}" if new is not None else ""
        rows.append([*row, "" if new is None else _whole(len(new)), share])
    title = "Words per caption, and vocabulary"
    header = ["split", "fewest", "mean", "median", "most", "words", "vocabulary", "new words", "share"]
    if not statistics.out_of_vocabulary:
        return _titled(title, _grid(header[:-2], [row[:-2] for row in rows]))
    return _titled(f"{title} (new words: those that development lacks, and their share of all)", _grid(header, rows))


def _shared_captions(statistics: Statistics) -> str:
    rows, lists = [], []
    for name, found in statistics.shared_captions.items():
        captions = statistics.splits[name].captions
        if captions:
            occurrences = sum(len(one.clips) for one in found)
            rows.append([name, *map(_whole, (captions, len(found), occurrences, occurrences - len(found)))])
            lists += _shown(name, found) if found else []
    if not rows:
        return ""
    header = ["split", "captions", "on several clips", "occurrences", "repeats"]
    return _titled(
        "Captions on more than one clip of a split (false negatives in a batch)", _grid(header, rows), *lists
    )


def _frequent_words(statistics: Statistics, parts: Mapping[str, SplitFacts]) -> str:
    words = {name: facts.frequent_words(statistics.top, function_words=False) for name, facts in parts.items()}
    return _titled("Most frequent words, without function words", _listing(words)) if any(words.values()) else ""


def _parts_of_speech(statistics: Statistics) -> str:
    if not statistics.whole.words:
        return ""
    title = "Parts of speech"
    if statistics.parts_of_speech is None:
        advice = f": {INSTALL}" if statistics.tagging == "not installed" else ""
        return _titled(title, f"  {statistics.tagging}{advice}")
    counts = dict(statistics.parts_of_speech)
    if len(counts) > 1:
        counts[_ALL] = {part: sum(split[part] for split in counts.values()) for part in PARTS}
    rows = [
        [name, *(f"{_whole(found[part])} ({found[part] / max(1, sum(found.values())):.1%})" for part in PARTS)]
        for name, found in counts.items()
    ]
    return _titled(f"{title} (share of all words)", _grid(["split", *PARTS], rows))


def _leaks(statistics: Statistics) -> str:
    if len(statistics.splits) < 2:
        return _titled("Leakage between splits", "  there is only one split")
    leaks = statistics.leaks
    lines = []
    for title, overlap in {
        "recordings of Freesound": leaks.recordings,
        "sound files": leaks.contents,
        "captions": leaks.captions,
    }.items():
        lines += _shown(f"{title} in more than one split: {_verdict(overlap)}", overlap.found)
    names = statistics.shared_file_names
    lines += _shown(f"no leak, but to know: file names in more than one split: {_verdict(names)}", names.found)
    return _titled("Leakage between splits", *lines)


def _verdict(overlap: Overlap) -> str:
    if not overlap.checked:
        known = [split for split, clips in overlap.known.items() if clips]
        return f"not checked, known of {known[0]} only" if known else "not checked, known of no split"
    unknown = [split for split, clips in overlap.known.items() if not clips]
    found = _whole(len(overlap.found)) if overlap.found else "none"
    return f"{found} (not checked: {', '.join(unknown)})" if unknown else found


def _licences(parts: Mapping[str, SplitFacts]) -> str:
    return _titled("Licences (clips)", _listing({name: facts.licences for name, facts in parts.items()}))


def _set_aside(statistics: Statistics) -> str:
    reasons = [one.reason for one in statistics.set_aside]
    if not reasons:
        return ""
    shown = [f"  {_fit(reason, 2)}" for reason in reasons[:_SHOWN]]
    return _titled(f"Set aside: {_whole(len(reasons))}", *shown, *_rest(len(reasons), 2))


def _titled(title: str, *blocks: str) -> str:
    return "\n".join([title, *blocks])


def _grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  " + "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines
    )


def _listing(rows: Mapping[str, Mapping[str, int]]) -> str:
    """Return what was counted, per split in running text that begins in one column."""
    indent = max(map(len, rows)) + 4
    return "\n".join(
        textwrap.fill(
            ", ".join(f"{what} ({_whole(n)})".replace(" ", "\N{NO-BREAK SPACE}") for what, n in counts.items()) or "?",
            width=WIDTH,
            initial_indent=f"  {name}".ljust(indent),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        ).replace("\N{NO-BREAK SPACE}", " ")
        for name, counts in rows.items()
    )


def _shown(title: str, found: Sequence[Shared]) -> list[str]:
    """Return a title and the first of what was found, each with its clips in the line below."""
    lines = [f"  {title}"]
    for one in found[:_SHOWN]:
        lines += [f"    {_fit(one.what, 4)}", f"      {_fit(' | '.join(one.clips), 6)}"]
    return lines + _rest(len(found), 4)


def _fit(text: str, indent: int) -> str:
    """Return `text` in one line, cut where the terminal ends."""
    line, room = " ".join(text.split()), WIDTH - indent
    return line if len(line) <= room else f"{line[: room - 1]}…"


def _rest(n: int, indent: int) -> list[str]:
    return [f"{' ' * indent}and {_whole(n - _SHOWN)} more"] if n > _SHOWN else []


def _spread(spread: Spread | None, *, digits: int) -> list[str]:
    if spread is None:
        return ["?"] * 4
    averages = [f"{value:.{digits}f}" for value in (spread.mean, spread.median)]
    ends = [
        str(value) if isinstance(value, int) else f"{value:.{digits}f}" for value in (spread.minimum, spread.maximum)
    ]
    return [ends[0], *averages, ends[1]]


def _range(counts: Iterable[int]) -> str:
    numbers = sorted(counts)
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def _whole(number: int) -> str:
    return f"{number:,}"
