"""Hits and indexing as text for people and players: a table, an M3U playlist, one sentence."""

import math
from collections.abc import Sequence
from pathlib import Path

from auricle.pages import count
from auricle.places import shown
from auricle.search.indexing import IndexingReport
from auricle.search.querying import Hit
from auricle.storage import write_text


def clock(seconds: float) -> str:
    """Return a time in a recording.

    Example:
        >>> [clock(seconds) for seconds in (0, 7.25, 65, 3730.0)]
        ['0:00', '0:07.3', '1:05', '1:02:10']
    """
    tenths = math.floor(seconds * 10 + 0.5)
    hours, minutes, rest = tenths // 36_000, tenths // 600 % 60, tenths % 600
    tail = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def place(hit: Hit) -> str:
    """Return where a hit stands in its file, as in ``0:25–0:35 of 1:02:10``; of a whole file its length."""
    if hit.start_s <= 0 and hit.end_s >= hit.duration_s:
        return clock(hit.duration_s)
    return f"{clock(hit.start_s)}–{clock(hit.end_s)} of {clock(hit.duration_s)}"


def table(hits: Sequence[Hit], *, root: Path) -> str:
    """Return hits as a table: rank, score, where in the file, and the file.

    Args:
        hits: Best first.
        root: The indexed folder.
    """
    places = [place(hit) for hit in hits]
    width = max(map(len, places), default=0)
    lines = []
    for hit, times in zip(hits, places, strict=True):
        alike = f"  (and {count(len(hit.alike), 'copy', 'copies')})" if hit.alike else ""
        lines.append(f"{hit.rank:3d}  {hit.score:6.3f}  {times:<{width}}  {_printable(shown(root / hit.path))}{alike}")
    return "\n".join(lines)


def _printable(name: str) -> str:
    """Return a name without line breaks and what else a terminal or player would act upon."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def as_m3u(hits: Sequence[Hit], *, root: Path) -> str:
    """Return hits as an extended M3U playlist, which VLC opens at the places that were found.

    Args:
        hits: Best first.
        root: The indexed folder.
    """
    lines = ["#EXTM3U"]
    for hit in hits:
        path = root / hit.path
        lines.append(f"#EXTINF:{round(hit.duration_s)},{_printable(hit.path)}")
        if hit.start_s:
            lines.append(f"#EXTVLCOPT:start-time={hit.start_s:.3f}")
        lines.append(str(path) if str(path).isprintable() else path.as_uri())
    return "\n".join(lines) + "\n"


def write_m3u(playlist: Path, hits: Sequence[Hit], *, root: Path) -> None:
    """Write hits as a playlist.

    Raises:
        StorageError: If the folder cannot be written.
    """
    write_text(playlist, as_m3u(hits, root=root))


def sentence(report: IndexingReport) -> str:
    """Return in words what a run of `index_folder` did."""
    did = [f"{report.described:,} described"]
    for number, what in (
        (report.taken_over, "taken over"),
        (report.unchanged, "unchanged"),
        (report.removed, "removed"),
        (len(report.set_aside), "set aside"),
    ):
        did += [f"{number:,} {what}"] if number else []
    speed = report.described_s / report.elapsed_s
    fast = f", {speed:.0f} times real time" if report.described else ""
    return (
        f"{count(report.files, 'file')} in {count(report.windows, 'window')}: {', '.join(did)} "
        f"in {clock(report.elapsed_s)}{fast}."
    )
