"""What is heard and seen of a window: the original file, the window alone, its waveform.

A client names a window and nothing else; `Searchable.locate` says which file that is. Files that browsers play are sent
as they are, in ranges; the window of any other is decoded and sent as 16-bit WAV.
"""

import io
import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from auricle.audio import excerpt
from auricle.serving.contract import Limits, Searchable
from auricle.serving.gate import Gate
from auricle.serving.waveform import peaks, svg

if TYPE_CHECKING:
    from auricle.audio import Samples
    from auricle.search import Found

PLAYABLE = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".weba": "audio/webm",
}
"""What browsers play, by suffix, and its content type."""

_UNKNOWN = "application/octet-stream"


def playable(path: str) -> str:
    """Return the content type of a file that browsers play, else the empty string.

    Example:
        >>> playable("birds/Robin.WAV"), playable("birds/robin.aiff")
        ('audio/wav', '')
    """
    return PLAYABLE.get(PurePosixPath(path).suffix.lower(), "")


def routes(index: Searchable, limits: Limits, gate: Gate) -> APIRouter:
    """Return what answers requests for sounds and pictures."""
    router = APIRouter(tags=["sounds"])

    def decoded(found: "Found") -> "tuple[Samples, int]":
        return excerpt(found.path, found.start_s, min(found.end_s, found.start_s + limits.excerpt_s))

    @router.head("/sounds/{window}", include_in_schema=False)
    @router.get("/sounds/{window}", response_class=FileResponse)
    async def sound(window: str) -> Response:
        """The file that a window is of, as it is; ranges are answered."""
        found = await gate.run(lambda: index.locate(window))
        return FileResponse(
            found.path,
            media_type=playable(found.path.name) or _UNKNOWN,
            filename=found.path.name.encode("utf-8", "replace").decode(),
            content_disposition_type="inline",
        )

    @router.get("/excerpts/{window}.wav", response_class=Response)
    async def window_alone(window: str, request: Request) -> Response:
        """The window alone, mono, 16-bit WAV; a range is answered."""
        content = await gate.run(lambda: _wav(*decoded(index.locate(window))))
        return _ranged(content, request.headers.get("range", ""))

    @router.get("/waveforms/{window}.svg", response_class=Response)
    async def waveform(window: str, request: Request) -> Response:
        """The waveform of the window, to be drawn at any width."""

        def draw() -> Response:
            found = index.locate(window)
            version = _version(found)
            headers = {"ETag": version, "Cache-Control": "private, max-age=3600"}
            if request.headers.get("if-none-match") == version:
                return Response(status_code=304, headers=headers)
            return Response(svg(peaks(decoded(found)[0])), media_type="image/svg+xml", headers=headers)

        return await gate.run(draw)

    return router


def _wav(samples: "Samples", sample_rate: int) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, np.clip(samples, -1, 1), sample_rate, format="WAV", subtype="PCM_16")
    return content.getvalue()


def _version(found: "Found") -> str:
    """Return what changes when the file does."""
    about = os.stat(found.path)  # noqa: PTH116 - one look for both
    return f'"{found.start_s:.3f}-{found.end_s:.3f}-{about.st_size:x}-{about.st_mtime_ns:x}"'


def _ranged(content: bytes, asked: str) -> Response:
    """Return content, or the one part of it that is asked for as in ``bytes=100-199``."""
    headers = {"Accept-Ranges": "bytes"}
    first, dash, last = asked.removeprefix("bytes=").partition("-")
    if not (asked.startswith("bytes=") and dash and first.isdecimal() and (not last or last.isdecimal())):
        return Response(content, media_type=PLAYABLE[".wav"], headers=headers)
    start, end = int(first), min(int(last or len(content)), len(content) - 1)
    if start > end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Response(content[start : end + 1], status_code=206, media_type=PLAYABLE[".wav"], headers=headers)
