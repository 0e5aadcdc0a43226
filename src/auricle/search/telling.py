"""Hits and indexing as text for people and players: a table, an M3U playlist, one sentence."""

from collections.abc import Sequence
from pathlib import Path

from auricle.pages import count
from auricle.search.indexing import IndexingReport
from auricle.search.querying import Hit
from auricle.storage import write_text


def clock(seconds: float) -> str:
    """Return a time as players show it.

    Example:
        >>> clock(5.0), clock(62.6), clock(3730)
        ('0:05', '1:03', '1:02:10')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def table(hits: Sequence[Hit], *, root: Path) -> str:
    """Return hits as a table: rank, score, where in the file, and the file.

    Args:
        hits: Best first.
        root: The indexed folder.
    """
    times = [_time(hit) for hit in hits]
    width = max(map(len, times), default=0)
    lines = []
    for hit, time in zip(hits, times, strict=True):
        alike = f"  (and {count(len(hit.alike), 'copy', 'copies')})" if hit.alike else ""
        lines.append(f"{hit.rank:3d}  {hit.score:6.3f}  {time:<{width}}  {root / hit.path}{alike}")
    return "\n".join(lines)


def _time(hit: Hit) -> str:
    whole = hit.start_s == 0 and hit.end_s >= hit.duration_s
    return clock(hit.duration_s) if whole else f"{clock(hit.start_s)}-{clock(hit.end_s)} of {clock(hit.duration_s)}"


def as_m3u(hits: Sequence[Hit], *, root: Path) -> str:
    """Return hits as an extended M3U playlist, which VLC opens at the places that were found.

    Args:
        hits: Best first.
        root: The indexed folder.
    """
    lines = ["#EXTM3U"]
    for hit in hits:
        path = root / hit.path
        lines.append(f"#EXTINF:{round(hit.duration_s)},{' '.join(hit.path.split())}")
        if hit.start_s:
            lines.append(f"#EXTVLCOPT:start-time={hit.start_s:g}")
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
