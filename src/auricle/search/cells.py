"""What every store keeps of a window, by name: the cells of a row in LanceDB, the payload of a point in Qdrant."""

from typing import Any

from auricle.search.records import Row, Said, SoundFile, Stamp, file_key

FILE_CELLS = (
    *("record", "path", "content", "size_bytes", "modified_ns", "stated"),
    *("licence", "tags", "caption", "duration", "rate", "channels"),
)
ROW_CELLS = ("path", "start", "end", "duration", "rate", "channels", "licence", "tags", "caption")


def cells_of(file: SoundFile) -> dict[str, str | float]:
    """Return what every window of a file has in common."""
    return {
        "file": file_key(file.path),
        "record": file.record,
        "content": file.content,
        "path": file.path,
        "duration": file.duration_s,
        "rate": file.sample_rate,
        "channels": file.channels,
        "licence": file.said.licence,
        "tags": file.said.tags,
        "caption": file.said.caption,
        "stated": file.stamp.stated,
        "size_bytes": file.stamp.size_bytes,
        "modified_ns": file.stamp.modified_ns,
    }


def sound_file(cells: dict[str, Any]) -> SoundFile:
    """Return the file that cells, as far as `FILE_CELLS`, are of."""
    return SoundFile(
        path=cells["path"],
        content=cells["content"],
        stamp=Stamp(cells["size_bytes"], cells["modified_ns"], cells["stated"]),
        said=Said(cells["licence"], cells["tags"], cells["caption"]),
        duration_s=float(cells["duration"]),
        sample_rate=int(cells["rate"]),
        channels=int(cells["channels"]),
    )


def row_of(cells: dict[str, Any]) -> Row:
    """Return the window that cells, as far as `ROW_CELLS`, are of."""
    return Row(
        path=cells["path"],
        start_s=float(cells["start"]),
        end_s=float(cells["end"]),
        duration_s=float(cells["duration"]),
        sample_rate=int(cells["rate"]),
        channels=int(cells["channels"]),
        said=Said(cells["licence"], cells["tags"], cells["caption"]),
    )
